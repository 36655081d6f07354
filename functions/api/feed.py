"""The feed and the words that steer it; what a clip looks like is told by `functions.api.posts`."""

import re
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from volary import feed
from volary.accounts import ANYONE, Account, viewer_of
from volary.errors import Absent, Invalid
from volary.families import is_settled
from volary.ports import Range, Services
from volary.steering import Clause
from volary.steering.effects import effect
from volary.steering.parameters import Parameters
from volary.stores.feeds import Feeds, Opening, State, opening_keys
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos, feed_position
from volary.videos import Video

from functions.api.authentication import CurrentAccount, CurrentServices, account_beside
from functions.api.bodies import read as body_of
from functions.api.bodies import validated
from functions.api.calls import After, Limit, takes
from functions.api.once import Once
from functions.api.posts import Authors, CurrentAuthors, Post, Why, shown
from functions.api.resources import page
from functions.feed import read, steer

Model = TypeVar("Model", bound=BaseModel)
router = APIRouter(tags=["Feed"], route_class=Once)
# Time that somebody looked is neither kept nor used, and a client that sends it is told so.
WATCHING = re.compile(
    r"dwell|watch|view_?time|view_?duration|time_?spent|impression_?(ms|time)|seconds_?(seen|viewed)|scroll", re.I
)
MOST_AT_ONCE = 500  # posts that are read in one go where many in a row may not be shown
DONE = {
    "en": "That's all for today. See you tomorrow — perhaps with something of your own.",
    "fr": "C'est tout pour aujourd'hui. À demain — peut-être avec une création à vous.",
}


class Strict(BaseModel):
    """Of the feed's own calls: an unknown field is refused, so that none can carry what must not be sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Instruct(Strict):
    text: str = Field(min_length=1, max_length=1000)


class ReplaceParameters(Strict):
    format: Literal["volary.steering/1"] = "volary.steering/1"
    entries: tuple[dict[str, Any], ...] = Field(default=(), max_length=100)
    personalised: bool = True


class Shown(Strict):
    """Clips that a screen displayed; never how long."""

    ids: tuple[Annotated[str, Field(max_length=200)], ...] = Field(max_length=100)


class SetZone(Strict):
    time_zone: str = Field(max_length=80)


class Wish(BaseModel):
    """One standing wish; `place` names it for DELETE, `effect` says what it does."""

    place: int
    clause: Clause
    since: int
    until: int | None
    effect: str


class FeedParameters(BaseModel):
    """`parameters` is the export: sent back with PUT it gives the same order for the same clips and seed."""

    object: Literal["feed.parameters"] = "feed.parameters"
    parameters: Parameters
    wishes: list[Wish]
    version: int
    can_undo: bool
    time_zone: str
    locked: bool = False


class Understood(BaseModel):
    clause: Clause
    effect: str


class Instructed(BaseModel):
    object: Literal["feed.instruction"] = "feed.instruction"
    kind: Literal["steer", "reset", "undo", "noop", "query", "reject"]
    parameters: FeedParameters
    understood: list[Understood]
    not_understood: list[str]
    refused: list[str]


class ChangeMade(BaseModel):
    version: int
    at: int
    said: str
    before: Parameters


class ChangeList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ChangeMade]
    has_more: bool


class Today(BaseModel):
    """What is left of a teenager's day; null for adults, of whom nothing is counted."""

    object: Literal["feed.today"] = "feed.today"
    left_today: int | None


class Feed(BaseModel):
    """A page. Go on with `after=next`; `done_for_today` comes with a calm `message` and no clips."""

    object: Literal["list"] = "list"
    data: list[Post]
    first_id: str | None
    last_id: str | None
    has_more: bool
    next: str | None = None
    done_for_today: bool = False
    left_today: int | None = None
    message: str | None = None


