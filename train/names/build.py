"""The file of names, from sources: what bot/creature/name_file.py reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from gan.files import write
from train.names.refused import FOLDS, KEY, SOUNDS, prints
from train.names.sources import Sources
from train.names.syllables import count

FORMAT = "newmon-names 1"


def build(sources: Sources, out: Path) -> int:
    """Write the file, always the same for the same sources; returns its bytes. Raises FileError."""
    counted = count(sources.species)
    refused = prints(sources, set(counted.trigrams))
    arrays: dict[str, np.ndarray] = {f"prints.{name}": values for name, values in refused.items()}
    for kind, table in (("syllables", counted.syllables), ("onsets", counted.onsets)):
        arrays |= {f"{kind}.{position}": found.weights for position, found in table.items()}
    about = {
        "types": counted.types,
        "syllables": {position: found.texts for position, found in counted.syllables.items()},
        "onsets": {position: found.texts for position, found in counted.onsets.items()},
        "trigrams": counted.trigrams,
        "folds": FOLDS,
        "sounds": SOUNDS,
        "key": KEY.hex(),
        "prints": sorted(refused),
    }
    # One entry: several would be written in any order.
    data = save(arrays, {FORMAT: json.dumps(about, ensure_ascii=False)})
    write(out, data)
    return len(data)
