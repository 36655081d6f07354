"""What no model looks for: held where a clip comes from outside or an open engine, noted where it cannot be there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from volary import embedded
from volary.accounts import Viewer
from volary.generation import Ask
from volary.moderation import shipped_policy, world_of
from volary.remix import world
from volary.stores.videos import Act, Videos
from volary.videos import SourceClip, Video

from events.bus import ModelAnswered
from events.inference import Generated, MarkReading, MediaFacts, MediaScreened
from events.moderation import Signal
from events.workflow import GenerationState, WaitingTask
from functions.events.rescreen import judge_again
from functions.generation.answer import answer
from functions.generation.generate import generate
from functions.generation.inspect_upload import inspect_upload
from functions.generation.screen_media import screen_media
from functions.videos.create import create

ROOT = Path(__file__).parents[2]
POLICY = shipped_policy()
ANN = Viewer(user_id="user_ann")
FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
CALM = tuple(
    Signal(stage=stage, category=each, score=0.0, model="m")
    for stage in ("frames", "writing", "sound")
    for each in sorted(POLICY.required[stage])
)
UPLOAD = SourceClip(use="reference", media="image", upload_key="user_ann/x")


class Waiting:
    def __init__(self) -> None:
        self.answers: dict[str, GenerationState] = {}

    def succeed(self, token, output):
        self.answers[token] = GenerationState.model_validate(output)


class Questions:
    """A media server that only remembers by which id it was asked last."""

    def submit(self, request, call_id, token):
        self.last = call_id


@pytest.fixture
def services():
    return replace(embedded.services(":memory:"), workflows=Waiting(), models=Questions())


def told(step, video_id: str, said: Generated | MediaScreened, services) -> GenerationState:
    """The state after a step's question was answered so."""
    state = GenerationState(video_id=video_id)
    step(WaitingTask(state=state, token=step.__name__ + video_id), services)
    answer(ModelAnswered(call_id=services.models.last, output=said.model_dump(mode="json")), services)
    return services.workflows.answers[step.__name__ + video_id]


def judged(video: Video, model: str, services) -> GenerationState:
    """The state after the clip was made by that model and its frames and sound seemed harmless."""
    told(generate, video.id, Generated(media=FACTS, model=model, mark_algorithm="m"), services)
    mark = MarkReading(payload=video.record, p_value=0, confidence=1)
    return told(screen_media, video.id, MediaScreened(media=FACTS, mark=mark, signals=CALM, frames_seen=4), services)


def asked(services, source: SourceClip | None = None) -> Video:
    return create(Ask(prompt="a red ball", source=source), ANN, services)


def remixed(parent: Video, services) -> Video:
    return asked(services, SourceClip(use="remix", media="video", video_id=parent.id))


def published(video: Video, services) -> Video:
    found = Videos(services.items).get(video.id)
    ended = found.model_copy(update={"status": "completed", "stage": "done", "gate": "pass"})
    return Videos(services.items).change(ended, Act(action="published", actor="test", at=1))


def screening(video: Video, what: str, services):
    return next(each for each in Videos(services.items).screenings(video.id) if each.what == what)


def test_a_clip_of_the_closed_world_passes_and_the_record_says_what_was_not_looked_for(services):
    video = asked(services)

    assert judged(video, "volary-1@0123456789ab", services).gate == "pass"
    seen = screening(video, "media", services)
    assert seen.reasons == ()
    assert len(seen.unseen) == len(POLICY.unseen)
    assert all("the closed world has none" in each for each in seen.unseen)


def test_a_clip_of_an_open_engine_is_held_for_what_no_model_looks_for(services):
    video = asked(services)

    assert judged(video, "ltx-2@0123456789ab", services).gate == "hold"
    seen = screening(video, "media", services)
    assert seen.category == "unseen"
    assert any("no model looks for violence, gore, weapons" in each for each in seen.reasons)
    assert any("screams, gunshots" in each for each in seen.reasons)
    assert all("unscored" in each and "hold for review" in each for each in seen.reasons)


def test_what_is_brought_is_held_before_anything_is_made_from_it(services):
    video = asked(services, UPLOAD)
    mark = MarkReading(payload=None, p_value=1, confidence=0)

    state = told(inspect_upload, video.id, MediaScreened(media=FACTS, mark=mark, signals=CALM, frames_seen=1), services)

    assert (state.gate, state.failure) == ("hold", None)
    assert screening(video, "upload", services).category == "unseen"


def test_a_clip_built_on_an_upload_stays_of_the_outside_however_often_it_is_remixed(services):
    video = asked(services, UPLOAD)
    assert judged(video, "volary-1", services).gate == "hold"
    child = remixed(published(video, services), services)
    assert judged(child, "volary-1", services).gate == "hold"
    grandchild = remixed(published(child, services), services)

    assert judged(grandchild, "volary-1", services).gate == "hold"
    assert "hold for review" in screening(grandchild, "media", services).unseen[0]


def test_a_remix_of_our_own_clip_passes_and_one_of_an_open_engines_does_not(services):
    ours, theirs = asked(services), asked(services)
    judged(ours, "volary-1", services)
    judged(theirs, "ltx-2", services)

    assert judged(remixed(published(ours, services), services), "volary-1", services).gate == "pass"
    assert judged(remixed(published(theirs, services), services), "volary-1", services).gate == "hold"


def test_a_clip_whose_line_is_longer_than_is_read_counts_as_brought(services):
    video = asked(services)
    judged(video, "volary-1", services)
    for _ in range(51):
        video = published(video, services)
        video = remixed(video, services)
    made = video.model_copy(update={"model": "volary-1", "made": FACTS})

    assert world(made, Videos(services.items), POLICY) == "outside"


def test_a_policy_that_spares_no_world_hides_what_had_passed(services):
    video = asked(services)
    judged(video, "volary-1", services)
    done = published(video, services)
    strict = replace(POLICY, version="new", unseen=tuple(replace(each, spares=frozenset()) for each in POLICY.unseen))

    assert not judge_again(done, replace(POLICY, version="newer"), services)
    assert judge_again(Videos(services.items).get(done.id), strict, services)


def test_the_shipped_weights_name_an_engine_that_the_policy_knows_as_closed():
    """A clip's record holds the name that the weights give themselves; with another one every clip of ours is held."""
    manifest = json.loads((ROOT / "inference/weights/generator/manifest.json").read_text())

    assert world_of([f"{manifest['model']}@0123"], POLICY, is_brought=False) == "closed"
