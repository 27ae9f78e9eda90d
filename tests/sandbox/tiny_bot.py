"""A small real discord.py bot that does one of everything, to try the sandbox with."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any, Self

import discord
from discord import app_commands
from PIL import Image


def picture(colour: str = "tomato", size: int = 64) -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGBA", (size, size), colour).save(out, "PNG")
    return out.getvalue()


class TinyBot(discord.AutoShardedClient):
    """Keeps what went wrong in `errors`, and stops at `gate` where a command says so."""

    def __init__(self, heartbeat_timeout_s: float = 60.0) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True)
        super().__init__(intents=intents, heartbeat_timeout=heartbeat_timeout_s)
        self.tree = app_commands.CommandTree(self)
        self.errors: asyncio.Queue[discord.HTTPException] = asyncio.Queue()
        self.refused: list[discord.HTTPException] = []  # the same, for looking back
        self.gate = asyncio.Event()
        self.pondered: list[discord.Interaction] = []
        self.connected = asyncio.Event()
        self.resumed = asyncio.Event()
        self.interactions: list[discord.Interaction] = []
        self._running: asyncio.Task[None] | None = None
        for command in COMMANDS:
            self.tree.add_command(command)
        self.add_dynamic_items(RecolourButton)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def run_in_background(self, token: str) -> None:
        """Returns once the bot is connected; raises what made that impossible."""
        self._running = asyncio.create_task(self.start(token))
        connected = asyncio.create_task(self.connected.wait())
        await asyncio.wait([self._running, connected], return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            connected.cancel()
            await self._running

    async def stop(self) -> None:
        await self.close()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def on_shard_connect(self, shard_id: int) -> None:
        self.connected.set()

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.resumed.set()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.interactions.append(interaction)

    async def attempt(self, awaitable: Any) -> None:
        """Awaits an answer that Discord may refuse, and notes the refusal."""
        try:
            await awaitable
        except discord.HTTPException as error:
            self.refused.append(error)
            self.errors.put_nowait(error)


def bot_of(interaction: discord.Interaction) -> TinyBot:
    assert isinstance(interaction.client, TinyBot)
    return interaction.client


class RecolourButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"recolour:(?P<colour>[a-z]+)"
):
    """Edits its message to show another colour; works for as long as the message exists."""

    def __init__(self, colour: str) -> None:
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=colour.title(),
            custom_id=f"recolour:{colour}",
            emoji="🎨",
            style=discord.ButtonStyle.primary,
        )
        super().__init__(button)
        self.colour = colour

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["colour"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(
            embed=creature_embed(self.colour),
            attachments=[discord.File(io.BytesIO(picture(self.colour)), "creature.png")],
        )


class NameModal(discord.ui.Modal, title="Name your creature"):
    name: discord.ui.TextInput[Self] = discord.ui.TextInput(
        label="Name", placeholder="Foo", min_length=2, max_length=32, custom_id="name"
    )
    why: discord.ui.TextInput[Self] = discord.ui.TextInput(
        label="Why?", style=discord.TextStyle.paragraph, required=False, custom_id="why"
    )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        await interaction.response.send_message(f"Saved as **{self.name.value}**.")


class CreatureView(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        for colour in ("gold", "teal"):
            self.add_item(RecolourButton(colour))

    @discord.ui.button(label="Save", style=discord.ButtonStyle.success, custom_id="save")
    async def save(self, interaction: discord.Interaction, button: discord.ui.Button[Self]) -> None:
        await interaction.response.send_modal(NameModal())

    @discord.ui.button(label="Sold out", disabled=True, custom_id="sold")
    async def sold_out(self, interaction: discord.Interaction, button: discord.ui.Button[Self]) -> None:
        raise AssertionError("nobody can click this")

    @discord.ui.select(
        placeholder="Who is it for?",
        custom_id="for",
        options=[
            discord.SelectOption(label="Me", value="me", description="Keep it"),
            discord.SelectOption(label="Them", value="them", emoji="🎁"),
        ],
    )
    async def given(self, interaction: discord.Interaction, menu: discord.ui.Select[Self]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"It is for {menu.values[0]}.", ephemeral=True)


def creature_embed(colour: str) -> discord.Embed:
    embed = discord.Embed(
        title=f"A {colour} creature",
        description="It never existed.",
        colour=discord.Colour.from_str("#ff6347"),
    )
    embed.add_field(name="Seed", value="`151`")
    embed.add_field(name="Weirdness", value="normal")
    embed.set_image(url="attachment://creature.png")
    embed.set_footer(text="tiny · checkpoint 0123abcd")
    return embed


@app_commands.command(description="Answers at once.")
async def ping(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(f"Pong, {interaction.user.mention}!")


@app_commands.command(description="Hatch a creature: thinks, then shows a picture with buttons.")
@app_commands.describe(colour="A colour.", weirdness="How strange it may be.", count="How many.")
@app_commands.choices(weirdness=[app_commands.Choice(name=n, value=n) for n in ("tame", "normal", "wild")])
async def hatch(
    interaction: discord.Interaction,
    colour: str = "tomato",
    weirdness: str = "normal",
    count: app_commands.Range[int, 1, 9] = 1,
) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.edit_original_response(
        embed=creature_embed(colour),
        attachments=[discord.File(io.BytesIO(picture(colour)), "creature.png")],
        view=CreatureView(),
    )


@app_commands.command(description="A creature by name.")
@app_commands.describe(name="Its name.")
async def show(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(
        name, file=discord.File(io.BytesIO(picture("teal", 32)), f"{name}.png")
    )


@show.autocomplete("name")
async def complete_name(interaction: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
    names = [f"Foo {n}" for n in range(30)] if text.startswith("Foo") else ["Bar", "Baz", "Quux"]
    found = [name for name in names if text.casefold() in name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in found]


@app_commands.command(description="Refuses, privately.")
async def refuse(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("There is no such creature.", ephemeral=True)


@app_commands.command(description="Answers only after its gate opens.")
async def slow(interaction: discord.Interaction) -> None:
    bot = bot_of(interaction)
    await bot.gate.wait()
    await bot.attempt(interaction.response.send_message("Too late?"))


@app_commands.command(description="Thinks until its gate opens.")
async def ponder(interaction: discord.Interaction) -> None:
    bot = bot_of(interaction)
    await interaction.response.defer(thinking=True)
    bot.pondered.append(interaction)
    await bot.gate.wait()
    await bot.attempt(interaction.edit_original_response(content="Done pondering."))


@app_commands.command(description="Answers twice.")
async def twice(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("Once.")
    interaction.response._response_type = None  # discord.py would not let us
    await bot_of(interaction).attempt(interaction.response.send_message("Twice."))


@app_commands.command(description="Breaks one of Discord's limits.")
async def break_limit(interaction: discord.Interaction, limit: str) -> None:
    bot = bot_of(interaction)
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x" * (81 if limit == "label" else 1), custom_id="a"))
    embed = discord.Embed(title="x" * (257 if limit == "title" else 1))
    content = "x" * 2001 if limit == "content" else "x"
    await bot.attempt(interaction.response.send_message(content, embed=embed, view=view))
    if bot.refused:
        await interaction.response.send_message("That was too much.")


training = app_commands.Group(
    name="train", description="Admins only.", default_permissions=discord.Permissions(administrator=True)
)


@training.command(description="Starts training.")
async def start(interaction: discord.Interaction, kimg: int, trainer: discord.Member) -> None:
    assert isinstance(interaction.user, discord.Member)
    assert interaction.permissions.administrator
    await interaction.response.send_message(f"{trainer.display_name} trains {kimg} kimg.")


@app_commands.command(description="A layout of the new kind.")
async def layout(interaction: discord.Interaction) -> None:
    view = discord.ui.LayoutView()
    gallery = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png"))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(RecolourButton("gold"))
    view.add_item(discord.ui.Container(discord.ui.TextDisplay("# A **gallery**"), gallery, row))
    await interaction.response.send_message(view=view, file=discord.File(io.BytesIO(picture()), "a.png"))


@app_commands.command(description="Looks at a file.")
@app_commands.describe(file="Any file.", note="What to say of it.")
async def look(interaction: discord.Interaction, file: discord.Attachment, note: str = "") -> None:
    data = await file.read()
    said = f"{file.filename} {file.content_type} {file.width}x{file.height} {len(data)}/{file.size} {note}"
    await interaction.response.send_message(said.strip(), ephemeral=True)


@app_commands.context_menu(name="Look Closer")
async def look_closer(interaction: discord.Interaction, message: discord.Message) -> None:
    sizes = [len(await attachment.read()) for attachment in message.attachments]
    await interaction.response.send_message(f"{message.author.display_name}: {message.content} {sizes}")


COMMANDS = (
    *(ping, hatch, show, refuse, slow, ponder, twice, break_limit, training, layout),
    *(look, look_closer),
)
