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


class DoesNotEvolve(UserError):
    """No earlier or later forms of a creature were found in which it would still be itself."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This one does not evolve: whatever it could have been or become would be somebody else. "
                "Most do, so try another one with /evolve."
            )
        )


class NotRead(UserError):
    """The checkpoint that a creature belongs to never learned to read traits."""

    def __init__(self, checkpoint_id: str) -> None:
        super().__init__(
            N_(
                "Nobody can tell what this one grows into: its checkpoint {checkpoint} never learned to read "
                "stage and size. An admin can teach it, with `python -m train traits`."
            ),
            checkpoint=checkpoint_id[:8],
        )
