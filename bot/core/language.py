"""In which language a sentence is said: private answers in the person's, public ones in the server's.

Every sentence is marked where it stands: with `_` where it is said at once, with `N_` where it is kept for
later, as a button's label is. What differs is filled into named places after that, as in
`_("{name} was saved.").format(name=name)`. Catalogues lie in `bot/locales`; what they lack is English.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Literal

import discord
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from discord import app_commands

from bot.errors import ENGLISH, N_, NN_, UserError

__all__ = [
    "NN_",
    "N_",
    "CommandTranslator",
    "_",
    "catalogue",
    "language",
    "locale_of",
    "ngettext",
    "speaking",
    "told",
]  # fmt: skip  # with the marks, which lower layers need without Discord

LOCALES = Path(__file__).parents[1] / "locales"
DOMAIN = "newmon"
log = logging.getLogger(__name__)

Language = Literal["en", "zh"]
NAMES = {
    app_commands.TranslationContextLocation.command_name,
    app_commands.TranslationContextLocation.group_name,
    app_commands.TranslationContextLocation.parameter_name,
}
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)

_spoken: ContextVar[NullTranslations] = ContextVar("spoken", default=ENGLISH)


def _(sentence: str) -> str:
    """A sentence in the language that is spoken here and now."""
    return _spoken.get().gettext(sentence)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The one of two sentences that a number wants, in the language that is spoken here and now."""
    return _spoken.get().ngettext(singular, plural, n)


def catalogue(locale: object) -> NullTranslations:
    """The catalogue of one of Discord's locales, such as zh-CN; an empty one where there is none."""
    code = locale.value if isinstance(locale, discord.Locale) else locale
    if not isinstance(code, str) or not _LOCALE.fullmatch(code):  # not everything comes from Discord's app
        return ENGLISH
    return _read(code, LOCALES)


@lru_cache(maxsize=64)
def _read(locale: str, folder: Path) -> NullTranslations:
    """A catalogue as translators write it (.po). One that cannot be read leaves the English."""
    names = locale.replace("-", "_"), re.split("[-_]", locale)[0]  # that of Austria, say, and German
    paths = [folder / name / "LC_MESSAGES" / f"{DOMAIN}.po" for name in names]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return ENGLISH
    compiled = io.BytesIO()
    try:
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, abort_invalid=True))
        compiled.seek(0)
        return GNUTranslations(compiled)
    except (OSError, ValueError, PoFileError) as error:
        log.error("The catalogue %s cannot be read, so people get English: %s", path, error)
        return ENGLISH


def language() -> Language:
    """The language that is spoken here and now, as far as entries, names and pictures know it."""
    spoken = str(_spoken.get().info().get("language", ""))
    return "zh" if spoken.startswith("zh") else "en"


@contextlib.contextmanager
def speaking(locale: object) -> Iterator[None]:
    """Inside of this, `_` and `ngettext` speak a locale's language."""
    token = _spoken.set(catalogue(locale))
    try:
        yield
    finally:
        _spoken.reset(token)


def locale_of(interaction: discord.Interaction[Any], *, private: bool) -> object:
    """The locale of those who see an answer: this person alone, or everybody in the channel."""
    return interaction.locale if private else interaction.guild_locale or interaction.locale


def told(error: UserError) -> str:
    """An error's sentence in the language that is spoken here and now."""
    return error.text(_spoken.get())


class CommandTranslator(app_commands.Translator):
    """Gives Discord the names and descriptions of commands in every language that has a catalogue."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """None leaves the English. Names are typed, and stay the same everywhere."""
        if context.location in NAMES:
            return None
        translated = catalogue(locale).gettext(string.message)
        return None if translated == string.message else translated
