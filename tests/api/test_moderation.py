"""The review queue over HTTP, and the SDK's moderations over a model server that answers or does not."""

import dataclasses

import pytest
from volary.errors import ModelFault
from volary.ports import NEW, Put
from volary.stores.videos import Screening, Videos, item_of

from events.inference import PromptScreened
from events.moderation import ALWAYS_BLOCKED_TEXT, Signal
from functions.api.moderation import CATEGORIES, SDK_CATEGORIES
from tests.sdk.model_server import signals


def queue(world, who: str = "mo", **query) -> dict:
    return world.call("GET", "/moderation/queue", who, params=query).json()


def test_a_held_clip_is_in_the_queue_with_what_screening_saw(world):
    video_id = world.held()
    store = Videos(world.home.items)
    seen = Signal(stage="frames", category="gore", score=0.6, model="m@1")
    screening = Screening(
        what="media", verdict="hold", category="gore", reasons=("frames/gore 0.60",), policy_version="1",
        signals=(seen,), at=1,
    )  # fmt: skip
    world.home.items.write(store.screening_write(video_id, screening))

    [case] = queue(world)["data"]

    assert (case["id"], case["object"], case["gate"], case["stage"]) == (video_id, "moderation.case", "hold", "held")
    assert case["findings"][0]["reasons"] == ["frames/gore 0.60"]
    assert case["findings"][0]["scores"] == {"frames.gore": 0.6}


@pytest.mark.parametrize("gate", [None, "hold", "block"])
def test_a_clip_written_past_the_screening_is_seen_by_nobody(world, gate):
    """A finished, posted record that was put into the store by hand, without a screening's pass."""
    video_id = world.finished("ann", prompt="a canary", visibility="public")
    inserted = (
        Videos(world.home.items)
        .get(video_id)
        .model_copy(update={"id": "video_inserted00", "gate": gate, "posted_at": 1, "visibility": "public"})
    )
    world.home.items.write(Put(item_of(inserted), NEW))

    for who in ("nobody", "bob", "mo"):
        for path in (f"/videos/{inserted.id}", f"/videos/{inserted.id}/content", f"/posts/{inserted.id}"):
            assert world.call("GET", path, who).status_code in (401, 404), (who, path)
        assert inserted.id not in world.call("GET", "/feed", who).text
    assert world.call("GET", f"/videos/{inserted.id}/content", "ann").status_code >= 400


@pytest.mark.parametrize(("verb", "gate"), [("release", "pass"), ("reject", "block")])
def test_a_decision_is_kept_with_its_note_and_made_once(world, verb, gate):
    video_id = world.held()

    first = world.call("POST", f"/moderation/cases/{video_id}/{verb}", "mo", json={"note": "looked twice"})
    second = world.call("POST", f"/moderation/cases/{video_id}/{verb}", "mo", json={})

    assert (first.status_code, first.json()["gate"]) == (200, gate)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "not_held")
    last = Videos(world.home.items).audit(video_id)[-1]
    assert (last.action, last.actor, last.detail) == (f"review: {verb}", "user_mo", "looked twice")


def test_looking_at_a_held_clip_is_an_entry_in_the_audit_book(world):
    video_id = world.held()
    before = len(Videos(world.home.items).audit(video_id))

    answer = world.call("GET", f"/moderation/cases/{video_id}/content", "mo")

    assert answer.status_code == 302
    assert [each.actor for each in Videos(world.home.items).audit(video_id)[before:]] == ["user_mo"]


def test_a_clip_that_is_not_held_is_no_case(world):
    assert world.call("GET", f"/moderation/cases/{world.finished()}/content", "mo").status_code == 404
    assert world.call("POST", "/moderation/cases/video_none/release", "mo").status_code == 404
    assert queue(world)["data"] == []


def test_the_queue_is_walked_oldest_first(world):
    made = []
    for _ in range(3):
        made.append(world.held())
        world.clock.pass_seconds(1)

    first = queue(world, limit=2)
    rest = queue(world, limit=2, after=first["last_id"])

    assert [each["id"] for each in first["data"] + rest["data"]] == made
    assert (first["has_more"], rest["has_more"]) == (True, False)


class Answering:
    """A text server that judges nothing but the test texts, or says what it was told to say."""

    def __init__(self, answer: dict | None = None) -> None:
        self._answer = answer

    def ask(self, request):
        if self._answer is not None:
            return self._answer
        return PromptScreened(language="en", signals=tuple(signals("prompt", request.text))).model_dump(mode="json")


class Silent:
    def ask(self, request):
        raise ModelFault("took too long", code="model_timeout")


def with_models(world, models) -> None:
    world.client.app.state.services = dataclasses.replace(world.home.services, models=models)


def test_moderations_have_every_category_of_the_sdk_and_say_which_were_judged(world):
    with_models(world, Answering())

    answer = world.call("POST", "/moderations", json={"input": ["a fox", ALWAYS_BLOCKED_TEXT]}).json()

    fine, blocked = answer["results"]
    assert (fine["flagged"], blocked["flagged"], blocked["categories"]["test_string"]) == (False, True, True)
    assert len(SDK_CATEGORIES) == 13
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert set(fine[part]) == set(CATEGORIES)
    assert fine["category_applied_input_types"]["violence"] == ["text"]
    assert fine["category_applied_input_types"]["self-harm/intent"] == []


@pytest.mark.parametrize("given", ["a fox", ["a fox"], [{"type": "text", "text": "a fox"}]])
def test_input_comes_in_three_forms(world, given):
    with_models(world, Answering())

    assert len(world.call("POST", "/moderations", json={"input": given}).json()["results"]) == 1


@pytest.mark.parametrize(
    "given",
    ["", [], [""], [5], {"text": "x"}, [{"type": "image_url", "image_url": {"url": "https://x"}}], ["x"] * 33,
     ["x" * 32_001], None],
)  # fmt: skip
def test_input_that_is_no_text_is_refused(world, given):
    with_models(world, Answering())

    answer = world.call("POST", "/moderations", json={"input": given})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("input")


def test_an_incomplete_judgement_is_flagged(world):
    with_models(world, Answering({"task": "screen_prompt", "language": "en", "signals": []}))

    assert world.call("POST", "/moderations", json={"input": "a fox"}).json()["results"][0]["flagged"] is True


@pytest.mark.parametrize(
    ("models", "code"),
    [(Silent(), "model_timeout"), (Answering({"signals": "x"}), "model_fault"), (Answering({}), "model_fault")],
)
def test_without_a_judgement_there_is_no_verdict(world, models, code):
    with_models(world, models)

    answer = world.call("POST", "/moderations", json={"input": "a fox"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, code)
