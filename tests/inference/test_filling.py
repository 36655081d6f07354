"""What a prompt leaves open is filled in as the world has it, and what it says stays."""

import pytest

from inference.generator.filling import filled
from inference.train.publish import scenes
from inference.train.world import SUBJECTS

NOTHING: frozenset[tuple[str, str]] = frozenset()


@pytest.mark.parametrize("said", [{}, {"subject": "dog"}, {"setting": "space"}, {"action": "swims"}, {"colour": "red"}])
def test_what_is_filled_in_is_a_scene_of_the_world(said: dict[str, str]) -> None:
    for seed in range(60):
        found = filled(said, scenes(), NOTHING, seed)

        assert found["setting"] in SUBJECTS[found["subject"]][0]
        assert found["action"] in scenes()[found["subject"]][found["setting"]]
        assert said.items() <= found.items()


def test_the_seed_decides_and_reaches_everything() -> None:
    found = [filled({}, scenes(), NOTHING, seed) for seed in range(400)]

    assert found[7] == filled({}, scenes(), NOTHING, 7)
    assert {one["subject"] for one in found} == set(SUBJECTS)


def test_what_never_was_is_kept_as_it_was_said() -> None:
    said = {"subject": "fish", "setting": "desert", "action": "dances"}

    assert filled(said, scenes(), NOTHING, 3) == said
    assert filled({"subject": "fish", "setting": "desert"}, scenes(), NOTHING, 3)["action"] in SUBJECTS["fish"][1]


def test_nothing_refused_is_filled_in() -> None:
    refused = frozenset({("setting", "sea"), ("action", "swims")})

    found = [filled({"subject": name}, scenes(), refused, seed) for name in ("fish", "kite") for seed in range(30)]

    assert all(not refused & one.items() for one in found)


def test_all_refused_fills_in_nothing() -> None:
    assert filled({}, scenes(), frozenset(("subject", name) for name in SUBJECTS), 1) == {}


def test_where_there_is_no_hour_it_is_day() -> None:
    assert filled({"setting": "space"}, scenes(), NOTHING, 2)["time"] == "day"
    assert filled({"setting": "space", "time": "night"}, scenes(), NOTHING, 2)["time"] == "night"
    assert "time" not in filled({"setting": "city"}, scenes(), NOTHING, 2)


def test_a_world_without_scenes_fills_in_nothing() -> None:
    assert filled({"subject": "ball"}, {}, NOTHING, 2) == {"subject": "ball"}


@pytest.mark.parametrize("weather", ["rain", "snow", "fog"])
def test_weather_is_where_people_expect_it(weather: str) -> None:
    dogs = [filled({"subject": "dog", "weather": weather}, scenes(), NOTHING, seed) for seed in range(80)]

    assert {one["setting"] for one in dogs} == {"forest", "city", "mountain", "meadow"}
    said = {"subject": "dog", "setting": "desert", "weather": weather}
    assert said.items() <= filled(said, scenes(), NOTHING, 1).items()


def test_a_fish_in_the_rain_stays_in_the_water() -> None:
    assert filled({"subject": "fish", "weather": "rain"}, scenes(), NOTHING, 1)["setting"] == "underwater"
