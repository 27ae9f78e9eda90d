"""Runs a command line within the tests' own process, where torch is imported already."""

from dataclasses import dataclass
from random import Random

import pytest
import typer
import typer.core
import typer.main

from gan.cli.program import run


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
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.app = app
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr("sys.argv", ["program", *map(str, arguments)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            run(self.app)
        out, err = self.capsys.readouterr()
        return Outcome(end.value.code if isinstance(end.value.code, int) else 0, out, err)


ODD_VALUES = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e999",
    "0.5",
    "99999999999999999999",
    "4:nan",
    "-0",
    "1,x",
    ",",
)
ODD_VALUES += (",", "", " ", ".", "..", "\u200b", "\udcff", "x" * 300, "a/b", "no/such/file.png", "None", "~")


def options_of(app: typer.Typer, name: str) -> list[tuple[str, bool]]:
    """The options of a command, and whether each takes a value."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    parameters = group.commands[name].params
    return [(p.opts[0], not getattr(p, "is_flag", False)) for p in parameters if p.opts[0].startswith("--")]


def odd_command_lines(
    app: typer.Typer, name: str, usual: dict[str, object], count: int
) -> list[tuple[object, ...]]:
    """Arguments of which one or two are odd, always the same `count` of them (all, if there are fewer)."""
    random = Random(name)
    options = options_of(app, name)
    pairs = [(option, odd) for option, takes in options if takes for odd in ODD_VALUES]
    pairs += [(option, None) for option, takes in options if not takes]
    lines = []
    for option, odd in random.sample(pairs, min(count, len(pairs))):
        changed = {**usual, option: odd}
        if random.random() < 0.3:
            other, value = random.choice(pairs)
            changed[other] = value
        words = [word for pair in changed.items() for word in pair if word is not None]
        lines.append((name, *words))
    return lines
