"""What clients are told of the models: one engine makes them all, and its limits are said with each name."""

import dataclasses

import pytest

from events.engines import LIMITS


@pytest.mark.parametrize("engine", sorted(LIMITS))
def test_every_model_tells_the_limits_of_the_engine_that_this_home_runs(world, engine):
    state = world.client.app.state
    before, state.limits = state.limits, dataclasses.replace(state.limits, engine=engine)
    try:
        listed = world.call("GET", "/models").json()["data"]
        one = world.call("GET", "/models/sora-2").json()
    finally:
        state.limits = before

    assert one in listed
    assert {each["engine"] for each in listed} == {engine}
    assert one["limits"] == LIMITS[engine].model_dump(mode="json")
    assert one["limits"]["longest_seconds"] == 120
    assert (one["object"], one["owned_by"]) == ("model", "volary")
