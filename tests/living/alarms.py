"""Whether a story may release a clip that screening holds, as a moderator would.

It may for one reason: a model's score just over its line, which a random seed can draw. A hold for anything else (an
engine that the policy does not know, a stage that did not answer, a category that nobody scores, words of the story
itself) is a fault of the product that holds every clip, and a story that released it would hide it. Clips made from
somebody's upload are held for what no model looks for, each of them, and for that alone may be released.
"""

from collections.abc import Sequence

from volary.moderation import Policy, decide, is_complete, shipped_policy, world_of
from volary.stores.videos import Screening, Videos
from volary.videos import Video

from events.moderation import Signal, Stage

NEAR = 0.15  # how far over the line of its category a score still counts as a model's error
MOST = 1  # of one home's clips: a model that errs more often is no model to ship
STAGES: tuple[Stage, ...] = ("frames", "writing", "sound")


def faults(video: Video, screenings: Sequence[Screening], policy: Policy | None = None) -> list[str]:
    """Why this hold is no false alarm that a seed may draw, a line each; empty where it is one."""
    policy = policy or shipped_policy()
    found = [] if _is_closed(video, policy) else [f"the engine {video.model!r} is none of {policy.closed_engines}"]
    held = [each for each in screenings if each.verdict != "pass"]
    found += [] if held else ["no screening says why it is held"]
    return found + [f"{each.what}: {fault}" for each in held for fault in _faults(each, policy)]


def faults_of_upload(video: Video, screenings: Sequence[Screening], videos: Videos) -> list[str]:
    """Why this hold is not the one that every clip made from an upload meets, a line each."""
    policy = shipped_policy()
    line = [video]
    while line[-1].parent_id:
        line.append(videos.get(line[-1].parent_id))
    is_brought = any(each.source is not None and each.source.upload_key is not None for each in line)
    meant = {reason.told for reason in decide(_silent(), policy, complete=True, world="outside").reasons}
    held = [each for each in screenings if each.verdict != "pass"]
    found = [] if is_brought else ["nothing of it is an upload"]
    found += [] if held else ["no screening says why it is held"]
    found += [f"{each.what}: {_missing(each, policy)}" for each in held if _missing(each, policy)]
    strange = [(each.what, reason) for each in held for reason in each.reasons if reason not in meant]
    return found + [f"{what}: {reason}" for what, reason in strange]


def _faults(screening: Screening, policy: Policy) -> list[str]:
    """A prompt of a story is no draw of a seed: it passes, or the screen or the story is at fault."""
    alarms = {each for signal in screening.signals for each in _alarm(signal, policy)}
    wrong = [each for each in screening.reasons if each not in alarms or screening.what != "media"]
    missing = _missing(screening, policy) if screening.what == "media" else ""
    nothing = [] if screening.reasons or missing else ["held without a reason"]
    return [*wrong, *([missing] if missing else []), *nothing]


def _alarm(signal: Signal, policy: Policy) -> list[str]:
    """The reason that this signal gives, where a model that looks for it scored it just over its line."""
    rule = policy.rule(signal)
    looked_for = signal.category in policy.required.get(signal.stage, ())
    if rule is None or not looked_for or not signal.model or not rule.hold <= signal.score < rule.hold + NEAR:
        return []
    return [reason.told for reason in decide([signal], policy, complete=True, world="closed").reasons]


def _missing(screening: Screening, policy: Policy) -> str:
    lacking = [stage for stage in STAGES if not is_complete(screening.signals, policy, [stage])]
    return f"no full answer of {', '.join(lacking)}" if lacking else ""


def _is_closed(video: Video, policy: Policy) -> bool:
    return world_of([video.model], policy, is_brought=False) == "closed"


def _silent() -> list[Signal]:
    """One harmless signal a stage, so that a decision names what nobody looks for in it."""
    required = shipped_policy().required
    return [Signal(stage=stage, category=min(required[stage]), score=0, model="none") for stage in STAGES]
