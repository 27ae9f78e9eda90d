"""/help, and the first words in a server that has invited the bot: what one can do, and where to begin."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import discord
from discord import app_commands, ui
from discord.ui import View

from bot.core.buttons import Button, view_of
from bot.core.interaction import Interaction
from bot.core.language import N_, _, speaking
from bot.core.rights import is_admin, is_for_admins
from bot.core.slots import ABOUT, HELP, Offer

log = logging.getLogger(__name__)

Command = app_commands.Command[Any, Any, Any] | app_commands.Group

HELLO = N_(
    "Hello, I am newmon. I hatch creatures that nobody has seen before, and I remember everyone that you "
    "keep. Press a button to begin, or type one of these:"
)
FOR_ADMINS = N_("And for those who look after me:")
THREE = (
    N_("Type `/newmon` and see who hatches. Give it a name as its `seed`, and it is that name's creature."),
    N_("Press **Save** under one that you like: it is yours from then on, and `/mons` shows all of yours."),
    N_("Cross two with `/mix`: six children, and you choose."),
)
# What messages with pictures take, and what Discord calls it.
NEEDED = {
    "view_channel": N_("View Channels"),
    "send_messages": N_("Send Messages"),
    "embed_links": N_("Embed Links"),
    "attach_files": N_("Attach Files"),
}


@app_commands.command(name="help", description=N_("What I can do, and where to begin: just /help"))
async def show_help(interaction: Interaction) -> None:
    """For the person who asks alone, in their language. Admins see the commands that are theirs, too."""
    bot = interaction.client
    with speaking(interaction.locale):
        embed = help_embed(bot.commands, bot.menus, for_admin=is_admin(interaction))
        view = help_view(bot.offers)
        await interaction.response.send_message(embed=embed, view=view, ephemeral=True)


class Help(Button):
    """What /help says, for whoever presses it alone."""

    prefix, label, emoji = "help", N_("What else can you do?"), "❓"

    async def press(self, interaction: Interaction) -> None:
        await show_help.callback(interaction)  # pyright: ignore[reportCallIssue, reportArgumentType]


@ABOUT.offer(order=10)
def offer_help(_nothing: None) -> ui.Button[View]:
    return Help().item()


def help_embed(
    commands: Iterable[Command], menus: Iterable[app_commands.ContextMenu], *, for_admin: bool
) -> discord.Embed:
    """Every command that this person may use, with what it does, as the features define them."""
    everybody, admins = [], []
    for command in commands:
        (admins if is_for_admins(command) else everybody).extend(_lines(command))
    in_menus = (_("**{name}** · in the menu of a message, under Apps").format(name=_(m.name)) for m in menus)
    text = "\n".join([_(HELLO), "", *everybody, *in_menus])
    if for_admin and admins:
        text = "\n".join([text, "", _(FOR_ADMINS), *admins])
    return discord.Embed(title=_("What would you like to do?"), description=text)


def _lines(command: Command) -> list[str]:
    if isinstance(command, app_commands.Group):
        return [line for child in command.commands for line in _lines(child)]
    return [f"**/{command.qualified_name}** · {_(_plain(command.description))}"]


def _plain(description: str | app_commands.locale_str) -> str:
    return description.message if isinstance(description, app_commands.locale_str) else description


def help_view(offers: Sequence[Offer[Any]]) -> View:
    """What features offer to begin with."""
    return view_of(HELP.items(offers, None))


async def greet(guild: discord.Guild, offers: Sequence[Offer[Any]]) -> None:
    """Say hello where most of what is needed is allowed; where nothing may be written, say nothing."""
    channel = _where(guild)
    if channel is None:
        log.info("Server %s has no channel that I may write in: it gets no greeting.", guild.id)
        return
    missing = _missing(channel, guild.me)
    with speaking(guild.preferred_locale):
        text = _greeting(missing)
        view = view_of([*HELP.items(offers, None, taken=1), Help().item(row=0)])
        try:
            if "embed_links" in missing:
                await channel.send(text, view=view)
            else:
                await channel.send(embed=discord.Embed(title=_("Hello!"), description=text), view=view)
        except discord.HTTPException as error:  # the channel's rights may have changed just now
            log.info("A greeting could not be sent to server %s: %s", guild.id, error)


def _where(guild: discord.Guild) -> discord.TextChannel | None:
    """The server's own channel for news, else the first one, of those where the least is missing."""
    mine = [
        channel
        for channel in guild.text_channels
        if not {"view_channel", "send_messages"} & set(_missing(channel, guild.me))
    ]
    return min(
        mine,
        key=lambda one: (len(_missing(one, guild.me)), one != guild.system_channel, one.position, one.id),
        default=None,
    )


def _missing(channel: discord.TextChannel, me: discord.Member) -> list[str]:
    allowed = channel.permissions_for(me)
    return [name for name in NEEDED if not getattr(allowed, name)]


def _greeting(missing: Sequence[str]) -> str:
    lines = [
        _("I am newmon, and I hatch creatures that never existed. Three things to try:"),
        *(f"{number}. {_(one)}" for number, one in enumerate(THREE, 1)),
    ]
    if missing:
        names = ", ".join(f"**{_(NEEDED[name])}**" for name in missing)
        lack = _(
            "One thing first: here I lack {names}, so not everything that I show arrives. Whoever manages "
            "this server can allow it to my role in the settings of this channel."
        )
        lines += ["", lack.format(names=names)]
    return "\n".join(lines)
