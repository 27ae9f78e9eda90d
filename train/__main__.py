"""python -m train data | fit | own | eval | export | retrain | enlarger | scorer | traits | names"""

from __future__ import annotations

import typer

from gan.cli.program import VersionOption, run
from train.cli.data import data
from train.cli.enlarger import enlarger
from train.cli.eval import evaluate
from train.cli.export import export
from train.cli.fit import fit
from train.cli.names import names
from train.cli.own import own
from train.cli.retrain import retrain
from train.cli.scorer import scorer
from train.cli.traits import traits

# Commands import torch and what needs it themselves: help and refusals come at once without it.

app = typer.Typer(help="Build data sets and checkpoints.", no_args_is_help=True, add_completion=False)


@app.callback()
def main(version: VersionOption = False) -> None:
    """Build data sets and checkpoints."""


app.command()(data)
app.command()(fit)
app.command()(own)
app.command()(export)
app.command()(enlarger)
app.command()(scorer)
app.command()(traits)
app.command()(names)
app.command("eval")(evaluate)
app.command()(retrain)


if __name__ == "__main__":
    run(app)
