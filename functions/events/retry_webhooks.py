"""Make the webhook attempts that are due; called by the home's clock, every few seconds or every minute."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.webhooks import Webhooks

from events.bus import Done, Tick
from functions.webhooks.deliver import AT_ONCE, deliver_all

MOST = 2 * AT_ONCE  # in one go, so that it ends within the function's time limit


def retry_webhooks(tick: Tick, services: Services) -> Done:
    now = int(services.clock.now().timestamp())
    deliver_all(Webhooks(services.items).due(now, MOST), services)
    return Done()


lambda_handler = entrypoint(retry_webhooks)
