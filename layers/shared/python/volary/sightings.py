"""What it means that somebody was recognised in a clip or an upload; it recognises nobody itself. Pure.

What is covered: each face or voice that resembles an enrolled person, or one of the block list, becomes a signal for
`moderation.decide`, whose policy has the two thresholds: below the first it passes, below the second a person looks,
above it is blocked. Whoever consented to this very clip gives no signal. What is not covered: how well faces are
recognised (docs/model-card-likeness.md), and people whom nobody enrolled: those stay REAL_FACE.
"""

from collections.abc import Iterable

from events.likeness import Matched, Sighting
from events.moderation import Category, Signal, Span, Stage
from volary.moderation import Action, Policy

STAGES: dict[str, Stage] = {"face": "frames", "voice": "sound"}


def signal_of(sighting: Sighting, model: str) -> Signal:
    """One resemblance as a screening signal. It names the entry of the index, never the person."""
    whom = "a person of the block list" if sighting.listed == "blocked" else "an enrolled person"
    return Signal(
        stage=STAGES[sighting.sense],
        category=Category.LIKENESS,
        score=sighting.score,
        model=model,
        reason=f"a {sighting.sense} like that of {whom} ({sighting.subject}) who did not agree to this clip",
        spans=(Span(start=sighting.start, end=sighting.end),),
    )


def weight(sighting: Sighting, policy: Policy) -> Action:
    """What this resemblance alone would come to, consent left out."""
    signal = signal_of(sighting, "")
    rule = policy.rule(signal)
    return rule.action(sighting.score) if rule else "hold"


def signals(matched: Matched, consented: frozenset[str], policy: Policy) -> tuple[Signal, ...]:
    """A signal for every resemblance that counts and whose subject, an entry of the index, is not in `consented`."""
    counted = [each for each in matched.sightings if weight(each, policy) != "pass"]
    strange = [each for each in counted if each.subject not in consented]
    return tuple(signal_of(each, matched.model or matched.index_id) for each in strange)


def without_agreed_faces(seen: Iterable[Signal], matched: Matched | None, agreed: bool) -> tuple[Signal, ...]:
    """The signals, less that a real face was seen, where every face belongs to somebody who agreed to the clip."""
    known = matched is not None and matched.faces > 0 and matched.strangers == 0 and agreed
    return tuple(each for each in seen if not (known and each.category is Category.REAL_FACE))
