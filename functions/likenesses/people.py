"""What an account's age means for its likeness; ages are those of today."""

from datetime import UTC, datetime, time

from volary.accounts import ADULT_AGE, Account, age
from volary.ports import Services


def is_adult(account: Account, services: Services) -> bool:
    return age(account.birth_date, services.clock.now().date()) >= ADULT_AGE


def adult_at(account: Account) -> int:
    """The moment at which the person turns eighteen, in epoch seconds; somebody of 29 February turns on 1 March."""
    born = account.birth_date
    year = born.year + ADULT_AGE
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    day = born.replace(year=year) if (born.month, born.day) != (2, 29) or is_leap else born.replace(year, 3, 1)
    return int(datetime.combine(day, time(), UTC).timestamp())
