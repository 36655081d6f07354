"""200 clips, each with one screening that breaks in its own way; none may be published, and a whole one must be."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from volary.accounts import ANYONE, Viewer
from volary.errors import ModelFault
from volary.generation import Ask
from volary.ports import Range
from volary.videos import Video, may_serve

from events.bus import ModelAnswered
from events.inference import PromptScreened, ScreenMedia
from functions.videos.create import create
from tests.simulation.schedule import make_clip
from tests.simulation.world import PEOPLE, Clip, Odds, World

Answer = dict[str, Any]
WHOLE = "nothing is wrong"


def _without(stage: str) -> Callable[[Answer], Answer]:
    return lambda said: said | {"signals": [each for each in said["signals"] if each["stage"] != stage]}


def _worst(**changes: Any) -> Callable[[Answer], Answer]:
    return lambda said: said | {"signals": [said["signals"][0] | changes, *said["signals"][1:]]}


def _raising(code: str) -> Callable[[Answer], Answer]:
    def broken(said: Answer) -> Answer:
        raise ModelFault("drawn", code=code)

    return broken


PROMPT: dict[str, Callable[[Answer], Answer]] = {
    "the text server is silent": _raising("model_timeout"),
    "the text server errs": _raising("model_fault"),
    "no signals": lambda said: said | {"signals": []},
    "a category is missing": lambda said: said | {"signals": said["signals"][1:]},
    "an unknown label": _worst(category="mystery"),
    "a score that is no number": _worst(score="high"),
    "a score beyond one": _worst(score=7.0),
    "a score of NaN": _worst(score=float("nan")),
    "an answer without signals": lambda said: {"task": said["task"]},
    "an unsure score": _worst(score=0.6),
}
MEDIA: dict[str, Callable[[Answer], Answer]] = {
    "the media server errs": _raising("model_fault"),
    "the file cannot be read": _raising("invalid_media"),
    "no frame was seen": lambda said: said | {"frames_seen": 0},
    "no frames were judged": _without("frames"),
    "no writing was judged": _without("writing"),
    "no sound was judged": _without("sound"),
    "nothing was judged": lambda said: said | {"signals": []},
    "an unknown label in a picture": _worst(category="mystery"),
    "an unsure picture": _worst(category="sexual", score=0.55),
    "a score below zero": _worst(score=-1),
    "other bytes were judged": lambda said: said | {"media": said["media"] | {"sha256": "0" * 64}},
    "another clip's mark": lambda said: said | {"mark": said["mark"] | {"payload": "f" * 16}},
    "half an answer": lambda said: {"task": said["task"], "frames_seen": 4},
}
FAULTS = (*PROMPT, *MEDIA, "the media server never answers")


class Breaking(World):
    """A world in which every clip's prompt names the fault of its screening, and nobody reviews."""

    def __post_init__(self) -> None:
        self.odds = Odds(hold=0, block=0, fault=0, silent=0, unmarked=0, twice=0)
        super().__post_init__()
        self.services.models._port.ask = self._asked

    def review(self, person: Viewer) -> None:
        return

    def fault_of(self, video_id: str) -> str:
        return self.videos.get(video_id).prompt

    def _asked(self, request: Any) -> Answer:
        whole = PromptScreened(language="en", signals=self.signals("prompt")).model_dump(mode="json")
        return PROMPT.get(request.text, lambda said: said)(whole)

    def model(self) -> bool:
        taken = self.home.models.calls.take()
        if taken is None:
            return False
        fault = self.fault_of(taken.request.job_id) if isinstance(taken.request, ScreenMedia) else WHOLE
        if fault != "the media server never answers":
            self.home.models.calls.answered(self._broken(self._media_answer(taken.call_id, taken.request), fault))
        return True

    def _broken(self, answer: ModelAnswered, fault: str) -> ModelAnswered:
        try:
            return answer.model_copy(update={"output": MEDIA.get(fault, lambda said: said)(answer.output or {})})
        except ModelFault as problem:
            return ModelAnswered(call_id=answer.call_id, error_code=problem.code, error_message="drawn")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return make_clip(tmp_path_factory.mktemp("clip"))


def settled(seed: int, clip: Clip, prompts: list[str]) -> tuple[Breaking, list[Video]]:
    world = Breaking(seed, clip)
    for number, prompt in enumerate(prompts):
        create(Ask(prompt=prompt, visibility="public"), PEOPLE[number % len(PEOPLE)], world.services)
    world.settle()
    return world, world.every_video()


def test_of_200_broken_screenings_none_is_published(clip):
    faults, published, ends = itertools.cycle(FAULTS), [], set[str]()
    for seed in range(50):
        world, videos = settled(seed, clip, list(itertools.islice(faults, 4)))
        published += [(v.prompt, v.status) for v in videos if v.status == "completed" or may_serve(v, ANYONE)]
        published += [(v.prompt, "in the feed") for v in world.videos.public(Range(limit=9))]
        ends |= {v.gate or "" for v in videos} | {v.failure.code if v.failure else v.stage for v in videos}

    assert published == []
    assert {"hold", "internal_error", "unmarked"} <= ends, "held until nobody came, failed, or refused for the mark"


def test_a_whole_screening_is_published(clip):
    world, videos = settled(1, clip, [WHOLE])

    assert [(video.status, may_serve(video, ANYONE)) for video in videos] == [("completed", True)]
