"""What the command lines share: every error that is meant for people ends the program with one sentence."""

from __future__ import annotations

import io
import math
import sys
from typing import Annotated

import typer

from gan.errors import UserError
from gan.package import VERSION

MEMORY = "There is not enough memory for that: ask for less at a time."


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newmon {VERSION}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
]


class CommandError(UserError):
    """A command that cannot be carried out as given."""


def run(app: typer.Typer) -> None:
    """Run a command line. A `UserError` and errors of the disk go to stderr as one line, with status 1."""
    print_anything()
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except MemoryError:
        _fail(MEMORY)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}.")
    except RuntimeError as error:
        if not _ran_out_of_memory(error):
            raise
        _fail(MEMORY)


def print_anything() -> None:
    """Let what a terminal's encoding has no letters for, as ψ, come out as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def check_number(name: str, value: float, least: float, most: float) -> float:
    """The value, if it lies from `least` to `most`. Raises `CommandError` if not, or for NaN."""
    if math.isnan(value) or not least <= value <= most:
        raise CommandError(f"{name} must be a number from {least:g} to {most:g}, not {value:g}.")
    return value


def _ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says so; it has no class of its own for the memory of the CPU."""
    text = str(error).casefold()
    return "not enough memory" in text or "allocate memory" in text or "out of memory" in text


def _fail(message: str) -> None:
    typer.echo(" ".join(message.split()), err=True)
    sys.exit(1)
