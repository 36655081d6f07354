"""Which clips a feed is drawn from: near to the words, by companions, in shared lineages, fresh, and by chance.

It finds ids; each of them is read and asked of the read gate before anything else learns of it.
"""

import base64
import random
import struct
from collections.abc import Iterable, Sequence

from volary.accounts import Viewer
from volary.errors import Unavailable
from volary.likeness import Consent, Standing
from volary.meanings import WIDTH, Vector, cosine, unpacked
from volary.ports import Hit, Item, Key, Near, Range, Services
from volary.ranking import Candidate, Circumstances
from volary.steering import Target
from volary.stores.feeds import Facts, facts_key
from volary.stores.likenesses import consent_key
from volary.stores.videos import Videos, record_key
from volary.videos import Video, may_serve

FRESH, STEERED, CLOSE, CHANCE = 150, 80, 60, 60  # clips from each source; each wish has its own
MOST_WISHES = 4  # that look for clips; the others still rank them
REACH = 400  # clips in all
MAX_PEOPLE = 200  # whose consent is read; clips with others are not shown


def candidates(given: Circumstances, viewer: Viewer, services: Services) -> list[tuple[Candidate, set[str]]]:
    """Posts that this viewer may see now, with what is known of them, and the likenesses that each shows.

    Two reads, and one question to the index.
    """
    fresh = Videos(services.items).public(Range(limit=FRESH, newest_first=True))
    hits = found_near(given, services)
    people = people_in(fresh) | {each for hit in hits for each in hit.people}
    found = services.items.get_many(_keys(fresh, hits, people))
    standing = standing_in(found, people, services)
    videos = {video.id: video for video in (*fresh, *videos_in(found))}
    wishes = [target for clause in given.clauses for target in clause.targets if target.vector]
    meant = {target.words: unpacked(target.vector) for target in wishes}
    return [
        (_candidate(video, _facts_in(found, video.id), meant), people_in([video]))
        for video in videos.values()
        if video.is_public and may_serve(video, viewer, standing)
    ]


def standing_in(found: dict[Key, Item], people: Iterable[str], services: Services) -> Standing:
    """The consents among what was read: whoever's is missing counts as one who gave none."""
    known = {each: found[consent_key(each)] for each in people if consent_key(each) in found}
    consents = {each: Consent.model_validate(item) for each, item in known.items()}
    return Standing(consents, int(services.clock.now().timestamp()))


def videos_in(found: dict[Key, Item]) -> list[Video]:
    return [Video.model_validate(item) for key, item in found.items() if key.sk == "RECORD"]


def people_in(videos: Iterable[Video]) -> set[str]:
    return {each.likeness_id for video in videos for each in video.people}


def _keys(fresh: Sequence[Video], hits: Sequence[Hit], people: Iterable[str]) -> list[Key]:
    read = [video.id for video in fresh]
    unread = [clip for clip in dict.fromkeys(hit.id for hit in hits) if clip not in set(read)][: REACH - len(read)]
    return [
        *map(record_key, unread),
        *map(facts_key, [*read, *unread]),
        *map(consent_key, sorted(people)[:MAX_PEOPLE]),
    ]


def found_near(given: Circumstances, services: Services) -> list[Hit]:
    """What the index finds; while it cannot be reached, the fresh posts alone make the feed."""
    try:
        answers = services.vectors.near(_questions(given))
    except Unavailable:
        return []
    return [hit for answer in answers for hit in answer]


def _questions(given: Circumstances) -> list[Near]:
    chance = _direction(given.seed)
    asked = [Near(target.vector, STEERED) for target in _sought(given)]
    if given.ties.companions:
        asked.append(Near(chance, CLOSE, owners=tuple(sorted(given.ties.companions))))
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


def _facts_in(found: dict[Key, Item], clip: str) -> Facts | None:
    item = found.get(facts_key(clip))
    return Facts.model_validate(item) if item else None


def _candidate(video: Video, facts: Facts | None, targets: dict[str, Vector]) -> Candidate:
    """A clip whose meaning is not known yet takes part by its freshness."""
    meant = unpacked(facts.vector) if facts and targets else None
    return Candidate(
        id=video.id,
        owner_id=video.owner_id,
        root_id=facts.root_id if facts else video.id,
        posted_at=video.posted_at or 0,
        seconds=video.seconds,
        is_remix=video.parent_id is not None,
        topics=facts.topics if facts else {},
        likeness={words: cosine(meant, vector) for words, vector in targets.items()} if meant else {},
        remakers=facts.remakers if facts else 0,
    )
