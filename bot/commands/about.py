"""/about."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.core.interaction import Interaction
from gan.package import VERSION

WHAT = (
    "I hatch creatures that never existed, with a StyleGAN that was trained on sprites.\n"
    "Start with `/newmon`, keep what you like with `/save`, cross two with `/mix`, and look at what you have "
    "with `/mons`. Everything else is in the buttons."
)
NOTICE = (
    "An unofficial, non-commercial fan project, not affiliated with or endorsed by Nintendo, Creatures Inc., "
    "GAME FREAK inc. or The Pokémon Company; their names are their trademarks. Pictures are AI-generated."
)


@app_commands.command(description="What this is, and the checkpoint in use: just /about")
async def about(interaction: Interaction) -> None:
    engine = interaction.client.engine
    embed = discord.Embed(title="newmon", description=WHAT)
    kimg = engine.metadata.get("kimg")
    trained = f", trained on {round(kimg * 1000):,} images" if isinstance(kimg, int | float) else ""
    embed.add_field(name="Checkpoint", value=f"`{engine.checkpoint_id}`{trained}", inline=False)
    embed.add_field(name="Notice", value=NOTICE, inline=False)
    embed.set_footer(text=f"newmon {VERSION}")
    await interaction.response.send_message(embed=embed, ephemeral=True)
