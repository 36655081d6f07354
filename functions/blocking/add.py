"""Refuse a person by name, and by face and voice where their numbers are given; it reads no pictures.

It has no public route: whoever may call it may seal a template under a new key, and opens none.
"""

from volary.blocked import BlockedPerson
from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.blocked import Blocked
from volary.vault_index import block_person

from functions.blocking.shapes import Added, Addition


def add(addition: Addition, services: Services) -> Added:
    """The names first, so that a call which dies half-way is seen on the list; the same call again finishes it.

    Raises Invalid for names that cannot be told from ordinary words, Conflict when the list is full.
    """
    store, at = Blocked(services.items), int(services.clock.now().timestamp())
    told = addition.model_dump(include={"id", "names", "kind", "likeness_id", "added_by"})
    if addition.id not in {each.id for each in store.people()}:
        store.add(BlockedPerson(**told, at=at))
    if addition.faces or addition.voice:
        block_person(addition.id, addition.faces, addition.voice, services)
    faces, voice = len(addition.faces), addition.voice is not None
    return Added(id=addition.id, names=addition.names, faces=faces, voice=voice)


lambda_handler = entrypoint(add)
