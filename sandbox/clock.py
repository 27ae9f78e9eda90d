"""The sandbox's own time: it runs with the real one until a test stops it or sets it forward."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Timer:
    """A call that is to come."""

    def __init__(self, clock: Clock, due_s: float, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self.due_s = due_s  # by the clock

    def cancel(self) -> None:
        self._clock.forget(self)
        self.disarm()

    def arm(self, in_s: float) -> None:
        self.disarm()
        self._handle = asyncio.get_running_loop().call_later(in_s, self.fire)

    def disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def fire(self) -> None:
        self.cancel()
        self._callback()


class Clock:
    """Seconds since 1970, and calls that are due at some time. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._stopped_at: float | None = None
        self._timers: set[Timer] = set()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead_s if self._stopped_at is None else self._stopped_at

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Calls back once the clock is `delay_s` seconds further."""
        timer = Timer(self, self.time() + delay_s, callback)
        self._timers.add(timer)
        if self._stopped_at is None:
            timer.arm(delay_s)
        return timer

    def stop(self) -> None:
        """From now on only `advance` moves the clock, so that a slow machine misses no deadline."""
        self._stopped_at = self.time()
        for timer in self._timers:
            timer.disarm()

    def advance(self, seconds: float) -> None:
        """Sets the clock forward and makes the calls that are due by then, in their order."""
        if seconds < 0:
            raise ValueError("The clock does not run backwards.")
        if self._stopped_at is None:
            self._ahead_s += seconds
        else:
            self._stopped_at += seconds
        for timer in sorted(self._timers, key=lambda timer: timer.due_s):
            left_s = timer.due_s - self.time()
            if left_s <= 0:
                timer.fire()
            elif self._stopped_at is None:
                timer.arm(left_s)

    def forget(self, timer: Timer) -> None:
        self._timers.discard(timer)
