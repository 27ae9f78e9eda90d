"""Options that several commands of `python -m train` share."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Option("--run", help="The folder of the run: state, figures, grids.")]
DEFAULT_DATA = Path("data/dataset")
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The built data set.", show_default=f"the run's, or {DEFAULT_DATA}"),
]
