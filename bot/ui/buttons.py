"""Every button and menu, and how they are laid out under a message."""

from __future__ import annotations

from discord import ButtonStyle, SelectOption
from discord.ui import View

from bot.core import weirdness
from bot.core.buttons import Menu, Press
from bot.store import SORTS, Creature, Page, Sort

SORT_LABELS: dict[Sort, str] = {
    "newest": "Newest first",
    "name": "By name",
    "favourites": "Favourites first",
    "oldest": "Oldest first",
}


class Save(Press, template=r"newmon:save:(\d{1,19})"):
    """Opens the dialog for a name."""

    prefix, label, emoji, style = "save", "Save", "💾", ButtonStyle.primary


class Another(Press, template=r"newmon:another:(\d{1,3})"):
    """Hatches another creature, as weird as the last (ψ in percent), for whoever presses it."""

    prefix, label, emoji = "another", "Hatch another", "🥚"


class Several(Press, template=r"newmon:several:(\d{1,3}):(\d)"):
    """Hatches several at once: ψ in percent, and how many."""

    prefix, label, emoji = "several", "Hatch more", "🥚"


class Choose(Press, template=r"newmon:choose:(\d{1,19}):(\d)"):
    """Shows one creature of a sheet by itself."""

    prefix, label = "choose", "Choose"


class Swap(Press, template=r"newmon:swap:(\d{1,19}):(\d{1,19}):(\d{1,20})"):
    """Exchanges the parents of a mix (A, B), for the person who asked for it."""

    prefix, label, emoji = "swap", "Swap parents", "🔁"


class MoreLikeThis(Press, template=r"newmon:more:(\d{1,19}):(\d{1,19}):(\d{1,20})"):
    """Six more children of the same parents, each a small step away, for the person who asked for the mix."""

    prefix, label, emoji = "more", "More like this", "✨"


class Nearby(Press, template=r"newmon:nearby:(\d{1,19})"):
    """Hatches a creature a small step away from this one, for whoever presses it."""

    prefix, label, emoji = "nearby", "Reroll nearby", "🎲"


class MixWith(Press, template=r"newmon:with:(\d{1,19})"):
    """Opens the dialog for the other parent."""

    prefix, label, emoji = "with", "Mix with …", "🧬"


class Favourite(Press, template=r"newmon:favourite:(\d{1,19}):([01])"):
    """Marks (1) or unmarks (0): the wish is in the button, so that a double press is the same as one."""

    prefix, label, emoji = "favourite", "Favourite", "⭐"


class Rename(Press, template=r"newmon:rename:(\d{1,19})"):
    """Opens the dialog for another name."""

    prefix, label, emoji = "rename", "Rename", "✏️"


class Release(Press, template=r"newmon:release:(\d{1,19})"):
    """Asks whether the owner means it."""

    prefix, label, emoji = "release", "Release", "🍃"


class ReleaseNow(Press, template=r"newmon:goodbye:(\d{1,19})"):
    """Lets the creature go."""

    prefix, label, emoji, style = "goodbye", "Yes, let it go", "🍃", ButtonStyle.danger


class Keep(Press, template=r"newmon:keep:(\d{1,19})"):
    """Thinks better of it."""

    prefix, label = "keep", "Keep it"


class Collection(Press, template=r"newmon:collection"):
    """Shows the collection of whoever presses it."""

    prefix, label, emoji = "collection", "My creatures", "📖"


class Turn(Press, template=r"newmon:page:(\d{1,20}):(\d):(\d{1,20}):(\d{1,6}):([01])"):
    """Turns to a page of a collection: owner, order, who may press, page, and 0 for back or 1 for next."""

    prefix, label = "page", "Page"


class Open(Menu, template=r"newmon:open"):
    """Shows one creature of a page, to anybody."""

    prefix, placeholder = "open", "Open one …"


class Order(Menu, template=r"newmon:sort:(\d{1,20}):(\d{1,20})"):
    """Shows the collection (owner) in another order, for the person who asked for it."""

    prefix, placeholder = "sort", "Order"


ITEMS = (
    *(Save, Another, Several, Choose, Swap, MoreLikeThis, Nearby, MixWith, Favourite, Rename),
    *(Release, ReleaseNow, Keep, Collection, Turn, Open, Order),
)


def creature_view(creature: Creature) -> View:
    """The buttons under one creature."""
    psi = weirdness.parse(None) if creature.psi is None else creature.psi
    unsaved = creature.name is None
    view = View(timeout=None)
    if unsaved:
        view.add_item(Save(creature.id, row=0))
    view.add_item(Another(round(psi * 100), row=0))
    view.add_item(Nearby(creature.id, row=0))
    view.add_item(MixWith(creature.id, row=0))
    view.add_item(Collection(row=0))
    if unsaved:
        return view
    mark = "Unfavourite" if creature.favourite else "Favourite"
    view.add_item(Favourite(creature.id, int(not creature.favourite), label=mark, row=1))
    view.add_item(Rename(creature.id, row=1))
    view.add_item(Release(creature.id, row=1))
    return view


def release_view(creature: Creature) -> View:
    """Are you sure?"""
    view = View(timeout=None)
    view.add_item(ReleaseNow(creature.id, label=f"Yes, let {creature.name} go"))
    view.add_item(Keep(creature.id))
    return view


def farewell_view() -> View:
    """What can be done where a creature was."""
    view = View(timeout=None)
    view.add_item(Another(round(weirdness.parse(None) * 100)))
    view.add_item(Collection())
    return view


def sheet_view(creature_ids: list[int], columns: int, psi: float) -> View:
    """The buttons under several hatchlings: one for each, laid out as in the picture."""
    view = View(timeout=None)
    _add_choices(view, creature_ids, columns)
    last = -(-len(creature_ids) // columns)
    more = Several(round(psi * 100), len(creature_ids), label=f"Hatch {len(creature_ids)} more", row=last)
    view.add_item(more)
    view.add_item(Collection(row=last))
    return view


def mix_view(child_ids: list[int], columns: int, a_id: int, b_id: int, user_id: int) -> View:
    """The buttons under a mix: one for each child, and what else can be done."""
    view = View(timeout=None)
    _add_choices(view, child_ids, columns)
    last = -(-len(child_ids) // columns)
    view.add_item(Swap(a_id, b_id, user_id, row=last))
    view.add_item(MoreLikeThis(a_id, b_id, user_id, row=last))
    return view


def _add_choices(view: View, creature_ids: list[int], columns: int) -> None:
    for i, creature_id in enumerate(creature_ids):
        view.add_item(Choose(creature_id, i + 1, label=str(i + 1), row=i // columns))


def page_view(page: Page, owner_id: int, sort: Sort, user_id: int) -> View:
    """The menus and buttons under a page of a collection."""
    view = View(timeout=None)
    numbered = enumerate(page.entries, 1)
    view.add_item(
        Open(options=[SelectOption(label=f"{i} · {e.name}", value=str(e.id)) for i, e in numbered], row=0)
    )
    orders = [SelectOption(label=SORT_LABELS[s], value=s, default=s == sort) for s in SORTS]
    view.add_item(Order(owner_id, user_id, options=orders, row=1))
    if page.pages > 1:
        here = (owner_id, SORTS.index(sort), user_id)
        first, last = page.number == 0, page.number == page.pages - 1
        back, following = max(page.number - 1, 0), min(page.number + 1, page.pages - 1)
        view.add_item(Turn(*here, back, 0, label="◀ Back", row=2, disabled=first))
        view.add_item(Turn(*here, following, 1, label="Next ▶", row=2, disabled=last))
    return view
