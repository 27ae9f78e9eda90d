"""What an engine refuses, in words fit for the person who asked."""

from __future__ import annotations

from bot.errors import N_, UserError

STARTING = N_("The bot is still waking up: please try again in a few seconds.")
CLOSING = N_("The bot is going to sleep: please try again in a minute.")
FULL = N_("The nest is full right now: please try again in a minute.")
FAILED = N_("This one would not hatch. Please try again.")


class TooManyWaiting(UserError):
    """Somebody has as many creatures in the queue as one person may."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            N_("You already have {waiting} creatures waiting to hatch: please wait for those first."),
            waiting=waiting,
        )


class CheckpointGone(UserError):
    """The checkpoint that a creature belongs to cannot be loaded any more."""

    def __init__(self, checkpoint_id: str) -> None:
        super().__init__(
            N_(
                "The checkpoint {checkpoint} that this creature hatched from cannot be loaded any more: "
                "it keeps its picture, but can be neither mixed nor rerolled. Please tell an admin."
            ),
            checkpoint=checkpoint_id[:8],
        )
