"""What the store refuses, in words fit for the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from bot.errors import N_, UserError

if TYPE_CHECKING:
    from bot.store.records import Creature

Doing = Literal["save", "rename", "mark", "release"]  # what only its owner does with a creature


class StoreError(UserError):
    """The database itself failed: locked, full, damaged, unreachable. The driver's error is chained."""


class Undone(StoreError):
    """Nothing was committed, because the connection broke or somebody else had to go first: the same may be
    tried again."""


class NotStorable(UserError):
    """The database refuses a value, such as a number of more than 64 bits; it is well otherwise."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The collection cannot keep or look up anything like that, nothing was changed: "
                "please try it with another name or number."
            )
        )


class NameInvalid(UserError):
    """The name breaks a rule; the text says which."""


class NameTaken(UserError):
    """This owner already has a creature of that name (whatever its case or accents)."""

    def __init__(self, name: str) -> None:
        super().__init__(
            N_("You already have a creature called {name}: please choose another name."), name=name
        )
        self.name = name


class TooManySaved(UserError):
    """This person has as many saved creatures as one may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            N_("You have {most:,} creatures, as many as one person may keep here: release one first."),
            most=most,
        )


class AlreadySaved(UserError):
    """The creature has a name already; `creature` is what it was saved as."""

    def __init__(self, creature: Creature) -> None:
        super().__init__(
            N_("This creature is already saved as {name}: hatch another with /newmon."), name=creature.name
        )
        self.creature = creature


class NotYours(UserError):
    """Only who hatched a creature may do this with it."""

    _SENTENCES: ClassVar[dict[Doing, str]] = {
        "save": N_("Only the person who hatched this creature can save it: hatch your own with /newmon."),
        "rename": N_("Only the person who hatched this creature can rename it: hatch your own with /newmon."),
        "mark": N_("Only the person who hatched this creature can mark it: hatch your own with /newmon."),
        "release": N_(
            "Only the person who hatched this creature can release it: hatch your own with /newmon."
        ),
    }

    def __init__(self, do: Doing) -> None:
        super().__init__(self._SENTENCES[do])


class NotFound(UserError):
    """No such creature, or no longer."""


class AmbiguousName(UserError):
    """Several people of the server have a creature of that name."""


class NotSaved(UserError):
    """The creature has no name yet."""

    def __init__(self) -> None:
        super().__init__(N_("This creature was not saved yet: give it a name with Save first."))
