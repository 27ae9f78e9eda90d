"""Finding creatures by what people type, and suggesting while they type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import AmbiguousName, NotFound, Store, listing
from bot.store.people import EVERYWHERE

from .conftest import ANN, BOB, CLEO, ELSEWHERE, SERVER, Clock, hatch, plan, saved, ten_thousand


async def names(store: Store, prefix: str, owner_id: int = ANN, guild_id: int | None = SERVER) -> list[str]:
    return [suggestion.name for suggestion in await store.collection.suggest(owner_id, guild_id, prefix)]


async def test_ones_own_name_comes_first(store: Store) -> None:
    mine, theirs = await saved(store, "Foo", ANN), await saved(store, "Foo", BOB)
    assert (await store.collection.find(ANN, SERVER, " FOO ")).id == mine.id
    assert (await store.collection.find(BOB, SERVER, "foo")).id == theirs.id
    assert (await store.collection.find(ANN, None, "foo")).id == mine.id


async def test_then_a_code_then_the_servers_names(store: Store) -> None:
    coded = await hatch(store, BOB, guild_id=ELSEWHERE)
    namesake = await saved(store, coded.code, CLEO)  # another's creature that is called like the code
    assert (await store.collection.find(ANN, SERVER, coded.code.upper())).id == coded.id
    assert (await store.collection.find(CLEO, SERVER, coded.code)).id == namesake.id
    shared = await saved(store, "Shared", BOB)
    assert (await store.collection.find(ANN, SERVER, "shared")).id == shared.id


async def test_names_of_other_servers_are_not_found(store: Store) -> None:
    await saved(store, "Secret", BOB, guild_id=ELSEWHERE)
    await saved(store, "Private", BOB, guild_id=None)
    for text, guild_id in [("Secret", SERVER), ("Secret", None), ("Private", SERVER), ("Private", None)]:
        with pytest.raises(NotFound, match="There is no creature called"):
            await store.collection.find(ANN, guild_id, text)


async def test_an_ambiguous_name_is_answered_with_codes(store: Store, clock: Clock) -> None:
    await store.people.note(BOB, {EVERYWHERE: "Bob"}, clock.time)
    one = await saved(store, "Foo", BOB)
    clock.advance(timedelta(seconds=1))
    two = await saved(store, "FOO", CLEO)
    with pytest.raises(AmbiguousName) as refusal:
        await store.collection.find(ANN, SERVER, "foo")
    assert f"{one.code} (Bob), {two.code}." in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["", "   ", "\u200b", "Foo", "%", "_oo", "' OR 1=1 --", "x" * 6000, "\ud800"]
)
async def test_not_found_says_what_to_do(store: Store, text: str) -> None:
    await hatch(store)
    with pytest.raises(NotFound) as refusal:
        await store.collection.find(ANN, SERVER, text)
    assert "code" in str(refusal.value)
    assert len(str(refusal.value)) < 300


async def test_suggestions_are_ones_own_then_the_servers_alphabetically(store: Store) -> None:
    for name, owner_id in [("Zed", ANN), ("alpha", ANN), ("Beta", BOB), ("Able", CLEO), ("Éclair", ANN)]:
        await saved(store, name, owner_id)
    await saved(store, "Abroad", BOB, guild_id=ELSEWHERE)
    await hatch(store)
    assert await names(store, "") == ["alpha", "Éclair", "Zed", "Able", "Beta"]
    assert await names(store, "al") == ["alpha"]
    assert await names(store, "A") == ["alpha", "Éclair", "Able", "Beta"]
    assert await names(store, "ec") == ["Éclair"]
    assert await names(store, "", guild_id=None) == ["alpha", "Éclair", "Zed"]
    await store.people.note(BOB, {SERVER: "Bob"}, datetime(2025, 1, 1, tzinfo=UTC))
    [suggestion] = await store.collection.suggest(ANN, SERVER, "be")
    assert (suggestion.owner_id, suggestion.owner_name) == (BOB, "Bob")
    assert (await store.collection.find(ANN, SERVER, suggestion.code)).name == "Beta"


async def test_one_who_saved_elsewhere_is_still_offered_their_own(store: Store) -> None:
    await saved(store, "Abroad", ANN, guild_id=ELSEWHERE)
    assert await names(store, "ab") == ["Abroad"]
    assert (await store.collection.find(ANN, SERVER, "abroad")).name == "Abroad"


async def test_suggestions_stop_at_the_limit(store: Store) -> None:
    for i in range(4):
        await saved(store, f"Mine {i}", ANN)
        await saved(store, f"Theirs {i}", BOB)
    assert len(await store.collection.suggest(ANN, SERVER, "", limit=3)) == 3
    shown = [suggestion.name for suggestion in await store.collection.suggest(ANN, SERVER, "", limit=6)]
    assert shown == ["Mine 0", "Mine 1", "Mine 2", "Mine 3", "Theirs 0", "Theirs 1"]


@pytest.mark.parametrize("prefix", ["%", "%oo", "o%", "_x", "F%o", "'", "f%", "f?", "\ud800x"])
async def test_wildcards_mean_nothing(store: Store, prefix: str) -> None:
    await saved(store, "Foo")
    assert await names(store, prefix) == []


@pytest.mark.parametrize("prefix", ["_", "\\", "**f", "f_o", "\U0010ffff", "\x00"])
async def test_markup_and_invisible_characters_are_overlooked(store: Store, prefix: str) -> None:
    await saved(store, "Foo")
    assert await names(store, prefix) == ["Foo"]


async def test_the_last_characters_of_unicode_are_found_too(store: Store) -> None:
    await saved(store, "Z\U00020000")
    assert await names(store, "z") == ["Z\U00020000"]


async def test_names_that_start_with_it_come_before_names_that_contain_it(store: Store) -> None:
    for name, owner_id in [("Bar Foo", ANN), ("Foot", ANN), ("Afoot", BOB), ("Food", BOB), ("Bar", BOB)]:
        await saved(store, name, owner_id)
    assert await names(store, "foo") == ["Foot", "Bar Foo", "Food", "Afoot"]
    assert await names(store, "foo", guild_id=None) == ["Foot", "Bar Foo"]


async def test_suggestions_use_the_indexes_among_ten_thousand(store: Store, database: Path) -> None:
    ten_thousand(database)
    for guild_id, searches in [(SERVER, 4), (None, 2)]:
        steps = plan(database, listing.suggestions(ANN, guild_id, "mon 12", 25))
        searched = [step for step in steps if "creatures" in step]
        # Each part is one search in its index, in its order; only the hundred found at most are sorted.
        assert len(searched) == searches, steps
        assert all("USING INDEX uq_creatures_owner_name (owner_id=?" in step for step in searched[:2]), steps
        assert all("USING INDEX ix_creatures_guild_name (guild_id=?" in s for s in searched[2:]), steps
        assert searched[0].endswith("(owner_id=? AND name_key>? AND name_key<?)"), steps
        assert sum("TEMP B-TREE" in step for step in steps) == 1, steps
    shown = await names(store, "mon 12")
    assert len(shown) == 25 and shown[:3] == ["Mon 1201", "Mon 1203", "Mon 1205"]
    assert (await names(store, "mon 9998")) == ["Mon 9998"]
    assert (await names(store, "999"))[:3] == ["Mon 1999", "Mon 2999", "Mon 3999"]
