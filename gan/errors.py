"""The one kind of error whose text a person may see."""

from __future__ import annotations


class UserError(Exception):
    """Something that cannot be done as asked for. Its text is one sentence that says what to do instead."""


class CheckpointError(UserError):
    """A checkpoint that cannot be used."""
