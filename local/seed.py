"""The demo catalogue of a new home: clips by the demo people, made by this home's own pipeline on its first start.

Nothing prepared is shipped: a clip must carry this home's mark and signature. Three are enough that no screen stays
empty, and few enough that a person's own first clip does not wait long behind them.
"""

from volary.accounts import viewer_of
from volary.errors import ConditionFailed
from volary.generation import Ask
from volary.ports import NEW, Put, Services
from volary.stores.accounts import Accounts

from functions.videos.create import create

CATALOGUE = (
    ("wren", Ask(prompt="A red balloon drifts over the sea at sunset", seed=11, visibility="public")),
    ("swift", Ask(prompt="A white rocket flies through space at night", seed=12, size="1280x720", visibility="public")),
    ("heron", Ask(prompt="Un chat jaune marche dans la ville le matin", seed=13, visibility="public")),
)
MARKER = {"pk": "SEED", "sk": "DEMO_CATALOGUE"}


def seed(services: Services) -> int:
    """Ask for the catalogue once in a home's life; returns how many clips were asked for."""
    try:
        services.items.write(Put(MARKER, NEW))
    except ConditionFailed:
        return 0
    accounts = Accounts(services.items)
    for handle, ask in CATALOGUE:
        create(ask, viewer_of(accounts.by_handle(handle), services.clock.now().date()), services)
    return len(CATALOGUE)
