"""What can go wrong in training. The text of each is one sentence or two, fit to show to a user."""

import errno
from pathlib import Path

from gan.errors import UserError


class DataError(UserError):
    """The data set cannot be fetched, built or opened."""


class MetricsError(UserError):
    """Samples or data that cannot be measured."""


class ScheduleError(UserError, ValueError):
    """A schedule that cannot be followed."""


class StateError(UserError):
    """A training state that cannot be used."""


class PrecisionError(UserError):
    """A number format that this machine cannot train in."""


class TrainingError(UserError):
    """Training that cannot go on."""


class DivergedError(TrainingError):
    """Losses or weights stopped being finite: whoever runs the loop goes back to the last good state."""


def disk_error(path: Path, error: OSError) -> DataError:
    """What a failing read or write under `path` means to a user."""
    reason = error.strerror or error
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "free some space there or choose another place" if full else "choose another place"
    return DataError(f"Cannot write to {path} ({reason}): {advice}.")
