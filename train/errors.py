"""The errors of the data side of training."""

from pathlib import Path


class DataError(Exception):
    """The data set cannot be fetched, built or opened. Its text is one sentence fit to show to a user."""


class MetricsError(Exception):
    """Samples or data that cannot be measured. Its text is one sentence fit to show to a user."""


def disk_error(path: Path, error: OSError) -> DataError:
    """What a failing read or write under `path` means to a user."""
    reason = error.strerror or error
    return DataError(f"Cannot write to {path} ({reason}): free some space there or choose another place.")
