"""/mix, the button under every card, and its dialog."""

from __future__ import annotations

from typing import Any, Literal

from discord import SelectOption, app_commands, ui
from discord.ui import Label, Select, TextInput, View

from bot.core.acknowledge import Acknowledge, answering
from bot.core.buttons import Button
from bot.core.creatures import ALL_LEVELS, existing, named, show, suggest_creatures
from bot.core.custom_id import Id
from bot.core.dialogs import Answers, Dialog
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.slots import CREATURE
from bot.engine import Take
from bot.errors import UserError
from bot.features.mixing.children import breed, show_children
from bot.features.mixing.rehatching import offer_rehatching
from bot.store import Creature


@app_commands.command(
    description=N_("Mix two creatures, for example /mix a:Foo b:Bar: six children to choose from")
)
@app_commands.describe(
    a=N_("The first creature, by name or code, for example Foo: it gives the body"),
    b=N_("The second creature, by name or code, for example Bar: it gives its style"),
    take=N_("What to take from B, for one child, for example colours; without it, all that makes B"),
    amount=N_("How much of B, in percent, for one child: for example 40"),
)
@app_commands.autocomplete(a=suggest_creatures, b=suggest_creatures)
async def mix(
    interaction: Interaction,
    a: str,
    b: str,
    take: Literal["shape", "features", "colours"] | None = None,
    amount: app_commands.Range[int, 0, 100] | None = None,
) -> None:
    """Six children, or one if `take` or `amount` is given."""
    if take not in (None, *ALL_LEVELS) or not 0 <= (amount or 0) <= 100:
        raise UserError(N_("Take the shape, the features or the colours of B, and 0 to 100 % of it."))
    async with answering(interaction) as acknowledge:
        first = await named(interaction, a)
        second = await named(interaction, b)
        if first.checkpoint_id != second.checkpoint_id or (take is None and amount is None):
            await _mix(interaction, acknowledge, first, second)
            return
        taken: list[Take] = ALL_LEVELS if take is None else [take]
        percent = amount if amount is not None else 100 if take else 50
        [child] = await breed(interaction, acknowledge, first, second, [(taken, percent)])
        await show(interaction, child, (first, second))


async def _mix(interaction: Interaction, acknowledge: Acknowledge, a: Creature, b: Creature) -> None:
    """The sheet of six; for parents of different checkpoints an offer instead."""
    if a.checkpoint_id != b.checkpoint_id:
        await offer_rehatching(interaction, acknowledge, a, b)
    else:
        await show_children(interaction, acknowledge, a, b)


class MixWith(Button):
    """Opens the dialog for the other parent, with one's own creatures to choose from."""

    prefix, label, emoji = "with", N_("Mix with …"), "🧬"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        creature = await existing(interaction, self.creature_id)
        partners = await interaction.client.store.collection.partners(interaction.user.id, creature)
        title = _("Mix {name} with …").format(name=creature.name or creature.code)
        await MixDialog(creature.id).open(interaction, title, *_fields(partners))


def _fields(partners: list[tuple[int, str]]) -> list[Label[Any]]:
    """Of the dialog: one of at most 25 (id, name), or whatever is typed."""
    typed: TextInput[Any] = TextInput(
        custom_id="text", max_length=100, placeholder=_("Foo, or k3f9x0ab"), required=not partners
    )
    if not partners:
        return [Label(text=_("Name or code"), component=typed)]
    menu: Select[Any] = Select(
        custom_id="partner",
        options=[SelectOption(label=name, value=str(i)) for i, name in partners],
        placeholder=_("One of your creatures"),
        min_values=0,
        required=False,
    )
    return [
        Label(text=_("One of yours"), component=menu),
        Label(text=_("Or any other, by name or code"), component=typed),
    ]


class MixDialog(Dialog):
    """Mixes with what was typed, or else with what was chosen."""

    prefix = "with"
    creature_id: Id

    async def submit(self, interaction: Interaction, answers: Answers) -> None:
        text, chosen = answers.get("text", "").strip(), answers.get("partner", "")
        async with answering(interaction) as acknowledge:
            first = await existing(interaction, self.creature_id)
            if text:
                second = await named(interaction, text)
            elif chosen.isdecimal():
                second = await existing(interaction, int(chosen))
            else:
                raise UserError(
                    N_("Choose one of your creatures, or type the name or the code of any other.")
                )
            await _mix(interaction, acknowledge, first, second)


@CREATURE.offer(order=40)
def offer_mix(creature: Creature) -> ui.Button[View]:
    return MixWith(creature.id).item()
