"""The errors of the data side of training."""


class DataError(Exception):
    """The data set cannot be fetched, built or opened. Its text is one sentence fit to show to a user."""
