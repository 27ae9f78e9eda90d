"""/about."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.core.buttons import view_of
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.slots import ABOUT
from gan.package import VERSION

WHAT = N_(
    "I hatch creatures that never existed, with a StyleGAN that was trained on sprites.\n"
    "Start with `/newmon`, keep what you like with `/save`, cross two with `/mix`, and look at what you have "
    "with `/mons`. Everything else is in the buttons."
)
NOTICE = N_(
    "An unofficial, non-commercial fan project, not affiliated with or endorsed by Nintendo, Creatures Inc., "
    "GAME FREAK inc. or The Pokémon Company; their names are their trademarks. Pictures are AI-generated."
)


@app_commands.command(description=N_("What this is, and the checkpoint in use: just /about"))
async def about(interaction: Interaction) -> None:
    engine = interaction.client.engine
    embed = discord.Embed(title="newmon", description=_(WHAT))
    kimg = engine.metadata.get("kimg")
    used = f"`{engine.checkpoint_id}`"
    if isinstance(kimg, int | float):
        used = _("{checkpoint}, trained on {images:,} images").format(
            checkpoint=used, images=round(kimg * 1000)
        )
    embed.add_field(name=_("Checkpoint"), value=used, inline=False)
    privacy = _("What is kept of you, to see or to have forgotten: `/mydata`.")
    if url := interaction.client.settings.privacy_url:
        privacy = f"{privacy} {url}"
    embed.add_field(name=_("Privacy"), value=privacy, inline=False)
    embed.add_field(name=_("Notice"), value=_(NOTICE), inline=False)
    embed.set_footer(text=f"newmon {VERSION}")
    view = view_of(ABOUT.items(interaction.client.offers, None))
    await interaction.response.send_message(embed=embed, view=view, ephemeral=True)
