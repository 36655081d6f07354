"""Judge the catalogue again when the policy is another one than its screenings were decided by.

What is covered: every posted clip, from the scores that its screenings stored, a page a call, again and again, so that
a clip posted later is met too. One that no longer passes is hidden at once and put before a moderator; keeping it shows
it again. A policy that asks for a score that no stage gave hides as well. Whom the new policy keeps a clip from is
noted on it; whom the old one kept it from stays. What is not covered: models that changed (their scores are not taken
anew), clips that were never posted.
"""

from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.moderation import Decision, Policy, World, decide, is_complete, limits, shipped_policy
from volary.ports import Key, Put, Range, Services
from volary.remix import world
from volary.review.cases import Case
from volary.review.clocks import HELD, severity
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Screening, Videos, changing, feed_position
from volary.videos import Video, hide, limited

from events.bus import Done, Tick
from events.moderation import Stage
from functions.generation.steps import audience, screening_of, seconds

PAGE = 25
CURSOR = Key("RESCREEN", "CURSOR")
SEEN: tuple[Stage, ...] = ("frames", "writing", "sound")
STAGES: dict[str, tuple[Stage, ...]] = {"prompt": ("prompt",), "media": SEEN, "upload": SEEN}


def rescreen(tick: Tick, services: Services) -> Done:
    videos = Videos(services.items)
    cursor = services.items.get(CURSOR) or {}
    found = videos.public(Range(after=cursor.get("after"), limit=PAGE))
    for video in found:
        try:
            judge_again(video, shipped_policy(), services)
        except ConditionFailed:
            continue  # it moved meanwhile; the next round meets it
    after = feed_position(found[-1]) if len(found) == PAGE else None
    services.items.write(Put({"pk": CURSOR.pk, "sk": CURSOR.sk, "after": after}))
    return Done()


def judge_again(video: Video, policy: Policy, services: Services) -> bool:
    """Decide again what another policy decided; whether the clip was hidden. Twice with one policy changes nothing."""
    store = Videos(services.items)
    old = [each for each in store.screenings(video.id) if each.policy_version != policy.version]
    if not old:
        return False
    told = {each.what: _decided(each, video, policy, services) for each in old}
    fresh = [_redecided(each, told[each.what], services) for each in old]
    # What a moderator released under the old policy had been held then: they have answered for it already.
    worse = [each for each in old if told[each.what].action != "pass" and each.verdict == "pass"]
    video = limited(video, limits((signal for each in old for signal in each.signals), policy))
    act = Act(action=f"screened again by policy {policy.version}", actor="system", at=seconds(services))
    writes = [store.screening_write(video.id, each) for each in fresh]
    if worse:
        case = _case(video, told[worse[0].what], policy, services)
        video, (record, audited) = changing(hide(video, case.id), act)
        services.items.transact([record, audited, *Reviews(services.items).opening_writes(case, act), *writes])
    else:
        store.change(video, act, more=writes)
    return bool(worse)


def _decided(screening: Screening, video: Video, policy: Policy, services: Services) -> Decision:
    stages = STAGES.get(screening.what, ())
    complete = bool(stages) and is_complete(screening.signals, policy, stages)
    origin: World = "outside" if screening.what == "upload" else world(video, Videos(services.items), policy)
    return decide(screening.signals, policy, complete=complete, audience=audience(video, services), world=origin)


def _redecided(screening: Screening, decision: Decision, services: Services) -> Screening:
    again = screening_of(screening.what, decision, seconds(services))
    heard = {"transcript": screening.transcript, "lines": screening.lines}
    return again.model_copy(update={"signals": screening.signals, **heard})


def _case(video: Video, decision: Decision, policy: Policy, services: Services) -> Case:
    now = seconds(services)
    return Case(
        id=f"match_{policy.version}_{video.id}",
        kind="match",
        subject=video.id,
        author_id=video.owner_id,
        category=decision.category,
        severity=severity(decision.category),
        confidence=(decision.reasons[0].score or 0.0) if decision.reasons else 0.0,
        law=(decision.reasons[0].law if decision.reasons else "") or HELD.basis,
        opened_at=now,
        due_at=now + HELD.seconds,
        hid=(video.id,),
    )


lambda_handler = entrypoint(rescreen)
