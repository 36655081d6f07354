"""A reviewer reads what the people in a clip asked for beside the clip itself."""

from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos

from functions.review.cases import opened
from tests.api.conftest import MADE
from tests.api.people import enrolled


def test_a_case_tells_what_each_person_in_the_clip_asked_for(desk):
    world = desk.world
    likeness_id = enrolled(
        world.home, "user_ann", audience="everyone", restrictions=("not in political content", "jamais en uniforme")
    )
    video = Videos(world.home.items).get(world.asked("bob", likenesses=[likeness_id]))
    held = world.change(video, status="in_progress", stage="held", gate="hold", made=MADE, call_id="call_1")
    now = int(world.clock.now().timestamp())
    case = opened(held, [], now)
    world.home.items.transact(Reviews(world.home.items).opening_writes(case, Act(action="held", actor="t", at=now)))

    (person,) = world.call("GET", f"/moderation/cases/{case.id}", "mo").json()["consent"]["people"]

    assert (person["handle"], person["stands"], person["is_maker"], person["purpose"]) == (
        "ann",
        True,
        False,
        "personal",
    )
    assert len(person["asks"]) == 2
    assert "not in political content" in person["asks"][0] and "jamais en uniforme" in person["asks"][1]
