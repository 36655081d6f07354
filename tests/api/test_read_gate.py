"""The read gate from outside: every route there is, against a clip that somebody withdrew from."""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from volary.ports import Key
from volary.stores.videos import Videos

from tests.api.people import enrolled

# What a clip's file or record would show of itself; its bare id may stand in a list of the person's own.
SECRETS = ("CANARY-PROMPT", "/clip.mp4", "/thumbnail.webp", "/spritesheet.webp")
PEOPLE = (None, "ann", "bob", "mo")  # nobody, the person shown, the maker, a moderator
OWN_RECORD = {"bob"}  # the maker keeps the words that they wrote


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


def routes(app) -> list[tuple[str, str]]:
    known = [route for route in app.routes if isinstance(route, APIRoute)]
    return sorted((method, route.path) for route in known for method in route.methods)


@pytest.fixture
def withdrawn(world, application):
    """The id of a posted clip, its maker's remixable own, after the person in it took everything back."""
    likeness_id = enrolled(world.home, "user_ann", audience="everyone")
    clip = world.finished("bob", prompt="@ann CANARY-PROMPT", visibility="public")
    assert world.call("POST", f"/likenesses/{likeness_id}/revoke", json={}).status_code == 200
    return {"clip": clip, "likeness": likeness_id}


def filled(path: str, withdrawn: dict[str, str]) -> str:
    named = {"likeness_id": withdrawn["likeness"], "handle": "ann"}
    parts = [named.get(part[1:-1], withdrawn["clip"]) if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def test_no_route_shows_a_clip_that_somebody_withdrew_from(world, application, withdrawn):
    """Every route, also one that is written tomorrow, with the clip's id wherever an id goes."""
    shown = {}
    body = {"video_id": withdrawn["clip"], "video": {"id": withdrawn["clip"]}, "prompt": "x", "seconds": "4"}
    for method, path in routes(application):
        for who in PEOPLE:
            if method == "DELETE":
                continue
            rest = {"json": body} if method in ("POST", "PUT", "PATCH") else {}
            answer = world.client.request(method, filled(path, withdrawn), headers=world.headers(who or ""), **rest)
            told = answer.text + str(answer.headers.get("location", ""))
            leaks = [secret for secret in SECRETS if secret in told]
            if leaks and not (who in OWN_RECORD and leaks == ["CANARY-PROMPT"]):
                shown[method, path, who] = leaks

    assert shown == {}


def test_no_route_reads_a_clip_with_people_without_asking_their_consent(world, application, withdrawn):
    """A route that answers with clips and forgot the gate is named here, whatever it answers."""
    forgot = []
    for method, path in routes(application):
        for who in PEOPLE:
            if method != "GET":
                continue
            watched = Watched(world.home.items)
            application.state.services = with_items(world, watched)
            answer = world.client.get(filled(path, withdrawn), headers=world.headers(who or ""))
            if answer.status_code < 400 and watched.clips - watched.consents:
                forgot.append((path, who))
    application.state.services = world.home.services

    assert forgot == []


def test_the_watch_sees_a_route_that_forgot(world, application, withdrawn):
    """The test above has teeth: a route that reads the record and asks nobody is found."""
    watched = Watched(world.home.items)
    Videos(watched).get(withdrawn["clip"])

    assert watched.clips - watched.consents == {withdrawn["likeness"]}


def with_items(world, items):
    import dataclasses

    return dataclasses.replace(world.home.services, items=items)
