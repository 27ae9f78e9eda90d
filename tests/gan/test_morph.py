"""python -m gan morph: ways through W+, and animations that keep their transparent background."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from gan.config import DEFAULT_PSI
from gan.morph import ease, way_through
from gan.pictures.animation import durations_ms, encode
from gan.pictures.sprite import Pixels, enlarge
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint

STOPS = np.stack([np.full((6, 4), i, np.float32) for i in (0, 4, 1)])


def decoded(data: bytes) -> tuple[list[Pixels], list[int]]:
    """Each frame as a viewer shows it, and how long in milliseconds."""
    frames, durations = [], []
    with Image.open(io.BytesIO(data)) as image:
        for i in range(getattr(image, "n_frames", 1)):
            image.seek(i)
            frames.append(np.asarray(image.convert("RGBA")))
            durations.append(int(image.info["duration"]))
    return frames, durations


def gif_blocks(data: bytes) -> tuple[list[bytes], list[int]]:
    """All colour tables of a GIF, and how each frame is disposed of (GIF89a, sections 18 to 23)."""

    def table(at: int, flags: int) -> bytes:
        return data[at : at + 3 * (2 << (flags & 7))] if flags >> 7 else b""

    tables, disposals = [table(13, data[10])], []
    at = 13 + len(tables[0])
    while data[at] != 0x3B:
        if data[at] == 0x2C:  # an image
            tables += [own] if (own := table(at + 10, data[at + 9])) else []
            at += 11 + len(own)
        else:  # an extension; 0xF9 controls the next image
            disposals += [data[at + 3] >> 2 & 7] if data[at + 1] == 0xF9 else []
            at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    return tables, disposals


def moving_square(count: int = 6, side: int = 12) -> Pixels:
    """A square with a half-transparent edge that walks to the right and changes its colour."""
    frames = np.zeros((count, side, side, 4), np.uint8)
    for i in range(count):
        frames[i, 3:8, i : i + 5] = (250 - 30 * i, 40, 20 * i, 255)
        frames[i, 8, i : i + 5] = (0, 0, 0, 100)
        frames[i, 2, i : i + 5] = (0, 0, 0, 200)
    return frames


def test_a_loop_meets_each_stop_once_and_closes() -> None:
    way = way_through(STOPS, frames=4, easing="linear")
    assert way.shape == (12, 6, 4) and way.dtype == np.float32
    assert way[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 3.25, 2.5, 1.75, 1, 0.75, 0.5, 0.25]


def test_without_a_loop_the_way_ends_at_the_last_stop() -> None:
    way = way_through(STOPS, frames=2, easing="linear", loop=False)
    assert way[:, 0, 0].tolist() == [0, 2, 4, 2.5, 1]


def test_cosine_easing_starts_and_ends_gently() -> None:
    steps = np.diff([ease(t, "cosine") for t in np.linspace(0, 1, 21)])
    assert ease(0, "cosine") == 0 and ease(0.5, "cosine") == pytest.approx(0.5) and ease(1, "cosine") == 1
    assert (steps > 0).all() and steps[0] < 0.01 < 0.07 < steps[10]
    np.testing.assert_allclose(steps, steps[::-1])
    assert [ease(t, "linear") for t in (0, 0.3, 1)] == [0, 0.3, 1]


@pytest.mark.parametrize("scale", [1, 3])
def test_an_apng_keeps_every_pixel(scale: int) -> None:
    frames = moving_square()
    shown, durations = decoded(encode(frames, "apng", fps=10, scale=scale))
    assert durations == [100] * 6
    for frame, expected in zip(shown, frames, strict=True):
        assert np.array_equal(frame, enlarge(expected, scale))


@pytest.mark.parametrize("scale", [1, 3])
def test_a_gif_leaves_no_trails_and_keeps_its_colours(scale: int) -> None:
    frames = moving_square()
    shown, durations = decoded(encode(frames, "gif", fps=10, scale=scale))
    assert durations == [100] * 6
    for frame, sprite in zip(shown, frames, strict=True):
        expected = enlarge(sprite, scale)
        there = expected[..., 3] >= 128
        assert np.array_equal(frame[..., 3], np.where(there, 255, 0))
        assert np.array_equal(frame[there][:, :3], expected[there][:, :3])  # few colours: all in the palette


def test_a_gif_of_many_colours_comes_close_to_all_of_them() -> None:
    red, green = np.meshgrid(np.arange(0, 256, 2), np.arange(0, 256, 2))
    first = np.stack([red, green, np.full_like(red, 90), np.full_like(red, 255)], axis=-1).astype(np.uint8)
    frames = [first, first[::-1], first[:, ::-1]]  # 16,384 colours
    shown, _ = decoded(encode(frames, "gif", fps=10))
    apart = np.abs(np.stack(shown).astype(int) - frames)[..., :3]
    assert apart.mean() < 5 and apart.max() <= 24  # a palette of 255 has colours that are 16 apart


def test_all_frames_of_a_gif_share_one_palette() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 4), np.uint8)
    frames[:, :4, :4] = (10, 200, 30, 255)  # a part that stands still
    data = encode(frames, "gif", fps=10)
    tables, disposals = gif_blocks(data)
    assert len(set(tables)) == 1 and disposals == [2] * 8
    shown, _ = decoded(data)
    still = {frame[:4, :4].tobytes() for frame in shown}
    assert len(still) == 1 and len(np.unique(next(iter(still)))) <= 4


def test_a_gif_of_nothing_is_transparent() -> None:
    frames = np.zeros((2, 8, 8, 4), np.uint8)
    frames[1, 0, 0] = (9, 9, 9, 255)
    shown, _ = decoded(encode(frames, "gif", fps=10))
    assert not shown[0][..., 3].any() and shown[1][..., 3].sum() == 255


@pytest.mark.parametrize(("fps", "tick_ms"), [(30, 10), (24, 10), (7, 10), (50, 10), (24, 1), (0.1, 10)])
def test_rounded_durations_add_up(fps: float, tick_ms: int) -> None:
    durations = durations_ms(100, fps, tick_ms)
    assert all(d % tick_ms == 0 and d > 0 for d in durations)
    assert max(durations) - min(durations) <= tick_ms
    assert abs(sum(durations) - 100_000 / fps) <= tick_ms / 2


@pytest.mark.parametrize("format", ["gif", "apng"])
def test_animations_play_for_ever_or_once(format: Literal["gif", "apng"]) -> None:
    for loop, found in ((True, 0), (False, None if format == "gif" else 1)):
        with Image.open(io.BytesIO(encode(moving_square(), format, fps=10, loop=loop))) as image:
            assert image.info.get("loop") == found


@pytest.mark.parametrize("suffix", [".png", ".apng"])
def test_morph_draws_each_stop_with_one_noise(
    command: CommandLine, checkpoint: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / "new" / f"m{suffix}"
    args = ("--through", "Ash,1,2", "--frames", "5", "--fps", "25", "--scale", "2", "--out", out)
    done = command("morph", *args, "--checkpoint", checkpoint)
    assert done.code == 0 and "15 frames (0.6 s) through Ash, 1, 2" in done.out
    frames, durations = decoded(out.read_bytes())
    assert durations == [40] * 15
    sampler = Sampler(tiny_checkpoint(checkpoint), "cpu")
    stops = sampler.render(sampler.w_from_seeds([58538252, 1, 2], DEFAULT_PSI), [58538252] * 3)
    for i, stop in enumerate(stops):
        assert np.array_equal(frames[5 * i], enlarge(stop, 2))


def test_morph_to_a_gif_between_style_files(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    command("sample", "--seeds", "1,2", "--save-w", "--out", tmp_path, "--checkpoint", checkpoint)
    through = f"{tmp_path / 'seed0001.npz'},{tmp_path / 'seed0002.npz'}"
    args = ("--through", through, "--frames", "4", "--no-loop", "--easing", "linear")
    args = (*args, "--out", tmp_path / "M.GIF", "--checkpoint", checkpoint)
    assert "5 frames" in command("morph", *args).out
    frames, _ = decoded((tmp_path / "M.GIF").read_bytes())
    assert len(frames) == 5 and frames[0].shape == (48, 48, 4)
    assert set(np.unique(frames[0][..., 3])) <= {0, 255}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--through", "Ash"), "two different"),
        (("--through", "Ash,ash,ASH"), "two different"),
        (("--through", "1,none.npz"), "none.npz"),
        (("--through", ""), "seed"),
        (("--through", "0-99", "--frames", "100"), "3000"),
        (("--out", "m.mp4"), ".gif"),
        (("--psi", "nan"), "0 to 2"),
        (("--noise-seed", "-1"), "--noise-seed"),
        (("--checkpoint", "none.safetensors"), "none.safetensors"),
    ],
)
def test_morph_refuses_what_cannot_be(
    command: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    usual = ("--through", "1,2", "--out", "m.gif", "--checkpoint", checkpoint)
    assert words in command("morph", *usual, *args).refusal
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "args", [("--easing", "bounce"), ("--fps", "51"), ("--fps", "nan"), ("--frames", "0")]
)
def test_morph_options_out_of_range_are_usage_mistakes(
    command: CommandLine, checkpoint: Path, tmp_path: Path, args: tuple[str, ...]
) -> None:
    usual = ("--through", "1,2", "--out", tmp_path / "m.gif", "--checkpoint", checkpoint)
    done = command("morph", *usual, *args)
    assert done.code in (1, 2) and done.err and not (tmp_path / "m.gif").exists()


def test_an_animation_that_cannot_be_written_leaves_nothing(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    args = ("--through", "1,2", "--frames", "2", "--out", tmp_path / "m.gif", "--checkpoint", checkpoint)
    assert "No space left" in command("morph", *args).refusal
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]
