"""python -m gan sample | mix | grid | morph | project | levels | info"""

from __future__ import annotations

import typer

from gan.cli import run
from gan.commands.common import SHIPPED
from gan.commands.info import info
from gan.commands.levels import levels
from gan.commands.morph import morph
from gan.commands.project import project
from gan.commands.sample import sample
from gan.commands.sheets import grid, mix

__all__ = ["SHIPPED", "app"]

app = typer.Typer(help="Draw creatures with a trained generator.", no_args_is_help=True, add_completion=False)
for command in (sample, mix, grid, morph, project, levels, info):
    app.command()(command)


if __name__ == "__main__":
    run(app)
