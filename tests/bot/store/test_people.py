"""What people are called: the latest that Discord said, in each server, written seldom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql

from bot.store import Store, queries
from bot.store.models import PersonRow
from bot.store.people import EVERYWHERE, SEEN_AGAIN

from .conftest import ANN, BOB, ELSEWHERE, SERVER, hatching

BEGAN = datetime(2025, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def seen_at(store: Store, user_id: int) -> datetime | None:
    async with store.database.reading() as session:
        return await session.scalar(select(PersonRow.seen_at).where(PersonRow.user_id == user_id))


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_latest_interaction_decides_whatever_comes_first(
    store: Store, target: str, restarted: bool
) -> None:
    await store.people.note(ANN, {EVERYWHERE: "Ann"}, BEGAN)
    await store.people.note(ANN, {EVERYWHERE: "Annie"}, BEGAN + 2 * SECOND)
    other = await Store.open(target) if restarted else store  # one that remembers nothing
    await other.people.note(ANN, {EVERYWHERE: "Anna"}, BEGAN + SECOND)
    assert await other.people.name(ANN, None) == "Annie"
    await other.people.note(ANN, {EVERYWHERE: "Ann"}, BEGAN + 3 * SECOND)
    assert await other.people.name(ANN, None) == "Ann"
    await other.close()


async def test_of_several_at_once_the_latest_stays(store: Store) -> None:
    order = [3, 1, 4, 0, 2]
    await asyncio.gather(*(store.people.note(ANN, {SERVER: f"Ann {i}"}, BEGAN + i * SECOND) for i in order))
    assert await store.people.name(ANN, SERVER) == "Ann 4"
    await store.people.note(ANN, {SERVER: "Ann 3"}, BEGAN + 3 * SECOND)
    assert await store.people.name(ANN, SERVER) == "Ann 4"


async def test_a_servers_name_is_shown_there_alone(store: Store) -> None:
    await store.people.note(ANN, {EVERYWHERE: "Ann", SERVER: "Queen"}, BEGAN)
    await store.people.note(BOB, {SERVER: "King"}, BEGAN)
    assert [await store.people.name(ANN, place) for place in (SERVER, ELSEWHERE, None)] == [
        "Queen",
        "Ann",
        "Ann",
    ]
    assert [await store.people.name(BOB, place) for place in (SERVER, ELSEWHERE, None)] == ["King", "", ""]


async def test_what_is_known_is_not_written_again_but_once_a_day(store: Store) -> None:
    commits: list[object] = []
    await store.people.note(ANN, {EVERYWHERE: "Ann"}, BEGAN)
    event.listen(store.database.engine.sync_engine, "commit", commits.append)
    for i in range(20):
        await store.people.note(ANN, {EVERYWHERE: "Ann"}, BEGAN + i * SECOND)
    assert commits == [] and await seen_at(store, ANN) == BEGAN
    await store.people.note(ANN, {EVERYWHERE: "Ann"}, BEGAN + SEEN_AGAIN)
    assert len(commits) > 0 and await seen_at(store, ANN) == BEGAN + SEEN_AGAIN


async def test_a_crowds_names_share_transactions_with_its_creatures(store: Store) -> None:
    commits: list[object] = []
    event.listen(store.database.engine.sync_engine, "commit", commits.append)
    names = [store.people.note(i, {EVERYWHERE: f"Person {i}"}, BEGAN) for i in range(1, 50)]
    await asyncio.gather(*names, *(store.creatures.add([hatching(i)]) for i in range(1, 50)))
    assert len(commits) < 5
    assert await store.people.name(49, None) == "Person 49"


def test_names_are_put_in_in_postgresqls_words_too() -> None:
    words = str(queries.put_name("postgresql").compile(dialect=postgresql.dialect()))
    assert "ON CONFLICT (user_id, guild_id) DO UPDATE" in words and "people.seen_at < excluded" in words
