"""Augmentation never makes colour out of nothing."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from train.data.dataset import SpriteDataset
from train.recipe import AugmentConfig
from train.step.augment import Augmentation, adjusted

OFF = AugmentConfig(probability=0.0)
ALWAYS = AugmentConfig(probability=1.0)
STILL = replace(ALWAYS, saturation=0, hue=0, brightness=0, scale=0, translation=0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def sprites(dataset: SpriteDataset, n: int = 64) -> Tensor:
    """Images of the data set [n, 4, 16, 16] in [−1, 1], in turn."""
    return dataset.batch(torch.arange(n).remainder(len(dataset)).numpy())


def augment(x: Tensor, config: AugmentConfig, probability: float | None = None) -> Tensor:
    """The images, each changed at random."""
    return Augmentation.draw(len(x), x.shape[-1], config, probability)(x)


def unit(x: Tensor) -> Tensor:
    return x / 2 + 0.5


@pytest.mark.parametrize("config", [ALWAYS, AugmentConfig()])
def test_there_is_no_colour_where_there_is_no_alpha(creatures: SpriteDataset, config: AugmentConfig) -> None:
    y = unit(augment(sprites(creatures), config))
    clear = y[:, 3:] == 0
    assert 0.2 < clear.float().mean() < 0.95
    assert (y[:, :3].abs() * clear).max() < 1e-6
    assert y[:, 3].min() >= 0 and y[:, 3].max() <= 1 + 1e-5


def test_a_cutout_empties_a_square_and_nothing_else() -> None:
    full = torch.ones(64, 4, 16, 16)
    y = unit(augment(full, replace(STILL, cutout=0.5)))
    assert set(y.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(y[:, :3], y[:, 3:].expand(-1, 3, -1, -1))  # premultiplied: colour goes with alpha
    emptied = (y[:, 3] == 0).sum(dim=(1, 2))
    assert emptied.max() == 64 and emptied.min() >= 16  # 8×8 pixels, or a quarter of it in a corner
    assert torch.equal(augment(full, replace(STILL, cutout=0.5), 0.0), full)


def test_nothing_stays_nothing() -> None:
    clear = torch.full((32, 4, 16, 16), -1.0)
    torch.testing.assert_close(augment(clear, ALWAYS), clear)


@pytest.mark.parametrize("side", [8, 16])
def test_probability_zero_changes_nothing_but_flips(creatures: SpriteDataset, side: int) -> None:
    x = creatures.batch(torch.arange(64).remainder(12).numpy(), side)
    y = augment(x, OFF)
    same = (y - x).abs().amax(dim=(1, 2, 3)) < 1e-4
    flipped = (y - x.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (same | flipped).all() and 16 < int(flipped.sum()) < 48


def test_shifts_are_whole_pixels_and_uncover_transparency() -> None:
    x = torch.ones(200, 4, 16, 16)  # opaque white up to the edges
    y = unit(augment(x, replace(STILL, translation=0.125)))
    torch.testing.assert_close(y, y.round(), atol=1e-4, rtol=0)
    alpha = y[:, 3].round()
    kept = {(int(a.amax(dim=1).sum()), int(a.amax(dim=0).sum())) for a in alpha}
    assert kept == {(h, w) for h in (14, 15, 16) for w in (14, 15, 16)}
    torch.testing.assert_close(y[:, :3], y[:, 3:].expand(-1, 3, -1, -1), atol=1e-5, rtol=0)


def test_saturation_and_brightness_leave_alpha_alone(creatures: SpriteDataset) -> None:
    x = sprites(creatures)
    y = augment(x, replace(STILL, saturation=0.5, brightness=0.2))
    mirrored = (y[:, 3] - x[:, 3]).abs().amax(dim=(1, 2)) > 1e-4
    torch.testing.assert_close(y[:, 3], torch.where(mirrored[:, None, None], x.flip(3)[:, 3], x[:, 3]))
    assert (y[:, :3] - torch.where(mirrored[:, None, None, None], x.flip(3), x)[:, :3]).abs().max() > 0.1


def test_brightness_is_added_in_proportion_to_alpha() -> None:
    x = torch.full((50, 4, 8, 8), 0.0)  # half covered, grey
    added = unit(augment(x, replace(STILL, brightness=0.1)))[:, :3] - 0.5
    assert (added - added[:, :1, :1, :1]).abs().max() < 1e-5
    assert 0.02 < added[:, 0, 0, 0].std() < 0.1  # 0.1 · α


def test_saturation_keeps_the_luma() -> None:
    x = torch.rand(20, 4, 8, 8) * 2 - 1
    luma = torch.tensor([0.299, 0.587, 0.114])
    y = unit(augment(x, replace(STILL, saturation=0.5)))
    before, after = (torch.einsum("nchw,c->nhw", unit(v)[:, :3], luma) for v in (x, y * 2 - 1))
    either = torch.minimum((after - before).abs(), (after - before.flip(2)).abs())
    assert either.max() < 1e-4


def test_gradients_flow_back_to_the_image(creatures: SpriteDataset) -> None:
    x = sprites(creatures, 16).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(augment(x, AugmentConfig()).square().sum(), x)
    assert gradient.isfinite().all() and (gradient.abs().amax(dim=(1, 2, 3)) > 0).all()


def test_samples_are_changed_each_in_its_own_way(creatures: SpriteDataset) -> None:
    y = augment(sprites(creatures, 1).expand(8, -1, -1, -1).contiguous(), ALWAYS)
    assert all(not torch.allclose(y[0], other) for other in y[1:])


def test_hue_turns_colours_around_grey(creatures: SpriteDataset) -> None:
    x = sprites(creatures)
    y = augment(x, replace(STILL, hue=0.5))
    before, after = unit(x)[:, :3], unit(y)[:, :3]
    before = torch.where(_mirrored(x, y)[:, None, None, None], before.flip(3), before)
    torch.testing.assert_close(after.sum(dim=1), before.sum(dim=1), atol=1e-4, rtol=0)  # grey parts stay
    torch.testing.assert_close(after.norm(dim=1), before.norm(dim=1), atol=1e-4, rtol=0)
    assert (after - before).abs().max() > 0.2


def _mirrored(x: Tensor, y: Tensor) -> Tensor:
    return (y[:, 3] - x[:, 3]).abs().amax(dim=(1, 2)) > 1e-4


def test_the_probability_follows_the_lead_within_its_bounds() -> None:
    config = AugmentConfig(probability=0.5, target=0.6, least=0.4, most=0.7, adjust_kimg=1)
    assert adjusted(0.5, 0.9, 100, config) == pytest.approx(0.6)
    assert adjusted(0.5, 0.1, 50, config) == pytest.approx(0.45)
    assert adjusted(0.65, 1.0, 500, config) == 0.7 and adjusted(0.45, 0.0, 500, config) == 0.4
    assert adjusted(0.5, 1.0, 500, replace(config, target=None)) == 0.5


def test_a_given_probability_overrides_the_recipes(creatures: SpriteDataset) -> None:
    x = sprites(creatures)
    y = augment(x, ALWAYS, probability=0.0)
    same = (y - x).abs().amax(dim=(1, 2, 3)) < 1e-4
    flipped = (y - x.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (same | flipped).all()
