"""The read gate from outside: every route there is, asked for clips before and after somebody in them withdrew.

Asking before shows that the questions reach something: a route that nobody reaches must be named below with its reason.
"""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route
from volary.accounts import Role
from volary.errors import ModelFault
from volary.ports import Key, Range
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos

from functions.api.app import create_app
from functions.api.authentication import CurrentServices
from functions.api.limits import EMBEDDED
from functions.review.cases import opened
from tests.api.conftest import MADE, World
from tests.api.people import enrolled
from tests.api.test_access import NOTICE
from tests.api.test_likenesses import publish

# What a clip's file or record would show of itself; its bare id may stand in a list of the person's own.
SECRETS = ("CANARY-PROMPT", "/clip.mp4", "/thumbnail.webp", "/spritesheet.webp")
# Nobody, the person shown, the maker, who made a remix of it, a moderator who is an admin, too.
PEOPLE = (None, "ann", "bob", "eve", "mo")
OWN_WORDS = {"bob", "eve"}  # makers keep the words that they wrote
LIKENESS = "like_user_ann"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# GET routes that answer nobody here, and why that hides no clip.
UNREACHED = {
    "/v1/files/{file_id}": "an upload of the person's own",
    "/v1/likenesses/{likeness_id}": "a consent and its rules, no clip; nobody here has a capture",
    "/v1/models/{model_id}": "a model",
    "/v1/moderation/captures/{likeness_id}/content": "a capture that waits for a reviewer",
    "/v1/moderation/statements/{statement_id}": "a statement to one person",
    "/v1/receipts/{receipt_id}": "a receipt's own status",
    "/v1/transparency/checkpoint": "nothing was sequenced",
    "/v1/transparency/tile/{path}": "hashes",
    "/v1/videos/characters/{character_id}": "a character of the person's own",
    "/v1/webhook_endpoints/{endpoint_id}": "an endpoint of the person's own",
}
# GET routes that show a clip to somebody while nobody withdrew. What a new route shows is known here first.
SHOWING = {
    "/v1/feed", "/v1/likenesses/{likeness_id}/uses", "/v1/moderation/cases/{case_id}",
    "/v1/moderation/cases/{case_id}/content", "/v1/moderation/cases/{case_id}/link", "/v1/moderation/queue",
    "/v1/posts/{post_id}", "/v1/posts/{post_id}/lineage", "/v1/videos", "/v1/videos/{video_id}",
    "/v1/videos/{video_id}/content",
}  # fmt: skip


