"""Prices, and the one movement that ends a hold."""

from datetime import date

import pytest
from volary.credits import HOUSE, Hold, free_account, hold, price, settle

HELD = Hold(video_id="video_1", source=free_account("user_1", date(2026, 11, 22)), amount=3)


@pytest.mark.parametrize(("seconds", "credits"), [(4, 1), (8, 2), (12, 3), (13, 4), (120, 30)])
def test_each_started_four_seconds_cost_a_credit(seconds, credits):
    assert price(seconds) == credits


def test_a_refund_goes_back_where_the_hold_came_from():
    assert settle(HELD, "refund", 9).target == hold(HELD, 8).source


def test_spending_and_refunding_are_one_movement_so_only_one_can_happen():
    assert settle(HELD, "spend", 9).id == settle(HELD, "refund", 9).id
    assert settle(HELD, "spend", 9).target == HOUSE
