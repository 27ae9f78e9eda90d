"""python -m gan sample | mix | grid | morph | project | levels | info"""

from __future__ import annotations

import typer

from gan.cli import UserErrors, run
from gan.commands.common import SHIPPED
from gan.commands.info import info
from gan.commands.levels import levels
from gan.commands.morph import morph
from gan.commands.project import project
from gan.commands.sample import sample
from gan.commands.sheets import grid, mix

__all__ = ["SHIPPED", "app", "user_errors"]

app = typer.Typer(help="Draw creatures with a trained generator.", no_args_is_help=True, add_completion=False)
for command in (sample, mix, grid, morph, project, levels, info):
    app.command()(command)


def user_errors() -> UserErrors:
    """The errors of the model whose text is a sentence for users."""
    from gan.checkpoint import CheckpointError
    from gan.config import ConfigError
    from gan.latents import LayerError, SeedError
    from gan.project import ProjectionError
    from gan.styles_file import StylesError
    from gan.table import SheetError
    from gan.target import TargetError

    return (
        CheckpointError,
        ConfigError,
        LayerError,
        ProjectionError,
        SeedError,
        SheetError,
        StylesError,
        TargetError,
    )


if __name__ == "__main__":
    run(app, user_errors)
