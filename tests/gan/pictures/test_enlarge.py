"""The last stage: larger, clean and always the same; and nothing of it where a checkpoint has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan.checkpoint import CheckpointError, load, save
from gan.pictures.enlarge import (
    Enlarger,
    EnlargerConfig,
    premultiplied,
    smoothly_enlarged,
    tidy,
    to_picture,
)
from gan.pictures.sprite import Pixels
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_enlarger, tiny_generator

CONFIG = EnlargerConfig(width=8, depth=2, smallest_island=6, largest_hole=2)


def square(side: int = 16) -> Pixels:
    """An opaque red square, half as wide as its picture."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = (255, 0, 0, 255)
    return pixels


def test_a_network_that_adds_nothing_enlarges_smoothly() -> None:
    network = Enlarger(CONFIG)
    with torch.no_grad():
        for parameter in network.body[-1].parameters():
            parameter.zero_()
        small = premultiplied(square()[None])
        assert torch.equal(network(small), smoothly_enlarged(small))


@pytest.mark.parametrize("shape", [(2, 4, 16, 16), (1, 3, 8, 12)])
def test_smooth_enlarging_is_bicubic(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    images = torch.rand(shape)
    expected = torch.nn.functional.interpolate(images, scale_factor=4, mode="bicubic", align_corners=False)
    torch.testing.assert_close(smoothly_enlarged(images), expected, rtol=0, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(smoothly_enlarged(images), expected, rtol=0, atol=1e-5)


def test_what_goes_in_premultiplied_comes_out_straight() -> None:
    half = square()
    half[..., 3] //= 2
    small = premultiplied(half[None])
    assert small.shape == (1, 4, 16, 16)
    assert small[0, :, 8, 8].tolist() == pytest.approx([127 / 255, 0, 0, 127 / 255])
    picture = to_picture(small)[0]
    assert picture[8, 8].tolist()[:3] == [255, 0, 0]  # the colour is that of what is there, not a mixture
    assert picture[0, 0].tolist() == [0, 0, 0, 0]


def test_haze_goes_and_what_is_nearly_opaque_becomes_so() -> None:
    alphas = torch.tensor([0.05, 0.1, 0.5, 0.9, 1.2])
    pixels = torch.cat([alphas.expand(3, -1) * 0.5, alphas[None]])[None, :, None]
    assert to_picture(pixels)[0, 0, :, 3].tolist() == [0, 0, 128, 255, 255]


def test_specks_go_and_pinholes_close() -> None:
    sprite = square()
    sprite[1, 1] = sprite[1, 2] = (0, 255, 0, 255)  # a speck
    sprite[3, 8] = (255, 0, 0, 40)  # the soft edge of the body
    sprite[8, 8] = 0  # a pinhole
    cleaned = tidy(sprite, CONFIG)
    assert not cleaned[:3].any()
    assert cleaned[3, 8].tolist() == [255, 0, 0, 40]
    assert cleaned[8, 8].tolist() == [255, 0, 0, 255]
    assert np.array_equal(tidy(square(), CONFIG), square())
    assert not tidy(np.zeros((16, 16, 4), np.uint8), CONFIG).any()


def test_a_picture_depends_on_its_sprite_alone(tmp_path: Path) -> None:
    save(tmp_path / "a.safetensors", tiny_generator(), {}, enlarger=tiny_enlarger())
    sampler = Sampler(load(tmp_path / "a.safetensors"), device="cpu")
    sprites = sampler.render(sampler.w_from_seeds(range(5), 1.0), range(5))
    together = sampler.enlarge(sprites)
    assert together.shape == (5, 64, 64, 4) and together.dtype == np.uint8
    assert together[..., 3].any()
    for sprite, picture in zip(sprites, together, strict=True):
        assert np.array_equal(sampler.enlarge(sprite[None])[0], picture)
    assert sampler.enlarge(sprites[:0]).shape[0] == 0


def test_a_checkpoint_without_one_leaves_sprites_as_they_are(tmp_path: Path) -> None:
    save(tmp_path / "a.safetensors", tiny_generator(), {})
    sampler = Sampler(load(tmp_path / "a.safetensors"), device="cpu")
    sprites = sampler.render(sampler.w_from_seeds([1], 1.0), [1])
    assert np.array_equal(sampler.enlarge(sprites), sprites)


def test_it_travels_in_the_checkpoint_and_is_part_of_its_id(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.safetensors" for i in range(3)]
    ids = [
        save(paths[0], tiny_generator(), {}),
        save(paths[1], tiny_generator(), {}, enlarger=tiny_enlarger(0)),
        save(paths[2], tiny_generator(), {}, enlarger=tiny_enlarger(1)),
    ]
    assert len(set(ids)) == 3
    loaded = load(paths[1])
    assert loaded.id == ids[1] and loaded.enlarger is not None
    assert loaded.enlarger.config == tiny_enlarger().config
    weights = tiny_enlarger(0).state_dict()
    for name, weight in loaded.enlarger.state_dict().items():
        assert torch.equal(weight, weights[name].half().float())
    assert load(paths[0]).enlarger is None


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    broken = tiny_enlarger()
    with torch.no_grad():
        next(broken.parameters()).fill_(torch.inf)
    with pytest.raises(CheckpointError, match="not finite"):
        save(tmp_path / "a.safetensors", tiny_generator(), {}, enlarger=broken)


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"depth": 33}, {"smallest_island": -1}, {"largest_hole": 1.5}, {"width": True}]
)
def test_impossible_descriptions_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is a whole number from"):
        EnlargerConfig(**wrong)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save(tmp_path / "c.safetensors", tiny_generator(), {}, enlarger=tiny_enlarger())
    return tmp_path / "c.safetensors"


