"""The same requests to both stand-ins for Discord: where they answer alike, it is not our assumption alone.

Each probe answers an interaction in a way of its own, and says what Discord makes of it: the code of its
refusal, or what came of it. Where simcord says something else, the table says so too, and docs/sandbox.md
says who is right.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import simcord
from discord import app_commands
from discord.ui import Button, Label, Modal, Select, TextInput, View

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import SandboxUser

Act = Callable[[discord.Interaction], Awaitable[object]]
FINE = "fine"


@dataclass(frozen=True)
class Probe:
    act: Act
    discord: int | str
    simcord: int | str | None = None  # None: the same


def says(**message: Any) -> Act:
    return lambda i: i.response.send_message(**message)


def button(**looks: object) -> View:
    view = View(timeout=None)
    view.add_item(Button(**({"custom_id": "a", "label": "A"} | looks)))  # pyright: ignore[reportArgumentType]
    return view


def twice_the_same() -> View:
    view = button()
    view.add_item(Button(custom_id="a", label="B"))
    return view


def menu(**looks: object) -> View:
    view = View(timeout=None)
    options = [discord.SelectOption(label="A", value="a"), discord.SelectOption(label="B", value="b")]
    view.add_item(Select(**({"custom_id": "m", "options": options} | looks)))  # pyright: ignore[reportArgumentType]
    return view


def modal(title: str = "Title", label: str = "Name", **field: object) -> Modal:
    shown = Modal(title=title, custom_id="d")
    text: TextInput[Modal] = TextInput(custom_id="name", **field)  # pyright: ignore[reportArgumentType]
    shown.add_item(Label(text=label, component=text))
    return shown


def embeds(*looks: dict[str, str]) -> list[discord.Embed]:
    return [discord.Embed(**one) for one in looks]  # pyright: ignore[reportArgumentType]


async def answer_twice(i: discord.Interaction) -> None:
    await i.response.send_message("Once.")
    i.response._response_type = None
    await i.response.send_message("Twice.")


async def follow_up_before_an_answer(i: discord.Interaction) -> None:
    await i.followup.send("Early.")


async def edit_what_was_deleted(i: discord.Interaction) -> None:
    await i.response.send_message("Here.")
    await i.delete_original_response()
    await i.edit_original_response(content="Gone.")


async def edit_a_dialog(i: discord.Interaction) -> None:
    await i.response.send_modal(modal())
    await i.edit_original_response(content="Nowhere.")


async def follow_up_a_deleted_thinking(i: discord.Interaction) -> None:
    await i.response.defer(thinking=True)
    await i.delete_original_response()
    await i.followup.send("Where to?", ephemeral=True)


async def follow_up_thinking(i: discord.Interaction) -> str:
    """The first one takes its place, and its publicity."""
    await i.response.defer(thinking=True)
    first = await i.followup.send("Here.", ephemeral=True, wait=True)
    original = await i.original_response()
    return f"same {first.id == original.id}, private {first.flags.ephemeral}"


async def follow_up_an_answer(i: discord.Interaction) -> str:
    await i.response.defer(thinking=True)
    await i.edit_original_response(content="…")
    second = await i.followup.send("And this.", ephemeral=True, wait=True)
    await i.delete_original_response()
    return f"private {second.flags.ephemeral}"


async def follow_up_a_deleted_answer(i: discord.Interaction) -> str:
    await i.response.send_message("Here.")
    await i.delete_original_response()
    second = await i.followup.send("And this.", ephemeral=True, wait=True)
    return f"private {second.flags.ephemeral}"


async def lose_what_made_it_private(i: discord.Interaction) -> str:
    await i.response.defer(thinking=True, ephemeral=True)
    edited = await i.edit_original_response(content="Still private.")
    return f"private {edited.flags.ephemeral}"


async def keep_an_attachment(i: discord.Interaction) -> str:
    file = discord.File(io.BytesIO(b"x"), "a.txt")
    await i.response.send_message("With a file.", file=file)
    first = await i.original_response()
    kept = await i.edit_original_response(content="Still.")
    gone = await i.edit_original_response(attachments=[])
    return f"{len(first.attachments)} {len(kept.attachments)} {len(gone.attachments)}"


async def show_a_picture(i: discord.Interaction) -> str:
    embed = discord.Embed(title="A").set_image(url="attachment://a.png")
    file = discord.File(io.BytesIO(b"x"), "a.png")
    await i.response.send_message(embed=embed, file=file)
    shown = await i.original_response()
    return f"an address {str(shown.embeds[0].image.url).startswith('http')}"


BIG = 11 * 2**20  # bytes
LONG = "x" * 3000

PROBES = {
    "long content": Probe(says(content="x" * 2001), 50035),
    "no content": Probe(says(content=""), 50006, 50035),
    "blank content": Probe(says(content="  \n "), 50006, 50035),
    "long title": Probe(says(embeds=embeds({"title": "x" * 257})), 50035),
    "long description": Probe(says(embeds=embeds({"description": "x" * 4097})), 50035),
    "6,001 in all embeds": Probe(
        says(embeds=embeds({"description": LONG}, {"description": LONG}, {"description": "x"})), 50035
    ),
    "long label": Probe(says(view=button(label="x" * 81)), 50035),
    "no label": Probe(says(content="A", view=button(label=None)), 50035, FINE),
    "the same button twice": Probe(says(content="A", view=twice_the_same()), 50035),
    "long placeholder": Probe(says(content="A", view=menu(placeholder="x" * 151)), 50035),
    "the same option twice": Probe(
        says(content="A", view=menu(options=[discord.SelectOption(label="A", value="a")] * 2)), 50035
    ),
    "long dialog title": Probe(lambda i: i.response.send_modal(modal(title="x" * 46)), 50035),
    "long dialog label": Probe(lambda i: i.response.send_modal(modal(label="x" * 46)), 50035),
    "large file": Probe(
        lambda i: i.response.send_message(file=discord.File(io.BytesIO(b"x" * BIG), "a.bin")), 40005, FINE
    ),
    "answer twice": Probe(answer_twice, 40060),
    "follow up before an answer": Probe(follow_up_before_an_answer, 10015, FINE),
    "edit what was deleted": Probe(edit_what_was_deleted, 10008),
    "edit a dialog": Probe(edit_a_dialog, 10008),
    "follow up a deleted thinking": Probe(follow_up_a_deleted_thinking, 10008),
    "follow up thinking": Probe(follow_up_thinking, "same True, private False"),
    "follow up an answer": Probe(follow_up_an_answer, "private True"),
    "follow up a deleted answer": Probe(follow_up_a_deleted_answer, "private True"),
    "lose what made it private": Probe(lose_what_made_it_private, "private True"),
    "keep an attachment": Probe(keep_an_attachment, "1 1 0"),
    "show a picture": Probe(show_a_picture, "an address True", "an address False"),
}


class ProbeBot(discord.AutoShardedClient):
    """Does one probe after another, and says what came of each."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)
        self.found: asyncio.Queue[int | str] = asyncio.Queue()

        @self.tree.command(description="Does what the probe says.")
        async def probe(interaction: discord.Interaction, name: str) -> None:
            try:
                said = await PROBES[name].act(interaction)
            except discord.HTTPException as error:
                said = error.code
            self.found.put_nowait(said if isinstance(said, int | str) else FINE)

    async def setup_hook(self) -> None:
        await self.tree.sync()


async def test_the_sandbox_answers_as_discord_does(tmp_path: Path) -> None:
    sandbox, bot = Sandbox(SandboxSettings(port=0, data_dir=tmp_path)), ProbeBot()
    await sandbox.start()
    sandbox.point_discord_here()
    running = asyncio.create_task(bot.start(sandbox.token))
    found: dict[str, int | str] = {}
    try:
        async with SandboxUser(sandbox.url, "Ash") as ash:
            await ash.wait(lambda: ash.online)
            for name in PROBES:
                await ash.command("probe", name=name)
                found[name] = await bot.found.get()
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)
        await sandbox.stop()
    assert found == {name: probe.discord for name, probe in PROBES.items()}


async def test_simcord_answers_alike_but_for_what_is_known() -> None:
    bot = ProbeBot()
    found: dict[str, int | str] = {}
    async with simcord.run(bot, shard_count=1, check_errors=False) as env:
        channel = env.create_guild().create_text_channel("hatchery")
        ash = env.guild.add_member(env.create_user("ash"))
        for name in PROBES:
            await ash.slash(channel, "probe", name=name)
            found[name] = await bot.found.get()
    assert found == {name: probe.simcord or probe.discord for name, probe in PROBES.items()}
