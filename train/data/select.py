"""Which of the decoded images a data set keeps: each picture once, and of each species no near-duplicates."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from train.data.near_duplicates import distinct, most_various, thumbnails
from train.data.shards import load
from train.data.sources import SourceFile


@dataclass
class Selection:
    """What was decoded, image by image, and what of it stays."""

    file: list[int] = field(default_factory=list)  # [N] position of its file
    frame: list[int] = field(default_factory=list)  # [N]
    keep: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))  # [N]
    skipped: dict[int, str] = field(default_factory=dict)  # position of a file → why it is not used
    removed: dict[str, list[int]] = field(default_factory=dict)  # why → numbers of images

    def columns(self, images: Iterable[int]) -> dict[str, list[int]]:
        """File and frame of these images, as the index stores them."""
        numbers = list(images)
        return {"file": [self.file[i] for i in numbers], "frame": [self.frame[i] for i in numbers]}

    def drop_invisible(self, numbers: list[int], images: np.ndarray) -> None:
        """No longer keep those images, uint8 [n, R, R, 4], that came out without anything to see in them."""
        gone = [i for i, image in zip(numbers, images, strict=True) if not image[..., 3].any()]
        self.keep[gone] = False
        if gone:
            self.removed["invisible"] = sorted([*self.removed.get("invisible", []), *gone])


def select(
    shards: Iterable[Path], files: list[SourceFile], near_duplicates: float, per_species: int
) -> Selection:
    """Look through all shards and decide.

    Of images that are the same in every bit the first stays, whatever its species. Then, species by species,
    `similar.distinct` removes what differs by less than `near_duplicates` and `similar.most_various` leaves
    at most `per_species` (0: all).
    """
    chosen = Selection()
    seen: set[bytes] = set()
    identical: list[int] = []
    thumbs: dict[int, np.ndarray] = {}  # of images that are not identical to an earlier one
    groups: dict[str, list[int]] = {}
    for path in shards:
        shard = load(path)
        chosen.skipped |= shard.skipped
        small = thumbnails(shard.images)
        for image, thumb, file in zip(shard.images, small, shard.file.tolist(), strict=True):
            number = len(chosen.file)
            chosen.file.append(file)
            digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            if digest in seen:
                identical.append(number)
                continue
            seen.add(digest)
            thumbs[number] = thumb
            groups.setdefault(files[file].species, []).append(number)
        chosen.frame += shard.frame.tolist()
    chosen.keep = np.zeros(len(chosen.file), dtype=bool)
    similar: list[int] = []
    surplus: list[int] = []
    for numbers in groups.values():
        group = np.array(numbers)
        stack = np.stack([thumbs[i] for i in numbers])
        unlike = distinct(stack, near_duplicates)
        similar += group[~unlike].tolist()
        group, stack = group[unlike], stack[unlike]
        if 0 < per_species < len(group):
            best = most_various(stack, per_species)
            surplus += np.delete(group, best).tolist()
            group = group[best]
        chosen.keep[group] = True
    chosen.removed = {"identical": identical, "similar": sorted(similar), "surplus": sorted(surplus)}
    return chosen
