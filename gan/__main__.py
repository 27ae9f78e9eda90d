"""python -m gan sample | mix | grid | morph | project | levels | info"""

from __future__ import annotations

import typer

from gan.cli.info import info
from gan.cli.levels import levels
from gan.cli.morph import morph
from gan.cli.program import VersionOption, run
from gan.cli.project import project
from gan.cli.sample import sample
from gan.cli.sheets import grid, mix

app = typer.Typer(help="Draw creatures with a trained generator.", no_args_is_help=True, add_completion=False)


@app.callback()
def main(version: VersionOption = False) -> None:
    """Draw creatures with a trained generator."""


for command in (sample, mix, grid, morph, project, levels, info):
    app.command()(command)


if __name__ == "__main__":
    run(app)
