"""Makes one botocore client per AWS service on first use; region, credentials and endpoints are botocore's part.

botocore and not boto3: the same clients without the resource layer, which costs about half of the start.
"""

import threading
from typing import Any

from volary.aws import faults

Client = Any  # botocore makes its client classes at run time

# Signed links must be SigV4 with the bucket in the path: KMS buckets demand the one, the emulator the other. Without
# "when_required" the signed PUT links would demand a checksum header that a plain HTTP client does not send.
_S3 = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "path"},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
# A model call that timed out may still be running: asking again would run it twice.
_ONCE = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
_CONFIG: dict[str, dict[str, Any]] = {"s3": _S3, "lambda": {**_ONCE, "read_timeout": 25}}
_USUAL: dict[str, Any] = {
    "retries": {"total_max_attempts": 4, "mode": "standard"},
    "connect_timeout": 3,
    "read_timeout": 10,
}


class Clients:
    """The clients of one process; threads may share them. Answers may take `patience` times as long as usual."""

    def __init__(self, patience: int = 1) -> None:
        self._patience = patience
        self._made: dict[str, Client] = {}
        self._making = threading.Lock()
        self._session: Any = None

    def __getitem__(self, service: str) -> Client:
        """The client for `service`, named as botocore names it."""
        client = self._made.get(service)
        return self._make(service) if client is None else client

    def _make(self, service: str) -> Client:
        # Importing and opening a session costs 150 ms, so a function that calls nothing must not pay for it.
        from botocore.config import Config
        from botocore.session import get_session

        with self._making:
            if service not in self._made:
                self._session = self._session or get_session()
                chosen = {**_USUAL, **_CONFIG.get(service, {})}
                config = Config(**{**chosen, "read_timeout": self._patience * chosen["read_timeout"]})
                with faults.translated(f"opening {service}"):
                    self._made[service] = self._session.create_client(service, config=config)
            return self._made[service]
