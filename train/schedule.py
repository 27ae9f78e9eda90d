"""Progressive growing as data: which resolution trains when, and how far it has faded in.

Progressive GAN (arXiv 1710.10196): train at a low resolution, then add a level and blend it in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from train.errors import ScheduleError


@dataclass(frozen=True)
class Stage:
    """One resolution's share of the training."""

    resolution: int  # pixels
    kimg: float  # thousands of real images shown, fading included
    fade_kimg: float  # how many of these the new level takes to fade in
    batch_size: int | None = None  # images a step; None: as many as the recipe says
    hold_kimg: float = 0.0  # how long the levels that were trained before hold still, from its beginning


@dataclass(frozen=True)
class Phase:
    """Where the training stands."""

    stage: int
    resolution: int
    alpha: float  # 0: the new level is invisible, 1: it is fully there
    holds: bool = False  # the levels below the newest stay as they are


MOST_KIMG = 1_000_000  # of a run, or one stage of it
FADE_SHARE = 0.2  # of a stage's images
LONGEST_FADE_KIMG = 15.0  # however long the stage: a level that is not seen yet learns next to nothing


def parse_stages(text: str) -> tuple[Stage, ...]:
    """`4:60,8:100,16:140:8` → stages; each but the first fades in at its beginning.

    A third number is the size of the stage's batches. Raises `ScheduleError` for anything else.
    """
    stages: list[Stage] = []
    for part in text.split(","):
        try:
            resolution, kimg, *batch = part.split(":")
            (batch_size,) = map(int, batch) if batch else (None,)
            fade_kimg = min(float(kimg) * FADE_SHARE, LONGEST_FADE_KIMG) if stages else 0.0
            if not 0 < float(kimg) <= MOST_KIMG:
                raise ScheduleError(f"A stage shows more than 0 and at most {MOST_KIMG:,} kimg, not {kimg}.")
            stages.append(Stage(int(resolution), float(kimg), fade_kimg, batch_size))
        except ScheduleError:
            raise
        except ValueError:
            raise ScheduleError(
                f"{part!r} is not a stage: write RESOLUTION:KIMG or RESOLUTION:KIMG:BATCH, "
                "for example 8:100,16:140:8."
            ) from None
    return tuple(stages)


def check_stages(stages: tuple[Stage, ...], resolutions: tuple[int, ...]) -> None:
    """Raises `ScheduleError` unless the stages climb through the network's resolutions one by one."""
    sides = [stage.resolution for stage in stages]
    first = resolutions.index(sides[0]) if sides and sides[0] in resolutions else -1
    if first < 0 or sides != list(resolutions[first:]):
        raise ScheduleError(
            f"Stages must climb one by one to {resolutions[-1]} through {', '.join(map(str, resolutions))}; "
            f"these were given: {', '.join(map(str, sides))}."
        )
    if any(not 0 < stage.kimg <= MOST_KIMG for stage in stages):
        raise ScheduleError("Every stage needs a positive number of kimg.")
    if any(not 0 <= stage.hold_kimg <= MOST_KIMG for stage in stages) or stages[0].hold_kimg:
        raise ScheduleError(
            "Trained levels hold still for 0 kimg or more, and in the first stage there are none yet."
        )


def phase_at(stages: tuple[Stage, ...], images: int) -> Phase:
    """The phase after that many real images. Past the end, the last stage goes on."""
    for i, stage in enumerate(stages):
        if images < stage.kimg * 1000 or i == len(stages) - 1:
            fade = stage.fade_kimg * 1000
            alpha = min(images / fade, 1.0) if fade > 0 else 1.0
            return Phase(i, stage.resolution, alpha, images < stage.hold_kimg * 1000)
        images -= round(stage.kimg * 1000)
    raise ScheduleError("A schedule needs at least one stage.")


def lr_decay(images: int, from_kimg: float) -> float:
    """What the learning rate is multiplied by: 1 at first, then √(from_kimg / kimg) (EDM2, 2312.02696).

    Whatever weights the last steps happened to leave is noise, the more the longer the steps; and later there
    is less to gain by long ones. Unlike a cosine this needs no end to be known, and goes on after any resume.
    """
    return min(1.0, math.sqrt(from_kimg * 1000 / max(images, 1)))


def total_images(stages: tuple[Stage, ...]) -> int:
    """How many real images the whole schedule shows."""
    return sum(round(stage.kimg * 1000) for stage in stages)
