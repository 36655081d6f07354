"""A guardian switches the personalisation of a minor's feed off for good, or lets the minor decide again."""

from volary.accounts import Account, Viewer
from volary.errors import Absent
from volary.families import is_guardian
from volary.ports import Services
from volary.stores.accounts import Accounts
from volary.stores.feeds import Feeds, State


def ward_of(handle: str, viewer: Viewer, services: Services) -> Account:
    """The minor whose guardian asks; Absent for everybody else, as if there were nobody of that name."""
    found = Accounts(services.items).by_handle(handle)
    if not is_guardian(viewer.user_id, found, services.clock.now().date()):
        raise Absent(f"there is no account @{handle} that you are the guardian of")
    return found


def settle(ward: Account, guardian_id: str, *, is_personalised: bool, services: Services) -> State:
    """The state of the feed afterwards; wishes stay, and count again when they are let. Twice changes nothing."""
    feeds = Feeds(services.items)
    state = feeds.state(ward.user_id)
    locked_by = None if is_personalised else guardian_id
    if state.locked_by == locked_by and state.parameters.personalised == is_personalised:
        return state
    return feeds.settle(ward.user_id, state, locked_by, int(services.clock.now().timestamp()))
