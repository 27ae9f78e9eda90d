"""Group commit: writers that come at the same time share one transaction and one wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.store.errors import StoreError, Undone
from bot.store.models import CreatureRow, PersonRow

RowT = TypeVar("RowT", CreatureRow, PersonRow)


@dataclass(eq=False)
class _Request:
    make: Callable[[], list[Any]]  # anew for each attempt: a row that was refused once is spent
    rows: list[Any]
    done: asyncio.Future[list[Any]]


class GroupCommit:
    """Inserts rows with `insert`, which writes all that it is given in one transaction or nothing.

    What comes while a transaction runs goes into the next one. Nobody is told of success before the commit.
    """

    def __init__(self, insert: Callable[[Sequence[CreatureRow | PersonRow]], Awaitable[None]]) -> None:
        self._insert = insert
        self._waiting: list[_Request] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, make: Callable[[], list[RowT]]) -> list[RowT]:
        """The rows once they are there. Raises what `make` raises, and `insert` for these rows alone."""
        request = _Request(make, make(), asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="writer")
        return await request.done

    async def finished(self) -> None:
        """Wait until nobody is waiting."""
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write_all(self) -> None:
        group: list[_Request] = []
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._write_group(group)
        finally:
            self._writer = None
            for request in group + self._waiting:
                request.done.cancel()  # does nothing to those who have their answer

    async def _write_group(self, group: list[_Request], *, again: bool = True) -> None:
        try:
            await self._insert([row for request in group for row in request.rows])
        except Undone as error:
            if again:
                _make_anew(group)
                await self._write_group(group, again=False)
            else:
                _fail(group, error)
        except StoreError as error:  # the database's troubles are everybody's
            _fail(group, error)
        except Exception as error:  # whatever else: one of them is refused, and only that one
            if len(group) == 1:
                _fail(group, error)
                return
            for request in group:
                _make_anew([request])
                await self._write_group([request])
        else:
            for request in group:
                if not request.done.done():
                    request.done.set_result(request.rows)


def _make_anew(group: list[_Request]) -> None:
    for request in group:
        request.rows = request.make()


def _fail(group: list[_Request], error: Exception) -> None:
    for request in group:
        if not request.done.done():
            request.done.set_exception(error)
