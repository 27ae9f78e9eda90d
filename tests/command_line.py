"""Runs a command line within the tests' own process, where torch is imported already."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import typer

from gan.cli import UserErrors, run


@dataclass(frozen=True)
class Outcome:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line on stderr of a command that refused."""
        assert self.code == 1 and self.err.count("\n") == 1 and "Traceback" not in self.err, self
        return self.err.strip()


class CommandLine:
    """`python -m …` as a function."""

    def __init__(
        self,
        app: typer.Typer,
        user_errors: Callable[[], UserErrors],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.app = app
        self.user_errors = user_errors
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr("sys.argv", ["program", *map(str, arguments)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            run(self.app, self.user_errors)
        out, err = self.capsys.readouterr()
        return Outcome(end.value.code if isinstance(end.value.code, int) else 0, out, err)
