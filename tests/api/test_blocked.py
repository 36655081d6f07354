"""People on the block list are refused by name when a clip is asked for."""

import pytest
from volary.accounts import Role
from volary.stores.accounts import Accounts
from volary.vault_index import block_person

from tests.api.people import enrolled


@pytest.fixture
def listed(world):
    """Jane Eclair is on the list, put there by ann, who is an admin."""
    store = Accounts(world.home.items)
    world.home.items.write(store.change_write(store.get("user_ann").model_copy(update={"role": Role.ADMIN})))
    body = {"names": ["Jane Éclair"], "kind": "public_figure", "likeness_id": "like_user_bob"}
    return world.call("POST", "/moderation/blocked_people", json=body).json()["id"]


def refused(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "prompt", ["Taylor Swift on the moon", "le président Macron sur la lune", "T\u200baylor $wift's cat on the moon"]
)
def test_a_home_that_nobody_set_up_refuses_a_public_figure_and_says_what_to_do(world, prompt):
    answer = world.call("POST", "/videos", "bob", json={"prompt": prompt})

    assert refused(answer) == (403, "person_blocked")
    error = answer.json()["error"]
    assert error["param"] == "prompt"
    assert "a public figure" in error["message"] and "ask for their likeness" in error["message"]
    assert "Macron" in error["message"] or "Swift" in error["message"]


def test_who_is_to_be_left_out_is_not_asked_for(world):
    assert world.asked("bob", prompt="a cat on the moon", negative_prompt="Taylor Swift")


@pytest.mark.parametrize("prompt", ["Jane Eclair on the moon", "j.a.n.e eclair on the moon"])
def test_a_prompt_that_names_them_is_refused(world, listed, prompt):
    assert refused(world.call("POST", "/videos", "bob", json={"prompt": prompt})) == (403, "person_blocked")


def test_a_remix_whose_words_complete_the_name_is_refused(world, listed):
    parent = world.finished("bob", prompt="a clip of Jane", visibility="public")

    answer = world.call("POST", f"/videos/{parent}/remix", "bob", json={"prompt": "Eclair, that is"})

    assert refused(answer) == (403, "person_blocked")


def test_with_their_own_likeness_they_may_be_asked_for(world, listed):
    enrolled(world.home, "user_bob", audience="everyone")

    assert world.asked("mo", prompt="Jane Eclair on the moon", likenesses=["like_user_bob"])


def test_who_is_taken_off_the_list_may_be_named(world, listed):
    assert world.call("GET", "/moderation/blocked_people", "mo").json()["data"][0]["id"] == listed

    assert world.call("DELETE", f"/moderation/blocked_people/{listed}").json()["deleted"]

    assert world.asked("bob", prompt="Jane Eclair on the moon")
    assert refused(world.call("DELETE", f"/moderation/blocked_people/{listed}")) == (404, "not_found")


def test_asking_beforehand_names_the_list_too(world, listed):
    enrolled(world.home, "user_bob", audience="everyone")
    enrolled(world.home, "user_ann", audience="everyone")

    def asked(likeness_id):
        body = {"prompt": "Jane Eclair on the moon"}
        return world.call("POST", f"/likenesses/{likeness_id}/check", "mo", json=body).json()

    assert (asked("like_user_ann")["allowed"], asked("like_user_ann")["code"]) == (False, "person_blocked")
    assert asked("like_user_bob")["allowed"] is True


def test_whoever_is_matched_by_face_is_not_taken_off_by_the_public_route(world, listed):
    """Only the machine's owner may destroy the key of a template, and a name without its face must not look undone."""
    block_person(listed, [[0.1] * 128], None, world.home.services)

    assert refused(world.call("DELETE", f"/moderation/blocked_people/{listed}")) == (409, "person_matched")
    assert refused(world.call("POST", "/videos", "bob", json={"prompt": "Jane Eclair"})) == (403, "person_blocked")