class Watched:
    """The home's items, noting which clips with people a request read, and whose consent it asked."""

    def __init__(self, items: Any) -> None:
        self._items = items
        self.clips: set[str] = set()
        self.consents: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._items, name)

    def get(self, key: Key) -> Any:
        found = self._items.get(key)
        self._note([found] if found else [])
        return found

    def get_many(self, keys: Any) -> Any:
        found = self._items.get_many(keys)
        self._note(list(found.values()))
        return found

    def query(self, *args: Any) -> Any:
        return self._note(self._items.query(*args))

    def query_index(self, *args: Any) -> Any:
        return self._note(self._items.query_index(*args))

    def _note(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for item in items:
            if item["sk"] == "RECORD" and item.get("people"):
                self.clips |= {each["likeness_id"] for each in item["people"]}
            if item["sk"] == "CONSENT":
                self.consents.add(item["likeness_id"])
        return items


class NoModels:
    """Every model is away; what a route then answers it answers at once."""

    def ask(self, request: Any) -> dict[str, Any]:
        raise ModelFault("no model is here")


def every_route(routes: list[BaseRoute]) -> Iterator[Any]:
    """Routes as they answer, those of routers within routers too; nothing may answer that this does not know."""
    for route in routes:
        if hasattr(route, "effective_candidates"):  # how FastAPI keeps a router that was included
            yield from every_route([*route.effective_candidates(), *route.effective_low_priority_routes()])
        elif isinstance(getattr(route, "original_route", route), APIRoute):
            yield route
        elif (type(route), getattr(route, "path", "")) != (Route, "/openapi.json"):
            raise AssertionError(f"no test asks {route!r} for clips")


def routes(app: FastAPI) -> list[tuple[str, str, Any]]:
    """Method, path, and what FastAPI knows of its parameters; reading comes first, and deleting last."""
    found = [
        (method, each.path_format, each.dependant) for each in every_route(app.router.routes) for method in each.methods
    ]
    return sorted(found, key=lambda each: (METHODS.index(each[0]), "likenesses" in each[1], each[1]))


@pytest.fixture
def clips(world) -> dict[str, str]:
    """Clips with ann in them: bob's posted one, his draft, one that waits for a reviewer, and eve's remix."""
    account = Accounts(world.home.items).get("user_bob")
    eve = account.model_copy(update={"user_id": "user_eve", "handle": "eve"})
    store = Accounts(world.home.items)
    store.add(eve)
    world.tokens["eve"] = world.home.identity.issue("user_eve", timedelta(days=30))
    world.home.items.write(store.change_write(store.get("user_mo").model_copy(update={"role": Role.ADMIN})))
    enrolled(world.home, "user_ann", audience="everyone")
    made = {
        "posted": world.finished("bob", prompt="@ann CANARY-PROMPT", visibility="public"),
        "draft": world.finished("bob", prompt="@ann CANARY-PROMPT alone"),
        "held": held(world, "@ann CANARY-PROMPT to be seen"),
    }
    asked = world.call("POST", f"/videos/{made['posted']}/remix", "eve", json={"prompt": "CANARY-PROMPT at night"})
    made["remix"] = asked.json()["id"]
    publish(world, made["remix"])
    world.call("POST", "/posts", "eve", json={"video_id": made["remix"]}).raise_for_status()
    world.call("POST", "/notices", None, json={**NOTICE, "content": made["posted"]}).raise_for_status()
    queue = world.call("GET", "/moderation/queue", "mo").json()["data"]
    return {**made, "case": next(case["id"] for case in queue if case["kind"] == "notice")}


def held(world: World, prompt: str) -> str:
    """A clip of bob's that waits for a reviewer, with its file."""
    video = Videos(world.home.items).get(world.asked("bob", prompt=prompt))
    after = world.change(video, status="in_progress", stage="held", gate="hold", made=MADE, call_id="call_1")
    act = Act(action="held for review", actor="test", at=1)
    now = int(world.clock.now().timestamp())
    world.home.items.transact(Reviews(world.home.items).opening_writes(opened(after, [], now), act))
    return after.id


@dataclasses.dataclass(frozen=True)
class Answers:
    """What every route said to everybody: what it let be seen, what it read, and whom it answered at all."""

    shown: dict[tuple[str, str], set[tuple[str | None, str]]]
    forgot: set[tuple[str, str]]
    reached: set[tuple[str, str]]


def asked_of_every_route(
    world: World, app: FastAPI, clips: dict[str, str], methods: tuple[str, ...] = METHODS, below: str = ""
) -> Answers:
    """Each route, with each clip wherever an id goes, with every field that it may be asked with, by each person."""
    answers, client = Answers({}, set(), set()), TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    for method, path, dependant in routes(app):
        if method not in methods or not path.startswith(below):
            continue
        named = "{" in path.replace("{likeness_id}", "").replace("{handle}", "")
        for clip in clips.values() if named else [clips["posted"]]:
            for who in PEOPLE:
                watched = Watched(world.home.items)
                app.state.services = dataclasses.replace(world.home.services, items=watched, models=NoModels())
                rest = {} if method in ("GET", "HEAD", "DELETE") else {"json": body(clip)}
                asking = {"params": queried(dependant, clip), "headers": world.headers(who or ""), **rest}
                answer = client.request(method, filled(path, clip), **asking)
                note(answers, (method, path), who, answer, watched)
    app.state.services = world.home.services
    return answers


def note(answers: Answers, route: tuple[str, str], who: str | None, answer: Any, watched: Watched) -> None:
    told = answer.text + str(answer.headers.get("location", ""))
    leaks = {secret for secret in SECRETS if secret in told}
    if who in OWN_WORDS:
        leaks -= {"CANARY-PROMPT"}
    if leaks:
        answers.shown.setdefault(route, set()).update((who, secret) for secret in leaks)
    if answer.status_code < 400:
        answers.reached.add(route)
        if watched.clips - watched.consents:
            answers.forgot.add(route)


def filled(path: str, clip: str) -> str:
    named = {"likeness_id": LIKENESS, "handle": "ann"}
    parts = [named.get(part[1:-1], clip) if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def queried(dependant: Any, clip: str) -> dict[str, Any]:
    """Every field that must be given, and every other one that takes plain text: an id, or words that clips hold."""
    given: dict[str, Any] = {}
    for field in dependant.query_params if dependant else ():
        required, kind = field.field_info.is_required(), field.field_info.annotation
        name = field.alias
        if name in ("after", "order", "day", "harm", "purpose"):
            continue  # where a list goes on, and what it is narrowed to
        if kind is int:
            given |= {name: 1} if required else {}
        elif name in ("variant", "personalised", "limit"):
            continue
        else:
            given[name] = clip if name.endswith("id") or name in ("video", "post") else "CANARY"
    return given


def body(clip: str) -> dict[str, Any]:
    """Enough to be understood wherever a clip is named in a body; what a route does not know it leaves out."""
    return {
        "video_id": clip, "video": {"id": clip}, "prompt": "x", "seconds": "4", "ids": [clip], "case_ids": [clip],
        "action": "reject", "text": "x", "query": "CANARY", "input": "x", "content": clip,
    }  # fmt: skip


def withdraw(world: World, **fields: str) -> None:
    answer = world.call("POST", f"/likenesses/{LIKENESS}/revoke", json=fields)
    assert answer.status_code == 200, answer.text


def test_every_route_is_asked(world, application):
    """Those that the document leaves out, too; and the document knows none that is not asked."""
    document = world.client.get("/openapi.json").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    asked = {(method, path) for method, path, _ in routes(application)}

    assert described <= asked
    assert len(asked) > 90


def test_before_anybody_withdraws_clips_are_shown_where_they_belong(world, application, clips):
    """Otherwise the tests below would say that nothing is shown by routes that they never reach."""
    found = asked_of_every_route(world, application, clips, ("GET",))

    assert {path for _, path in found.shown} == SHOWING
    everything = {path for method, path, _ in routes(application) if method == "GET"}
    assert everything - {path for _, path in found.reached} == set(UNREACHED)
    assert found.forgot == set()


def test_no_route_shows_a_clip_that_somebody_withdrew_from(world, application, clips):
    """Every route, also one that is written tomorrow; caches of the time before are warm."""
    asked_of_every_route(world, application, clips, ("GET",))
    withdraw(world)

    found = asked_of_every_route(world, application, clips)

    assert found.shown == {}
    assert {route for route in found.forgot if route[0] == "GET"} == set()


@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        ({"scope": "person", "value": "@bob"}, {"posted", "draft", "held", "remix"}),
        ({"scope": "clip", "value": "draft"}, {"draft"}),
        ({"scope": "purpose", "value": "personal"}, {"posted", "draft", "held", "remix"}),
        ({"scope": "since", "value": "1"}, {"posted", "draft", "held", "remix"}),
    ],
)
def test_a_part_that_was_taken_back_is_shown_by_no_reading_route(world, application, clips, fields, gone):
    """What is left is shown on, so that the part alone is what went."""
    withdraw(world, **{**fields, "value": clips.get(fields["value"], fields["value"])})

    hidden = asked_of_every_route(world, application, {"posted": clips["posted"]} | pick(clips, gone), ("GET",))

    if "posted" in gone:
        assert hidden.shown == {}
    for name in ("posted", "draft", "remix"):
        status = world.call("GET", f"/videos/{clips[name]}/content", "eve" if name == "remix" else "bob").status_code
        assert (status == 302) == (name not in gone), name


