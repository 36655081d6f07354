"""What every step of a job does around its own work: find the clip, move its stage, note what ended it."""

from collections.abc import Sequence

from volary.accounts import age
from volary.audiences import Audience, audience_of
from volary.errors import Absent
from volary.generation import REFUSALS
from volary.moderation import Decision
from volary.ports import Services, Write
from volary.stores.accounts import Accounts
from volary.stores.videos import Act, Screening, Videos
from volary.videos import Stage, Video, enter

from events.workflow import GenerationState

SYSTEM = "system"
SEVERITY = {None: -1, "pass": 0, "hold": 1, "block": 2}


def seconds(services: Services) -> int:
    """The time as the records keep it: epoch seconds."""
    return int(services.clock.now().timestamp())


def videos_of(services: Services) -> Videos:
    return Videos(services.items)


def audience(video: Video, services: Services) -> Audience:
    """The clip's maker as the policy sees them; nobody found counts as every age and region, the strictest."""
    try:
        maker = Accounts(services.items).get(video.owner_id)
    except Absent:
        return Audience()
    return audience_of(age(maker.birth_date, services.clock.now().date()), maker.region)


def moved(video: Video, stage: Stage, services: Services, more: Sequence[Write] = ()) -> Video:
    """Store the clip at `stage`, unless a step that runs again finds it there already."""
    after = enter(video, stage)
    if after == video and not more:
        return video
    act = Act(action=f"entered {stage}", actor=SYSTEM, at=seconds(services))
    return videos_of(services).change(after, act, more=more)


def changed(video: Video, action: str, services: Services, more: Sequence[Write] = ()) -> Video:
    act = Act(action=action, actor=SYSTEM, at=seconds(services))
    return videos_of(services).change(video, act, more=more)


def judged(state: GenerationState, decision: Decision) -> GenerationState:
    """The state with the graver of its gate and this decision; a block ends the job."""
    gate = max(state.gate, decision.action, key=SEVERITY.__getitem__)
    failure = "moderation_blocked" if gate == "block" else state.failure
    return state.model_copy(update={"gate": gate, "failure": failure})


def screening_of(what: str, decision: Decision, at: int) -> Screening:
    """The decision as the people who review will read it; the caller adds the signals."""
    return Screening(
        what=what,
        verdict=decision.action,
        category=decision.category,
        reasons=tuple(reason.told for reason in decision.reasons),
        unseen=decision.unseen,
        policy_version=decision.policy_version,
        at=at,
    )


def failed(state: GenerationState, code: str) -> GenerationState:
    return state.model_copy(update={"failure": code})


def is_refusal(code: str) -> bool:
    """Whether a model server's error is the request's own fault, so that trying again is useless."""
    return code in REFUSALS
