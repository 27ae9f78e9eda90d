"""Dialogs. As with buttons, one class is a dialog's memory and what its answer does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from discord.ui import Label, Modal

from bot.core.custom_id import Persistent
from bot.core.interaction import Interaction

TITLE_MAX = 45  # characters

Answers = dict[str, str]  # what was filled in or chosen, by the field's custom_id; "" if nothing


class Dialog(Persistent, abstract=True):
    """A dialog, which Discord calls a modal."""

    @abstractmethod
    async def submit(self, interaction: Interaction, answers: Answers) -> None:
        """What its answer does. May raise `UserError`."""

    async def open(self, interaction: Interaction, title: str, *fields: Label[Any]) -> None:
        """Show it to this person, as the answer to what they did. discord.py keeps nothing of it."""
        modal = Modal(title=title[:TITLE_MAX], custom_id=self.custom_id)
        for field in fields:
            modal.add_item(field)
        modal.stop()
        await interaction.response.send_modal(modal)

    async def _act(self, interaction: Interaction) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        await self.submit(interaction, _answers(data.get("components")))


def _answers(components: Any) -> Answers:
    """What was filled in, however the fields are nested."""
    found: Answers = {}
    for component in components if isinstance(components, list) else []:
        if not isinstance(component, dict):
            continue
        if "value" in component or "values" in component:
            chosen = component.get("values") or [component.get("value") or ""]
            found[str(component.get("custom_id"))] = str(chosen[0])
        found |= _answers(component.get("components") or [component.get("component")])
    return found
