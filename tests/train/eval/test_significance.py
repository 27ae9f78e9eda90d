"""Better, worse or about the same: what a retrain came to, beyond what chance explains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan.pretrained import efficientnet
from tests.gan.tiny import tiny_generator
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.eval import metrics
from train.eval.evaluate import Memorisation, Report, evaluate
from train.eval.metrics import KID, KIDChange, Manifold, kid, kid_change
from train.eval.reference import FeatureExtractor, build_reference
from train.eval.significance import compare, judge

REPORT = Report(
    "id", "sha", "features", 100, None, 1000, 1.0, 0, KID(50, 48, 52), 90.0, Manifold(0.5, 0.4, 0.6, 0.3),
    Memorisation(0.01, 2.0, 1.5), True, 0.9, 0.0, 0.0, ((250, 99.0),), 1.0,
)  # fmt: skip
COPYING = replace(REPORT, memorisation=Memorisation(0.3, 1, 0))


def cloud(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=random) + shift


# -- the change and its error --------------------------------------------------------------------------------


def test_the_change_is_the_difference_of_both_kids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "BLOCK", 16)
    old, new, real = cloud(40, 6, 0), cloud(40, 6, 1, 0.2), cloud(23, 6, 2)
    change = kid_change(old, new, real, np.arange(23) // 2)
    assert change.mean == pytest.approx(kid(new, real).mean - kid(old, real).mean, rel=1e-9)
    back = kid_change(new, old, real, np.arange(23) // 2)
    assert (back.mean, back.standard_error) == pytest.approx((-change.mean, change.standard_error))


def test_a_generator_beside_itself_has_changed_nothing_for_certain() -> None:
    x = cloud(60, 6, 0)
    assert kid_change(x, x, cloud(40, 6, 1), np.arange(40)) == KIDChange(0, 0)


def test_what_two_generators_share_is_no_noise() -> None:
    """The same latents give similar creatures: two intervals side by side would hide what is different."""
    old, real = cloud(200, 6, 0), cloud(150, 6, 1)
    new = old + 0.05 * cloud(200, 6, 2)
    apart = math.hypot(kid(old, real).standard_error, kid(new, real).standard_error)
    assert 0 < kid_change(old, new, real, np.arange(150)).standard_error < 0.2 * apart


def test_frames_of_one_animation_count_as_one_picture() -> None:
    old, new, species = cloud(500, 6, 0), cloud(500, 6, 1), cloud(30, 6, 2)
    few = kid_change(old, new, species, np.arange(30))
    frames = kid_change(old, new, species.repeat_interleave(20, dim=0), np.arange(600) // 20)
    assert frames.standard_error == pytest.approx(few.standard_error, rel=0.01)
    blind = kid_change(old, new, species.repeat_interleave(20, dim=0), np.arange(600))
    assert blind.standard_error < frames.standard_error


def test_chance_alone_is_taken_for_a_change_about_one_time_in_twenty() -> None:
    """Two equally good generators that share half of what they draw; other latents and images each time."""
    errors = []
    for number in range(0, 1200, 10):
        shared = cloud(200, 5, number)
        old, new = (shared + cloud(200, 5, number + part, 1.0) for part in (1, 2))
        real = cloud(60, 5, number + 3).repeat_interleave(3, dim=0) * 2**0.5
        change = kid_change(old, new, real, np.arange(180) // 3)
        errors.append(change.mean / change.standard_error)
    assert 1 <= sum(abs(error) > 1.96 for error in errors) <= 12  # of 120; 6 are expected
    assert np.std(errors) == pytest.approx(1, abs=0.15) and np.mean(errors) == pytest.approx(0, abs=0.3)


# -- the verdict ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "judgement"), [(0, "same"), (3.8, "same"), (4.1, "worse"), (-3.8, "same"), (-4.1, "better")]
)
def test_only_what_chance_does_not_explain_counts(mean: float, judgement: str) -> None:
    found = judge(REPORT, REPORT, KIDChange(mean, 2.0))
    assert found.judgement == judgement
    assert (found.low, found.high) == pytest.approx((mean - 3.92, mean + 3.92), abs=0.01)


def test_a_change_that_nobody_would_see_is_none_however_certain_it_is() -> None:
    """A retrain of some steps moves every sample by a little, and all the same way."""
    assert judge(REPORT, REPORT, KIDChange(-0.9, 0.001)).judgement == "same"
    assert judge(REPORT, REPORT, KIDChange(0.9, 0.001)).judgement == "same"
    assert judge(REPORT, REPORT, KIDChange(-1.1, 0.001)).judgement == "better"


def test_the_luckiest_of_several_must_be_luckier() -> None:
    change = KIDChange(-4.1, 2.0)
    assert judge(REPORT, REPORT, change, 1).judgement == "better"
    assert judge(REPORT, REPORT, change, 2).judgement == "same"


@pytest.mark.parametrize(
    ("old", "new", "judgement"),
    [
        ({}, {"finite": False}, "worse"),
        ({}, {"diversity": 0.1}, "worse"),
        ({}, {"kid": KID(math.nan, math.nan, math.nan)}, "worse"),
        ({}, {"memorisation": Memorisation(0.09, 1, 1)}, "better"),
        ({}, {"memorisation": Memorisation(0.3, 1, 0)}, "worse"),
        ({"memorisation": Memorisation(0.3, 1, 0)}, {"memorisation": Memorisation(0.3, 1, 0)}, "better"),
        ({"memorisation": Memorisation(0.3, 1, 0)}, {"empty": 0.5}, "worse"),
    ],
)
def test_a_fault_that_the_old_one_has_not_outweighs_any_kid(
    old: dict[str, object], new: dict[str, object], judgement: str
) -> None:
    before, after = replace(REPORT, **old), replace(REPORT, **new)  # type: ignore[arg-type]
    assert judge(before, after, KIDChange(-20, 2.0)).judgement == judgement


def test_a_fault_that_is_mended_is_better_unless_kid_says_otherwise() -> None:
    assert COPYING.problems == ["30% of the samples are nearly training images"]
    assert judge(COPYING, REPORT, KIDChange(1, 2.0)).judgement == "better"
    assert judge(COPYING, REPORT, KIDChange(9, 2.0)).judgement == "worse"


# -- real measurements ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")
def test_evaluations_are_compared_where_they_were_measured_alike(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("measured")
    write_folder(root / "images", 40)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    extractor = FeatureExtractor(torch.device("cpu"))
    reference = build_reference(SpriteDataset.open(root / "dataset"), extractor)
    old = evaluate("old", tiny_generator(), reference, extractor, samples=50)
    assert compare(old, old, reference).to_dict() == {
        "verdict": "same",
        "change": {"mean": 0, "low": 0, "high": 0},
    }
    for change in (
        {"dataset_sha256": "other"},
        {"psi": 0.5},
        {"features": "v0"},
        {"seed": 1},
        {"samples": 60},
    ):
        other = replace(old, report=replace(old.report, **change))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="cannot be compared"):
            compare(old, other, reference)
