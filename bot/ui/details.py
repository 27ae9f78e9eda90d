"""All that is known of one creature, for those who want to know: what it came of, and what was read of it."""

from __future__ import annotations

import discord

from bot.core.language import N_, _, language
from bot.core.weirdness import describe
from bot.creature.facts import height_text, weight_text
from bot.creature.kin import describe_kin
from bot.creature.traits import STATS, Traits
from bot.store import Creature, Hatch
from bot.ui.cards import TIER_NAMES, TYPE_NAMES, code_text, describe_recipe

BAR_LENGTH, BAR_FULL = 15, 150  # characters, and the stat that fills them
STAT_NAMES = dict(
    zip(
        STATS,
        (N_("HP"), N_("Attack"), N_("Defence"), N_("Sp. Atk"), N_("Sp. Def"), N_("Speed")),
        strict=True,
    )
)
COLOUR_NAMES = {
    "Black": N_("black"), "Blue": N_("blue"), "Brown": N_("brown"), "Gray": N_("gray"), "Green": N_("green"),
    "Pink": N_("pink"), "Purple": N_("purple"), "Red": N_("red"), "White": N_("white"),
    "Yellow": N_("yellow"),
}  # fmt: skip
SHAPE_NAMES = {
    "armor": N_("armoured"), "arms": N_("head and arms"), "ball": N_("a head alone"), "blob": N_("a blob"),
    "bug-wings": N_("insect wings"), "fish": N_("a fish"), "heads": N_("several bodies"),
    "humanoid": N_("on two legs"), "legs": N_("head and legs"), "quadruped": N_("on four legs"),
    "squiggle": N_("a serpent"), "tentacles": N_("tentacles"), "upright": N_("on two legs with a tail"),
    "wings": N_("two wings"),
}  # fmt: skip


def details(creature: Creature, traits: Traits | None) -> discord.Embed:
    """An embed for one person: seed, weirdness, code, checkpoint, recipe, and what was read."""
    embed = discord.Embed(title=creature.name or _("A creature that has no name yet"))
    for name, value in (*_origin(creature), *([] if traits is None else _nature(traits))):
        embed.add_field(name=name, value=value)
    if traits is None:
        embed.set_footer(text=_("Nothing is read of creatures of its checkpoint."))
    elif traits.shows("stats"):
        embed.description = _stats(traits)
    return embed


def _origin(creature: Creature) -> list[tuple[str, str]]:
    known: list[tuple[str, str]] = []
    match creature.recipe:
        case Hatch(seed=seed, psi=psi, words=words, candidate=candidate):
            known.append((_("Seed"), code_text(str(seed))))
            if words and words != str(seed):
                known.append((_("Words"), code_text(words)))
            if psi is not None:
                known.append((_("Weirdness"), describe(psi)))
            if candidate:
                known.append((_("Candidate"), str(candidate)))
    if recipe := describe_recipe(creature.recipe):
        known.append((_("Recipe"), recipe))
    known.append((_("Code"), code_text(creature.code)))
    known.append((_("Checkpoint"), code_text(creature.checkpoint_id)))
    known.append((_("Noise"), code_text(str(creature.noise_seed))))
    known.append((_("Hatched"), f"<t:{int(creature.created_at.timestamp())}:f>"))
    if creature.saved_at is not None:
        known.append((_("Saved"), f"<t:{int(creature.saved_at.timestamp())}:f>"))
    return known


def _nature(traits: Traits) -> list[tuple[str, str]]:
    read = {
        "types": (_("Types"), " / ".join(_(TYPE_NAMES[kind]) for kind in traits.types)),
        "colour": (_("Colour"), _(COLOUR_NAMES[traits.colour])),
        "shape": (_("Body"), _(SHAPE_NAMES[traits.shape])),
        "height": (_("Height"), _("{height} m").format(height=height_text(traits.height_m))),
        "weight": (_("Weight"), _("{weight} kg").format(weight=weight_text(traits.weight_kg))),
        "stage": (_("Stage"), _("{stage} of 3").format(stage=traits.stage)),
    }
    lines = [line for group, line in read.items() if traits.shows(group)]
    if traits.rarity is not None:
        tier = _(TIER_NAMES[traits.rarity.tier])
        text = _("{tier}: rarer than {share:.1%} of all").format(tier=tier, share=traits.rarity.percentile)
        lines.append((_("Rarity"), text))
    if (kin := describe_kin(traits, language())) is not None:
        lines.append((_("Resembles"), kin))
    return lines


def _stats(traits: Traits) -> str:
    """A line of text for each base stat, with a bar, and their total."""
    named = [(_(STAT_NAMES[stat]), value) for stat, value in zip(STATS, traits.stats, strict=True)]
    width = max(len(name) for name, _value in named)
    lines = []
    for name, value in named:
        full = min(BAR_LENGTH, max(1, round(value / BAR_FULL * BAR_LENGTH)))
        lines.append(f"{name:<{width}} {value:>3} {'█' * full}{'░' * (BAR_LENGTH - full)}")
    lines.append(f"{_('Total'):<{width}} {sum(traits.stats):>3}")
    return "```\n" + "\n".join(lines) + "\n```"
