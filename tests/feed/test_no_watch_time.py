"""No field for how long or how often somebody watched exists in any shape, answer, event or table."""

import dataclasses
import importlib
import inspect
import json
from pathlib import Path

from pydantic import BaseModel
from volary.embedded import open_home

from functions.api.feed import WATCHING
from tests.test_architecture import module, product_files

ROOT = Path(__file__).parents[2]
COUNTED = ("views", "view_count", "plays", "play_count", "streak", "autoplay")
# Progress of a generation and of a webhook say nothing of who watches.
PLACES = ("events/", "layers/", "functions/")


def is_watching(name: str) -> bool:
    return bool(WATCHING.search(name)) or name.lower() in COUNTED


def shapes():
    """Every model and dataclass of the product that is not the AWS adapters' own."""
    for path in product_files():
        if path.startswith(PLACES):
            for _, found in inspect.getmembers(importlib.import_module(module(path)), inspect.isclass):
                if issubclass(found, BaseModel) or dataclasses.is_dataclass(found):
                    yield found


def names_of(shape) -> set[str]:
    fields = shape.model_fields if issubclass(shape, BaseModel) else {each.name for each in dataclasses.fields(shape)}
    return set(fields)


def test_no_shape_has_such_a_field():
    found = {f"{shape.__module__}.{shape.__name__}.{name}" for shape in shapes() for name in names_of(shape)}

    assert len(found) > 300
    # `is_watchable` says that a clip may be shown; it is a property and no field.
    assert sorted(each for each in found if is_watching(each.rpartition(".")[2])) == []


def test_no_answer_or_request_of_the_api_has_such_a_field():
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    names = {name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})}
    asked = {
        each["name"]
        for path in document["paths"].values()
        for verb in path.values()
        for each in verb.get("parameters", [])
    }

    assert len(names) > 100
    assert sorted(name for name in names | asked if is_watching(name)) == []


def test_no_table_has_such_a_column():
    home = open_home(":memory:")
    with home.database.reading() as connection:
        tables = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {row["name"] for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}

    assert "body" in columns
    assert sorted(name for name in columns if is_watching(name)) == []


def test_the_pages_neither_play_on_nor_listen_to_the_player():
    pages = "".join(path.read_text() for path in (ROOT / "web").rglob("*.js"))

    assert "currentTime" not in pages and "timeupdate" not in pages and "autoplay" not in pages
    assert "IntersectionObserver" not in pages


def test_the_net_catches_what_it_is_for():
    assert all(
        map(is_watching, ("watch_time", "dwell_ms", "view_duration", "timeSpent", "time_spent", "views", "streak"))
    )
