"""How long a run still takes: later stages are slower by far than the one that is training now."""

from __future__ import annotations

from train.recipe import TrainConfig

# What looking at the largest pictures through the pretrained network costs, as a share of the whole rest at
# full resolution (measured: docs/speed.md).
PRETRAINED_SHARE = 0.35


def seconds_left(config: TrainConfig, images_seen: int, limit: int, images_per_s: float) -> float:
    """Seconds until `limit` images have been shown, from the pace of the present stage; never below 0.

    The cost of a later stage's image, relative to the present one, is that of its convolutions.
    """
    position, seconds = 0, 0.0
    now = _stage_at(config, images_seen)
    cost_now = image_cost(config, config.stages[now].resolution)
    for i, stage in enumerate(config.stages):
        is_last = i == len(config.stages) - 1  # which goes on for as long as is asked for
        end = limit if is_last else min(position + round(stage.kimg * 1000), limit)
        images = max(end - max(position, images_seen), 0)
        seconds += images * image_cost(config, stage.resolution) / cost_now / max(images_per_s, 1e-9)
        position = max(position, end)
    return seconds


def image_cost(config: TrainConfig, resolution: int) -> float:
    """What showing an image costs at a resolution, in multiplications of the two networks' convolutions."""
    pretrained, networks = config.pretrained, (config.network.channels, config.discriminator_channels)
    cost = sum(_convolutions(channels, resolution) for channels in networks)
    if pretrained.enabled and resolution >= pretrained.from_resolution:
        seen = min(resolution * pretrained.most_enlarged, pretrained.image_side) / pretrained.image_side
        whole = sum(_convolutions(channels, config.network.resolution) for channels in networks)
        cost += PRETRAINED_SHARE * seen**2 * whole
    return cost


def in_words(seconds: float) -> str:
    """A duration as people say it: "less than a minute", "about 25 min", "about 2 h 5 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    if minutes < 48 * 60:
        return f"about {minutes // 60} h {minutes % 60} min"
    return f"about {minutes / 60 / 24:.1f} days"


def _stage_at(config: TrainConfig, images_seen: int) -> int:
    shown = 0
    for i, stage in enumerate(config.stages[:-1]):
        shown += round(stage.kimg * 1000)
        if images_seen < shown:
            return i
    return len(config.stages) - 1


def _convolutions(channels: tuple[int, ...], resolution: int) -> float:
    """Multiplications of two 3×3 convolutions at each resolution up to this one."""
    cost, side, before = 0.0, 4, channels[0]
    for width in channels:
        if side > resolution:
            break
        cost += 9 * side**2 * width * (before + width)
        before, side = width, side * 2
    return cost
