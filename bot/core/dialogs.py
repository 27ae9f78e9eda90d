"""Dialogs. Their answers are found by custom_id, so that they survive a restart.

As with buttons, an action says with `on_submit` what an answer does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from discord import SelectOption
from discord.ui import Label, Modal, Select, TextInput

from bot.core.interaction import Interaction
from bot.errors import UserError
from bot.store.names import MAX_LENGTH

SAVE, RENAME, MIX = "name", "rename", "with"
_CUSTOM_ID = re.compile(r"newmon:(\w+):(\d{1,19})")

Answers = dict[str, str]  # what was filled in or chosen, by the field's custom_id; "" if nothing
Handler = Callable[[Interaction, int, Answers], Awaitable[None]]

_handlers: dict[str, Handler] = {}


def on_submit(kind: str) -> Callable[[Handler], Handler]:
    """Makes a function what an answer to this kind of dialog does. It may raise `UserError`."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def name_dialog(creature_id: int, suggestion: str | None = None) -> Modal:
    """Asks what to save a creature as."""
    return _named("Save this creature", SAVE, creature_id, suggestion)


def rename_dialog(creature_id: int, name: str) -> Modal:
    """Asks for another name."""
    return _named(f"Rename {name}"[:45], RENAME, creature_id, name)


def _named(title: str, kind: str, creature_id: int, default: str | None) -> Modal:
    modal = _modal(title, kind, creature_id)
    field: TextInput[Modal] = TextInput(
        custom_id="name", max_length=MAX_LENGTH, placeholder="Foo", default=default
    )
    modal.add_item(Label(text="Name", description="Letters, digits, spaces, - ' and .", component=field))
    return modal


def mix_dialog(creature_id: int, label: str, partners: list[tuple[int, str]]) -> Modal:
    """Asks for the other parent: one of at most 25 (id, name), or whatever is typed."""
    modal = _modal(f"Mix {label} with …"[:45], MIX, creature_id)
    if partners:
        menu: Select[Modal] = Select(
            custom_id="partner",
            options=[SelectOption(label=name, value=str(i)) for i, name in partners],
            placeholder="One of your creatures",
            min_values=0,
            required=False,
        )
        modal.add_item(Label(text="One of yours", component=menu))
    field: TextInput[Modal] = TextInput(
        custom_id="text", max_length=100, placeholder="Foo, or k3f9x0ab", required=not partners
    )
    modal.add_item(
        Label(text="Or any other, by name or code" if partners else "Name or code", component=field)
    )
    return modal


def _modal(title: str, kind: str, creature_id: int) -> Modal:
    return Modal(title=title, custom_id=f"newmon:{kind}:{creature_id}")


async def answer_dialog(interaction: Interaction) -> None:
    """Act on a submitted dialog. Raises `UserError` for one that is not ours."""
    data: dict[str, Any] = dict(interaction.data or {})
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    if match is None or match[1] not in _handlers:
        raise UserError("This dialog does nothing any more: start anew with /newmon.")
    await _handlers[match[1]](interaction, int(match[2]), _answers(data.get("components")))


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
