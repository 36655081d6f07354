"""Which errors a Retry or Catch names, and how long a retry waits."""

from collections.abc import Mapping, Sequence
from typing import Any

_FINAL = {"States.Runtime", "States.DataLimitExceeded"}
_TIMEOUTS = {"States.Timeout", "States.HeartbeatTimeout"}


def matches(names: Sequence[str], error: str) -> bool:
    """Whether ErrorEquals `names` cover `error`; the wildcards never cover what must end an execution."""
    return (
        error in names
        or ("States.ALL" in names and error not in _FINAL)
        or ("States.TaskFailed" in names and error not in _TIMEOUTS | _FINAL)
        or ("States.Timeout" in names and error in _TIMEOUTS)
    )


def delay(retrier: Mapping[str, Any], earlier: int, chance: float) -> float:
    """Seconds to wait before retry number `earlier` + 1; `chance` in [0, 1) is for full jitter."""
    seconds: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** earlier
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return seconds * chance if retrier.get("JitterStrategy") == "FULL" else seconds
