"""Who may do what with which case, cell by cell: a new act or a new relation without a row here fails."""

import pytest
from volary.review import cases
from volary.review.cases import ACTIONS, FOR_TWO

# Who asks, by what they are to the case.
PEOPLE = ("stranger", "author", "reporter", "moderator", "claimed", "senior", "admin")
VERBS = ("see", "claim", "put_back", "escalate", "second", "notes", "decide", "undo")
YES, CLAIM, NO, GONE = 200, 409, 403, 404
# stranger, author (a moderator), reporter (a moderator), moderator without, and with, the claim, senior and admin.
TABLE: dict[str, tuple[int, ...]] = {
    "see": (NO, GONE, GONE, YES, YES, YES, YES),
    "claim": (NO, GONE, GONE, YES, YES, YES, YES),
    "put_back": (NO, GONE, GONE, CLAIM, YES, CLAIM, CLAIM),
    "escalate": (NO, GONE, GONE, CLAIM, YES, CLAIM, CLAIM),
    "second": (NO, GONE, GONE, CLAIM, YES, CLAIM, CLAIM),
    "notes": (NO, GONE, GONE, YES, YES, YES, YES),
    "decide": (NO, GONE, GONE, CLAIM, YES, CLAIM, CLAIM),
    "undo": (NO, GONE, GONE, CLAIM, CLAIM, CLAIM, CLAIM),  # nothing was decided
}
WHO = {
    "stranger": "bob", "author": "max", "reporter": "mo", "moderator": "kay", "claimed": "lee", "senior": "sue",
    "admin": "ada",
}  # fmt: skip
BODIES = {"notes": {"text": "seen"}, "decide": {"action": "keep"}}


@pytest.fixture
def case_id(desk, staff) -> str:
    video_id = desk.world.finished("max", visibility="public")
    return desk.post(f"/posts/{video_id}/report", "mo", ground="other", text="look").json()["id"]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("verb", VERBS)
def test_each_grade_may_do_what_the_table_says(desk, case_id, verb, who):
    if who == "claimed":
        assert desk.act(case_id, "claim", "lee").status_code == 200
    if verb == "see":
        answer = desk.world.call("GET", f"/moderation/cases/{case_id}", WHO[who])
    else:
        answer = desk.act(case_id, verb, WHO[who], **BODIES.get(verb, {}))

    assert answer.status_code == TABLE[verb][PEOPLE.index(who)], answer.text


@pytest.mark.parametrize("kind", ACTIONS)
def test_every_kind_has_a_mild_and_a_strict_decision(kind):
    assert set(ACTIONS[kind]) - set(cases.RESTRICTIVE) - {"uphold"}
    assert set(ACTIONS[kind]) & {*cases.RESTRICTIVE, "uphold"}
    assert {action for action in ACTIONS[kind] if action in FOR_TWO} <= {"erase", "suspend"}


@pytest.mark.parametrize("action", ["release", "uphold", "overturn"])
def test_a_case_is_decided_by_the_decisions_of_its_kind_only(desk, case_id, action):
    desk.act(case_id, "claim", "lee")

    assert desk.act(case_id, "decide", "lee", action=action).status_code == 400


@pytest.mark.parametrize("action", ["remove", "erase", "suspend"])
def test_a_restriction_needs_an_explanation(desk, case_id, action):
    desk.act(case_id, "claim", "lee")

    assert desk.act(case_id, "decide", "lee", action=action).status_code == 400


def test_an_escalated_case_is_a_seniors(desk, case_id):
    desk.act(case_id, "claim", "lee")
    desk.act(case_id, "escalate", "lee")

    assert desk.act(case_id, "claim", "kay").status_code == 403
    assert desk.act(case_id, "claim", "sue").status_code == 200
