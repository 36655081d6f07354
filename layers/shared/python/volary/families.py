"""What a guardian may settle for a minor: today, that their feed is drawn without personalisation.

Pure. A guardian is named on the account by whoever runs the home; inviting and accepting one, and all else that
families settle, is left to the issue of teens and families.
"""

from datetime import date

from volary.accounts import ADULT_AGE, Account, age
from volary.errors import Invalid


def is_minor(account: Account, today: date) -> bool:
    return age(account.birth_date, today) < ADULT_AGE


def entrusted(ward: Account, guardian: Account, today: date) -> Account:
    """The minor's account with its guardian; raises Invalid where one of them is not of the age for it."""
    if not is_minor(ward, today):
        raise Invalid(f"@{ward.handle} is {age(ward.birth_date, today)} and needs no guardian", param="guardian")
    if is_minor(guardian, today) or guardian.status != "active":
        raise Invalid(f"@{guardian.handle} is no adult with an active account", param="guardian")
    return ward.model_copy(update={"guardian_id": guardian.user_id})


def is_guardian(user_id: str | None, ward: Account, today: date) -> bool:
    """Whether this person may settle things for the ward today: never for an adult."""
    return user_id is not None and user_id == ward.guardian_id and is_minor(ward, today)


def is_settled(locked_by: str | None, ward: Account, today: date) -> bool:
    """Whether what `locked_by` settled still binds: while they are the guardian and the ward is a minor."""
    return is_guardian(locked_by, ward, today)
