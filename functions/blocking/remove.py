"""Take a person off the block list and destroy the key of their templates.

It has no public route: whoever may call it may destroy keys.
"""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries, unblock_person

from functions.blocking.shapes import Removal, Removed


def remove(removal: Removal, services: Services) -> Removed:
    """The templates first: a name without its face is the state that a person can see and end. Raises Absent."""
    if removal.id in blocked_entries(services):
        unblock_person(removal.id, services)
    Blocked(services.items).remove(removal.id, removal.removed_by, int(services.clock.now().timestamp()))
    return Removed(id=removal.id)


lambda_handler = entrypoint(remove)
