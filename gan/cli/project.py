"""python -m gan project"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import (
    STYLE_SUFFIX,
    CheckpointOption,
    ForceOption,
    ScaleOption,
    check_noise_seed,
    check_target,
    open_checkpoint,
    png_bytes,
    progress_bar,
)
from gan.cli.program import CommandError
from gan.files import write
from gan.package import SHIPPED

STEPS = 300


def project(
    image: Annotated[Path, typer.Argument(help="A picture of a creature, best on a transparent background.")],
    out: Annotated[
        Path,
        typer.Option(
            help=f"The style file ({STYLE_SUFFIX}); a comparison goes beside it, NAME-projected.png."
        ),
    ],
    steps: Annotated[int, typer.Option(min=1, max=10_000, help="Steps of the search.")] = STEPS,
    noise_seed: Annotated[int, typer.Option(help="The noise that the picture is drawn with.")] = 0,
    features: Annotated[
        bool | None,
        typer.Option(help="Compare by a pretrained network, too. Default: where its packages are installed."),
    ] = None,
    scale: ScaleOption = 4,
    force: ForceOption = False,
    checkpoint: CheckpointOption = SHIPPED,
) -> None:
    """Find the styles with which the network draws a picture most alike, to mix or morph them."""
    check_noise_seed(noise_seed)

    from gan.pictures.sheet import table
    from gan.projection.loss import features_available
    from gan.projection.project import ProjectionSettings
    from gan.projection.project import project as search
    from gan.projection.target import fills_its_frame, read_target
    from gan.styles_file import Styles, to_npz

    if features and not features_available():
        raise CommandError("--features needs the packages of the train extra: run `make retrain-ready`.")
    loaded = open_checkpoint(checkpoint)
    target = read_target(image, loaded.config.resolution)
    check_target(out, STYLE_SUFFIX, force=force, sources=[image])
    comparison = out.with_name(f"{out.stem}-projected.png")
    check_target(comparison, ".png", force=force, sources=[image])
    if fills_its_frame(target):
        typer.echo(f"Note: {image} has no transparent pixels, so its background is projected, too.", err=True)
    settings = ProjectionSettings(steps=steps, noise_seed=noise_seed, features=features)
    with progress_bar("Projecting", steps) as (progress, task):

        def on_step(done: int, loss: float) -> None:
            progress.update(task, completed=done, description=f"Projecting, loss {loss:.4f}")

        found = search(loaded, target, settings, on_step)
    sheet = table([[target, found.picture]], scale, column_names=["picture", "projected"])
    write(out, to_npz(Styles(found.w_plus, noise_seed, loaded.id)))
    write(comparison, png_bytes(sheet))
    how = "pixels and EfficientNet-Lite0 features" if found.features else "pixels alone"
    typer.echo(
        f"Wrote {out} and {comparison}. Distance {found.distance:.3f} (the mean creature's: "
        f"{found.mean_distance:.3f}), compared by {how}, with checkpoint {loaded.id}."
    )