def opened(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize(
    ("options", "side"), [((), 128), (("--scale", 2), 32), (("--pixels",), 16), (("--raw", "--scale", 3), 48)]
)
def test_the_command_line_draws_line_art_or_pixels(
    checkpoint: Path, tmp_path: Path, command: CommandLine, options: tuple[object, ...], side: int
) -> None:
    sampler = Sampler(load(checkpoint), device="cpu")
    sprite = sampler.render(sampler.w_from_seeds([3], 0.85), [3], raw="--raw" in options)
    command("sample", "--checkpoint", checkpoint, "--seeds", 3, "--out", tmp_path / "out", *options)
    expected = sampler.shown(sprite, side // 16, pixel_art="--pixels" in options or "--raw" in options)[0]
    assert np.array_equal(opened(tmp_path / "out" / "seed0003.png"), expected)
    assert expected.shape == (side, side, 4)


@pytest.mark.parametrize("pixels", [False, True])
def test_sheets_and_morphs_draw_it_too(
    checkpoint: Path, tmp_path: Path, command: CommandLine, pixels: bool
) -> None:
    how = ("--checkpoint", checkpoint, *(["--pixels"] if pixels else []))
    command("grid", *how, "--seeds", "1,2", "--transparent", "--out", tmp_path / "grid.png")
    command("mix", *how, "--rows", "1", "--columns", "2", "--transparent", "--out", tmp_path / "mix.png")
    command("morph", *how, "--through", "1,2", "--frames", 2, "--out", tmp_path / "morph.png")
    sampler = Sampler(load(checkpoint), device="cpu")
    sprite = sampler.render(sampler.w_from_seeds([1], 0.85), [1])
    expected = sampler.shown(sprite, 2, pixel_art=pixels)[0]
    cell = opened(tmp_path / "grid.png")[4:36, 4:36]
    assert np.array_equal(cell[..., 3], expected[..., 3])
    visible = expected[..., 3] > 32
    assert np.abs(cell.astype(int) - expected)[visible].max() <= 4  # laying over nothing rounds
    assert np.array_equal(opened(tmp_path / "morph.png"), sampler.shown(sprite, 3, pixel_art=pixels)[0])
    assert opened(tmp_path / "mix.png").any()
