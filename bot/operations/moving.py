"""`python -m bot move`: a collection goes from one database to another, whichever these are.

What was copied stays when it is interrupted, and the next run goes on from there. Until all is verified, no
bot starts with the new database; nothing is changed in the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bot.store import migrate
from bot.store.address import Address, describe, is_sqlite, parse_target, sqlite_file
from bot.store.copying import TABLES, Rows, batched, digest, filling, identity, refuse_in_use, snapshot
from bot.store.errors import StoreError


class Moved(NamedTuple):
    """What was moved, and SHA-256 of all rows of each table, which are the same there and here."""

    saved: int
    rows: int
    digests: dict[str, str]


def nothing(_done: int, _rows: int) -> None:
    """Tells nobody."""


async def move(source: str | Path, target: str | Path, tell: Callable[[int, int], None] = nothing) -> Moved:
    """Copies all rows, and verifies each by its hash; `tell` hears how many of how many are there.

    Raises StoreError where a bot uses one of the two, where they are the same, where the target holds
    anything that the source does not, and where either cannot be used.
    """
    there, here = parse_target(source), parse_target(target)
    _refuse_missing(there)
    await migrate.upgraded(there)
    await migrate.upgraded(here, unfinished=True)
    if await identity(there) == await identity(here):
        raise StoreError(f"The collection is in {describe(here)} already: nothing was moved.")
    for url in (there, here):
        await refuse_in_use(url)
    async with snapshot(there, still=True) as old, filling(here) as new:
        await _refuse_anything_else(old, new, describe(here))
        await new.mark(unfinished=True)
        await new.commit()
        rows = await copy(old, new, tell, steps=True)
        moved = Moved(await new.saved(), rows, await verified(old, new, describe(here)))
        await new.mark(unfinished=False)
        await new.commit()
    return moved


def _refuse_missing(url: Address) -> None:
    """Raises StoreError where there is no file; the address would make one."""
    if is_sqlite(url) and not sqlite_file(url).is_file():
        raise StoreError(f"There is no collection at {describe(url)} yet: nothing was moved.")


async def copy(
    old: Rows, new: Rows, tell: Callable[[int, int], None] = nothing, *, steps: bool = False
) -> int:
    """Writes the rows that are not there yet, and returns how many there are; commits them in `steps`."""
    keys = {table.name: await old.parents_first(table) for table in TABLES}
    done, rows = 0, sum(map(len, keys.values()))
    for table in TABLES:
        for some in batched(keys[table.name]):
            present = await new.read(table, some)
            wanted = [key for key in some if key not in present]
            found = await old.read(table, wanted)
            await new.write(table, [found[key] for key in wanted])
            if steps:
                await new.commit()
            done += len(some)
            tell(done, rows)
    return rows


async def verified(old: Rows, new: Rows, where: str) -> dict[str, str]:
    """By table, the hash of all rows, read anew from both. Raises StoreError where they differ."""
    digests = {table.name: await new.digest(table) for table in TABLES}
    wrong = [table.name for table in TABLES if await old.digest(table) != digests[table.name]]
    if wrong:
        raise StoreError(
            f"What was written to {where} is not what was read ({', '.join(wrong)}): give another database."
        )
    return digests


async def _refuse_anything_else(old: Rows, new: Rows, where: str) -> None:
    """Raises StoreError where the target holds a row that the source does not hold exactly so."""
    for table in TABLES:
        for some in batched(await new.keys(table)):
            ours, theirs = await old.read(table, some), await new.read(table, some)
            if any(key not in ours or digest(ours[key]) != digest(theirs[key]) for key in some):
                raise StoreError(
                    f"The database {where} holds something else already, or the collection has changed since "
                    "a part of it was moved there: give an empty database. Nothing was moved."
                )