@router.get("/feed", operation_id="retrieve_feed")
async def read_feed(  # noqa: PLR0913 - FastAPI's parameters are the route's own
    request: Request,
    services: CurrentServices,
    authors: CurrentAuthors,
    limit: Limit = 20,
    after: After = None,
    personalised: Annotated[bool, Query()] = True,
) -> Feed:
    """One's own feed; for visitors, for `personalised=false` and for accounts without it, the newest posts."""
    _refuse_watching(request.query_params.keys())
    if "authorization" not in request.headers:
        return _newest(request, services, authors, limit, after)
    ordered = read.view_named(after)
    person, items = account_beside(request, lambda user_id: opening_keys(user_id, ordered))
    known = Opening.told(items, person.user_id, ordered)
    state = known.state
    left = read.left_today(person, state, services)
    if left == 0:
        return _done(request)
    if not personalised or not state.parameters.personalised:
        shorter = limit if left is None else min(limit, left)
        return _newest(request, services, authors, shorter, after).model_copy(update={"left_today": left})
    found = read.read(person, services, limit, after, known)
    if found.is_done:
        return _done(request)
    authors.learn(found.makers, services)
    viewer = viewer_of(person, services.clock.now().date())
    posts = [
        shown(video, viewer, services, authors).model_copy(
            update={"why": [Why(term=t.term, value=t.value, about=t.about) for t in ranked.why], "score": ranked.score}
        )
        for video, ranked in found.shown
        if authors.get(video.owner_id, services)
    ]
    listed = page(posts, limit) | {
        "has_more": found.after is not None,
        "next": found.after,
        "left_today": found.left_today,
    }
    return Feed.model_validate(listed)


def _done(request: Request) -> Feed:
    message = DONE[_language(request)]
    return Feed(
        data=[], first_id=None, last_id=None, has_more=False, done_for_today=True, left_today=0, message=message
    )


def _newest(request: Request, services: Services, authors: Authors, limit: int, after: str | None) -> Feed:
    """The same for everybody: nothing of the person who asks decides the order."""
    posts = [shown(video, ANYONE, services, authors) for video in _posted(services, authors, limit + 1, after)]
    newest = [
        post.model_copy(update={"why": [Why(term="newest", value=post.created_at)], "score": post.created_at})
        for post in posts
    ]
    listed = page(newest, limit)
    return Feed.model_validate(listed | {"next": listed["last_id"] if listed["has_more"] else None})


def _posted(services: Services, authors: Authors, count: int, after: str | None) -> list[Video]:
    """As many of the newest posts as are asked for, where there are as many that anybody may see."""
    store, found = Videos(services.items), list[Video]()
    place, size = _place(after, store) if after else None, count
    while len(found) < count:
        candidates = store.public(Range(after=place, limit=size, newest_first=True))
        seen = feed.page(candidates, ANYONE, standing_of(candidates, services), size)
        found += [video for video in seen if authors.get(video.owner_id, services)]
        if len(candidates) < size:
            break
        place, size = feed_position(candidates[-1]), min(2 * size, MOST_AT_ONCE)
    return found[:count]


def _place(post_id: str, store: Videos) -> str:
    try:
        video = store.get(post_id)
    except Absent:
        video = None
    if video is None or video.posted_at is None:
        raise Invalid(f"after {post_id!r} is not a post; start again without it", param="after")
    return feed_position(video)


@router.post("/feed/instructions", operation_id="create_feed_instruction", openapi_extra=takes(Instruct))
async def instruct(request: Request, person: CurrentAccount, services: CurrentServices) -> Instructed:
    """Say in words what the feed should show; what was understood, what was not and what was refused comes back."""
    body = _strict(Instruct, request.state.fields)
    language = _language(request)
    state, said = steer.instruct(person, body.text, language, services)
    return Instructed(
        kind=said.kind,
        parameters=_told(state, person, services, language),
        understood=[Understood(clause=clause, effect=effect(clause, language)) for clause in said.clauses],
        not_understood=list(said.not_understood),
        refused=list(said.refused),
    )


