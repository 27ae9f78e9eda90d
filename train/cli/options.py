"""Options that several commands of `python -m train` share."""

from pathlib import Path
from typing import Annotated

import typer

from train.protocol import DEFAULT_DATA

Run = Annotated[Path, typer.Option("--run", help="The folder of the run: state, figures, grids.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The built data set.", show_default=f"the run's, or {DEFAULT_DATA}"),
]
