"""Draw a feed and read its pages: clips near, fresh and by chance, ranked by one's own words, each through the gate."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from datetime import datetime
from typing import NamedTuple

from volary import ranking
from volary.accounts import ADULT_AGE, Account, Viewer, age, viewer_of
from volary.errors import Invalid
from volary.ports import Services
from volary.ranking import Circumstances, Ranked, Term
from volary.steering.parameters import standing, zone_of
from volary.stores.accounts import account_key, account_of
from volary.stores.feeds import Feeds, Opening, State, View
from volary.stores.likenesses import consent_key
from volary.stores.videos import record_key
from volary.videos import Video, may_serve

from functions.feed.retrieval import candidates, looked_up, standing_in, videos_in

LONGEST_VIEW = 300
MAX_PEOPLE = 200  # whose consent is read; clips with others are not shown
SPARE = 5  # clips read beyond a page, in case some may no longer be shown
TEEN_LIMIT = 100  # clips a day
SEPARATOR = "~"


@dataclass(frozen=True)
class Page:
    """Clips in order with their terms. `after` goes on, None at the end; `is_done`: a teenager's day is over."""

    shown: tuple[tuple[Video, Ranked], ...]
    after: str | None = None
    is_done: bool = False
    left_today: int | None = None
    makers: tuple[Account, ...] = ()  # of these clips, as they were read with them


def view_named(after: str | None) -> str | None:
    """The order in which a cursor goes on; None for none, or a cursor of another kind."""
    return after.split(SEPARATOR)[0] if after and SEPARATOR in after else None


def read(account: Account, services: Services, limit: int, after: str | None, known: Opening | None = None) -> Page:
    """One page of a person's own feed. Raises Invalid for a cursor that is nobody's or a day old.

    `known` may have been read with the account. Beside that read a page takes one more call, for the clips, their
    makers and the consents, and more only where many of an order's clips are gone or for a teenager's day; a new
    order is also kept by one write, and asks the index, which is no call to storage.
    """
    place = _place(after) if after else None
    known = known or Feeds(services.items).opening(account.user_id, view_named(after))
    left = left_today(account, known.state, services)
    if place and (known.view is None or place.end > len(known.view.order)):
        raise _nobodys(after)
    if left is not None and place and known.view:
        # Asking for the next page says that the one before was shown, also where a client forgot to say so.
        left = note_shown(account, [clip for clip, _ in known.view.order[place.start : place.end]], services)
    if left == 0:
        return Page((), is_done=True, left_today=0)
    if place and known.view:
        view, start = _as_wished_now(known.view, place.end, known.state, services), place.end
    else:
        view, start = _drawn(account, known, services), 0
    viewer = viewer_of(account, services.clock.now().date())
    served = _served(view, start, viewer, services, min(limit, left) if left is not None else limit)
    more = served.end < len(view.order) and served.found
    cursor = f"{view.id}{SEPARATOR}{start}{SEPARATOR}{served.end}" if more else None
    return Page(tuple(served.found), cursor, left_today=left, makers=tuple(served.makers.values()))


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


class _Place(NamedTuple):
    """Where the page before began and ended in an order."""

    view_id: str
    start: int
    end: int


def _place(after: str) -> _Place:
    view_id, *numbers = after.split(SEPARATOR)
    if not view_id or len(numbers) != 2 or not all(each.isascii() and each.isdecimal() for each in numbers):
        raise _nobodys(after)
    return _Place(view_id, int(numbers[0]), int(numbers[1]))


def _nobodys(after: str | None) -> Invalid:
    return Invalid(f"after {after!r} is no place in a feed of yours; start again without it", param="after")


def _drawn(account: Account, known: Opening, services: Services) -> View:
    """A new order, kept for a day, so that clips that come and go neither repeat nor hide any other."""
    feeds, now = Feeds(services.items), int(services.clock.now().timestamp())
    given = Circumstances(
        clauses=standing(known.state.parameters, now),
        ties=known.ties,
        now=now,
        seed=services.ids.seed(),
        is_teen=is_teen(account, services.clock.now()),
    )
    found = candidates(given, services)
    order = ranking.rank((each for each, _ in found), given)[:LONGEST_VIEW]
    kept = tuple((one.id, one.why) for one in order)
    drawn = {one.id for one in order}
    people = tuple(sorted({person for each, shown in found if each.id in drawn for person in shown})[:MAX_PEOPLE])
    makers = {each.id: each.owner_id for each, _ in found}
    made = tuple(makers[one.id] for one in order)
    view = View(services.ids.new("view").replace(SEPARATOR, "-"), kept, people, known.state.version, made)
    feeds.keep_view(account.user_id, view, now)
    return view


def _as_wished_now(view: View, start: int, state: State, services: Services) -> View:
    """The order without what was excluded after it was drawn; places stay, so that a cursor still means the same.

    A clip that the index knows no more is left out, too, where anything is excluded.
    """
    clauses = standing(state.parameters, int(services.clock.now().timestamp()))
    if view.version == state.version or not any(clause.op in ("block", "only", "facet") for clause in clauses):
        return view
    known = looked_up([clip for clip, _ in view.order[start:]], clauses, services)
    kept = {each.id for each, _ in known if not ranking.is_excluded(each, clauses)}
    order = (*view.order[:start], *((clip, why) if clip in kept else ("", ()) for clip, why in view.order[start:]))
    return dataclass_replace(view, order=order)


@dataclass
class _Served:
    """Clips of a page with their makers, and where in the order the page ends."""

    end: int
    found: list[tuple[Video, Ranked]] = field(default_factory=list)
    makers: dict[str, Account] = field(default_factory=dict)


def _served(view: View, start: int, viewer: Viewer, services: Services, limit: int) -> _Served:
    """Clips from `start` that may be shown at this very moment, whatever was true when the order was drawn."""
    page = _Served(start)
    while page.end < len(view.order) and len(page.found) < limit:
        stop = page.end + limit - len(page.found) + SPARE
        ahead = view.order[page.end : stop]
        allowed = _allowed([clip for clip, _ in ahead if clip], view, view.makers[page.end : stop], viewer, services)
        page.makers |= allowed.makers
        for clip, why in ahead:
            if len(page.found) == limit:
                break
            page.end += 1
            if clip in allowed.videos:
                terms = tuple(Term(term=name, value=value, about=about) for name, value, about in why)
                score = round(sum(term.value for term in terms), 6)
                page.found.append((allowed.videos[clip], Ranked(id=clip, score=score, why=terms)))
    return page


class _Allowed(NamedTuple):
    videos: dict[str, Video]
    makers: dict[str, Account]


def _allowed(clips: Sequence[str], view: View, makers: Sequence[str], viewer: Viewer, services: Services) -> _Allowed:
    """Those of the clips that the viewer may see: records, consents and makers in one read."""
    owners = {account_key(each): each for each in makers}
    read = services.items.get_many([*map(record_key, clips), *map(consent_key, view.people), *owners])
    consents = standing_in(read, view.people, services)
    videos = {each.id: each for each in videos_in(read) if each.is_public and may_serve(each, viewer, consents)}
    return _Allowed(videos, {owner: account_of(read[key], owner) for key, owner in owners.items() if key in read})
