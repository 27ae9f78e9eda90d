"""The dialog that asks for a name. Its answer is found by custom_id, so that it survives a restart."""

from __future__ import annotations

import re
from typing import Any

from discord.ui import Label, Modal, TextInput

from bot.interaction import Interaction

NAME_MAX = 32
OPEN_FOR_S = 900  # how long discord.py remembers a dialog that nobody answers
_CUSTOM_ID = re.compile(r"newmon:name:(\d{1,19})")


def name_dialog(creature_id: int) -> Modal:
    """A dialog with one field, for the creature's name."""
    modal = Modal(title="Save this creature", custom_id=f"newmon:name:{creature_id}", timeout=OPEN_FOR_S)
    field: TextInput[Modal] = TextInput(custom_id="name", max_length=NAME_MAX, placeholder="Foo")
    modal.add_item(Label(text="Name", description="Letters, digits, spaces, - ' and .", component=field))
    return modal


async def answer_dialog(interaction: Interaction) -> None:
    """Act on a submitted dialog of ours; leave any other alone."""
    data: dict[str, Any] = dict(interaction.data or {})
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    if match is None:
        return
    name = _value(data.get("components"), "name")
    await interaction.client.actions.save(
        interaction, int(match[1]), name, in_place=interaction.message is not None
    )


def _value(components: Any, custom_id: str) -> str:
    """The text of the field with that id, wherever it is nested; empty if there is none."""
    for component in components if isinstance(components, list) else []:
        if not isinstance(component, dict):
            continue
        if component.get("custom_id") == custom_id:
            return str(component.get("value", ""))
        inner = component.get("components") or [component.get("component")]
        if found := _value(inner, custom_id):
            return found
    return ""
