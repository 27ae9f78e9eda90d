"""The scorer: picks the same candidate on every machine, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gan.checkpoint import load, save
from gan.latents import noise_from_seed, z_from_seed
from gan.layers import activate
from gan.pictures.sprite import from_png
from gan.sampler import Sampler
from gan.scorer import Scorer, scorer_of
from gan.sections import SCORER, Section, SectionError
from gan.styles_file import read_styles
from tests.command_line import CommandLine
from tests.gan.scoring import tiny_scorer, with_scorer
from tests.gan.tiny import tiny_generator

SEEDS = [*range(40), 2**32 - 1]


@pytest.fixture
def scorer() -> Scorer:
    return Scorer(tiny_generator().mapping, tiny_scorer())


def latents(count: int = 200) -> np.ndarray:
    return np.stack([z_from_seed(seed, 32) for seed in range(count)])


def test_scores_are_what_the_networks_say(scorer: Scorer) -> None:
    mapping, tensors = tiny_generator().mapping, tiny_scorer().tensors
    x = mapping(torch.from_numpy(latents())).double()
    for i in range(3):
        x = F.linear(x, tensors[f"{i}.weight"].double(), tensors[f"{i}.bias"].double())
        x = activate(x) if i < 2 else x
    expected = x[:, 0].numpy()
    assert np.abs(scorer.scores(latents()) - expected).max() < 1e-3 * expected.std()


def test_no_order_of_adding_up_changes_a_bit_of_a_score(scorer: Scorer) -> None:
    """Products and sums are exact, so hidden units may come in any order, as they do in other libraries."""
    section, random = tiny_scorer(), np.random.default_rng(0)
    expected = scorer.scores(latents())
    for _ in range(20):
        first, second = (torch.from_numpy(random.permutation(size)) for size in (24, 16))
        shuffled = dict(section.tensors)
        shuffled["0.weight"], shuffled["0.bias"] = shuffled["0.weight"][first], shuffled["0.bias"][first]
        shuffled["1.weight"] = shuffled["1.weight"][second][:, first]
        shuffled["1.bias"] = shuffled["1.bias"][second]
        shuffled["2.weight"] = shuffled["2.weight"][:, second]
        other = Scorer(tiny_generator().mapping, Section(SCORER, shuffled, section.metadata))
        assert np.array_equal(other.scores(latents()), expected)


def test_company_and_threads_do_not_change_a_bit_of_a_score(scorer: Scorer) -> None:
    together = scorer.scores(latents())
    assert np.array_equal(np.concatenate([scorer.scores(z[None]) for z in latents()]), together)
    assert np.array_equal(scorer.scores(latents()[::-1])[::-1], together)
    assert scorer.pick(SEEDS) == [scorer.pick([seed])[0] for seed in SEEDS]


def test_the_pick_has_the_best_score(scorer: Scorer) -> None:
    picked = scorer.pick(SEEDS)
    assert set(picked) == set(range(6))
    for seed, number in zip(SEEDS, picked, strict=True):
        scores = [scorer.scores(z_from_seed(seed, 32, n)[None])[0] for n in range(6)]
        assert number == int(np.argmax(scores))
    assert scorer.pick([]) == []


def test_of_equals_the_seed_itself_wins() -> None:
    flat = tiny_scorer()
    level = Section(SCORER, {**flat.tensors, "2.weight": torch.zeros(1, 16).half()}, flat.metadata)
    assert Scorer(tiny_generator().mapping, level).pick(SEEDS) == [0] * len(SEEDS)


def test_candidates_share_nothing_with_each_other_or_with_noise() -> None:
    assert np.array_equal(z_from_seed(7, 32, 0), z_from_seed(7, 32))
    drawn = [z_from_seed(seed, 32, number) for seed in (7, 8) for number in range(16)]
    drawn += [noise_from_seed(7, [8])[0].ravel()[:32]]
    values = np.concatenate(drawn)
    assert len(np.unique(values)) == len(values)


def test_a_sampler_takes_the_best_candidate_at_any_psi(checkpoint: Path) -> None:
    plain = Sampler(load(checkpoint), "cpu")
    assert plain.candidates(SEEDS) == [0] * len(SEEDS)
    before = plain.w_from_seeds(SEEDS, 0.7)
    picking = Sampler(load(with_scorer(checkpoint)), "cpu")
    assert picking.checkpoint_id == plain.checkpoint_id and picking.problems == ()
    assert np.array_equal(picking.w_from_seeds(SEEDS, 0.7, pick=False), before)
    numbers = picking.candidates(SEEDS)
    for psi in (0.5, 0.7, 1.0):
        codes = picking.w_from_seeds(SEEDS, psi)
        each = [picking.w_of_candidate(s, n, psi) for s, n in zip(SEEDS, numbers, strict=True)]
        assert np.array_equal(codes, each)
    same = (codes == picking.w_from_seeds(SEEDS, 1.0, pick=False)).all(axis=(1, 2))
    assert same.tolist() == [number == 0 for number in numbers] and 0 < same.sum() < len(SEEDS)


def test_a_scorer_may_be_part_of_the_checkpoint(tmp_path: Path) -> None:
    save(tmp_path / "a.safetensors", tiny_generator(), {}, sections=[tiny_scorer()])
    scorer = scorer_of(load(tmp_path / "a.safetensors"))
    assert scorer is not None
    assert scorer.pick(SEEDS) == Scorer(tiny_generator().mapping, tiny_scorer()).pick(SEEDS)


MISFITS = {
    "another network's": tiny_scorer(widths=(16, 8, 1)),
    "more than one score": tiny_scorer(widths=(32, 8, 2)),
    "layers that do not follow": Section(
        SCORER, {**tiny_scorer().tensors, "1.weight": torch.zeros(16, 23)}, {"candidates": 6}
    ),
    "a bias too short": Section(
        SCORER, {**tiny_scorer().tensors, "1.bias": torch.zeros(3)}, {"candidates": 6}
    ),
    "a layer too few": Section(
        SCORER, {n: t for n, t in tiny_scorer().tensors.items() if n[0] != "1"}, {"candidates": 6}
    ),
    "nothing": Section(SCORER, {}, {"candidates": 6}),
    "something else": Section(SCORER, {"weights": torch.zeros(3)}, {"candidates": 6}),
    "no candidates": Section(SCORER, tiny_scorer().tensors, {}),
    "too many candidates": tiny_scorer(candidates=17),
    "odd candidates": Section(SCORER, tiny_scorer().tensors, {"candidates": "6"}),
}


@pytest.mark.parametrize("section", MISFITS.values(), ids=MISFITS.keys())
def test_a_scorer_that_does_not_fit_is_left_out_and_named(
    section: Section, checkpoint: Path, command: CommandLine, tmp_path: Path
) -> None:
    expected = Sampler(load(checkpoint), "cpu").w_from_seeds([1, 2], 1.0)
    with_scorer(checkpoint, section)
    with pytest.raises(SectionError, match="scorer"):
        scorer_of(load(checkpoint))
    sampler = Sampler(load(checkpoint), "cpu")
    assert len(sampler.problems) == 1 and sampler.candidates([1, 2]) == [0, 0]
    assert np.array_equal(sampler.w_from_seeds([1, 2], 1.0), expected)
    done = command("sample", "--seeds", "1", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert done.code == 0 and sampler.problems[0] in done.err and done.err.count("\n") == 1


def test_commands_draw_the_best_candidate_unless_told_otherwise(
    checkpoint: Path, command: CommandLine, tmp_path: Path
) -> None:
    sampler = Sampler(load(with_scorer(checkpoint)), "cpu")
    seed = next(seed for seed in SEEDS if sampler.candidates([seed]) != [0])
    for pick, options in ((True, []), (False, ["--no-pick"])):
        codes = sampler.w_from_seeds([seed], 0.85, pick=pick)
        out = tmp_path / str(pick)
        arguments = (
            "sample",
            "--seeds",
            seed,
            "--save-w",
            "--out",
            out,
            "--checkpoint",
            checkpoint,
            *options,
        )
        assert command(*arguments).code == 0
        name = out / f"seed{seed:04d}"
        assert np.array_equal(read_styles(name.with_suffix(".npz"), sampler.config).w_plus, codes[0])
        drawn = from_png(name.with_suffix(".png").read_bytes())
        assert np.array_equal(drawn, sampler.render(codes, [seed])[0])
        # Styles in a file are drawn as they are.
        again = ("sample", "--w", name.with_suffix(".npz"), "--out", tmp_path / "again", "--force")
        assert command(*again, "--checkpoint", checkpoint).code == 0
        assert (tmp_path / "again" / name.with_suffix(".png").name).read_bytes() == name.with_suffix(
            ".png"
        ).read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("grid", "--seeds", "0-8", "--out", "grid.png"),
        ("mix", "--rows", "0-3", "--columns", "4-7", "--out", "mix.png"),
        ("morph", "--through", "0,1,2", "--frames", "2", "--out", "morph.gif"),
    ],
)
def test_every_command_that_takes_seeds_can_leave_picking_out(
    arguments: tuple[str, ...], checkpoint: Path, command: CommandLine, tmp_path: Path
) -> None:
    def drawn(*more: str) -> bytes:
        target = tmp_path / arguments[-1]
        done = command(*arguments[:-1], target, "--checkpoint", checkpoint, "--force", *more)
        assert done.code == 0, done.err
        return target.read_bytes()

    before = drawn()
    with_scorer(checkpoint)
    assert drawn("--no-pick") == before != drawn()


def test_info_says_of_how_many_a_seed_hatches_the_best(checkpoint: Path, command: CommandLine) -> None:
    assert "candidates" not in command("info", checkpoint).out
    assert "best of 6 candidates" in command("info", with_scorer(checkpoint)).out
