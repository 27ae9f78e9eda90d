"""A feature whose button has the prefix of another's."""

from __future__ import annotations

from bot.core.buttons import Button
from bot.core.interaction import Interaction


class Save(Button):
    """Not the bot's."""

    prefix = "save"

    async def press(self, interaction: Interaction) -> None: ...
