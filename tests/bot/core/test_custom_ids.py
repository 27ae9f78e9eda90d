"""Whatever a button has to remember fits into what Discord lets it remember."""

from __future__ import annotations

import re

import pytest

import bot.client  # brings all buttons  # noqa: F401
from bot.core.buttons import Menu, Press, Remembering
from bot.store.ids import MAX_ID
from bot.ui.buttons import Choose, Nearby, Swap

LONGEST = 100  # characters of a custom_id
KINDS = [kind for base in (Press, Menu) for kind in base.__subclasses__()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_largest_numbers_fit(kind: type[Remembering]) -> None:
    pattern = kind.__discord_ui_compiled_template__
    filled = re.sub(r"\(\\d\{1,(\d+)\}\)", lambda digits: "9" * int(digits[1]), pattern.pattern)
    filled = filled.replace(r"(\d)", "9").replace("([01])", "1")
    assert pattern.fullmatch(filled), filled
    assert len(filled) <= LONGEST


def test_the_largest_ids_are_understood() -> None:
    for button in (Nearby(MAX_ID), Choose(MAX_ID, 9), Swap(MAX_ID, MAX_ID, MAX_ID)):
        match = type(button).__discord_ui_compiled_template__.fullmatch(button.custom_id)
        assert match is not None and tuple(map(int, match.groups())) == button.numbers
