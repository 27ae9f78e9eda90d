"""Private answers are in the person's language, public ones in the server's, and no sentence is left out."""

from __future__ import annotations

import ast
import json
import logging
import re
import sqlite3
import string
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from discord import app_commands

from bot.core import language
from bot.core.language import N_, NN_, CommandTranslator, _, catalogue, ngettext, speaking, told
from bot.errors import UserError
from sandbox.driver import SandboxUser
from tests.bot.catalogues import write_catalogue
from tests.bot.running import RunningBot
from tests.bot.talking import WILD, hatch, labels, press, private_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOT = Path(__file__).parents[3] / "bot"
GERMAN = {
    "Save": "Behalten",
    "Save this creature": "Dieses Wesen behalten",
    "A wild {name} hatched!": "Da schlüpft ein wildes {name}!",
    "Weirdness is {steps}, or a number from 0 to {most:g}.": "Seltsam: {steps}, oder eine Zahl bis {most:g}.",
    "What this is, and the checkpoint in use: just /about": "Was das hier ist: einfach /about",
}
EGGS = ("{n} egg", "{n} eggs")


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue for German, in which most is missing."""
    write_catalogue(tmp_path, "de", {**GERMAN, EGGS: ("{n} Ei", "{n} Eier")})
    monkeypatch.setattr(language, "LOCALES", tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def tongues(running: RunningBot, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """What Discord says of languages: the person's, as `locale`, and the server's, as `guild_locale`."""
    spoken: dict[str, str] = {}
    dispatch = running.sandbox.gateway.dispatch

    def say(event: str, data: dict[str, Any], **options: Any) -> None:
        dispatch(event, data | (spoken if event == "INTERACTION_CREATE" else {}), **options)

    monkeypatch.setattr(running.sandbox.gateway, "dispatch", say)
    yield spoken


async def test_a_person_abroad_is_told_in_private_what_is_said_in_public_in_english(
    german: None, tongues: dict[str, str], ash: SandboxUser
) -> None:
    tongues.update(locale="de", guild_locale="en-US")
    card = await hatch(ash)
    assert WILD.fullmatch(card.title) and labels(card)[0] == "Save"
    assert (
        await private_answer(ash, "newmon", weirdness="x")
        == "Seltsam: tame, normal, wild, oder eine Zahl bis 1.5."
    )
    dialog = await (await ash.click(card, "Save")).modal()
    assert dialog.title == "Dieses Wesen behalten" and dialog.fields[0].label == "Name"


async def test_a_german_server_sees_german_whoever_asks(
    german: None, tongues: dict[str, str], ash: SandboxUser
) -> None:
    tongues.update(locale="en-GB", guild_locale="de")
    card = await hatch(ash)
    assert card.title.startswith("Da schlüpft ein wildes ") and labels(card)[0] == "Behalten"
    assert "Weirdness is tame" in await private_answer(ash, "newmon", weirdness="x")
    dialog = await (await ash.click(card, "Behalten")).modal()
    assert dialog.title == "Save this creature"
    assert (await press(ash, card, "Hatch another")).title.startswith("Da schlüpft")


async def test_a_number_chooses_among_the_sentences_of_a_language(german: None) -> None:
    with speaking("de"):
        assert [ngettext(*EGGS, n).format(n=n) for n in (1, 2)] == ["1 Ei", "2 Eier"]
        assert [told(UserError(*EGGS, n=n)) for n in (1, 2)] == ["1 Ei", "2 Eier"]
    assert [str(UserError(*EGGS, n=n)) for n in (1, 2)] == ["1 egg", "2 eggs"]
    assert _("Save") == N_("Save") == "Save" and NN_(*EGGS) == EGGS  # nothing of it is left behind


async def test_what_somebody_typed_is_never_taken_for_a_place_to_fill() -> None:
    assert str(UserError("There is no {0} here.")) == "There is no {0} here."
    assert str(UserError("{name} is taken.", name="{0}")) == "{0} is taken."


@pytest.mark.parametrize("locale", [discord.Locale.german, "de", "de-AT"])
async def test_a_catalogue_is_found_by_its_language(german: None, locale: object) -> None:
    assert catalogue(locale).gettext("Save") == "Behalten"


@pytest.mark.parametrize("locale", [None, "", "\0", "../../etc", "x" * 5000, 7, [], {}, "fr"])
async def test_any_other_locale_is_english(german: None, locale: object) -> None:
    assert catalogue(locale).gettext("Save") == "Save"


async def test_commands_are_offered_in_every_language(german: None) -> None:
    where = app_commands.TranslationContextLocation.command_description
    context: Any = app_commands.TranslationContext(where, None)  # pyright: ignore
    string_ = app_commands.locale_str("What this is, and the checkpoint in use: just /about")
    translate = CommandTranslator().translate
    assert await translate(string_, discord.Locale.german, context) == "Was das hier ist: einfach /about"
    assert await translate(string_, discord.Locale.french, context) is None


async def test_commands_are_sent_anew_where_a_translation_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.client")
    monkeypatch.setattr(language, "LOCALES", tmp_path / "none")  # other tests of this module have German
    bot = RunningBot(tmp_path)

    async def sent() -> list[str]:
        caplog.clear()
        await bot.start()
        await bot.stop()
        return [message for message in caplog.messages if message.startswith("Sent ")]

    assert len(await sent()) == 1 and await sent() == []
    write_catalogue(tmp_path / "locales", "de", {**GERMAN})
    monkeypatch.setattr(language, "LOCALES", tmp_path / "locales")
    assert len(await sent()) == 1 and await sent() == []
    with closing(sqlite3.connect(tmp_path / "data" / "sandbox" / "sandbox.sqlite3")) as connection:
        known = [json.loads(body) for (body,) in connection.execute("SELECT body FROM commands")]
    [about] = [command for command in known if command["name"] == "about"]
    assert about["description_localizations"] == {"de": "Was das hier ist: einfach /about"}


# No sentence is left out.

SHOWN = {"title", "description", "label", "placeholder", "content", "text"}
NAMES = ("newmon",)  # which are the same in every language


# What only whoever starts the process gets to read, in a terminal and in English.
TERMINAL = {
    "store": ("address", "backup", "connection", "copying", "migrate"),
    "checkpoints": ("command_line",),
}
ROOMS = ("core", "features", "ui", "store", "engine", "retrain", "checkpoints")
ERRORS = re.compile(r"(User|Store|NotFound|NameInvalid|AmbiguousName|super\(\).__init__)\w*")


def sources() -> list[Path]:
    """Of every module of which somebody in a channel may read a sentence."""
    return [
        path
        for room in ROOMS
        for path in sorted((BOT / room).rglob("*.py"))
        if path.stem not in TERMINAL.get(room, ())
    ]


def bare(node: ast.expr | None) -> bool:
    """Whether words stand there as they are, marked by nothing."""
    if isinstance(node, ast.JoinedStr):
        return any(bare(part) for part in node.values)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    words = [word for word in node.value.split() if any(letter.isalpha() for letter in word)]
    return any(len(word) > 1 and word not in NAMES and "://" not in word for word in words)


def unmarked(source: str) -> list[str]:
    """Calls that show a person words that no catalogue can know."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        told_as = node.args[:1] if ERRORS.fullmatch(ast.unparse(node.func)) else []
        shown = [keyword.value for keyword in node.keywords if keyword.arg in SHOWN]
        if any(bare(argument) for argument in (*told_as, *shown)):
            found.append(f"{node.lineno}: {ast.unparse(node)[:80]}")
    return found


