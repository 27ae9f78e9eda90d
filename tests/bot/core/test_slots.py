"""Slots: where features' buttons stand under messages of others."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from discord import ui
from discord.ui import View

from bot.core.slots import Offer, Slot

NUMBERS: Slot[int] = Slot("under a number")
OTHERS: Slot[int] = Slot("under another number")


def offer(label: str, order: int, row: int = 0, least: int = 0) -> Offer[int]:
    def make(number: int) -> ui.Button[View] | None:
        return ui.Button(label=f"{label}{number}") if number >= least else None

    return NUMBERS.offer(order=order, row=row)(make)


def laid_out(offers: list[Offer[Any]], number: int = 7, **where: int) -> list[tuple[str, int | None]]:
    items = NUMBERS.items(offers, number, **where)
    return [(item.label or "", item.row) for item in items if isinstance(item, ui.Button)]


def test_they_stand_in_their_order_whatever_features_are_listed_first() -> None:
    offers = [offer("c", 30), offer("d", 10, row=1), offer("a", 10), offer("b", 20)]
    assert laid_out(offers) == [("a7", 0), ("b7", 0), ("c7", 0), ("d7", 1)]


def test_a_feature_may_offer_nothing_and_other_slots_are_others() -> None:
    elsewhere = OTHERS.offer(order=1)(lambda number: ui.Button(label=str(number)))
    offers = [offer("a", 10, least=8), offer("b", 20), elsewhere]
    assert laid_out(offers) == [("b7", 0)] and laid_out(offers, 8) == [("a8", 0), ("b8", 0)]


def test_a_full_row_goes_on_in_the_next_one() -> None:
    offers = [offer("a", i) for i in range(6)] + [offer("b", 0, row=1)]
    assert [row for _, row in laid_out(offers)] == [0, 0, 0, 0, 0, 1, 1]
    assert [row for _, row in laid_out(offers, below=2, taken=3)] == [2, 2, 3, 3, 3, 3, 3]


def test_what_no_message_has_room_for_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert len(laid_out([offer("a", i) for i in range(27)])) == 25
    assert "under a number" in caplog.text
