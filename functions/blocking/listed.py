"""Who is on the block list, and whether by face or voice, too; it opens no template."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries

from functions.blocking.shapes import Line, Listed, Listing


def listed(listing: Listing, services: Services) -> Listed:
    matched = blocked_entries(services)
    people = Blocked(services.items).people()
    lines = (Line(id=each.id, names=each.names, kind=each.kind, is_matched=each.id in matched) for each in people)
    return Listed(people=tuple(lines))


lambda_handler = entrypoint(listed)
