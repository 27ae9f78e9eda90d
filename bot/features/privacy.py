"""/mydata: everything that is kept of a person, given to them, or forgotten. PRIVACY.md says what that is."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import discord
from discord import ButtonStyle, app_commands

from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import Button, view_of
from bot.core.custom_id import UserId
from bot.core.interaction import Interaction
from bot.core.language import N_, _, ngettext
from bot.store import Creature, Store

PART_BYTES = 8_000_000  # of a zip: Discord takes 10 MiB a file, and the last picture counts, too
NOT_YOURS = N_("Only whoever asked for this may press it: everybody's own is under /mydata.")

mydata = app_commands.Group(name="mydata", description=N_("What is kept of you"))


@mydata.command(description=N_("Everything that is kept of you, as a zip for you alone: just /mydata export"))
async def export(interaction: Interaction) -> None:
    async with answering(interaction, private=True) as acknowledge:
        await acknowledge()
        parts = 0
        async for part in zipped(interaction.client.store, interaction.user.id):
            parts += 1
            file = discord.File(io.BytesIO(part), f"newmon-{interaction.user.id}-{parts}.zip")
            if parts == 1:
                text = _("Everything that is kept of you. README.txt in it says what is what.")
                await interaction.edit_original_response(content=text, attachments=[file])
            else:
                await interaction.followup.send(file=file, ephemeral=True)


@mydata.command(
    description=N_("Have everything that is kept of you forgotten, for good: just /mydata forget")
)
async def forget(interaction: Interaction) -> None:
    async with answering(interaction, private=True) as acknowledge:
        await acknowledge()
        held = await interaction.client.store.personal.held(interaction.user.id)
        count = held.saved + held.unsaved
        kept = ngettext("{count:,} creature", "{count:,} creatures", count).format(count=count)
        text = _(
            "Forget everything that is kept of you? That is {kept}, {saved:,} of them with a name, and what "
            "you are called. Your creatures are gone for good; children that others have of them stay, as "
            "children of nobody known. `/mydata export` gives you a copy first."
        ).format(kept=kept, saved=held.saved)
        items = [ForgetNow(interaction.user.id).item(), KeepAll(interaction.user.id).item()]
        await answer(interaction, content=text, view=view_of(items))


class ForgetNow(Button):
    """Forgets everything, and says so."""

    prefix, label, style, author_only = "forget", N_("Yes, forget me"), ButtonStyle.danger, NOT_YOURS
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True, private=True) as acknowledge:
            await acknowledge()
            gone = await interaction.client.store.personal.forget(interaction.user.id)
            text = ngettext(
                "Forgotten: {gone:,} creature, and what you are called. Backups forget it in {days} days.",
                "Forgotten: {gone:,} creatures, and what you are called. Backups forget them in {days} days.",
                gone,
            ).format(gone=gone, days=interaction.client.settings.backup_days)
            await answer(interaction, content=text)


class KeepAll(Button):
    """Thinks better of it."""

    prefix, label, author_only = "keepall", N_("Keep everything"), NOT_YOURS
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True, private=True) as acknowledge:
            await acknowledge()
            await answer(interaction, content=_("Nothing was changed."))


async def zipped(store: Store, user_id: int) -> AsyncIterator[bytes]:
    """Zips of all that is kept of a person, each small enough to be sent; the first holds the names, too."""
    personal = store.personal
    parts = _Parts()
    about = {
        "user_id": str(user_id),
        "names": [dataclasses.asdict(note) for note in await personal.names(user_id)],
        "retrains": [dataclasses.asdict(note) for note in await personal.retrains(user_id)],
    }
    parts.add("person.json", _json(about))
    parts.add("README.txt", README.encode())
    after = 0
    while page := await personal.creatures(user_id, after):
        after = page[-1].id
        for full in await asyncio.to_thread(parts.add_creatures, page):
            yield full
    yield parts.end()


README = """\
person.json: your id at Discord, what you were called and where, and retrains that you started.
creatures/CODE.json and CODE.png: each of your creatures, saved or not, as it is kept.
PRIVACY.md of the project says why it is kept and for how long. `/mydata forget` has all of it deleted.
"""


class _Parts:
    """A zip that is begun anew whenever it is full."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, data: bytes) -> None:
        self._zip.writestr(name, data)

    def add_creatures(self, creatures: list[Creature]) -> list[bytes]:
        """Returns the parts that became full. Blocking."""
        full: list[bytes] = []
        for creature in creatures:
            if self._buffer.tell() > PART_BYTES:
                full.append(self.end())
                self._begin()
            self.add(f"creatures/{creature.code}.json", _json(described(creature)))
            self.add(f"creatures/{creature.code}.png", creature.png)
        return full

    def end(self) -> bytes:
        self._zip.close()
        return self._buffer.getvalue()


def described(creature: Creature) -> dict[str, Any]:
    """What is kept of a creature, but for its picture and its styles, which follow from the recipe."""
    left_out = ("png", "w_plus", "owner_id")
    values = {
        field.name: getattr(creature, field.name)
        for field in dataclasses.fields(creature)
        if field.name not in left_out
    }
    for part in ("recipe", "reading"):
        if values[part] is not None:
            values[part] = {"kind": type(values[part]).__name__} | dataclasses.asdict(values[part])
    return values


def _json(values: dict[str, Any]) -> bytes:
    """Ids as text: they have more digits than the numbers of many programs."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
            return str(value)
        return value.isoformat() if isinstance(value, datetime) else value

    return json.dumps(plain(values), ensure_ascii=False, indent=2).encode()
