"""The discriminator that looks through a pretrained network."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan.pretrained import efficientnet
from train.recipe import PretrainedDiscriminatorConfig
from train.step.pretrained_discriminator import PretrainedDiscriminator

pytestmark = pytest.mark.skipif(
    not efficientnet.available(), reason="the packages of the train extra are missing"
)


SMALL = PretrainedDiscriminatorConfig(image_side=64, width=8)


@pytest.fixture(scope="module")
def looking() -> PretrainedDiscriminator:
    torch.manual_seed(0)
    pair = PretrainedDiscriminator(SMALL)
    pair.calibrate(sprites(16))
    return pair


def sprites(n: int, side: int = 32) -> Tensor:
    """Premultiplied noise [n, 4, side, side] in [−1, 1] with soft and hard alpha."""
    torch.manual_seed(1)
    alpha = (torch.rand(n, 1, side, side) * 2 - 0.5).clamp(0, 1)
    return torch.cat([torch.rand(n, 3, side, side) * alpha, alpha], dim=1) * 2 - 1


def test_images_are_seen_over_white(looking: PretrainedDiscriminator) -> None:
    soft = sprites(2)
    alpha = soft[:, 3:] / 2 + 0.5
    opaque = torch.cat([(soft[:, :3] / 2 + 0.5 + 1 - alpha) * 2 - 1, torch.ones_like(alpha)], dim=1)
    clear, white = torch.full((1, 4, 32, 32), -1.0), torch.ones(1, 4, 32, 32)
    for seen, same in ((soft, opaque), (clear, white)):
        for a, b in zip(looking.features(seen), looking.features(same), strict=True):
            torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(looking.features(soft)[0], looking.features(white.expand(2, -1, -1, -1))[0])


def test_calibrated_features_have_unit_deviation(looking: PretrainedDiscriminator) -> None:
    for feature in looking.features(sprites(16)):
        assert feature.std().item() == pytest.approx(1, abs=1e-3)


def test_heads_learn_and_the_pretrained_network_does_not(looking: PretrainedDiscriminator) -> None:
    image = sprites(2).requires_grad_()
    sum(m.sum() for m in looking.logits(looking.features(image))).backward()  # type: ignore[union-attr]
    assert image.grad is not None and (image.grad[:, :3] != 0).any() and (image.grad[:, 3] != 0).any()
    assert all(p.grad is None and not p.requires_grad for p in looking.backbone.parameters())
    heads = list(looking.heads.parameters())
    assert heads and all(p.grad is not None and p.grad.abs().sum() > 0 for p in heads)


def test_each_head_gives_a_map_of_logits(looking: PretrainedDiscriminator) -> None:
    maps = looking.logits(looking.features(sprites(3)))
    assert [m.shape for m in maps] == [(3, 1, 8, 8), (3, 1, 4, 4), (3, 1, 2, 2)]


def test_finer_features_get_a_head_of_their_own_and_coarser_ones_do_without() -> None:
    for first_stride, sides in ((4, [16, 8, 4, 2]), (16, [4, 2])):
        pretrained = PretrainedDiscriminator(replace(SMALL, first_stride=first_stride))
        assert [m.shape[-1] for m in pretrained.logits(pretrained.features(sprites(2)))] == sides


def test_small_images_are_not_blown_up_to_full_size(looking: PretrainedDiscriminator) -> None:
    assert [f.shape[-1] for f in looking.features(sprites(1, side=24))] == [6, 3, 1]
    larger = PretrainedDiscriminator(replace(SMALL, most_enlarged=3))
    assert [f.shape[-1] for f in larger.features(sprites(1, side=24))] == [8, 4, 2]


def test_heads_can_see_that_the_images_of_a_group_are_alike() -> None:
    pretrained = PretrainedDiscriminator(replace(SMALL, minibatch_stddev=True)).eval()
    various = sprites(4)
    alike = torch.cat([various[:1], various[:1]] * 2)
    for alone, among in zip(
        pretrained.logits(pretrained.features(alike)),
        pretrained.logits(pretrained.features(various)),
        strict=True,
    ):
        assert not torch.allclose(alone[0], among[0]), "the first image is the same, its company is not"


def test_the_penalty_is_half_the_squared_slope_at_each_place() -> None:
    pretrained = PretrainedDiscriminator(SMALL)
    heads = [torch.nn.Conv2d(head.layers[0].in_channels, 1, 1) for head in pretrained.heads]  # type: ignore[index,union-attr]
    pretrained.heads = torch.nn.ModuleList(heads)
    expected = sum(head.weight.square().sum() / 2 for head in heads) / len(heads)
    penalty = pretrained.penalty(pretrained.features(sprites(3)))
    torch.testing.assert_close(penalty, expected)
    penalty.backward()
    assert all(head.weight.grad is not None and head.weight.grad.abs().sum() > 0 for head in heads)
