"""What a story's moderator may release: the error of a model near its line, and never a hold for configuration."""

from dataclasses import replace

import pytest
from volary import embedded
from volary.accounts import Viewer
from volary.generation import Ask
from volary.moderation import World, decide, is_complete, shipped_policy
from volary.stores.videos import Act, Screening, Videos
from volary.videos import SourceClip, Video

from events.moderation import ALWAYS_HELD_TEXT, Category, Signal
from functions.generation.steps import screening_of
from functions.videos.create import create
from tests.living.alarms import NEAR, STAGES, faults, faults_of_upload
from tests.living.home import Living, release
from tests.sdk.model_server import signals

POLICY = shipped_policy()
CALM = tuple(
    Signal(stage=stage, category=each, score=0.0, model="m")
    for stage in STAGES
    for each in sorted(POLICY.required[stage])
)
UPLOAD = SourceClip(use="reference", media="image", upload_key="user_ann/x")


def video(model: str | None = "volary-1@0123") -> Video:
    return Video(
        id="video_1", owner_id="user_ann", prompt="a ball", asked_model="volary-1", seconds=4, width=720, height=1280,
        seed=1, record="0" * 16, created_at=1, model=model,
    )  # fmt: skip


def screened(seen: tuple[Signal, ...], world: World = "closed", what: str = "media", policy=POLICY) -> Screening:
    """A screening as the product decides and keeps it."""
    stages = ["prompt"] if what == "prompt" else STAGES
    decision = decide(seen, policy, complete=is_complete(seen, policy, stages), world=world)
    assert decision.action == "hold"
    return screening_of(what, decision, 1).model_copy(update={"signals": seen})


def raised(stage: str, category: Category, score: float, model: str = "m") -> tuple[Signal, ...]:
    kept = tuple(each for each in CALM if (each.stage, each.category) != (stage, category))
    return (*kept, Signal(stage=stage, category=category, score=score, model=model, reason="seen"))


@pytest.mark.parametrize(("stage", "category"), [("frames", "sexual"), ("sound", "violence"), ("writing", "hate")])
def test_a_models_score_just_over_its_line_is_a_false_alarm(stage, category):
    assert faults(video(), [screened(raised(stage, Category(category), 0.51))]) == []


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(raised("frames", Category.SEXUAL, 0.5 + NEAR), id="far over its line"),
        pytest.param(raised("frames", Category.VIOLENCE, 0.51), id="a category that the stage does not look for"),
        pytest.param(raised("sound", Category.VIOLENCE, 0.51, model=""), id="a score of no model"),
        pytest.param(raised("sound", Category.UNREADABLE, 0.5), id="what could not be read"),
        pytest.param(raised("writing", Category.TEST_STRING, 0.5), id="the test text"),
        pytest.param(raised("frames", Category.LIKENESS, 0.51), id="a person"),
        pytest.param(tuple(each for each in CALM if each.stage != "sound"), id="a stage without an answer"),
        pytest.param(tuple(each for each in CALM if each.category != "hate"), id="a category without a score"),
        pytest.param((), id="no answer at all"),
    ],
)
def test_a_hold_for_anything_else_is_refused(seen):
    assert faults(video(), [screened(seen)])


@pytest.mark.parametrize("model", ["volary-small@0123", "ltx-2", None])
def test_a_hold_of_every_clip_of_an_engine_that_the_policy_does_not_know_is_refused(model):
    """This once held every clip of ours while the stories passed."""
    told = faults(video(model), [screened(CALM, world="open")])

    assert any("engine" in each for each in told)
    assert any("no model looks for" in each for each in told)


def test_one_plausible_score_does_not_excuse_what_stands_beside_it():
    seen = raised("frames", Category.SEXUAL, 0.51)

    assert faults(video(), [screened(seen, world="open")])
    assert faults(video(), [screened(tuple(each for each in seen if each.stage != "writing"))])
    assert faults(video("volary-small"), [screened(seen)])


def test_a_category_that_the_policy_lost_is_refused():
    poorer = replace(POLICY, rules=tuple(rule for rule in POLICY.rules if rule.category != "hate"))

    assert faults(video(), [screened(CALM, policy=poorer)], poorer)


def test_a_held_prompt_is_refused_however_near_its_line():
    required = POLICY.required["prompt"]
    seen = tuple(Signal(stage="prompt", category=each, score=0.51 * (each == "hate"), model="m") for each in required)

    assert any(each.startswith("prompt: ") for each in faults(video(), [screened(seen, what="prompt")]))


def test_a_hold_that_no_screening_explains_is_refused():
    assert faults(video(), [])


def asked(prompt: str, source: SourceClip | None, services) -> Video:
    made = create(Ask(prompt=prompt, source=source), Viewer(user_id="user_ann"), services)
    return made.model_copy(update={"model": "volary-1@stand-in"})


def test_a_clip_from_an_upload_may_be_released_for_what_no_model_looks_for_alone():
    services = embedded.services(":memory:")
    store = Videos(services.items)
    brought, ours = asked("a ball", UPLOAD, services), asked("a ball", None, services)
    plain, test_text = tuple(calm("")), tuple(calm(ALWAYS_HELD_TEXT))

    assert faults_of_upload(brought, [screened(plain, "outside", "upload")], store) == []
    assert faults_of_upload(brought, [screened(test_text, "outside", "upload")], store)
    assert faults_of_upload(brought, [screened(plain[1:], "outside", "upload")], store)
    assert faults_of_upload(ours, [screened(plain, "outside", "media")], store) == ["nothing of it is an upload"]


def calm(words: str) -> list[Signal]:
    """What the stand-in for the models answers."""
    return [each for stage in STAGES for each in signals(stage, words)]


@pytest.fixture
def town(tmp_path) -> Living:
    return Living(tmp_path / "home", "nowhere", supervisor=None)


def held(town: Living, model: str, screening: Screening) -> str:
    store = Videos(town.home.items)
    after = asked("a ball", None, town.home.services).model_copy(update={"stage": "held", "gate": "hold"})
    named = after.model_copy(update={"model": model})
    write = store.screening_write(named.id, screening)
    return store.change(named, Act(action="held for review", actor="test", at=1), more=[write]).id


def test_the_stories_moderator_lets_no_clip_go_that_every_clip_would_be_held_with(town):
    video_id = held(town, "volary-small@0123", screened(CALM, world="open"))

    with pytest.raises(AssertionError, match=r"volary-small.*no model looks for"):
        release(town, video_id)
    assert Videos(town.home.items).get(video_id).stage == "held"


def test_the_stories_moderator_lets_one_false_alarm_of_a_home_go_and_no_second(town):
    alarm = screened(raised("sound", Category.VIOLENCE, 0.51))
    first, second = (held(town, "volary-1@0123", alarm) for _ in range(2))

    release(town, first)
    with pytest.raises(AssertionError, match="more than 1"):
        release(town, second)

    assert [entry.action for entry in Videos(town.home.items).audit(first)][-1] == "review: release"
    assert Videos(town.home.items).get(second).stage == "held"
