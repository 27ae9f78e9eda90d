"""What admins do with checkpoints: see which there are, and choose one."""

from __future__ import annotations

import discord

from bot.checkpoints.switching import describe, find
from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.interaction import Interaction
from bot.core.rights import require_admin
from bot.store import KnownCheckpoint

SHOWN = 15


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
                f"… and {len(known) - SHOWN} older ones: `python -m bot checkpoint list` shows them all."
            )
        embed = discord.Embed(title="Checkpoints", description="\n".join(lines))
        embed.set_footer(text="Choose one with /checkpoint use. Lower KID is better.")
        await interaction.edit_original_response(embed=embed)


async def use(interaction: Interaction, text: str) -> None:
    """Hatch with another checkpoint from now on."""
    require_admin(interaction)
    checkpoints = interaction.client.checkpoints
    async with answering(interaction) as acknowledge:
        known = await find(checkpoints.store, text)
        await acknowledge()
        known = await checkpoints.use(known.id)
        now = f"Creatures hatch from checkpoint **{known.id[:8]}** now. Saved ones stay as they are."
        await answer(interaction, content=now)


def _line(known: KnownCheckpoint, *, in_use: bool) -> str:
    origin = "came with the bot" if known.configured_at else "added"
    if known.parent_id:
        origin = f"from a retrain of {known.parent_id[:8]}"
    parts = [f"**{describe(known)}**", origin]
    if known.creatures:
        parts.append(f"{known.creatures:,} saved creature{'' if known.creatures == 1 else 's'}")
    return ("▶ " if in_use else "• ") + " · ".join(parts) + (" · **in use**" if in_use else "")
