"""Turns the faces and voices that matching found in a clip into screening signals, or into people of the clip.

Somebody who was seen without being declared and who lets this maker use their likeness becomes one of the clip's
people, so that a withdrawal covers it; everybody else is a signal. An answer that did not match against the index it
was given is incomplete, and holds the clip.
"""

from dataclasses import dataclass, field

from volary.consent import sighted, uses_of
from volary.likeness import MOST_PEOPLE, Appearance, Refusal
from volary.moderation import shipped_policy
from volary.ports import Check, Services, Write
from volary.sightings import signals, weight, without_agreed_faces
from volary.stores.blocked import Blocked
from volary.vault_index import BLOCKED
from volary.videos import Video

from events.inference import MediaScreened
from events.moderation import Signal


@dataclass(frozen=True)
class Recognised:
    """All signals of a screening with those of resemblances among them, and who joins the clip's people."""

    signals: tuple[Signal, ...]
    strange: tuple[Signal, ...] = ()
    joined: tuple[Appearance, ...] = ()
    checks: list[Check] = field(default_factory=list)
    is_complete: bool = True

    def writes(self, video_id: str) -> list[Write]:
        """For the transaction that stores the clip."""
        return [*self.checks, *uses_of(self.joined, video_id)]


def recognised(video: Video, screened: MediaScreened, index_id: str | None, services: Services) -> Recognised:
    """What matching adds to a screening; `index_id` None says that there was nobody to match with."""
    matched = screened.matched
    if index_id is None:
        return Recognised(screened.signals)
    if matched is None or matched.index_id != index_id:
        return Recognised(screened.signals, is_complete=False)
    policy = shipped_policy()
    known = {each.likeness_id for each in video.people}
    counted = [each for each in matched.sightings if weight(each, policy) != "pass" and each.listed == "likeness"]
    seen = [each for each in dict.fromkeys(sighting.subject for sighting in counted) if each not in known]
    room = max(0, MOST_PEOPLE - len(known))
    met = [found for each in seen[:room] if not isinstance(found := sighted(video, each, services), Refusal)]
    agreed = known | {appearance.likeness_id for appearance, _ in met}
    strange = signals(matched, frozenset(agreed | _listed_themselves(agreed, services)), policy)
    plain = without_agreed_faces(screened.signals, matched, not strange)
    joined, checks = tuple(appearance for appearance, _ in met), [check for _, check in met]
    return Recognised((*plain, *strange), strange, joined, checks)


def _listed_themselves(agreed: set[str], services: Services) -> set[str]:
    """The entries of the block list that are people who agreed to the clip through their own likeness."""
    people = Blocked(services.items).people()
    return {f"{BLOCKED}{each.id}" for each in people if each.likeness_id in agreed}
