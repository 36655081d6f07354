"""A withdrawal is carried out to the last clip, wherever its handler was killed."""

from dataclasses import replace

import pytest
from volary.accounts import Viewer
from volary.embedded import Options, open_home
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses

from events.bus import CascadeContinued
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.events.withdraw_uses import withdraw_uses
from functions.likenesses.withdraw import withdraw
from local.bench.likeness import LIKENESS, MAKER, PERSON, Shown, _account, deliver, fill, scanned
from tests.simulation.faults import Crash

CLIPS = 60  # three batches


class Killed:
    """Items whose process dies just before, or just after, the `number`th transaction."""

    def __init__(self, items, number: int, after: bool) -> None:
        self._items, self._left, self._after = items, number, after

    def __getattr__(self, name):
        return getattr(self._items, name)

    def transact(self, writes, **rest) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        self._items.transact(writes, **rest)
        if self._left == 0:
            raise Crash


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_cascade_goes_on_where_it_was_killed(number, after):

    home = open_home(":memory:", Options(subscriptions=SUBSCRIPTIONS))
    Accounts(home.items).add(_account(MAKER))
    fill(home, Shown(CLIPS, with_files=True))
    after_it = withdraw(LIKENESS, "all", "", Viewer(user_id=PERSON), home.services)

    event = CascadeContinued(event_id="x", at=home.clock.now(), likeness_id=LIKENESS, version=after_it.version)
    with pytest.raises(Crash):
        withdraw_uses(event, replace(home.services, items=Killed(home.items, number, after)))

    deliver(home)

    assert (Likenesses(home.items).cascades(LIKENESS)[0].taken_down, scanned(home)) == (CLIPS, CLIPS)
