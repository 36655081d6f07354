"""Draw a feed and read its pages: the newest clips, ranked by one's own words, each through the gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from volary import ranking
from volary.accounts import ADULT_AGE, Account, Viewer, age, viewer_of
from volary.errors import Absent, Invalid
from volary.meanings import Vector, cosine, unpacked
from volary.ports import Range, Services
from volary.ranking import Candidate, Circumstances, Ranked, Term
from volary.steering.parameters import standing, zone_of
from volary.stores.feeds import Facts, Feeds, State, View
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos
from volary.videos import Video, may_serve

REACH = 300  # newest posts that are looked at; the vector index of the embedded home reaches further
LONGEST_VIEW = 300
TEEN_LIMIT = 100  # clips a day
SEPARATOR = "~"


@dataclass(frozen=True)
class Page:
    """Clips in order with their terms. `after` goes on, None at the end; `is_done`: a teenager's day is over."""

    shown: tuple[tuple[Video, Ranked], ...]
    after: str | None = None
    is_done: bool = False
    left_today: int | None = None


def read(account: Account, services: Services, limit: int, after: str | None) -> Page:
    """One page of a person's own feed. Raises Invalid for a cursor that is nobody's or a day old."""
    feeds = Feeds(services.items)
    state = feeds.state(account.user_id)
    left = left_today(account, state, services)
    if left is not None and after is not None:
        left = _counted(account, state, after, services)
    if left == 0:
        return Page((), is_done=True, left_today=0)
    view, _, start = _opened(account, after, services) if after else (_drawn(account, state, services), 0, 0)
    found, end = _served(view, start, viewer_of(account), services, min(limit, left) if left is not None else limit)
    more = end < len(view.order)
    return Page(
        tuple(found), f"{view.id}{SEPARATOR}{start}{SEPARATOR}{end}" if more and found else None, left_today=left
    )


def is_teen(account: Account, today: datetime) -> bool:
    return age(account.birth_date, today.date()) < ADULT_AGE


def left_today(account: Account, state: State, services: Services) -> int | None:
    """How many clips a teenager may still be shown on their local day; None for adults."""
    at = services.clock.now()
    if not is_teen(account, at):
        return None
    day = at.astimezone(zone_of(state.time_zone)).date().isoformat()
    return max(0, TEEN_LIMIT - Feeds(services.items).shown(account.user_id, day))


def note_shown(account: Account, clips: Sequence[str], services: Services) -> int | None:
    """Count what a screen displayed; what was only fetched ahead does not count. Nothing is kept of adults."""
    state, at = Feeds(services.items).state(account.user_id), services.clock.now()
    if is_teen(account, at):
        day = at.astimezone(zone_of(state.time_zone)).date().isoformat()
        Feeds(services.items).count_shown(account.user_id, day, clips, int(at.timestamp()))
    return left_today(account, state, services)


def _counted(account: Account, state: State, after: str, services: Services) -> int | None:
    """Asking for the next page says that the one before was shown, also where a client forgot to say so."""
    view, start, end = _opened(account, after, services)
    note_shown(account, [clip for clip, _ in view.order[start:end]], services)
    return left_today(account, state, services)


def _opened(account: Account, after: str, services: Services) -> tuple[View, int, int]:
    """The order, and where the page before began and ended."""
    view_id, *places = after.split(SEPARATOR)
    is_cursor = len(places) == 2 and all(place.isdecimal() for place in places)
    view = Feeds(services.items).view(account.user_id, view_id) if is_cursor else None
    if view is None:
        raise Invalid(f"after {after!r} is no place in a feed of yours; start again without it", param="after")
    return view, int(places[0]), int(places[1])


def _drawn(account: Account, state: State, services: Services) -> View:
    """A new order, kept for a day, so that clips that come and go neither repeat nor hide any other."""
    feeds, now = Feeds(services.items), int(services.clock.now().timestamp())
    given = Circumstances(
        clauses=standing(state.parameters, now),
        ties=feeds.ties(account.user_id),
        now=now,
        seed=services.ids.seed(),
        is_teen=is_teen(account, services.clock.now()),
    )
    order = ranking.rank(candidates(given, viewer_of(account), services), given)[:LONGEST_VIEW]
    kept = tuple((one.id, tuple((term.term, term.value, term.about) for term in one.why)) for one in order)
    view = View(id=services.ids.new("view").replace(SEPARATOR, "-"), order=kept)
    feeds.keep_view(account.user_id, view, now)
    return view


def candidates(given: Circumstances, viewer: Viewer, services: Services) -> list[Candidate]:
    """The newest posts that this viewer may see, with what is known of them."""
    videos = Videos(services.items).public(Range(limit=REACH, newest_first=True))
    feeds = Feeds(services.items)
    known = {each.video_id: each for each in feeds.facts(Range(limit=REACH, newest_first=True))}
    standings = standing_of(videos, services)
    open_targets = {
        target.words: unpacked(target.vector) for clause in given.clauses for target in clause.targets if target.vector
    }
    return [
        _candidate(video, known.get(video.id) or feeds.facts_of(video.id), open_targets)
        for video in videos
        if video.is_public and may_serve(video, viewer, standings)
    ]


def _candidate(video: Video, facts: Facts | None, targets: dict[str, Vector]) -> Candidate:
    """A clip whose meaning is not known yet takes part by its freshness."""
    meant = unpacked(facts.vector) if facts else None
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


def _served(
    view: View, start: int, viewer: Viewer, services: Services, limit: int
) -> tuple[list[tuple[Video, Ranked]], int]:
    """Clips from `start` that may be shown at this very moment, whatever was true when the order was drawn."""
    store, at = Videos(services.items), start
    found: list[tuple[Video, Ranked]] = []
    while at < len(view.order) and len(found) < limit:
        clip, why = view.order[at]
        at += 1
        try:
            video = store.get(clip)
        except Absent:
            continue
        if video.is_public and may_serve(video, viewer, standing_of([video], services)):
            terms = tuple(Term(term=name, value=value, about=about) for name, value, about in why)
            found.append((video, Ranked(id=clip, score=round(sum(t.value for t in terms), 6), why=terms)))
    return found, at