async def test_every_sentence_is_marked() -> None:
    found = {path.name: lines for path in sources() if (lines := unmarked(path.read_text(encoding="utf-8")))}
    assert found == {}
    assert (
        unmarked('UserError("No such thing.")')
        and unmarked('NotFound(f"There is no {thing}.")')
        and unmarked('Embed(title=f"{name} was saved")')
    )
    assert not unmarked('UserError(N_("No such thing."))') and not unmarked('Embed(title=_("Saved"))')


def extracted() -> set[str | tuple[str, ...]]:
    """Every sentence of the bot; where a number chooses one of two, both."""
    keywords = {**DEFAULT_KEYWORDS, "NN_": (1, 2)}
    return {message for _file, _line, message, *_rest in extract_from_dir(BOT, keywords=keywords)}


def places(sentence: str) -> set[tuple[str, str | None, str | None]]:
    """(name, format, conversion) of what is filled in."""
    found = string.Formatter().parse(sentence)
    return {(name, form, conversion) for _text, name, form, conversion in found if name is not None}


@pytest.mark.parametrize(
    "path", sorted(language.LOCALES.glob("*/LC_MESSAGES/*.po")), ids=lambda p: p.parts[-3]
)
async def test_a_catalogue_has_every_sentence_and_nothing_else(path: Path) -> None:
    with path.open("rb") as file:
        known = read_po(file, abort_invalid=True)
    translated: dict[str | tuple[str, ...], list[str]] = {}
    for message in known:
        if message.id:
            sentence = message.id if isinstance(message.id, str) else tuple(message.id)
            said = message.string
            translated[sentence] = [said] if isinstance(said, str) else list(said or ())
    assert extracted() - set(translated) == set(), "translate these: docs/translating.md says how"
    assert set(translated) - extracted() == set(), "nobody says these any more"
    assert not [m.id for m in known if m.fuzzy]
    for sentence, others in translated.items():
        wanted = places(sentence if isinstance(sentence, str) else sentence[-1])
        for other in others:
            assert other and {p[0] for p in places(other)} == {p[0] for p in wanted}, (sentence, other)
            assert places(other) == wanted, (sentence, other)  # with the same formats


async def test_a_catalogue_that_cannot_be_read_leaves_the_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for locale, text in {"xx": 'msgid "Save\n', "yy": b"\xff\xfe".decode("latin-1")}.items():
        path = tmp_path / locale / "LC_MESSAGES" / "newmon.po"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="latin-1")
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    for locale in ("xx", "yy"):
        with speaking(locale):
            assert _("Save") == "Save"
        assert f"{locale}/LC_MESSAGES/newmon.po cannot be read, so people get English" in caplog.text


async def test_names_of_commands_are_typed_and_stay_the_same() -> None:
    translator, chinese = CommandTranslator(), discord.Locale.chinese
    where = app_commands.TranslationContextLocation
    for location in where:
        context: Any = app_commands.TranslationContext(location, None)  # pyright: ignore
        said = await translator.translate(app_commands.locale_str("Save"), chinese, context)
        assert (said is None) == location.name.endswith(("command_name", "group_name", "parameter_name"))


async def test_babel_finds_them_and_their_places_have_names() -> None:
    sentences = [
        one for message in extracted() for one in ([message] if isinstance(message, str) else message)
    ]
    assert "A wild {name} hatched!" in sentences and "{total:,} creatures" in sentences
    assert set(GERMAN) <= set(sentences) and len(set(sentences)) > 150
    for sentence in sentences:
        assert all(name.isidentifier() for name, _form, _conversion in places(sentence)), sentence
