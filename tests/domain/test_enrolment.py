"""What a challenge asks: groups of digits that no client can foresee, told in words, and of one time only."""

from collections import Counter

import pytest
from volary.enrolment import Likeness, challenge, confirmed, consent_texts, decide, groupings, instructions
from volary.errors import Conflict

from events.likeness import CHECKS, CaptureFinding, Challenge

OLD = {"digits": "123456", "turns": ["left", "up", "right"], "issued_at": 0, "expires_at": 60}


def finding(check: str) -> CaptureFinding:
    return CaptureFinding(check=check, outcome="pass", score=1, threshold=1, reason="seen")


def test_digits_are_shown_in_two_to_four_groups_of_at_most_four():
    assert len(set(groupings())) == len(groupings()) == 23
    assert {sum(each) for each in groupings()} == {6}
    assert {len(each) for each in groupings()} == {2, 3, 4} and max(map(max, groupings())) == 4


def test_every_grouping_is_drawn_as_often_whatever_the_digits_and_turns():
    step = 10**6 * 4 * 3 * 3

    drawn = [challenge(7 + number * step, "en", 0) for number in range(46)]

    assert Counter(each.groups for each in drawn) == dict.fromkeys(groupings(), 2)
    assert {(each.digits, each.turns) for each in drawn} == {(drawn[0].digits, drawn[0].turns)}


def test_groups_that_do_not_hold_the_digits_are_no_challenge():
    with pytest.raises(ValueError, match="hold 5 digits, not 6"):
        Challenge.model_validate(OLD | {"groups": [2, 3]})
    with pytest.raises(ValueError, match="less than or equal to 4"):
        Challenge.model_validate(OLD | {"groups": [5, 1]})


def test_record_of_before_there_were_groups_is_read_still():
    found = Challenge.model_validate(OLD)

    assert (found.groups, found.shown) == ((), "123456")
    assert Challenge.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("language", "words"), [("en", "left, up, right"), ("fr", "à gauche, vers le haut, à droite")])
def test_person_is_told_turns_and_groups_in_their_language(language, words):
    asked = Challenge.model_validate(OLD | {"groups": [2, 1, 3], "language": language})

    told = instructions(asked)

    assert f" {words}, " in told
    assert ": 12 3 456. " in told
    assert "pause" in told


def test_capture_that_comes_late_is_not_taken():
    record = Likeness(
        id="like_1", owner_id="user_1", challenge=challenge(7, "en", 100), upload_key="user_1/x", created_at=100
    )
    text = consent_texts()["en"]

    assert confirmed(record, text, "call_1", 159).state == "checking"
    with pytest.raises(Conflict, match="ended 0 s ago"):
        confirmed(record, text, "call_1", 160)


def test_findings_without_the_rhythm_enrol_nobody():
    whole = [finding(check) for check in CHECKS]

    assert decide(whole) == "accepted"
    assert decide([each for each in whole if each.check != "rhythm"]) == "refused"
