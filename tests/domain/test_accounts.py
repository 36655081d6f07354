"""Who may open an account."""

from datetime import date

import pytest
from volary.accounts import Account, age, register
from volary.errors import Invalid

TODAY = date(2026, 11, 22)


def account(handle: str = "ada", birth_date: date = date(1990, 1, 1)) -> Account:
    return Account(user_id="user_1", handle=handle, birth_date=birth_date, created_at=0)


@pytest.mark.parametrize(
    ("born", "years"), [(date(2013, 11, 22), 13), (date(2013, 11, 23), 12), (date(2012, 2, 29), 14)]
)
def test_age_counts_full_years(born, years):
    assert age(born, TODAY) == years


def test_a_child_under_thirteen_is_refused():
    with pytest.raises(Invalid, match="12") as refused:
        register(account(birth_date=date(2013, 11, 23)), TODAY)

    assert refused.value.param == "birth_date"


@pytest.mark.parametrize("handle", ["ad", "Ada", "9lives", "ada lovelace", "a" * 31, "ада", "ada\n"])
def test_a_handle_that_cannot_be_written_after_an_at_sign_is_refused(handle):
    with pytest.raises(Invalid, match="handle"):
        register(account(handle=handle), TODAY)
