"""python -m gan sample"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan.cli.common import (
    STYLE_SUFFIX,
    CheckpointOption,
    Creature,
    ForceOption,
    PickOption,
    PixelsOption,
    check_noise_seed,
    check_psi,
    count,
    make_folder,
    open_sampler,
    progress_bar,
    read_style_file,
    stack,
)
from gan.cli.program import CommandError
from gan.config import DEFAULT_PSI
from gan.files import check_replaces, write
from gan.package import SHIPPED

if TYPE_CHECKING:
    from gan.pictures.sprite import Pixels
    from gan.sampler import Sampler

BATCH = 64  # creatures drawn between two updates of the progress bar
LINE_ART_SCALE = 8  # 512 pixels of the network's 64: what the bot posts


def sample(
    out: Annotated[Path, typer.Option(help="The folder for the pictures.")],
    seeds: Annotated[
        str | None, typer.Option(help="Numbers, ranges and words: 0-15 or 3,7,20-22 or Ash,Misty.")
    ] = None,
    w: Annotated[
        list[Path] | None,
        typer.Option("--w", help="A style file to draw, instead of seeds; may be repeated."),
    ] = None,
    psi: Annotated[
        float | None,
        typer.Option(
            help="Truncation ψ of seeds, 0 to 2: lower is tamer, higher is wilder.",
            show_default=str(DEFAULT_PSI),
        ),
    ] = None,
    noise_seed: Annotated[
        int | None, typer.Option(help="The noise of all pictures, instead of each one's own.")
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=16,
            help="Enlarge by this whole factor.",
            show_default=f"{LINE_ART_SCALE} for line art, 1 for pixels",
        ),
    ] = None,
    pick: PickOption = True,
    pixels: PixelsOption = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The pixels as the network draws them, without any last stage.")
    ] = False,
    save_w: Annotated[
        bool, typer.Option("--save-w", help=f"Write each seed's styles beside its picture ({STYLE_SUFFIX}).")
    ] = False,
    force: ForceOption = False,
    checkpoint: CheckpointOption = SHIPPED,
) -> None:
    """Write one RGBA PNG for each seed or style file; the same one always gives the same bytes."""
    check_noise_seed(noise_seed)
    if (seeds is None) == (not w):
        raise CommandError("Say what to draw: either --seeds or --w.")
    if w and (psi is not None or save_w):
        raise CommandError("--psi and --save-w go with --seeds; the styles in a file are drawn as they are.")
    if seeds is not None and STYLE_SUFFIX in seeds.casefold():
        raise CommandError(f"A style file ({STYLE_SUFFIX}) is no seed: give it as --w.")
    psi = check_psi(DEFAULT_PSI if psi is None else psi)
    named = seed_names(seeds) if seeds is not None else {}
    names = [*named.values(), *_style_names(w or [])]
    suffixes = [".png", STYLE_SUFFIX] if save_w else [".png"]
    targets = [out / f"{name}{suffix}" for name in names for suffix in suffixes]
    check_replaces(targets, force, [checkpoint, *(w or [])])

    from gan.pictures.sprite import to_png
    from gan.styles_file import Styles, to_npz

    sampler = open_sampler(checkpoint)
    pixels = pixels or raw or sampler.enlarger is None
    scale = scale or (1 if pixels else LINE_ART_SCALE)
    from_files = [_from_file(path, sampler) for path in w or []]
    make_folder(out)
    total = len(names)
    with progress_bar("Drawing", total) as (progress, task):
        chosen = from_files or _from_seeds(sampler, named, psi, pick)
        for creature, sprite in draw(sampler, chosen, noise_seed, raw):
            picture = sampler.shown(sprite[None], scale, pixels)[0]
            write(out / f"{creature.name}.png", to_png(picture))
            if save_w:
                noise = creature.noise_seed if noise_seed is None else noise_seed
                styles = Styles(creature.w_plus, noise, sampler.checkpoint_id)
                write(out / f"{creature.name}{STYLE_SUFFIX}", to_npz(styles))
            progress.advance(task)
    typer.echo(f"Wrote {count(total, 'picture')} to {out} with checkpoint {sampler.checkpoint_id}.")


def draw(
    sampler: Sampler, creatures: Iterable[Creature], noise_seed: int | None = None, raw: bool = False
) -> Iterator[tuple[Creature, Pixels]]:
    """Each creature and its sprite uint8 [H, W, 4], in order. A noise seed here replaces their own."""
    waiting = iter(creatures)
    while batch := list(itertools.islice(waiting, BATCH)):
        noise = [creature.noise_seed if noise_seed is None else noise_seed for creature in batch]
        yield from zip(batch, sampler.render(stack(batch), noise, raw=raw), strict=True)


def seed_names(text: str) -> dict[int, str]:
    """Seeds, and what to call their files: words by themselves, numbers as `seed0003`. Raises `SeedError`."""
    from gan.latents import parse_seeds

    found: dict[int, str] = {}
    taken: set[str] = set()
    for part in text.split(","):
        for seed in parse_seeds(part):
            name = f"seed{seed:04d}"
            word = _file_name(part)
            # Of two words that would share a file, where capitals do not count either, one keeps its number.
            if word and word.casefold() not in taken and not word.casefold().startswith("seed"):
                name = word
            taken.add(found.setdefault(seed, name).casefold())
    return found


def _file_name(part: str) -> str:
    """Words as a file may be called anywhere; empty for numbers and ranges."""
    if not any(letter.isalpha() for letter in part):
        return ""
    kept = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in part.strip())
    return kept.encode()[:100].decode(errors="ignore").strip("_ ")


def _from_seeds(sampler: Sampler, seeds: dict[int, str], psi: float, pick: bool) -> Iterator[Creature]:
    for seed, name in seeds.items():  # one at a time: a hundred thousand codes would fill the memory
        yield Creature(name, sampler.w_from_seeds([seed], psi, pick=pick)[0], seed)


def _from_file(path: Path, sampler: Sampler) -> Creature:
    styles = read_style_file(path, sampler)
    return Creature(path.stem, styles.w_plus, styles.noise_seed or 0)


def _style_names(paths: Sequence[Path]) -> list[str]:
    seen: dict[str, Path] = {}
    for path in paths:
        if (other := seen.setdefault(path.stem, path)) is not path:
            raise CommandError(f"{other} and {path} would both become {path.stem}.png: rename one of them.")
    return list(seen)
