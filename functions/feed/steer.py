"""Change the parameters of a feed: by an instruction in words, by hand, by taking a change back.

Nothing changes those of a minor whose guardian keeps the feed without personalisation: Forbidden says so.
"""

from volary.accounts import Account
from volary.errors import Absent, ConditionFailed, Forbidden, Invalid
from volary.families import is_settled
from volary.ports import Services
from volary.steering import Clause, Understanding, compile_text
from volary.steering.parameters import Parameters, apply, zone_of
from volary.stores.accounts import Accounts
from volary.stores.feeds import Feeds, State

ATTEMPTS = 4
ZONE_SECONDS = 20 * 3600  # a time zone may be changed once in this time, so that a day cannot be begun anew at will


def instruct(person: Account, text: str, language: str, services: Services) -> tuple[State, Understanding]:
    """Compile and apply; raises Invalid for a text that is empty or too long, Forbidden without personalisation."""
    _free(person, services)
    said = compile_text(text, services.models.ask, language)
    for attempt in range(ATTEMPTS):
        state = _free(person, services)
        if not state.parameters.personalised and said.kind in ("steer", "reset"):
            raise Forbidden("personalisation is switched off for this account", code="not_personalised")
        try:
            return _applied(person.user_id, state, said, services), said
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _free(person: Account, services: Services) -> State:
    """The state of a feed that its owner may change; raises Forbidden where a guardian locked it."""
    state = Feeds(services.items).state(person.user_id)
    if is_settled(state.locked_by, person, services.clock.now().date()):
        raise Forbidden(
            "your guardian keeps this feed without personalisation: nothing was changed", code="feed_locked"
        )
    return state


def _applied(user_id: str, state: State, said: Understanding, services: Services) -> State:
    feeds, at = Feeds(services.items), services.clock.now()
    now = int(at.timestamp())
    if said.kind == "undo":
        return feeds.undo(user_id, state, now) if state.undoable else state
    fresh = apply(state.parameters, _with_people(said, services), at, state.time_zone)
    words = " · ".join(dict.fromkeys(clause.words for clause in said.clauses))
    return state if fresh == state.parameters else feeds.change(user_id, state, fresh, words, now)


def _with_people(said: Understanding, services: Services) -> Understanding:
    """Handles as the ids of the people who have them; a handle of nobody stays a word."""
    return said.model_copy(update={"clauses": tuple(_with_maker(clause, services) for clause in said.clauses)})


def _with_maker(clause: Clause, services: Services) -> Clause:
    targets = []
    for target in clause.targets:
        if target.words.startswith("@"):
            try:
                found = Accounts(services.items).by_handle(target.words[1:].lower())
                target = target.model_copy(update={"words": f"@{found.user_id}"})
            except Absent:
                pass
        targets.append(target)
    return clause.model_copy(update={"targets": tuple(targets)})


def replace(person: Account, parameters: Parameters, said: str, services: Services) -> State:
    """Parameters edited by hand or imported, as they are; raises ConditionFailed when they moved meanwhile."""
    state = _free(person, services)
    now = int(services.clock.now().timestamp())
    if parameters == state.parameters:
        return state
    return Feeds(services.items).change(person.user_id, state, parameters, said, now)


def undo(person: Account, services: Services) -> State:
    """Raises Conflict when nothing is left to undo."""
    state = _free(person, services)
    return Feeds(services.items).undo(person.user_id, state, int(services.clock.now().timestamp()))


def remove(person: Account, place: int, services: Services) -> State:
    """Take one wish away; raises Invalid where there is none at that place."""
    state = _free(person, services)
    entries = state.parameters.entries
    if not 0 <= place < len(entries):
        raise Invalid(f"there are {len(entries)} wishes, none at {place}", param="place")
    left = state.parameters.model_copy(update={"entries": entries[:place] + entries[place + 1 :]})
    said, now = f"took away: {entries[place].clause.words}", int(services.clock.now().timestamp())
    return Feeds(services.items).change(person.user_id, state, left, said, now)


def set_zone(user_id: str, zone: str, services: Services) -> State:
    """Where somebody's days begin. Raises Forbidden when it was changed less than twenty hours ago."""
    zone_of(zone)
    feeds = Feeds(services.items)
    state = feeds.state(user_id)
    now = int(services.clock.now().timestamp())
    if zone == state.time_zone:
        return state
    if now - state.zone_since < ZONE_SECONDS:
        raise Forbidden(
            f"the time zone was changed {now - state.zone_since} s ago; wait {ZONE_SECONDS} s", code="zone_changed"
        )
    return feeds.change(
        user_id,
        state.model_copy(update={"time_zone": zone, "zone_since": now}),
        state.parameters,
        f"time zone {zone}",
        now,
    )
