"""What outlives the process because all that it needs is in its custom_id: buttons, menus and dialogs.

A class says with typed fields what one remembers. Its custom_id and the pattern that knows it again are made
of those: `class Turn` with `prefix = "page"` and two fields is `newmon:page:12:1`. A field that came later
has a default: ids of earlier versions end before it, and so do those where it and all after it have theirs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from bot.core.interaction import Interaction
from bot.core.language import N_
from bot.core.rights import require_admin
from bot.errors import UserError

APPLICATION = "newmon"
LONGEST = 100  # characters of a custom_id
NUMBER_MAX = 2**63 - 1  # ids are no larger, and columns hold no more

FOREIGN = N_("This button does nothing any more: start anew with /newmon.")


@dataclass(frozen=True)
class Digits:
    """How many digits a number may have in a custom_id."""

    most: int


@dataclass(frozen=True)
class OneOf:
    """Which texts a field may have; by their position: more may be added at the end."""

    values: tuple[str, ...]


Id = Annotated[int, Digits(19)]  # of a creature or a retrain
UserId = Annotated[int, Digits(20)]  # Discord's snowflakes
Percent = Annotated[int, Digits(3)]
Digit = Annotated[int, Digits(1)]


@dataclass(frozen=True)
class _Codec:
    """How one field is written, and how it is read."""

    pattern: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]  # raises ValueError


def _codec(kind: Any) -> _Codec:
    if kind is bool:
        return _Codec("([01])", lambda value: str(int(value)), lambda text: text == "1")
    if get_origin(kind) is Literal:  # by its position: more may be added at the end
        return _codec_of(get_args(kind))
    if get_origin(kind) is Annotated:
        what, *notes = get_args(kind)
        for note in notes:
            if what is int and isinstance(note, Digits):
                return _Codec(_digits(note.most), str, _number)
            if what is str and isinstance(note, OneOf):
                return _codec_of(note.values)
    raise TypeError(
        f"a custom_id cannot hold {kind}: use bool, a Literal, a number with `Digits` or a text with `OneOf`"
    )


def _codec_of(values: tuple[Any, ...]) -> _Codec:
    pattern = _digits(len(str(len(values) - 1)))
    return _Codec(pattern, lambda value: str(values.index(value)), lambda text: _at(values, int(text)))


def _digits(most: int) -> str:
    return rf"(\d{{1,{most}}})" if most > 1 else r"(\d)"


def _at(values: tuple[Any, ...], index: int) -> Any:
    if index >= len(values):
        raise ValueError("there is no such choice")
    return values[index]


def _number(text: str) -> int:
    number = int(text)
    if number > NUMBER_MAX:
        raise ValueError("larger than any id")
    return number


@dataclass_transform(frozen_default=True)
class Persistent(ABC):
    """A button, a menu or a dialog. Each subclass is a frozen dataclass that must define what it does.

    `author_only`: the sentence for everybody but the person whose id is in the field `user_id`.
    `admins_only`: whether the bot's admins alone may use it.
    """

    prefix: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]
    author_only: ClassVar[str | None] = None
    admins_only: ClassVar[bool] = False
    _codecs: ClassVar[tuple[tuple[str, _Codec], ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}  # of the last fields, which earlier versions did not have

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if abstract:
            return
        undefined = [
            name for name in dir(cls) if getattr(getattr(cls, name, None), "__isabstractmethod__", False)
        ]
        if undefined:
            raise TypeError(f"{cls.__name__} does not define {', '.join(undefined)}")
        dataclass(frozen=True)(cls)
        names = [field.name for field in fields(cls)]  # pyright: ignore[reportArgumentType]
        if cls.author_only is not None and "user_id" not in names:
            raise TypeError(f"{cls.__name__} is for its author alone, but has no field user_id")
        hints = get_type_hints(cls, include_extras=True)
        cls._codecs = tuple((name, _codec(hints[name])) for name in names)
        cls._defaults = {field.name: field.default for field in fields(cls) if field.default is not MISSING}  # pyright: ignore[reportArgumentType]
        patterns = [f":{codec.pattern}" for name, codec in cls._codecs if name not in cls._defaults]
        optional = [f"(?::{codec.pattern}" for name, codec in cls._codecs if name in cls._defaults]
        pattern = "".join([APPLICATION, ":", cls.prefix, *patterns, *optional, ")?" * len(optional)])
        cls.pattern = re.compile(pattern, re.ASCII)

    @property
    def custom_id(self) -> str:
        """What Discord keeps, and says again when it is used."""
        said = list(self._codecs)
        while said and said[-1][0] in self._defaults:
            name, _ = said[-1]
            if getattr(self, name) != self._defaults[name]:
                break
            said.pop()
        values = [codec.write(getattr(self, name)) for name, codec in said]
        return ":".join([APPLICATION, self.prefix, *values])

    @classmethod
    def from_custom_id(cls, custom_id: str) -> Self | None:
        """None for what is not one of these."""
        match = cls.pattern.fullmatch(custom_id)
        if match is None:
            return None
        try:
            return cls(
                **{
                    name: codec.read(text)
                    for (name, codec), text in zip(cls._codecs, match.groups(), strict=True)
                    if text is not None
                }
            )
        except ValueError:
            return None

    async def use(self, interaction: Interaction) -> None:
        """Do what it is for, for those who may. Raises `UserError` for everybody else."""
        if self.author_only is not None and interaction.user.id != getattr(self, "user_id", None):
            raise UserError(self.author_only)
        if self.admins_only:
            require_admin(interaction)
        await self._act(interaction)

    @abstractmethod
    async def _act(self, interaction: Interaction) -> None:
        """What each kind has: a press, a choice, an answer."""
