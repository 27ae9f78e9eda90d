"""A scorer learns grades from pictures and tells them from w, on what it did not learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gan.checkpoint import Checkpoint, load
from gan.latents import z_from_seed
from gan.sampler import Sampler
from gan.scorer import Scorer, scorer_of
from gan.sections import SCORER, Section, path_beside
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_generator
from train.errors import DataError
from train.traits import scorer as learning
from train.traits.distil import distil
from train.traits.grades import VALUES, Grades
from train.traits.scorer import Artist, cross_validate, draw, learn, ridge


def numbers(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns))


def test_a_regression_tells_what_follows_from_its_features() -> None:
    x, weights = numbers(80, 400), numbers(400, 1, 1)[:, 0]
    x[:, 7] = 3  # says nothing
    y = x @ weights + 5
    assert np.allclose(ridge(x, y, 1e-6)(x), y, atol=1e-3)
    assert np.allclose(ridge(x, y, 1e9)(numbers(5, 400, 2)), y.mean(), atol=1e-3)


def test_cross_validation_sees_no_grade_that_it_tells() -> None:
    x, noise = numbers(200, 400), numbers(200, 1, 3)[:, 0]
    assert abs(np.corrcoef(cross_validate(x, noise, 1.0), noise)[0, 1]) < 0.2
    assert np.corrcoef(cross_validate(x, x[:, :3].sum(axis=1), 1.0), x[:, :3].sum(axis=1))[0, 1] > 0.4


def test_what_w_tells_is_distilled_into_a_section_that_the_scorer_reads() -> None:
    mapping = tiny_generator().mapping
    z = np.stack([z_from_seed(seed, 32) for seed in range(3000)])
    w = mapping(torch.from_numpy(z))
    scores = torch.tanh(w[:, 0] - w[:, 0].mean()) - 0.5 * w[:, 1].abs()
    state = torch.random.get_rng_state()
    tensors, correlation = distil(w[:2500], scores[:2500], steps=250)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert correlation > 0.9
    said = Scorer(mapping, Section(SCORER, tensors, {"candidates": 4})).scores(z[2500:])
    assert np.corrcoef(said, scores[2500:].numpy())[0, 1] > 0.9
    again, _ = distil(w[:2500], scores[:2500], steps=250)
    assert all(torch.equal(t, again[name]) for name, t in tensors.items())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures and shards."""
    monkeypatch.setattr(learning, "SIDE", 64)
    monkeypatch.setattr(learning, "SHARD", 128)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return tiny_checkpoint(tmp_path / "tiny.safetensors")


def grades_by_size(checkpoint: Checkpoint) -> Grades:
    """Somebody who likes large creatures."""
    sampler, seeds = Sampler(checkpoint, "cpu"), list(range(120))
    sprites = sampler.render(sampler.w_from_seeds(seeds, 0.85), seeds)
    size = (sprites[..., 3] > 127).mean(axis=(1, 2))
    return Grades(checkpoint.id, seeds, np.digitize(size, np.quantile(size, [1 / 3, 2 / 3])).astype(float))


@pytest.mark.usefixtures("quick")
@pytest.mark.slow
def test_a_seed_hatches_more_of_what_was_graded_good(checkpoint: Checkpoint, tmp_path: Path) -> None:
    grades, cache = grades_by_size(checkpoint), tmp_path / "cache"
    learned = learn(checkpoint, grades, cache, samples=900, candidates=6, steps=300)
    assert learned.graded > 0.5 and learned.distilled > 0.4
    scorer = Scorer(checkpoint.generator.mapping, learned.section)
    sampler, seeds = Sampler(checkpoint, "cpu"), range(1000, 1060)
    sizes = []
    for picked in ([0] * 60, scorer.pick(seeds)):
        codes = np.stack([sampler.w_of_candidate(s, n, 0.85) for s, n in zip(seeds, picked, strict=True)])
        sizes.append((sampler.render(codes, seeds)[..., 3] > 127).mean())
    assert sizes[1] > 1.05 * sizes[0]


@pytest.mark.usefixtures("quick")
def test_what_was_drawn_is_not_drawn_again(checkpoint: Checkpoint, tmp_path: Path) -> None:
    artist, told = Artist(checkpoint), []
    first = draw(artist, 500, 200, tmp_path / "cache", lambda *now: told.append(now))
    assert told[-1] == ("Drawing creatures", 200, 200) and first.w.shape == (200, 32)
    alone = artist([500 + 150])
    torch.testing.assert_close(first.w[150:151], alone.w)
    files = sorted((tmp_path / "cache").iterdir())
    files[1].write_bytes(files[1].read_bytes()[:-9])  # damaged: made again
    kept = files[0].stat().st_mtime_ns
    again = draw(artist, 500, 200, tmp_path / "cache", lambda *_: None)
    torch.testing.assert_close(again.features, first.features, rtol=1e-2, atol=1e-2)
    assert files[0].stat().st_mtime_ns == kept


def test_a_cache_that_cannot_be_written_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        draw(Artist(checkpoint), 0, 1, tmp_path / "file", lambda *_: None)


def test_the_grades_of_another_checkpoint_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    grades = Grades("0123456789abcdef", list(range(100)), np.zeros(100))
    with pytest.raises(DataError, match="0123456789abcdef"):
        learn(checkpoint, grades, tmp_path, samples=1000, candidates=4, steps=1)


@pytest.mark.usefixtures("quick")
def test_the_command_writes_a_scorer_beside_the_checkpoint(
    checkpoint: Checkpoint, tmp_path: Path, command: CommandLine
) -> None:
    grades, names = grades_by_size(checkpoint), list(VALUES)
    lines = [f"{seed},{names[int(v)]}" for seed, v in zip(grades.seeds, grades.values, strict=True)]
    file = tmp_path / f"{checkpoint.id}.csv"
    file.write_text("\n".join(["seed,grade", *lines]))
    path = tmp_path / "tiny.safetensors"
    options = ["--checkpoint", path, "--samples", 1000, "--steps", 50, "--cache", tmp_path / "cache"]
    assert "missing.csv" in command("scorer", *options, "--grades", tmp_path / "missing.csv").refusal
    done = command("scorer", *options, "--grades", file, "--candidates", 5)
    assert done.code == 0 and "correlate" in done.out
    loaded = load(path)
    scorer = scorer_of(loaded)
    assert loaded.id == checkpoint.id and scorer is not None and scorer.candidates == 5
    metadata = loaded.sections[SCORER].metadata
    assert (metadata["graded"], metadata["samples"], metadata["psi"]) == (120, 1000, 0.85)
    written = path_beside(path, SCORER).read_bytes()
    assert "--force" in command("scorer", *options, "--grades", file).refusal
    assert path_beside(path, SCORER).read_bytes() == written