def pick(clips: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: clips[name] for name in names}


@pytest.fixture
def forgetful(world) -> FastAPI:
    """The product with routes that somebody wrote tomorrow, none of them in the document."""
    router = APIRouter(prefix="/tomorrow", include_in_schema=False)

    @router.get("/{anything}")
    async def page(anything: str, services: CurrentServices) -> str:
        return Videos(services.items).get(anything).prompt

    @router.get("/search/all")
    async def search(words: str, services: CurrentServices) -> list[str]:
        return [each.prompt for each in Videos(services.items).public(Range(limit=9)) if words in each.prompt]

    @router.post("/export")
    async def export(request: Request, services: CurrentServices) -> str:
        return services.blobs.get_link("videos", f"{(await request.json())['video_id']}/clip.mp4", seconds=9)

    @router.get("/{anything}/length")
    async def length(anything: str, services: CurrentServices) -> int:
        """It shows nothing that a text could be searched for."""
        return Videos(services.items).get(anything).seconds

    within = APIRouter()
    within.include_router(router)
    app = create_app(world.home.services, EMBEDDED)
    app.include_router(within, prefix="/v1")
    return app


def test_a_route_that_forgot_is_found_however_it_is_asked(world, forgetful, clips):
    """The tests above have teeth: by id, by words, by a body, in a router within a router, out of the document."""
    withdraw(world)

    found = asked_of_every_route(world, forgetful, clips, below="/v1/tomorrow")

    assert {route for route, told in found.shown.items() if told} == {
        ("GET", "/v1/tomorrow/{anything}"), ("GET", "/v1/tomorrow/search/all"), ("POST", "/v1/tomorrow/export"),
    }  # fmt: skip
    assert ("GET", "/v1/tomorrow/{anything}/length") in found.forgot


def test_a_route_of_a_kind_that_no_test_asks_is_refused(world):
    app = create_app(world.home.services, EMBEDDED)
    app.router.routes.append(Route("/v1/beside", lambda request: PlainTextResponse("CANARY-PROMPT")))

    with pytest.raises(AssertionError, match="beside"):
        routes(app)
