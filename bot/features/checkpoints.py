"""/checkpoint: admins see which checkpoints there are, and choose what creatures hatch from."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.checkpoints.switching import describe, find
from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.interaction import Interaction
from bot.core.language import N_, _, ngettext
from bot.core.limits import CHOICES_MAX
from bot.core.rights import ADMINS, is_admin, require_admin
from bot.store import KnownCheckpoint

SHOWN = 15

checkpoint = app_commands.Group(
    name="checkpoint", description=N_("Choose what creatures hatch from (admins)"), extras={ADMINS: True}
)


@checkpoint.command(name="list", description=N_("All checkpoints with their figures: just /checkpoint list"))
async def show_list(interaction: Interaction) -> None:
    """All checkpoints, newest first, for the person who asks alone."""
    require_admin(interaction)
    async with answering(interaction, private=True) as acknowledge:
        await acknowledge()
        bot = interaction.client
        known = await bot.checkpoints.listed()
        lines = [_line(one, in_use=one.id == bot.engine.checkpoint_id) for one in known[:SHOWN]]
        if len(known) > SHOWN:
            lines.append(
                _("… and {count} older ones: `python -m bot checkpoint list` shows them all.").format(
                    count=len(known) - SHOWN
                )
            )
        embed = discord.Embed(title=_("Checkpoints"), description="\n".join(lines))
        embed.set_footer(text=_("Choose one with /checkpoint use. Lower KID is better."))
        await interaction.edit_original_response(embed=embed)


@checkpoint.command(
    name="use", description=N_("Hatch from another checkpoint, for example /checkpoint use id:1a2b3c4d")
)
@app_commands.describe(checkpoint_id=N_("Its id, or the start of it, for example 1a2b3c4d"))
@app_commands.rename(checkpoint_id="id")
async def use(interaction: Interaction, checkpoint_id: str) -> None:
    require_admin(interaction)
    checkpoints = interaction.client.checkpoints
    async with answering(interaction) as acknowledge:
        known = await find(checkpoints.store, checkpoint_id)
        await acknowledge()
        known = await checkpoints.use(known.id)
        now = _("Creatures hatch from checkpoint **{checkpoint}** now. Saved ones stay as they are.")
        await answer(interaction, content=now.format(checkpoint=known.id[:8]))


@use.autocomplete("checkpoint_id")
async def _suggest_checkpoints(interaction: Interaction, current: str) -> list[Choice[str]]:
    if not is_admin(interaction):
        return []
    typed = current.strip().casefold()
    known = [
        one for one in await interaction.client.checkpoints.listed() if typed in describe(one).casefold()
    ]
    return [Choice(name=describe(one)[:100], value=one.id) for one in known[:CHOICES_MAX]]


def _line(known: KnownCheckpoint, *, in_use: bool) -> str:
    origin = _("came with the bot") if known.configured_at else _("added")
    if known.parent_id:
        origin = _("from a retrain of {checkpoint}").format(checkpoint=known.parent_id[:8])
    parts = [f"**{describe(known)}**", origin]
    if known.creatures:
        saved = ngettext("{count:,} saved creature", "{count:,} saved creatures", known.creatures)
        parts.append(saved.format(count=known.creatures))
    if in_use:
        parts.append(_("**in use**"))
    return ("▶ " if in_use else "• ") + " · ".join(parts)
