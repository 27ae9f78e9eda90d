"""The synthetic creatures that other tests build on."""

from pathlib import Path

import numpy as np
from PIL import Image

from train.data.synthetic import draw, write_folder


def test_a_seed_is_always_the_same_creature() -> None:
    assert draw(5).tobytes() == draw(5).tobytes()
    assert len({draw(seed).tobytes() for seed in range(50)}) == 50


def test_creatures_stay_inside_and_have_hard_edges() -> None:
    for seed in range(100):
        alpha = np.asarray(draw(seed, seed / 100))[..., 3]
        assert set(np.unique(alpha)) == {0, 255}
        assert not alpha[[0, -1]].any() and not alpha[:, [0, -1]].any()
        assert 0.05 < (alpha > 0).mean() < 0.5


def test_folders_hold_stills_or_animations(tmp_path: Path) -> None:
    write_folder(tmp_path / "stills", 2)
    write_folder(tmp_path / "gifs", 2, animated=True, frames=3)
    assert sorted(path.name for path in (tmp_path / "stills").iterdir()) == ["1.png", "2.png"]
    with Image.open(tmp_path / "gifs" / "2.gif") as gif:
        assert getattr(gif, "n_frames", 1) == 3 and "transparency" in gif.info
