"""The errors of the data side of training."""

import errno
from pathlib import Path

from gan.errors import UserError


class DataError(UserError):
    """The data set cannot be fetched, built or opened. Its text is one sentence fit to show to a user."""


class MetricsError(UserError):
    """Samples or data that cannot be measured. Its text is one sentence fit to show to a user."""


def disk_error(path: Path, error: OSError) -> DataError:
    """What a failing read or write under `path` means to a user."""
    reason = error.strerror or error
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "free some space there or choose another place" if full else "choose another place"
    return DataError(f"Cannot write to {path} ({reason}): {advice}.")
