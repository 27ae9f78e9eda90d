"""A fair queue: people take turns, so that nobody's nine creatures hold up another's one."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from bot.engine.errors import FULL, TooManyWaiting
from bot.errors import UserError

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items by the person who waits for them. Knows nothing of what they are; for one thread."""

    def __init__(self, limit: int, per_user_limit: int) -> None:
        self.limit = limit  # items, over all people
        self.per_user_limit = per_user_limit  # items of one person
        self._waiting: OrderedDict[int, deque[T]] = OrderedDict()  # by person, next in turn first

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[T]:
        """All items, in no particular order."""
        return (item for waiting in self._waiting.values() for item in waiting)

    @property
    def people(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def put(self, user_id: int, items: Sequence[T]) -> int:
        """Let a person wait for all of these; how many of everybody's come before the first of them.

        Raises `UserError`, and then none of them waits.
        """
        mine = len(self._waiting.get(user_id, ()))
        if mine + len(items) > self.per_user_limit:
            raise TooManyWaiting(mine)
        if len(self) + len(items) > self.limit:
            raise UserError(FULL)
        others = (len(waiting) for user, waiting in self._waiting.items() if user != user_id)
        ahead = mine + sum(min(waiting, mine + 1) for waiting in others)
        if items:
            self._waiting.setdefault(user_id, deque()).extend(items)
        return ahead

    def take(self, count: int) -> list[T]:
        """Up to `count` items, one person after another; whose turn it is carries over."""
        taken: list[T] = []
        while self._waiting and len(taken) < count:
            user_id, waiting = self._waiting.popitem(last=False)
            taken.append(waiting.popleft())
            if waiting:
                self._waiting[user_id] = waiting  # to the end of the line
        return taken

    def remove(self, user_id: int, items: Sequence[T]) -> None:
        """Forget those of these items that still wait: nobody wants them any more."""
        waiting = self._waiting.get(user_id)
        if waiting is None:
            return
        left = deque(item for item in waiting if not any(item is one for one in items))
        if left:
            self._waiting[user_id] = left  # keeps its turn
        else:
            del self._waiting[user_id]

    def clear(self) -> list[T]:
        """Forget all of them; returns what they were."""
        items = list(self)
        self._waiting.clear()
        return items
