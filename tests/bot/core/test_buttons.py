"""A button is one class: what it remembers, who may press it, and what a press does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.core.buttons import Button
from bot.core.custom_id import Id, UserId
from bot.core.dialogs import Dialog
from bot.core.features import load
from bot.core.interaction import Interaction
from bot.errors import UserError
from bot.features import FEATURES
from tests.bot.core import clashing


def test_one_without_a_press_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="press"):

        class Forgotten(Button):
            prefix = "forgotten"

    with pytest.raises(TypeError, match="submit"):

        class ForgottenDialog(Dialog):
            prefix = "forgotten"


def test_one_for_its_author_must_remember_who_that_is() -> None:
    with pytest.raises(TypeError, match="user_id"):

        class Anonymous(Button):
            prefix, author_only = "anonymous", "This is somebody else's."

            async def press(self, interaction: Interaction) -> None: ...


def test_one_cannot_remember_what_does_not_fit_into_a_custom_id() -> None:
    with pytest.raises(TypeError, match="cannot hold"):

        class Wordy(Button):
            prefix = "wordy"
            words: str

            async def press(self, interaction: Interaction) -> None: ...


class Theirs(Button):
    """Counts presses."""

    prefix, author_only = "theirs", "This is somebody else's: make your own."
    creature_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        interaction.extras["pressed"] = self.creature_id


async def test_only_its_author_may_press() -> None:
    def pressed_by(user_id: int) -> Any:
        return SimpleNamespace(user=SimpleNamespace(id=user_id), extras={})

    author, other = pressed_by(7), pressed_by(8)
    await Theirs(1, 7).use(author)
    assert author.extras == {"pressed": 1}
    with pytest.raises(UserError, match="make your own"):
        await Theirs(1, 7).use(other)
    assert other.extras == {}


def test_all_features_are_there() -> None:
    loaded = load(FEATURES)
    assert len(loaded.components) >= 22 and len(loaded.dialogs) >= 3 and len(loaded.commands) >= 9


def test_two_with_the_same_prefix_are_refused() -> None:
    with pytest.raises(ValueError, match="same prefix"):
        load((*FEATURES, clashing))
