"""Examples whose types and heights can be read from a few features, and whose other traits cannot."""

import numpy as np

from gan.traits import NUMBERS
from train.traits.examples import Examples, Vocabulary
from train.traits.features import SIZE, block_slices

VOCABULARY = Vocabulary(("Fire", "Grass", "Water"), ("Blue", "Red"), ("ball", "wings"))
FAMILIES, SPECIES, PICTURES = 40, 80, 2


def planted(seed: int = 0) -> tuple[np.ndarray, Examples]:
    """Features float32 [N, 2, D] of pictures and their mirrors, and what is true of them."""
    random = np.random.default_rng(seed)
    types, colours, shapes = (random.integers(n, size=SPECIES) for n in (3, 2, 2))
    numbers = random.standard_normal((SPECIES, len(NUMBERS)))
    targets = np.concatenate([np.eye(3)[types], np.eye(2)[colours], np.eye(2)[shapes], numbers], axis=1)
    species = np.repeat(np.arange(SPECIES), PICTURES)
    features = random.standard_normal((len(species), 2, SIZE)) * 0.3
    told = np.concatenate([np.eye(3)[types], numbers[:, :1]], axis=1)[species]
    for block, columns in block_slices():
        if block.size % told.shape[1] == 0:  # the network's maps, and nothing about colours and silhouettes
            features[:, :, columns] += np.repeat(told, block.size // told.shape[1], axis=1)[:, None]
    examples = Examples(
        np.arange(len(species)),
        species,
        tuple(f"Species {i}" for i in range(SPECIES)),
        species * FAMILIES // SPECIES,
        targets[species].astype(np.float32),
        VOCABULARY,
    )
    return features.astype(np.float32), examples
