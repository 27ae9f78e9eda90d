"""What taking shape, features or colours from another creature changes: the promise behind `/mix`."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.checkpoint import load, save
from gan.latents import Levels, Take, mix_by_level
from gan.levels import LEAST_STRUCTURE, Change, best_levels, compare, level_changes, markdown_table, measure
from gan.package import SHIPPED
from gan.pictures.sprite import Pixels
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_generator

PAIRS = 32
VISIBLY = 32  # of 255, in any channel


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    """The shipped checkpoint with measured levels: its own, or those that an export would give it."""
    checkpoint = load(SHIPPED)
    if checkpoint.measured_levels is None:
        levels = measure(checkpoint.generator).levels
        checkpoint = replace(checkpoint, measured_levels=levels)
    return Sampler(checkpoint, "cpu")


@pytest.fixture(scope="module")
def shipped(sampler: Sampler) -> dict[Take, Change]:
    return level_changes(sampler, PAIRS)


def test_shape_decides_the_silhouette(shipped: dict[Take, Change]) -> None:
    others = max(shipped["features"].silhouette, shipped["colours"].silhouette)
    assert shipped["shape"].silhouette > 0.2
    assert shipped["shape"].silhouette > 2 * others


def test_colours_change_the_palette_and_leave_the_silhouette(shipped: dict[Take, Change]) -> None:
    colours, shape = shipped["colours"], shipped["shape"]
    assert colours.palette > 1.3 * max(shape.palette, shipped["features"].palette)
    assert colours.palette > 2 * colours.silhouette
    assert colours.palette / colours.silhouette > 3 * shape.palette / shape.silhouette


def test_features_change_what_is_inside_a_third_as_much_as_shape(shipped: dict[Take, Change]) -> None:
    shape, features, colours = shipped["shape"], shipped["features"], shipped["colours"]
    assert features.structure >= shape.structure * LEAST_STRUCTURE
    assert features.structure > colours.structure
    assert features.silhouette < shape.silhouette / 3


@pytest.mark.parametrize("take", [["colours"], ["features"], ["features", "colours"]])
def test_the_first_children_of_a_mix_differ_visibly_from_their_parent(
    sampler: Sampler, take: list[Take]
) -> None:
    """Of what is visible, a tenth looks different in nearly all of them, and a quarter in most."""
    codes = sampler.w_from_seeds(range(2 * PAIRS), 0.7, pick=False)  # it is the network that is measured
    ours, theirs, noise = codes[::2], codes[1::2], range(PAIRS)
    mixed = [mix_by_level(a, b, take, sampler.levels) for a, b in zip(ours, theirs, strict=True)]
    parents, children = sampler.render(ours, noise), sampler.render(np.stack(mixed), noise)
    differs = np.abs(on_white(parents) - on_white(children)).max(axis=-1) > VISIBLY
    visible = (parents[..., 3] >= 128) | (children[..., 3] >= 128)
    shares = (differs & visible).sum(axis=(1, 2)) / visible.sum(axis=(1, 2))
    assert np.quantile(shares, 0.1) > 0.1 and np.median(shares) > 0.25


def on_white(sprites: Pixels) -> np.ndarray:
    alpha = sprites[..., 3:] / 255
    return sprites[..., :3] * alpha + 255 * (1 - alpha)


def made_up(shape_up_to: int, features_up_to: int, layers: int = 8) -> dict[tuple[int, int], Change]:
    """What would be measured where every layer changes one thing alone, each as much as the next."""
    bounds = (0, shape_up_to, features_up_to, layers)

    def changed(first: int, end: int, level: int) -> float:
        common = range(max(first, bounds[level]), min(end, bounds[level + 1]))
        return len(common) / (bounds[level + 1] - bounds[level])

    return {
        (first, end): Change(changed(first, end, 0), changed(first, end, 1), changed(first, end, 2), 0.0)
        for first, end in itertools.combinations(range(layers + 1), 2)
    }


@pytest.mark.parametrize(("features", "colours"), list(itertools.combinations(range(1, 8), 2)))
def test_levels_begin_where_what_layers_change_does(features: int, colours: int) -> None:
    assert best_levels(made_up(features, colours), 8) == Levels(features, colours, 8)


def test_features_are_given_the_layers_that_make_them_visible() -> None:
    """Where one layer does nearly all of shape, what follows is not left to it."""
    changes = {
        layers: replace(change, structure=change.structure * 0.4 if layers[0] else 1.0)
        for layers, change in made_up(2, 5).items()
    }
    found = best_levels(changes, 8)
    assert found is not None
    assert changes[found.features, found.colours].structure >= LEAST_STRUCTURE


def test_networks_without_two_crossovers_keep_the_levels_by_resolution() -> None:
    assert (
        best_levels({(0, 1): Change(0, 0, 0, 0), (1, 2): Change(0, 0, 0, 0), (0, 2): Change(0, 0, 0, 0)}, 2)
        is None
    )


def test_a_network_that_draws_nothing_has_levels_all_the_same() -> None:
    nothing = {layers: Change(0, 0, 0, 0) for layers in made_up(2, 4)}
    assert best_levels(nothing, 8) == Levels(1, 2, 8)


def test_every_level_changes_something(shipped: dict[Take, Change]) -> None:
    assert list(shipped) == ["shape", "features", "colours"]
    assert all(change.palette > 0.02 for change in shipped.values())


def sprite(*columns: slice, colour: tuple[int, int, int] = (255, 0, 0)) -> Pixels:
    pixels = np.zeros((8, 8, 4), np.uint8)
    for column in columns:
        pixels[:, column] = (*colour, 255)
    return pixels


def test_changes_are_measured_apart() -> None:
    red, half = sprite(slice(0, 4)), sprite(slice(0, 2))
    assert compare(red, red) == Change(0, 0, 0, 0)
    assert compare(red, half) == Change(0.5, 0, 0, 0)  # another silhouette, the same palette
    black = compare(red, sprite(slice(0, 4), colour=(0, 0, 0)))
    assert (black.silhouette, black.structure, black.palette) == (0, 0, 1)
    assert black.mean_colour == pytest.approx(3**-0.5)
    assert compare(red, sprite()) == Change(1, 1, 1, 0) and compare(sprite(), sprite()) == Change(0, 0, 0, 0)
    assert compare(red, sprite(slice(4, 8))) == Change(1, 1, 0, 0)  # nothing of the one is where the other is


def test_inner_structure_is_where_lines_are_whatever_the_outline() -> None:
    striped, moved, plain = sprite(slice(0, 8)), sprite(slice(0, 8)), sprite(slice(0, 8))
    striped[:, 2, :3], moved[:, 5, :3] = 0, 0
    assert compare(striped, striped).structure == 0 and compare(striped, moved).structure == 1
    assert compare(striped, plain).structure == 1  # lines that the other has not
    halved = striped.copy()
    halved[..., :3] //= 2
    assert compare(striped, halved).structure == pytest.approx(1 / 3, abs=0.02)  # the same lines, fainter
    cut = striped.copy()
    cut[:, 4:, 3] = 0
    assert compare(striped, cut).structure == 0 and compare(striped, cut).silhouette == 0.5


def test_the_command_measures_and_says_what_is_used(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    tiny_checkpoint(path)
    out = command("levels", path).out
    by_resolution = ["shape, layers 0–2", "features, layers 3–4", "colours, layer 5"]
    assert rows_after(out, "Levels used by this checkpoint") == by_resolution
    assert rows_after(out, "Levels by resolution") == by_resolution
    measured = rows_after(out, "Levels measured now")
    assert [row.split(",")[0] for row in measured] == ["shape", "features", "colours"]
    save(path, tiny_generator(), {}, levels=Levels(1, 2, 6))
    used = rows_after(command("levels", path).out, "Levels used by this checkpoint")
    assert used == ["shape, layer 0", "features, layer 1", "colours, layers 2–5"]


def rows_after(out: str, heading: str) -> list[str]:
    """The names of the rows of the table below a heading."""
    table = out.split(f"{heading}:")[1].strip().split("\n\n")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]


def test_the_table_of_the_documentation_has_a_row_for_each_level(shipped: dict[Take, Change]) -> None:
    rows = markdown_table(shipped).splitlines()
    assert len(rows) == 5 and rows[2].startswith(f"| shape | {shipped['shape'].silhouette:.2f} | ")
