"""The network that enlarges drawings: its shape, and its weights in ncnn's format."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan.pretrained.super_resolution import SuperResolution, WeightsError, load_ncnn
from tests.ncnn import layers, random, repeating, written


def test_it_has_the_size_of_the_published_network() -> None:
    assert len(written(SuperResolution())[1]) == 1_247_368  # bytes of realesr-animevideov3-x4.bin


def test_it_adds_details_to_the_picture_enlarged_by_repeating_pixels() -> None:
    picture = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    enlarged = repeating()(picture)
    assert torch.equal(enlarged, picture.repeat_interleave(4, 2).repeat_interleave(4, 3))
    network = repeating()
    last = network.body[-1]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    last.bias.data[6] = 0.5  # of red: the third pixel of the second row of each cell
    details = network(picture) - enlarged
    expected = torch.zeros(4, 4)
    expected[1, 2] = 0.5
    assert torch.allclose(details[0, 0], expected.repeat(5, 7)) and details[:, 1:].abs().max() == 0


def computed(network: SuperResolution, picture: Tensor) -> Tensor:
    """What the published layers give, written out."""
    x = picture
    for layer in layers(network):
        if isinstance(layer, nn.Conv2d):
            x = F.conv2d(x, layer.weight, layer.bias, padding=1)
        else:
            x = x.clamp_min(0) + layer.weight[:, None, None] * x.clamp_max(0)
    n, _, height, width = x.shape
    x = x.view(n, 3, 4, 4, height, width).permute(0, 1, 4, 2, 5, 3).reshape(n, 3, 4 * height, 4 * width)
    return x + F.interpolate(picture, scale_factor=4)


@pytest.mark.parametrize("half", [True, False])
def test_weights_are_read_as_ncnn_writes_them(half: bool) -> None:
    network = random()
    read = load_ncnn(*written(network, half))
    picture = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(read(picture), computed(network, picture), atol=1e-5)
    assert not any(weight.requires_grad for weight in read.parameters())


def test_other_files_are_refused() -> None:
    param, content = written(repeating())
    with pytest.raises(WeightsError, match="too early"):
        load_ncnn(param, content[:-4])
    with pytest.raises(WeightsError, match="4 bytes are left over"):
        load_ncnn(param, content + b"more")
    with pytest.raises(WeightsError, match="layers are not those"):
        load_ncnn(param.replace("PReLU", "ReLU"), content)
    with pytest.raises(WeightsError, match="layers are not those"):
        load_ncnn("", content)
