"""What the commands share: options, creatures by seed, word or file, and files that are written whole."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan.cli.program import CommandError, check_number
from gan.files import check_replaces

if TYPE_CHECKING:
    from PIL import Image
    from rich.progress import Progress, TaskID

    from gan.checkpoint import Checkpoint
    from gan.latents import Array
    from gan.sampler import Sampler
    from gan.styles_file import Styles

PSI_MAX = 2.0
STYLE_SUFFIX = ".npz"  # the same as in gan.styles_file, without numpy
MOST_CREATURES = 4096  # in one picture

Source = int | Path  # a seed, or a style file
CREATURES = "seeds, words and style files: 0-3,Ash,mine.npz"

CheckpointOption = Annotated[Path, typer.Option("--checkpoint", help="The checkpoint to draw with.")]
PsiOption = Annotated[
    float, typer.Option("--psi", help="Truncation ψ of seeds, 0 to 2: lower is tamer, higher is wilder.")
]
ScaleOption = Annotated[int, typer.Option("--scale", min=1, max=16, help="Enlarge by this whole factor.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
PixelsOption = Annotated[
    bool, typer.Option("--pixels", help="The network's own pixels, repeated, and not made line art.")
]
PickOption = Annotated[
    bool,
    typer.Option(
        "--pick/--no-pick",
        help="Of the candidates that follow from a seed take the best, where the checkpoint has a scorer.",
    ),
]
ClearOption = Annotated[bool, typer.Option("--transparent", help="No white behind the creatures.")]


@dataclass(frozen=True, eq=False)
class Creature:
    """Something that can be drawn."""

    name: str
    w_plus: Array  # float32 [L, w_dim]
    noise_seed: int


def check_psi(psi: float) -> float:
    """ψ, if it is one. Raises `CommandError`."""
    return check_number("ψ", psi, 0, PSI_MAX)


def check_noise_seed(seed: int | None) -> None:
    """Raises `CommandError` for a number that is no seed."""
    from gan.latents import SEED_MAX

    if seed is not None and not 0 <= seed <= SEED_MAX:
        raise CommandError(f"--noise-seed must be a whole number from 0 to {SEED_MAX}, not {seed}.")


def parse_creatures(text: str) -> list[tuple[str, Source]]:
    """Names and what they stand for. Raises `SeedError`."""
    from gan.latents import parse_seeds

    found: list[tuple[str, Source]] = []
    for part in (part.strip() for part in text.split(",")):
        if part.casefold().endswith(STYLE_SUFFIX):
            found.append((Path(part).stem, Path(part)))
        else:
            seeds = parse_seeds(part)
            # Words keep their name; the default font has Latin letters only.
            word = part.isascii() and any(letter.isalpha() for letter in part)
            found += [(part if word else str(seed), seed) for seed in seeds]
    if len(found) > MOST_CREATURES:
        raise CommandError(f"{len(found)} creatures are too many: {MOST_CREATURES} are the most.")
    return found


def creatures(
    sampler: Sampler, sources: Sequence[tuple[str, Source]], psi: float, pick: bool
) -> list[Creature]:
    """Their styles and noise. Style files are taken as they are; ψ and picking are for seeds.

    Raises `StylesError`.
    """
    seeds = [source for _, source in sources if isinstance(source, int)]
    codes = dict(zip(seeds, sampler.w_from_seeds(seeds, psi, pick=pick), strict=True))
    found: list[Creature] = []
    for name, source in sources:
        if isinstance(source, int):
            found.append(Creature(name, codes[source], source))
        else:
            styles = read_style_file(source, sampler)
            found.append(Creature(name, styles.w_plus, styles.noise_seed or 0))
    return found


def read_style_file(path: Path, sampler: Sampler) -> Styles:
    """Styles for this network; says so on stderr if they come from another one. Raises `StylesError`."""
    from gan.styles_file import read_styles

    styles = read_styles(path, sampler.config)
    if styles.checkpoint_id not in (None, sampler.checkpoint_id):
        typer.echo(
            f"Note: {path} belongs to checkpoint {styles.checkpoint_id}. Drawn with "
            f"{sampler.checkpoint_id}, it may be another creature.",
            err=True,
        )
    return styles


def stack(found: Sequence[Creature]) -> Array:
    """Their W+ codes, [N, L, w_dim]."""
    import numpy as np

    return np.stack([creature.w_plus for creature in found])


def open_checkpoint(path: Path) -> Checkpoint:
    """Raises `CheckpointError`."""
    from gan.checkpoint import load

    return load(path)


def open_sampler(path: Path) -> Sampler:
    """A sampler with the checkpoint at `path`; says on stderr what of it is left out.

    Raises `CheckpointError`.
    """
    from gan.sampler import Sampler

    sampler = Sampler(open_checkpoint(path))
    for problem in sampler.problems:
        typer.echo(f"Note: {problem} It is left out.", err=True)
    return sampler


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar and its task, shown on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(what, total=total)


def check_target(path: Path, *suffixes: str, force: bool, sources: Sequence[Path] = ()) -> None:
    """Refuse a file that cannot be written or replaced, before the work is done. Raises `UserError`."""
    if path.suffix.casefold() not in suffixes:
        raise CommandError(f"--out must be a file that ends in {' or '.join(suffixes)}, not {path}.")
    if path.is_dir():
        raise CommandError(f"{path} is a folder: give --out the name of a file.")
    check_replaces([path], force, sources)
    make_folder(path.parent)


def make_folder(path: Path) -> None:
    """Raises `CommandError` if `path` is no folder and cannot be made one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise CommandError(f"{path} is not a folder: choose another --out.") from error
    except OSError as error:
        raise CommandError(f"The folder {path} cannot be made: {error.strerror or error}.") from error


def count(number: int, noun: str) -> str:
    """The number of some things in words: "1 picture", "2 pictures"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def png_bytes(image: Image.Image) -> bytes:
    """The bytes of a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
