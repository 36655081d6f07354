"""Delete signed files that were stored after their clip had ended, by a signer that died before it could look.

Called by the home's clock; clean-ups say which clips are worth a second look, and when.
"""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores import published

from events.bus import Done, Tick


def sweep_files(tick: Tick, services: Services) -> Done:
    published.forget_again(services)
    return Done()


lambda_handler = entrypoint(sweep_files)