@router.get("/feed/parameters", operation_id="retrieve_feed_parameters")
async def retrieve(request: Request, person: CurrentAccount, services: CurrentServices) -> FeedParameters:
    return _told(Feeds(services.items).state(person.user_id), person, services, _language(request))


@router.put("/feed/parameters", operation_id="replace_feed_parameters", openapi_extra=takes(ReplaceParameters))
async def replace(request: Request, person: CurrentAccount, services: CurrentServices) -> FeedParameters:
    """Edit by hand, or import: what was exported here or elsewhere stands from now on."""
    fields = await body_of(request, request.app.state.limits)
    body = _strict(ReplaceParameters, fields)
    wanted = validated(Parameters, body.model_dump())
    return _told(steer.replace(person, wanted, "edited by hand", services), person, services, _language(request))


@router.delete("/feed/parameters", operation_id="delete_feed_parameters")
async def delete(
    request: Request,
    person: CurrentAccount,
    services: CurrentServices,
    place: Annotated[int | None, Query(ge=0)] = None,
) -> FeedParameters:
    """Take one wish away, or all of them; either can be undone."""
    if place is not None:
        return _told(steer.remove(person, place, services), person, services, _language(request))
    state = Feeds(services.items).state(person.user_id)
    empty = Parameters(personalised=state.parameters.personalised)
    return _told(steer.replace(person, empty, "took everything away", services), person, services, _language(request))


@router.get("/feed/history", operation_id="list_feed_history")
async def history(
    person: CurrentAccount,
    services: CurrentServices,
    limit: Limit = 20,
    after: Annotated[int | None, Query(ge=1)] = None,
) -> ChangeList:
    """What was changed, newest first; go on with `after` the last version."""
    span = Range(limit=limit + 1, after=str(after) if after else None)
    found = Feeds(services.items).history(person.user_id, span)
    changes = [ChangeMade.model_validate(change.model_dump()) for change in found]
    return ChangeList(data=changes[:limit], has_more=len(changes) > limit)


@router.post("/feed/undo", operation_id="undo_feed_change")
async def undo(request: Request, person: CurrentAccount, services: CurrentServices) -> FeedParameters:
    return _told(steer.undo(person, services), person, services, _language(request))


@router.post("/feed/shown", operation_id="note_shown", openapi_extra=takes(Shown))
async def note_shown(request: Request, person: CurrentAccount, services: CurrentServices) -> Today:
    """Say which clips a screen displayed: a teenager's day counts those, and nothing else is counted of anybody."""
    body = _strict(Shown, request.state.fields)
    return Today(left_today=read.note_shown(person, body.ids, services))


@router.post("/feed/time_zone", operation_id="set_feed_time_zone", openapi_extra=takes(SetZone))
async def set_zone(request: Request, person: CurrentAccount, services: CurrentServices) -> FeedParameters:
    body = _strict(SetZone, request.state.fields)
    return _told(steer.set_zone(person.user_id, body.time_zone, services), person, services, _language(request))


def _strict(model: type[Model], fields: dict[str, Any]) -> Model:
    _refuse_watching(fields)
    return validated(model, fields)


def _refuse_watching(names: Any) -> None:
    for name in names:
        if WATCHING.search(name):
            raise Invalid(
                f"{name!r}: how long or how often somebody watches is not taken", param=name, code="watch_time_refused"
            )


def _told(state: State, person: Account, services: Services, language: str) -> FeedParameters:
    wishes = [
        Wish(place=at, clause=one.clause, since=one.since, until=one.until, effect=effect(one.clause, language))
        for at, one in enumerate(state.parameters.entries)
    ]
    return FeedParameters(
        parameters=state.parameters,
        wishes=wishes,
        version=state.version,
        can_undo=bool(state.undoable),
        time_zone=state.time_zone,
        locked=is_settled(state.locked_by, person, services.clock.now().date()),
    )


def _language(request: Request) -> str:
    return "fr" if request.headers.get("accept-language", "en").lower().startswith("fr") else "en"
