"""Let decisions take effect whose time to take them back is over, and hide what no law lets wait any longer."""

from volary.entrypoint import entrypoint, logger
from volary.errors import Absent, ConditionFailed
from volary.ports import Services
from volary.stores.reviews import Reviews

from events.bus import Done, Tick
from functions.review.effects import hide_in_time, take_effect

MOST = 50  # in one call, so that it ends within the function's time limit


def enact_reviews(tick: Tick, services: Services) -> Done:
    store, now = Reviews(services.items), int(services.clock.now().timestamp())
    for case in store.due(now, MOST):
        try:
            take_effect(case, services)
        except (ConditionFailed, Absent) as moved:
            logger.warning("a decision waits for the next call", extra={"case": case.id, "why": moved.code})
    for case_id in store.hiding(now, MOST):
        try:
            hide_in_time(store.get(case_id), services, now)
        except ConditionFailed:
            continue  # somebody decided at this moment
    return Done()


lambda_handler = entrypoint(enact_reviews)
