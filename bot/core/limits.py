"""Whether people are served, how many are being served right now, and who has to slow down."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping

from bot.core.language import N_, NN_
from bot.errors import UserError

STARTING = N_("I am still waking up: please try again in a few seconds.")
STOPPING = N_("I am going to sleep and will be back soon: please try again in a minute.")
TOO_FAST = NN_(
    "You hatch faster than the nest gets warm: please wait {n} second, then try again.",
    "You hatch faster than the nest gets warm: please wait {n} seconds, then try again.",
)
CHOICES_MAX = 25  # that Discord takes for an autocomplete
_ROUNDING_S = 1e-6


class Service:
    """Closed until the bot is serving, and again once it is told to stop; whoever was let in is served."""

    def __init__(self) -> None:
        self.closed: str | None = STARTING  # the sentence for whoever comes now; None: come in
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def open(self) -> None:
        self.closed = None

    def close(self) -> None:
        self.closed = STOPPING

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Around everything that is done for one person."""
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def drained(self, timeout_s: float) -> int:
        """Wait until everybody inside was served, but no longer than this; returns how many were not."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        return self._inside


class OneEach:
    """Lets everybody do a thing, but nobody twice at the same time."""

    def __init__(self) -> None:
        self._busy: set[int] = set()

    @contextlib.contextmanager
    def holding(self, user_id: int, sentence: str) -> Iterator[None]:
        """Around that thing. Raises `UserError` with the sentence for who is at it already."""
        if user_id in self._busy:
            raise UserError(sentence)
        self._busy.add(user_id)
        try:
            yield
        finally:
            self._busy.discard(user_id)


class Cooldown:
    """A token bucket for each user: `burst` creatures at a stretch, and `per_minute` more each minute.

    A full bucket is the same as none and is forgotten. With 0 a minute nobody has to wait. Times are seconds
    since 1970, so that they mean the same in the next process: `changes` is kept, and given to `restore`.
    """

    def __init__(self, burst: int, per_minute: float, *, now: Callable[[], float] = time.time) -> None:
        self.burst = burst
        self.per_s = per_minute / 60
        self._now = now
        self._full_at: dict[int, float] = {}  # when a user's bucket is full again, in the order of last use
        self._changed: set[int] = set()

    def restore(self, full_at: Mapping[int, float]) -> None:
        """Go on with what was kept when another process ended."""
        self._full_at = dict(full_at) | self._full_at

    def changes(self) -> dict[int, float]:
        """Whose buckets are full again when, as far as that is new since the last time."""
        changed, self._changed = self._changed, set()
        return {user_id: self._full_at.get(user_id, self._now()) for user_id in changed}

    def take(self, user_id: int, creatures: int) -> None:
        """Raises `UserError` that says how long to wait, and then takes nothing."""
        if not self.per_s:
            return
        now = self._now()
        self._forget_full(now)
        # An empty bucket is full after a while, whatever a clock that was set says.
        known = min(self._full_at.get(user_id, now), now + self.burst / self.per_s)
        full_at = max(known, now) + creatures / self.per_s
        seconds = math.ceil(full_at - now - self.burst / self.per_s - _ROUNDING_S)
        if seconds > 0:
            raise UserError(*TOO_FAST, n=seconds)
        self._full_at.pop(user_id, None)
        self._full_at[user_id] = full_at
        self._changed.add(user_id)

    def give_back(self, user_id: int, creatures: int) -> None:
        """For creatures that nobody got after all."""
        if user_id in self._full_at:
            self._full_at[user_id] -= creatures / self.per_s
            self._changed.add(user_id)

    def _forget_full(self, now: float) -> None:
        """Looks at the two that were used longest ago, so that the table shrinks faster than it grows."""
        for user_id in [user_id for user_id, _ in zip(self._full_at, range(2), strict=False)]:
            if self._full_at[user_id] <= now:
                del self._full_at[user_id]
