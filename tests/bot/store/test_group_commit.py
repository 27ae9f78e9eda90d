"""Those who keep creatures at the same time share transactions, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from sqlalchemy import event
from sqlalchemy.exc import StatementError

from bot.store import Mix, NotFound, NotStorable, Store, StoreError

from .conftest import hatching

CROWD = 50
NOT_JSON = Mix(("shape",), amount=cast(int, 1j))


async def test_a_crowd_needs_few_transactions_and_each_gets_their_own(store: Store) -> None:
    commits: list[object] = []
    event.listen(store.database.engine.sync_engine, "commit", commits.append)
    kept = await asyncio.gather(
        *(
            store.creatures.add([hatching(owner, noise_seed=owner), hatching(owner)])
            for owner in range(1, CROWD)
        )
    )
    assert len(commits) < 5
    for owner, (first, second) in enumerate(kept, 1):
        assert (first.owner_id, first.noise_seed, second.owner_id) == (owner, owner, owner)
        found = await store.creatures.get(first.id)
        assert found is not None and found.code == first.code
    assert len({creature.id for pair in kept for creature in pair}) == 2 * (CROWD - 1)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"parent_a_id": 999}, NotFound),
        ({"owner_id": 2**63}, NotStorable),
        ({"owner_id": 2**70}, NotStorable),
        ({"noise_seed": 1j}, NotStorable),
        ({"recipe": NOT_JSON}, StatementError),
    ],
)
async def test_one_that_is_refused_fails_alone(
    store: Store, wrong: dict[str, Any], refusal: type[Exception]
) -> None:
    """Whether a constraint refuses it, or it is nothing that the database could hold."""
    wishes = [store.creatures.add([hatching()]) for _ in range(5)]
    wishes.insert(2, store.creatures.add([hatching(), hatching(**wrong)]))
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert isinstance(results.pop(2), refusal)
    assert all(isinstance(result, list) and len(result) == 1 for result in results)
    assert len({creature.id for result in results if isinstance(result, list) for creature in result}) == 5


async def test_a_database_in_trouble_is_everybodys_trouble_and_over_with_it(store: Store) -> None:
    async with store.database.engine.connect() as connection:
        await connection.exec_driver_sql("ALTER TABLE creatures RENAME TO elsewhere")
        await connection.commit()
    wishes = [store.creatures.add([hatching()]) for _ in range(5)]
    assert all(isinstance(r, StoreError) for r in await asyncio.gather(*wishes, return_exceptions=True))
    async with store.database.engine.connect() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO creatures")
        await connection.commit()
    assert await store.creatures.add([hatching()])


async def test_one_who_stops_waiting_stops_nobody_else(store: Store) -> None:
    waiting = [asyncio.create_task(store.creatures.add([hatching()])) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(result, list) for result in results[1:])


async def test_closing_lets_those_who_wait_have_their_creatures(target: str, store: Store) -> None:
    waiting = [asyncio.create_task(store.creatures.add([hatching()])) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    kept = [creature for one in await asyncio.gather(*waiting) for creature in one]
    again = await Store.open(target)
    assert [found and found.code for found in [await again.creatures.get(one.id) for one in kept]] == [
        one.code for one in kept
    ]
    await again.close()
