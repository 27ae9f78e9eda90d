"""What the command lines share: an error that is meant for people ends the program with one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

UserErrors = tuple[type[Exception], ...]


class CommandError(Exception):
    """A command that cannot be carried out as given. Its text is one sentence fit to show to a user."""


def run(app: typer.Typer, user_errors: Callable[[], UserErrors]) -> None:
    """Run a command line. Errors in `user_errors()` and of the disk go to stderr as one line, with status 1.

    `user_errors` is called once something fails, so that `--help` need not import what defines them.
    """
    try:
        app()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}.")
    except Exception as error:
        if not isinstance(error, (CommandError, *user_errors())):
            raise
        _fail(str(error))


def _fail(message: str) -> None:
    typer.echo(" ".join(message.split()), err=True)
    sys.exit(1)
