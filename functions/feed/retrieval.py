"""Which clips a feed is drawn from: near to the words, by people one knows, in shared lineages, fresh, and by chance.

Everything here comes from the index of meanings, which says nothing of who may see a clip: what is shown is read in
full and asked of the read gate by `functions.feed.read`.
"""

import base64
import random
import struct
from collections.abc import Iterable, Sequence

from volary.errors import Unavailable
from volary.likeness import Consent, Standing
from volary.meanings import WIDTH
from volary.ports import Hit, Item, Key, Known, Near, Range, Services
from volary.ranking import Candidate, Circumstances
from volary.steering import Clause, Target
from volary.stores.likenesses import consent_key
from volary.stores.videos import Videos
from volary.videos import Video

FRESH, STEERED, CLOSE, FOLLOWED, CHANCE = 150, 80, 60, 60, 60  # clips from each source; each wish has its own
FRESH_SECONDS = 30 * 86_400
MOST_WISHES = 4  # that look for clips; the others still rank them
REACH = 400  # clips in all


def candidates(given: Circumstances, services: Services) -> list[tuple[Candidate, tuple[str, ...]]]:
    """Posts with what is known of them, and the likenesses that each shows; two questions to the index, no read."""
    try:
        ids = dict.fromkeys(hit.id for hit in found_near(given, services))
        known = looked_up(list(ids)[:REACH], given.clauses, services)
    except Unavailable:
        known = []
    return known or _newest(services)


def looked_up(
    ids: Sequence[str], clauses: Sequence[Clause], services: Services
) -> list[tuple[Candidate, tuple[str, ...]]]:
    """What the index keeps of these clips, with their nearness to the words. Raises Unavailable."""
    meant = {target.words: target.vector for clause in clauses for target in clause.targets if target.vector}
    known = services.vectors.known(ids, list(meant.values()))
    return [(_candidate(each, list(meant)), each.point.people) for each in known.values()]


def _newest(services: Services) -> list[tuple[Candidate, tuple[str, ...]]]:
    """While the index cannot be reached, or is empty, the newest posts alone make the feed, one read more."""
    posts = Videos(services.items).public(Range(limit=FRESH, newest_first=True))
    return [
        (
            Candidate(id=each.id, owner_id=each.owner_id, root_id=each.id, posted_at=each.posted_at or 0,
                      seconds=each.seconds, is_remix=each.parent_id is not None),
            tuple(sorted(people_in([each]))),
        )
        for each in posts
    ]  # fmt: skip


def standing_in(found: dict[Key, Item], people: Iterable[str], services: Services) -> Standing:
    """The consents among what was read: whoever's is missing counts as one who gave none."""
    known = {each: found[consent_key(each)] for each in people if consent_key(each) in found}
    consents = {each: Consent.model_validate(item) for each, item in known.items()}
    return Standing(consents, int(services.clock.now().timestamp()))


def videos_in(found: dict[Key, Item]) -> list[Video]:
    return [Video.model_validate(item) for key, item in found.items() if key.sk == "RECORD"]


def people_in(videos: Iterable[Video]) -> set[str]:
    return {each.likeness_id for video in videos for each in video.people}


def found_near(given: Circumstances, services: Services) -> list[Hit]:
    """What the index finds, each source in turn. Raises Unavailable."""
    return [hit for answer in services.vectors.near(_questions(given)) for hit in answer]


def _questions(given: Circumstances) -> list[Near]:
    chance = _direction(given.seed)
    asked = [Near(target.vector, STEERED) for target in _sought(given)]
    asked.append(Near(chance, FRESH, since=max(1, given.now - FRESH_SECONDS)))
    if given.ties.companions:
        asked.append(Near(chance, CLOSE, owners=tuple(sorted(given.ties.companions))))
    if given.ties.following:
        asked.append(Near(chance, FOLLOWED, owners=tuple(sorted(given.ties.following))))
    if given.ties.lineages:
        asked.append(Near(chance, CLOSE, roots=tuple(sorted(given.ties.lineages))))
    return [*asked, Near(chance, CHANCE)]


def _sought(given: Circumstances) -> list[Target]:
    """What somebody wants more of; the last words first, because the first may be many and old."""
    wanted = [each for clause in given.clauses if clause.op in ("more", "only") for each in clause.targets]
    return [each for each in reversed(wanted) if each.vector][:MOST_WISHES]


def _direction(seed: int) -> str:
    """A place in the space of meanings by chance, the same for the same seed."""
    drawn = random.Random(seed)
    numbers = [drawn.gauss(0, 1) for _ in range(WIDTH)]
    length = sum(number * number for number in numbers) ** 0.5
    return base64.b64encode(struct.pack(f"<{WIDTH}e", *(number / length for number in numbers))).decode()


def _candidate(known: Known, words: Sequence[str]) -> Candidate:
    point = known.point
    return Candidate(
        id=point.id,
        owner_id=point.owner_id,
        root_id=point.root_id,
        posted_at=point.at,
        seconds=point.seconds,
        is_remix=point.is_remix,
        topics=point.topics,
        likeness=dict(zip(words, known.likeness, strict=True)),
        remakers=point.remakers,
        language=point.language,
        shows_people=bool(point.people),
        form=point.form,
        has_sound=point.has_sound,
        depth=point.depth,
    )
