"""Projection: from a picture back to styles; and python -m gan project."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan.checkpoint import load
from gan.latents import mix_by_level
from gan.pictures.sprite import Pixels, enlarge, from_png, to_png
from gan.projection.loss import PictureLoss, features_available, pyramid
from gan.projection.project import (
    ProjectionError,
    ProjectionSettings,
    WhitenedStyles,
    distance,
    premultiplied,
    project,
    ramp,
)
from gan.projection.target import TargetError, read_target
from gan.sampler import Sampler
from gan.styles_file import read_styles
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_config

FAST = ProjectionSettings(steps=100, candidates=16, features=False)
needs_features = pytest.mark.skipif(not features_available(), reason="the train extra is missing")


@pytest.fixture
def sampler(checkpoint: Path) -> Sampler:
    return Sampler(tiny_checkpoint(checkpoint), "cpu")


def drawn(sampler: Sampler, seed: int, noise_seed: int = 0) -> Pixels:
    return sampler.render(sampler.w_from_seeds([seed], 0.9), [noise_seed])[0]


def test_a_picture_of_the_network_is_found_again(checkpoint: Path, sampler: Sampler) -> None:
    target = drawn(sampler, 1000)
    steps: list[tuple[int, float]] = []
    found = project(load(checkpoint), target, FAST, lambda *step: steps.append(step), "cpu")
    strangers = [distance(drawn(sampler, seed), target) for seed in range(8)]
    assert found.distance < 0.6 * min(found.mean_distance, *strangers)
    assert found.w_plus.shape == (6, 32) and found.w_plus.dtype == np.float32 and not found.features
    assert np.array_equal(found.picture, sampler.render(found.w_plus[None], [0])[0])
    assert found.distance == distance(found.picture, target)
    assert [number for number, _ in steps] == list(range(1, 101)) and steps[-1][1] < steps[0][1] / 3


def test_the_shipped_network_finds_its_own_pictures_again() -> None:
    from gan.package import SHIPPED

    shipped = load(SHIPPED)
    sampler = Sampler(shipped, "cpu")
    target = drawn(sampler, 1000, noise_seed=7)  # other noise than the projection's
    found = project(shipped, target, replace(FAST, steps=40, candidates=16), device="cpu")
    strangers = [distance(drawn(sampler, seed), target) for seed in range(8)]
    assert found.distance < 0.7 * min(found.mean_distance, *strangers)
    # Mixing it works as with any other creature: the styles have not left the distribution of w.
    space = WhitenedStyles.measure(shipped.generator)
    assert space.whiten(torch.from_numpy(found.w_plus)).square().mean() < 2
    other = sampler.w_from_seeds([3], 0.9)[0]
    child = mix_by_level(found.w_plus, other, ["colours"], shipped.levels)
    a, b = sampler.render(np.stack([found.w_plus, child]), [0, 0])
    assert ((a[..., 3] > 128) == (b[..., 3] > 128)).mean() > 0.9 and not np.array_equal(a, b)


def test_the_same_picture_gives_the_same_styles(checkpoint: Path, sampler: Sampler) -> None:
    target, settings = drawn(sampler, 5), replace(FAST, steps=10)
    torch.manual_seed(1)
    one = project(load(checkpoint), target, settings, device="cpu")
    torch.manual_seed(2)
    two = project(load(checkpoint), target, settings, device="cpu")
    assert np.array_equal(one.w_plus, two.w_plus) and np.array_equal(one.picture, two.picture)
    other = project(load(checkpoint), target, replace(settings, noise_seed=3), device="cpu")
    assert other.noise_seed == 3 and not np.array_equal(one.w_plus, other.w_plus)


def test_a_stronger_prior_keeps_styles_nearer_to_the_mean(checkpoint: Path, sampler: Sampler) -> None:
    target = np.zeros((16, 16, 4), np.uint8)
    target[2:9, 3:15] = (255, 0, 90, 255)  # nothing the network would draw
    space, sizes = WhitenedStyles.measure(sampler.generator), []
    for weight in (0.0, 0.01, 1.0):
        settings = replace(FAST, steps=60, prior_weight=weight)
        found = project(load(checkpoint), target, settings, device="cpu")
        sizes.append(space.whiten(torch.from_numpy(found.w_plus)).square().mean().item())
    assert sizes[0] > 1.05 * sizes[1] and sizes[1] > 1.5 * sizes[2]


def test_whitened_styles_have_unit_size_and_come_back(sampler: Sampler) -> None:
    space = WhitenedStyles.measure(sampler.generator)
    w = sampler.generator.mapping(torch.randn(2000, 32, generator=torch.Generator().manual_seed(1)))
    v = space.whiten(w)
    torch.testing.assert_close(space.colour(v), w, atol=1e-4, rtol=1e-4)
    assert 0.7 < v.square().mean() < 1.3
    assert space.whiten(space.mean).abs().max() < 1e-5


def test_the_learning_rate_rises_and_falls() -> None:
    settings = ProjectionSettings(ramp_up=0.1, ramp_down=0.5)
    rates = [ramp(t, settings) for t in np.linspace(0, 1, 101)]
    assert rates[0] == 0 and rates[10:51] == [1.0] * 41 and rates[-1] == 0
    assert sorted(rates[:11]) == rates[:11] and sorted(rates[50:], reverse=True) == rates[50:]


def test_distances_ignore_colour_that_cannot_be_seen() -> None:
    clear, red, hidden = (np.zeros((16, 16, 4), np.uint8) for _ in range(3))
    red[:] = (255, 0, 0, 255)
    hidden[..., :3] = 200
    assert distance(clear, hidden) == 0 and distance(red, red) == 0
    assert distance(clear, red) == pytest.approx(0.5**0.5)  # red and alpha of four channels
    assert premultiplied(red).amax() == 1 and premultiplied(hidden).amax() == -1


def test_pictures_are_compared_at_several_scales() -> None:
    assert [tuple(x.shape) for x in pyramid(torch.zeros(1, 4, 32, 32))] == [
        (1, 4, 32, 32),
        (1, 4, 16, 16),
        (1, 4, 8, 8),
    ]
    target = torch.zeros(1, 4, 16, 16)
    loss = PictureLoss(target, features=False)
    assert loss(target).tolist() == [0]
    assert loss(target + torch.tensor([0.0, 1, 2]).view(3, 1, 1, 1)).tolist() == [0, 1, 4]


@needs_features
def test_features_take_part_where_they_can_be_had(checkpoint: Path, sampler: Sampler) -> None:
    target = drawn(sampler, 1)
    settings = ProjectionSettings(steps=3, candidates=2)
    found = project(load(checkpoint), target, settings, device="cpu")
    plain = project(load(checkpoint), target, replace(settings, features=False), device="cpu")
    assert found.features and not plain.features and not np.array_equal(found.w_plus, plain.w_plus)
    loss = PictureLoss(premultiplied(target), features=True)
    assert loss(premultiplied(target)).item() < 1e-6 < loss(premultiplied(drawn(sampler, 2))).item()


@pytest.mark.parametrize("shape", [(16, 16, 3), (8, 8, 4), (1, 16, 16, 4)])
def test_pictures_of_another_size_are_refused(checkpoint: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ProjectionError, match="16×16"):
        project(load(checkpoint), np.full(shape, 255, np.uint8))


def test_pictures_of_another_type_and_of_nothing_are_refused(checkpoint: Path) -> None:
    with pytest.raises(ProjectionError, match="16×16"):
        project(load(checkpoint), np.ones((16, 16, 4), np.float32))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ProjectionError, match="transparent"):
        project(load(checkpoint), np.zeros((16, 16, 4), np.uint8))


def picture(path: Path, sprite: Pixels, scale: int = 1) -> Path:
    path.write_bytes(to_png(sprite, scale))
    return path


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_a_sprite_keeps_its_place_however_it_was_enlarged(
    tmp_path: Path, sampler: Sampler, scale: int
) -> None:
    sprite = drawn(sampler, 1)
    assert np.array_equal(read_target(picture(tmp_path / "a.png", sprite, scale), 16), sprite)


def test_other_pictures_are_cropped_and_squared_with_a_margin(tmp_path: Path) -> None:
    sprite = np.zeros((120, 300, 4), np.uint8)
    sprite[..., :3] = 77  # a colour under what is transparent, which must not bleed
    sprite[20:60, 100:200] = (255, 128, 0, 255)
    target = read_target(picture(tmp_path / "a.png", sprite), 16)
    there = target[..., 3] > 128
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (5, 10, 1, 14)
    assert np.abs(target[there][:, :3].astype(int) - (255, 128, 0)).max() <= 2
    assert not target[0].any()


def test_files_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (40, 40, 4), np.uint8)
    whole = picture(tmp_path / "whole.png", noisy).read_bytes()
    files = {"none.png": None, "text.png": b"hello", "empty.png": b"", "half.png": whole[: len(whole) // 2]}
    for name, data in files.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(TargetError, match=name):
            read_target(tmp_path / name, 16)
    with pytest.raises(TargetError, match="cannot be read"):
        read_target(tmp_path, 16)
    with pytest.raises(TargetError, match="transparent"):
        read_target(picture(tmp_path / "clear.png", np.zeros((40, 40, 4), np.uint8)), 16)
    Image.new("1", (9000, 9000)).save(tmp_path / "large.png")
    with pytest.raises(TargetError, match="too large: at most 64 million"):
        read_target(tmp_path / "large.png", 16)


def test_project_writes_styles_and_a_comparison(
    command: CommandLine, checkpoint: Path, tmp_path: Path, sampler: Sampler
) -> None:
    image = picture(tmp_path / "me.png", drawn(sampler, 1), 3)
    out = tmp_path / "new" / "me.npz"
    args = ("project", image, "--out", out, "--checkpoint", checkpoint)
    done = command(*args, "--steps", "20", "--noise-seed", "4", "--no-features")
    assert done.code == 0 and "Distance 0." in done.out and "pixels alone" in done.out
    assert sorted(p.name for p in out.parent.iterdir()) == ["me-projected.png", "me.npz"]
    styles = read_styles(out, tiny_config())
    assert (styles.noise_seed, styles.checkpoint_id) == (4, sampler.checkpoint_id)
    with Image.open(out.with_name("me-projected.png")) as sheet:
        right = np.asarray(sheet)[-4 - 64 : -4, -4 - 64 : -4]
    ground = Image.new("RGBA", (64, 64), (255, 255, 255, 255))
    ground.alpha_composite(Image.fromarray(enlarge(sampler.render(styles.w_plus[None], [4])[0], 4)))
    assert np.array_equal(right, np.asarray(ground))
    args = ("sample", "--w", out, "--out", tmp_path / "again", "--checkpoint", checkpoint)
    assert command(*args).code == 0
    drawn_again = from_png((tmp_path / "again" / "me.png").read_bytes())
    assert np.array_equal(drawn_again, sampler.render(styles.w_plus[None], [4])[0])


def test_an_opaque_picture_is_projected_with_a_note(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (30, 40), (200, 30, 30)).save(tmp_path / "photo.jpg")
    args = ("project", tmp_path / "photo.jpg", "--out", tmp_path / "p.npz", "--checkpoint", checkpoint)
    done = command(*args, "--steps", "1", "--no-features")
    assert done.code == 0 and "background" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("none.png", "--out", "a.npz"), "none.png"),
        (("me.png", "--out", "a.png"), ".npz"),
        (("me.png", "--out", "taken.npz"), "is a folder"),
        (("me-projected.png", "--out", "me.npz"), "overwrite"),
        (("me.png", "--out", "a.npz", "--noise-seed", "-1"), "--noise-seed"),
        (("me.png", "--out", "me.png/a.npz"), "not a folder"),
        (("me.png", "--out", "a.npz", "--checkpoint", "none.safetensors"), "none.safetensors"),
    ],
)
def test_project_refuses_what_cannot_be(
    command: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    (tmp_path / "o" / "taken-projected.png").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "o")
    for name in ("me.png", "me-projected.png"):
        picture(Path(name), np.full((16, 16, 4), 255, np.uint8))
    before = {p.name: p.read_bytes() for p in Path().iterdir() if p.is_file()}
    usual = () if "--checkpoint" in args else ("--checkpoint", checkpoint)
    assert words in command("project", *args, *usual).refusal
    assert {p.name: p.read_bytes() for p in Path().iterdir() if p.is_file()} == before


def test_features_that_are_not_installed_are_asked_for_in_vain(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan.pretrained.efficientnet.importlib.util.find_spec", lambda name: None)
    image = picture(tmp_path / "me.png", np.full((16, 16, 4), 255, np.uint8))
    args = ("project", image, "--out", tmp_path / "a.npz", "--steps", "1", "--checkpoint", checkpoint)
    assert "train extra" in command(*args, "--features").refusal
    assert "pixels alone" in command(*args).out
