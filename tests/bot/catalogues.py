"""Catalogues of sentences for tests, as gettext reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot.core.language import DOMAIN


def write_catalogue(
    folder: Path, locale: str, sentences: Mapping[str | tuple[str, str], str | tuple[str, str]]
) -> None:
    """Into a folder of catalogues, such as `bot.core.language.LOCALES` is: sentence → translation."""
    known = Catalog(locale=locale)
    for sentence, translated in sentences.items():
        known.add(sentence, translated)
    path = folder / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, known)
