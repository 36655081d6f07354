"""The read gate from outside: every route there is, asked for clips before and after somebody in them withdrew.

Asking before shows that the questions reach something: a route that nobody reaches must be named below with its reason.
"""

from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from volary.accounts import Role
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos

from functions.api.app import create_app
from functions.api.authentication import CurrentServices
from functions.api.limits import EMBEDDED
from functions.review.cases import opened
from tests.api.asking import LIKENESS, asked_of_every_route, routes
from tests.api.conftest import MADE, World
from tests.api.people import enrolled
from tests.api.test_access import NOTICE
from tests.api.test_likenesses import publish

# Writing routes whose body no test of clips can guess, and why that hides no clip.
NOT_UNDERSTOOD = {
    ("POST", "/v1/feed/instructions"): "a wish for one's own feed, which a model reads; none is here",
    ("POST", "/v1/feed/shown"): "ids that one was shown oneself",
    ("POST", "/v1/feed/time_zone"): "a time zone",
    ("PUT", "/v1/feed/parameters"): "one's own wishes",
    ("DELETE", "/v1/feed/parameters"): "one's own wishes",
    ("POST", "/v1/files"): "takes a file",
    ("POST", "/v1/likenesses"): "a device's key",
    ("POST", "/v1/likenesses/{likeness_id}/grant"): "the text that is agreed to",
    ("POST", "/v1/uploads"): "begins a file",
    ("POST", "/v1/uploads/{upload_id}/parts"): "takes a part of a file",
    ("POST", "/v1/videos/characters"): "takes a file",
}
# These change or judge a clip without showing any of it.
SHOWING_NOTHING = {
    ("POST", "/v1/moderation/decisions"), ("POST", "/v1/notices"),
    ("DELETE", "/v1/videos/{video_id}"), ("DELETE", "/v1/posts/{post_id}"),
}  # fmt: skip
# GET routes that answer nobody here, and why that hides no clip.
UNREACHED = {
    "/v1/family/{handle}/feed": "a switch, and nobody here has a guardian",
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
    "/v1/feed", "/v1/likenesses/{likeness_id}/requests", "/v1/likenesses/{likeness_id}/uses",
    "/v1/moderation/cases/{case_id}",
    "/v1/moderation/cases/{case_id}/content", "/v1/moderation/cases/{case_id}/link", "/v1/moderation/queue",
    "/v1/posts/{post_id}", "/v1/posts/{post_id}/lineage", "/v1/videos", "/v1/videos/{video_id}",
    "/v1/videos/{video_id}/content",
}  # fmt: skip


@pytest.fixture
def clips(world) -> dict[str, str]:
    """Clips with ann in them: bob's posted one, his draft, one that waits for a reviewer, one for ann's device, and
    eve's remix."""
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
        "waiting": waiting(world, "@ann CANARY-PROMPT to be let"),
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


def waiting(world: World, prompt: str) -> str:
    """A clip of bob's that waits for ann's device."""
    video = Videos(world.home.items).get(world.asked("bob", prompt=prompt))
    return world.change(video, status="in_progress", stage="awaiting_key").id


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
    assert found.forgot <= SHOWING_NOTHING
    asked = {(method, path) for method, path, _ in routes(application)}
    assert asked - found.understood == set(NOT_UNDERSTOOD)


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
