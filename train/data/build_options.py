"""What decides the bytes of a data set, beside its files."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from train.data import sources
from train.errors import DataError

MOST_UNTYPICAL = 0.5  # share
# Fields that came later: an index does not name them where they have the value that older data sets had.
LATER = {"enhance": False, "keep_background": False, "least_typical": 0.0}


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What decides the bytes of a data set, beside its files. The defaults resample pictures as they are."""

    resolution: int = 64
    frames: int = 12  # per animated file, evenly spread
    variants: tuple[str, ...] = sources.FRONTS  # of the sprite package only
    near_duplicates: float = 2.0  # mean difference (0–255) below which images of a species count as the same
    per_species: int = 0  # at most so many images of a species; 0: no limit
    enhance: bool = False  # make line art: enlarged by a pretrained network, then averaged
    keep_background: bool = False  # or else, with `enhance`, a near-uniform one is removed
    least_typical: float = 0.0  # share of the images that are marked as such, for training to leave out

    def __post_init__(self) -> None:
        if self.resolution not in (8, 16, 32, 64, 128, 256, 512):
            raise DataError(f"The resolution must be a power of two from 8 to 512, not {self.resolution}.")
        if self.frames < 1:
            raise DataError(f"At least one frame of each file is needed, not {self.frames}.")
        if not 0 <= self.near_duplicates <= 255:
            raise DataError(f"Near-duplicates differ by 0 to 255, not {self.near_duplicates}: 0 keeps all.")
        if self.per_species < 0:
            raise DataError(f"A species cannot have {self.per_species} images: 0 means no limit.")
        if not 0 <= self.least_typical <= MOST_UNTYPICAL:
            share = self.least_typical
            raise DataError(f"The least typical are a share from 0 to {MOST_UNTYPICAL:g}, not {share}.")

    def plain(self) -> dict[str, Any]:
        """The options as JSON gives them back."""
        plain = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in plain.items() if name not in LATER or value != LATER[name]}


PIXEL_OPTIONS = BuildOptions(per_species=64)  # Arceus and Unown have hundreds, most species about twenty
SPRITE_OPTIONS = BuildOptions(128, per_species=64, enhance=True)
OWN_OPTIONS = BuildOptions(128, enhance=True)


def at_least(options: BuildOptions, resolution: int) -> BuildOptions:
    """The same options with images of this many pixels a side, where they had fewer."""
    return replace(options, resolution=max(options.resolution, resolution))
