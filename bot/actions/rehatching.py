"""Parents of different checkpoints: one is re-hatched in the other's, and if its owner likes it, they mix."""

from __future__ import annotations

import time

from bot.actions.common import courtesy, existing, new_creature
from bot.actions.naming import candidates
from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import answer, put
from bot.core.interaction import Interaction
from bot.engine import OnProgress
from bot.errors import UserError
from bot.store import AlreadySaved, Creature
from bot.ui.rehatching import comparison, offer

NOTE_INTERVAL_S = 3.0
NOT_YOURS = "This is somebody else's mix: make your own with /mix."


async def offer_rehatching(
    interaction: Interaction, acknowledge: Acknowledge, a: Creature, b: Creature
) -> None:
    """Say why these two do not mix, and offer what can be done. Raises `UserError` if that is nothing."""
    engine = interaction.client.engine
    # Into the checkpoint in use, if it is one of the two: it is there to stay.
    targets = sorted((b, a), key=lambda one: one.checkpoint_id != engine.checkpoint_id)
    possible: list[Creature] = []
    refusal: UserError | None = None
    for target in targets:
        try:
            await engine.prepare(target.checkpoint_id)
            possible.append(target)
        except UserError as error:
            refusal = error
    if not possible:
        assert refusal is not None
        raise refusal
    await acknowledge()
    embed, view = offer(a, b, possible, interaction.user.id)
    await answer(interaction, embed=embed, view=view)


async def rehatch(
    interaction: Interaction, creature_id: int, target_id: int, first: bool, user_id: int
) -> None:
    """Look for the creature most like this one on the other's checkpoint, and show both side by side."""
    _refuse_others(interaction, user_id)
    bot = interaction.client
    async with answering(interaction) as acknowledge:
        original, other = await existing(interaction, creature_id), await existing(interaction, target_id)
        hatched = await bot.engine.rehatch(
            original.png,
            original.noise_seed,
            other.checkpoint_id,
            user_id=user_id,
            on_accepted=acknowledge,
            on_progress=progress_note(interaction, original.name or original.code),
        )
        recipe = {"rehatched": original.checkpoint_id}
        [made] = await bot.store.creatures.add(
            [new_creature(interaction, hatched, parent_a_id=original.id, recipe=recipe, shown=False)]
        )
        pictures = await bot.engine.pictures([original, made])
        card, view = await comparison(original, made, pictures, other, first, user_id)
        await put(interaction, card, view)


async def keep_rehatched(
    interaction: Interaction, creature_id: int, user_id: int, other_id: int
) -> tuple[Creature, Creature]:
    """Save what was re-hatched, if that was not done yet, under a name like its original's. Returns it and
    the other parent.
    """
    _refuse_others(interaction, user_id)
    store = interaction.client.store
    made, other = await existing(interaction, creature_id), await existing(interaction, other_id)
    if made.name is not None:
        return made, other
    original = None if made.parent_a_id is None else await store.creatures.get(made.parent_a_id)
    known_as = (original and original.name) or made.parent_a_name or "Rehatched"
    name = await store.collection.free_name(user_id, candidates(known_as, None))
    if name is None:
        raise UserError(f"All names like {known_as} are taken: rename one of those creatures first.")
    try:
        at = interaction.created_at
        return await store.creatures.save(made.id, user_id, name, interaction.guild_id, at), other
    except AlreadySaved as error:  # by a second press at the same time
        return error.creature, other


def progress_note(interaction: Interaction, name: str) -> OnProgress:
    """Tells a person how far it is, and not too often."""
    told_at = float("-inf")

    async def note(share: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < NOTE_INTERVAL_S:
            return
        told_at = time.monotonic()
        with courtesy():
            await interaction.edit_original_response(content=f"Re-hatching {name} … {share:.0%}")

    return note


def _refuse_others(interaction: Interaction, user_id: int) -> None:
    if interaction.user.id != user_id:
        raise UserError(NOT_YOURS)
