"""The reader: what can be read is read and shown, what cannot is not, and families never help each other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.traits import STATS
from tests.train.traits.planted import planted
from train.errors import DataError
from train.traits import reader as readers
from train.traits import ridge
from train.traits.calibrate import confidence, expected_error, reliability
from train.traits.examples import folds
from train.traits.features import SIZE
from train.traits.learn import Learned, learn_from
from train.traits.measure import correlation


@pytest.fixture(scope="module")
def learned() -> Learned:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ridge, "CANDIDATES", 3)
        patch.setattr(ridge.weightings, "__defaults__", (0, 3))
        features, examples = planted()
        return learn_from(features, examples)


def test_what_is_in_the_pictures_is_shown_and_the_rest_is_not(learned: Learned) -> None:
    assert {"types", "log_height_m"} <= set(learned.reader.shown)
    assert not set(learned.reader.shown) & {"colour", "shape", "stage", "total", *STATS}
    figures = {figure.name: figure for figure in learned.figures}
    first = figures["first guess among the true types"]
    assert first.value > 0.9 > 0.6 > max(first.commonest, first.mean_colour)
    assert figures["log_height_m"].value > 0.7


def test_the_reader_reads_pictures_that_it_did_not_learn_from(learned: Learned) -> None:
    features, examples = planted(seed=1)
    outputs = learned.reader(features[:, 0])
    types = outputs[:, learned.reader.layout.columns("types")].argmax(axis=1)
    assert (types == examples.of("types").argmax(axis=1)).mean() > 0.9
    _, chance = learned.reader.calibration.first("types", outputs[:, learned.reader.layout.columns("types")])
    assert chance.mean() > 0.8


def test_the_page_says_everything_that_was_measured(learned: Learned) -> None:
    page = learned.page()
    assert all(f"## {part}" in page for part in ("Accuracy", "Reliability", "Confusion", "Failures"))
    assert "| Fire (" in page and "nan" not in page


def test_a_reader_survives_its_file(learned: Learned, tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    readers.save(learned.reader, path)
    again = readers.read(path)
    features, _ = planted(seed=2)
    np.testing.assert_allclose(again(features[:, 0]), learned.reader(features[:, 0]), atol=0.05)
    assert again.shown == learned.reader.shown and again.kin_names == learned.reader.kin_names
    assert again.calibration == learned.reader.calibration and again.choices == learned.reader.choices
    assert again.accuracy == learned.reader.accuracy


def test_files_that_hold_no_reader_are_refused(learned: Learned, tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    with pytest.raises(DataError, match="no reader of traits"):
        readers.read(path)
    readers.save(replace(learned.reader, weights=learned.reader.weights[:-1]), path)
    with pytest.raises(DataError, match="another version"):
        readers.read(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged"):
        readers.read(path)


def test_folds_keep_families_together_and_are_of_about_one_size() -> None:
    families = np.repeat(np.arange(100), np.random.default_rng(0).integers(1, 9, 100))
    fold = folds(families, seed=3)
    assert all(len(set(fold[families == family])) == 1 for family in range(100))
    assert set(fold) == set(range(5)) and (fold == folds(families, seed=3)).all()
    sizes = [len(set(families[fold == number])) for number in range(5)]
    assert max(sizes) - min(sizes) <= 1


def test_ridge_by_its_kernel_is_ridge_regression() -> None:
    random = np.random.default_rng(0)
    x, y = random.standard_normal((30, SIZE)).astype(np.float32) / 80, random.standard_normal((30, 2))
    weights = random.uniform(0.5, 2, 30)
    solved = ridge.Solved.of(x @ x.T, y, weights)
    found = x.T @ solved.duals(0.7)
    # The normal equations of Σ w (y − x·b)² + 0.7 |b|² hold.
    left = x.T @ (weights[:, None] * (y - np.average(y, axis=0, weights=weights) - x @ found))
    np.testing.assert_allclose(left, 0.7 * found, atol=1e-4)


def test_confidence_is_as_high_as_guesses_are_right() -> None:
    random = np.random.default_rng(0)
    output, margin = random.uniform(0, 1, (2, 20_000)).astype(np.float32)
    true = 1 / (1 + np.exp(-(2 * output + 3 * margin - 2.5)))
    right, weights = random.random(20_000) < true, np.ones(20_000)
    said = confidence(output, margin, right, weights)(output, margin)
    assert np.abs(said - true).mean() < 0.02
    assert expected_error(reliability(said, right, weights)) < 0.02
    assert expected_error(reliability(np.full(20_000, 0.99), right, weights)) > 0.3


def test_correlation_is_zero_for_what_does_not_vary() -> None:
    a, weights = np.arange(5.0), np.ones(5)
    assert correlation(a, 3 - 2 * a, weights) == pytest.approx(-1) and correlation(a, a * 0, weights) == 0
