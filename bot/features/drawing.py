"""/draw and the context menu of a message: a creature hatches from a picture of one's own.

Of the picture nothing is kept: it is read in memory, by a process that ends with it, and all that stays is
the creature. The answer shows it beside that, cut out and small, until the card is drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.core.acknowledge import answering
from bot.core.creatures import new_creature, random_seed, show
from bot.core.downloads import check_size, download, is_discords
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.waiting import counted, progress_note
from bot.engine import ProjectionOrder, check_pixels
from bot.errors import UserError
from bot.store import recipes
from bot.ui.comparison import before_and_after

BYTES_MAX = 10_000_000

NO_PICTURE = N_("There is no picture in this message: choose one that was uploaded to Discord, or use /draw.")
NOT_A_PICTURE = N_("This is no picture that I can read: please use a PNG, JPEG, WebP or GIF.")
ELSEWHERE = N_("This picture lies outside of Discord: please upload it here, then use /draw.")
STILL_DRAWING = N_("I am still drawing your last picture: please wait for that one first.")


@dataclass(frozen=True)
class Source:
    """Where a picture lies, and what Discord says of it."""

    url: str
    size: int = 0  # bytes; 0 where nobody says
    width: int = 0
    height: int = 0
    content_type: str = ""

    @property
    def may_be_picture(self) -> bool:
        """As far as its type says, which may be missing."""
        return not self.content_type or self.content_type.startswith("image/")


@app_commands.command(
    description=N_("Hatch the creature that comes closest to a picture of yours: /draw picture:…")
)
@app_commands.describe(
    picture=N_("A PNG, JPEG, WebP or GIF of one creature, for example a drawing on white paper")
)
async def draw(interaction: Interaction, picture: discord.Attachment) -> None:
    await _draw(interaction, _attached(picture))


@app_commands.context_menu(name=N_("Draw this"))
async def draw_this(interaction: Interaction, message: discord.Message) -> None:
    await _draw(interaction, _first_picture(message))


async def _draw(interaction: Interaction, source: Source) -> None:
    """Hatch what comes closest to a picture, and show it beside that. Raises `UserError`."""
    if not source.may_be_picture:
        raise UserError(NOT_A_PICTURE)
    check_size(source.size, BYTES_MAX)
    check_pixels(source.width, source.height)
    bot, user_id = interaction.client, interaction.user.id
    async with answering(interaction) as acknowledge:
        with bot.drawing.holding(user_id, STILL_DRAWING), counted(interaction, 1):
            subject = await bot.engine.subject(await download(source.url, BYTES_MAX, bot.proxy_url))
            hatched = await bot.engine.project(
                ProjectionOrder(subject.png, random_seed(), bot.engine.checkpoint_id),
                user_id=user_id,
                on_accepted=acknowledge,
                on_progress=progress_note(interaction, _progress),
            )
            new = new_creature(interaction, hatched, recipes.Drawn())
            [creature] = await bot.store.creatures.add([new])
        beside = partial(before_and_after, subject.png, label=_("your picture"))
        remark = _("It moves, so I drew how it begins.") if subject.animated else None
        await show(
            interaction,
            creature,
            (None, None),
            remark=remark,
            drawn=(beside, _("beside the picture that it comes from")),
        )


def _progress(share: float) -> str:
    text = _("Looking for a creature like this … {share:.0%}").format(share=share)
    hint = _("Should this stand still for a minute, I was restarted meanwhile: please use /draw again.")
    return f"{text}\n-# {hint}"


def _attached(attachment: discord.Attachment) -> Source:
    return Source(
        attachment.url,
        attachment.size,
        attachment.width or 0,
        attachment.height or 0,
        attachment.content_type or "",
    )


def _first_picture(message: discord.Message) -> Source:
    """What a message shows first, wherever it stands in it. Raises `UserError`."""
    attached = [_attached(attachment) for attachment in message.attachments]
    if found := next((source for source in attached if source.may_be_picture), None):
        return found
    shown = [*_embedded(message.embeds), *_laid_out(message.components)]
    if found := next((source for source in shown if is_discords(source.url)), None):
        return found
    raise UserError(ELSEWHERE if shown else NOT_A_PICTURE if attached else NO_PICTURE)


def _embedded(embeds: list[discord.Embed]) -> Iterator[Source]:
    for embed in embeds:
        for media in (embed.image, embed.thumbnail):
            if media.url:
                yield Source(media.url, width=media.width or 0, height=media.height or 0)


def _laid_out(components: Any) -> Iterator[Source]:
    """Pictures in layouts, in whatever frames and sections those stand."""
    for component in components:
        media = [component, *getattr(component, "items", ())]
        for item in (getattr(one, "media", None) for one in media):
            if isinstance(item, discord.UnfurledMediaItem):
                yield Source(
                    item.url,
                    width=item.width or 0,
                    height=item.height or 0,
                    content_type=item.content_type or "",
                )
        yield from _laid_out(getattr(component, "children", ()))
        accessory = getattr(component, "accessory", None)
        yield from _laid_out([accessory] if accessory is not None else [])
