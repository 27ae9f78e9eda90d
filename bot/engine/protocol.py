"""What the bot asks of an engine, wherever that draws: in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.creature.reading import Reading
from bot.creature.traits import Traits
from bot.engine.orders import (
    Coded,
    EvolveOrder,
    Hatched,
    HatchedLine,
    Order,
    Picture,
    ProjectionOrder,
    Stored,
    Subject,
    WPlus,
)

OnAccepted = Callable[[], Awaitable[None]]  # the orders have their place in the queue
OnQueued = Callable[[int], Awaitable[None]]  # the position of the first of them, from 1
OnProgress = Callable[[float], Awaitable[None]]  # the share that is done, 0 to 1


@dataclass(frozen=True, slots=True)
class Health:
    """How an engine is doing."""

    checkpoint_id: str | None  # in use; None before the start
    checkpoints: tuple[str, ...]  # others that are in memory
    waiting: int  # creatures in the queue
    people: int  # who wait for those
    drawing: int  # creatures
    closing: bool  # new orders are refused
    silent_s: float = 0.0  # for how long what draws has not come to what was asked of it


class Engine(Protocol):
    """Draws creatures with the checkpoint in use, and with others where an order names one.

    Every method but `start`, `prepare` and `activate` raises `UserError` where it refuses.
    """

    @property
    def checkpoint_id(self) -> str:
        """The id of the checkpoint in use."""
        ...

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of the checkpoint in use: how it was trained."""
        ...

    async def start(self) -> None:
        """Load the checkpoint and warm up. Raises `CheckpointError`."""
        ...

    async def draw(
        self,
        orders: Sequence[Order],
        *,
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        """All of these, in their order. The same order gives the same bytes, whoever else is served.

        An order's checkpoint is loaded first if need be. `on_accepted()` is awaited once they have their
        place in the queue, while they are drawn, and `on_queued(position)` after it if more than a batch is
        ahead. Raises `CheckpointGone` where a checkpoint cannot be loaded.
        """
        ...

    async def evolve(
        self,
        order: EvolveOrder,
        *,
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> HatchedLine:
        """What a creature was before, itself, and what becomes of it; callbacks as for `draw`.

        Raises `DoesNotEvolve` where no such forms are found, `NotRead` where its checkpoint reads no traits,
        and `CheckpointGone` where that cannot be loaded.
        """
        ...

    async def subject(self, upload: bytes) -> Subject:
        """What a picture that somebody uploaded shows; nothing of it is kept."""
        ...

    async def project(
        self,
        order: ProjectionOrder,
        *,
        user_id: int,
        on_progress: OnProgress,
        on_accepted: OnAccepted | None = None,
    ) -> Hatched:
        """The creature most like a picture. `on_progress` is awaited now and then: it had better be quick."""
        ...

    async def pictures(self, creatures: Sequence[Stored]) -> list[Picture]:
        """What each creature looks like, large: always the same for the same stored picture.

        A creature of a checkpoint that has no enlarger, or that is gone, comes as pixel art.
        """
        ...

    async def traits(self, creature: Coded) -> Traits | None:
        """What is read of a creature from its styles: always the same. None where nothing can be read.

        That is so where its checkpoint never learned it, or is gone.
        """
        ...

    async def reader(self, checkpoint_id: str) -> str:
        """What reads creatures of a checkpoint; "" where nothing can. Other heads have another name.

        What it says is remembered: a checkpoint is loaded for it only once.
        """
        ...

    async def readings(self, checkpoint_id: str, codes: Sequence[WPlus]) -> list[Reading]:
        """What is to be kept of the traits of creatures with these W+, each [L, w_dim], of one checkpoint.

        The same as `traits` says, and quick for many.
        """
        ...

    async def can_draw(self, checkpoint_id: str) -> bool:
        """Whether orders of that checkpoint can be drawn. Loads it."""
        ...

    async def prepare(self, checkpoint_id: str) -> None:
        """Have a checkpoint in memory, so that `activate` takes no time. Raises `CheckpointError`."""
        ...

    async def activate(self, checkpoint_id: str) -> None:
        """Use another checkpoint from now on. Orders that wait are drawn with their own.

        The one that was in use stays in memory as long as any other. Raises `CheckpointError`, and then
        nothing has changed.
        """
        ...

    async def health(self) -> Health:
        """How it is doing now. Never raises."""
        ...

    async def drain(self) -> None:
        """Refuse new orders, and draw those that wait, within the time that it was given.

        What was drawn can still be shown: pictures are made, and checkpoints loaded for them, until `close`.
        """
        ...

    async def close(self) -> None:
        """Drain, and let all resources go."""
        ...
