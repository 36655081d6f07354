"""Asks every route of the API for clips, with each clip wherever an id goes, and notes what it let be seen.

It knows nothing of what should be seen: tests say that.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Route
from volary.errors import ModelFault
from volary.ports import Key

from tests.api.conftest import World

# What a clip's file or record would show of itself; its bare id may stand in a list of the person's own.
SECRETS = ("CANARY-PROMPT", "/clip.mp4", "/thumbnail.webp", "/spritesheet.webp")
# Nobody, the person shown, the maker, who made a remix of it, a moderator who is an admin, too.
PEOPLE = (None, "ann", "bob", "eve", "mo")
OWN_WORDS = {"bob", "eve"}  # makers keep the words that they wrote
LIKENESS = "like_user_ann"
LIKELY = {"url": "https://example.com/hook", "contact": "a@b.example", "time_zone": "Europe/Paris", "seconds": "4"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


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


@dataclasses.dataclass(frozen=True)
class Answers:
    """What every route said to everybody: what it let be seen, what it read, and whom it answered at all."""

    shown: dict[tuple[str, str], set[tuple[str | None, str]]]
    forgot: set[tuple[str, str]]
    reached: set[tuple[str, str]]
    understood: set[tuple[str, str]]


def asked_of_every_route(
    world: World, app: FastAPI, clips: dict[str, str], methods: tuple[str, ...] = METHODS, below: str = ""
) -> Answers:
    """Each route, with each clip wherever an id goes, with every field that it may be asked with, by each person."""
    described, answers = bodies(app), Answers({}, set(), set(), set())
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    for method, path, dependant in routes(app):
        if method not in methods or not path.startswith(below):
            continue
        named = "{" in path.replace("{likeness_id}", "").replace("{handle}", "")
        for clip in clips.values() if named else [clips["posted"]]:
            for who in PEOPLE:
                watched = Watched(world.home.items)
                app.state.services = dataclasses.replace(world.home.services, items=watched, models=NoModels())
                rest = (
                    {} if method in ("GET", "HEAD", "DELETE") else {"json": body(clip, described.get((method, path)))}
                )
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
    if answer.status_code not in (400, 401, 415, 422):
        answers.understood.add(route)
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


def bodies(app: FastAPI) -> dict[tuple[str, str], Any]:
    """The schema of every body that the document describes as JSON, with all that it refers to."""
    document = app.openapi()
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schemas = document.get("components", {}).get("schemas", {})
                found[method.upper(), path] = (content["application/json"]["schema"], schemas)
    return found


def body(clip: str, described: Any) -> dict[str, Any]:
    """All that must be said, and whatever else may name a clip; a route that describes nothing gets likely names."""
    likely = {
        "video_id": clip, "video": {"id": clip}, "prompt": "x", "seconds": "4", "ids": [clip], "case_ids": [clip],
        "text": "x", "query": "CANARY", "content": clip,
    }  # fmt: skip
    return likely if described is None else {**sample(described[0], described[1], clip), **likely}


def sample(schema: dict[str, Any], known: dict[str, Any], clip: str, name: str = "") -> Any:
    """A value that a schema allows, which names the clip where it can."""
    if "$ref" in schema:
        return sample(known[schema["$ref"].rpartition("/")[2]], known, clip, name)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return sample(choices[0], known, clip, name)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return values[-1]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            wanted = {*schema.get("required", ()), *(each for each in fields if each.endswith(("id", "ids", "video")))}
            return {each: sample(fields[each], known, clip, each) for each in wanted if each in fields}
        case "array":
            return [sample(schema.get("items", {}), known, clip, name)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return schema.get("default", True)
    return clip if name.endswith(("id", "ids", "content")) else LIKELY.get(name, "CANARY"[: schema.get("maxLength", 9)])
