"""Evaluating a checkpoint or a run, its report, and what stops it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan.checkpoint import load, save
from gan.generator import Generator
from gan.pretrained import efficientnet
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_generator
from tests.train.tiny import steps, tiny_trainer
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.errors import MetricsError
from train.eval import reference as references
from train.eval.candidates import best_of
from train.eval.evaluate import (
    Evaluation,
    Memorisation,
    Report,
    duplicates,
    empty_share,
    evaluate,
    memorisation,
    quick_kid,
)
from train.eval.metrics import KID, Manifold
from train.eval.reference import FeatureExtractor, Reference, build_reference
from train.eval.samples import Samples, draw, network_input
from train.protocol import STATE_FILE
from train.run.export import export
from train.state import write

needs_packages = pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Forty synthetic creatures at 16×16."""
    root = tmp_path_factory.mktemp("many")
    write_folder(root / "images", 40)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    return SpriteDataset.open(root / "dataset")


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return FeatureExtractor(torch.device("cpu"))


@pytest.fixture(scope="module")
def reference(many: SpriteDataset, extractor: FeatureExtractor) -> Reference:
    return build_reference(many, extractor, many.path)  # what the command lines below find there


@pytest.fixture(scope="module")
def evaluation(reference: Reference, extractor: FeatureExtractor) -> Evaluation:
    return evaluate("tiny", tiny_generator(), reference, extractor, samples=50)


def clouds(n: int, species: np.ndarray, seed: int = 0) -> Reference:
    return Reference(torch.from_numpy(np.random.default_rng(seed).normal(size=(n, 8))).float(), species, "x")


REPORT = Report(
    "id", "sha", "features", 100, None, 1000, 1.0, 0, KID(50, 48, 52), 90.0, Manifold(0.5, 0.4, 0.6, 0.3),
    Memorisation(0.01, 2.0, 1.5), True, 0.9, 0.0, 0.0, ((250, 99.0),), 1.0,
)  # fmt: skip


# -- samples -------------------------------------------------------------------------------------------------


def test_samples_depend_on_the_seed_alone() -> None:
    generator = tiny_generator()
    few, many = draw(generator, 20, 3), draw(generator, 60, 3)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert np.array_equal(draw(generator, 60, 3).pixels, many.pixels)
    assert np.array_equal(few.pixels, many.pixels[:20]) and len(many.pixels) == 60
    assert torch.equal(torch.get_rng_state(), before)
    assert not np.array_equal(draw(generator, 20, 4).pixels, few.pixels)
    assert draw(generator, 5, resolution=8, alpha=0.5).pixels.shape == (5, 8, 8, 4)


def test_samples_that_are_not_finite_are_noticed_and_shown_as_nothing() -> None:
    generator = tiny_generator()
    assert draw(generator, 10).finite
    generator.synthesis.constant.fill_(torch.nan)
    broken = draw(generator, 10)
    assert not broken.finite and not broken.pixels.any() and empty_share(broken) == 1


def test_pictures_return_to_what_the_network_drew(many: SpriteDataset) -> None:
    premultiplied = many.images[:8].astype(np.float32)
    alpha = premultiplied[..., 3:]
    colour = np.where(alpha > 0, premultiplied[..., :3] / np.maximum(alpha, 1) * 255, 0)
    pixels = np.rint(np.concatenate([colour, alpha], axis=-1)).clip(0, 255).astype(np.uint8)
    torch.testing.assert_close(network_input(pixels), many.batch(np.arange(8)), atol=0.01, rtol=0)


# -- the reference and its cache -----------------------------------------------------------------------------


@needs_packages
def test_cached_features_are_used_again_and_a_damaged_cache_is_rebuilt(
    many: SpriteDataset, extractor: FeatureExtractor, reference: Reference, tmp_path: Path
) -> None:
    looked: list[str] = []

    def built() -> Reference:
        looked.clear()
        return build_reference(many, extractor, tmp_path, progress=lambda what, *_: looked.append(what))

    (source,) = many.path.glob("features-*")
    cache = tmp_path / source.name
    shutil.copy(source, cache)
    assert torch.equal(built().features, reference.features) and not looked
    whole = cache.read_bytes()
    cache.write_bytes(whole[:-100] + bytes(100))
    assert torch.equal(built().features, reference.features) and looked
    assert torch.equal(built().features, reference.features) and not looked  # rebuilt for good
    assert len(list(tmp_path.iterdir())) == 1


@needs_packages
def test_features_do_not_depend_on_a_writable_cache(
    many: SpriteDataset, extractor: FeatureExtractor, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert len(build_reference(many, extractor, tmp_path / "file" / "below", 8).features) == 40


def test_too_few_real_images_are_refused() -> None:
    with pytest.raises(MetricsError, match="31 real images are too few"):
        clouds(31, np.arange(31))


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "available", lambda _: False)
    with pytest.raises(MetricsError, match="train extra"):
        FeatureExtractor()


# -- figures -------------------------------------------------------------------------------------------------


def test_copies_of_training_images_count_as_memorised_and_new_ones_do_not() -> None:
    real = clouds(200, np.arange(200) // 2)
    copies = real.features[:30] + 1e-3
    distances = torch.cat([(copies - real.features[:30]).norm(dim=1), torch.full((70,), 1e3)])
    found = memorisation(distances, real)
    assert found.share == pytest.approx(0.3) and found.closest < 0.01
    other = real.other_species.distances[:, 0]
    assert (other < found.bound).float().mean() == pytest.approx(0.01, abs=0.01)


def test_one_pair_of_twins_does_not_set_the_bound() -> None:
    alone = clouds(400, np.arange(400))
    twins = Reference(alone.features.clone(), alone.species, "x")
    twins.features[1] = twins.features[0]
    far = torch.full((50,), 9.0)
    assert twins.other_species.distances.min() == 0
    assert memorisation(far, twins).bound > 0.5 * memorisation(far, alone).bound


def test_memorisation_needs_two_species() -> None:
    with pytest.raises(MetricsError, match="one species"):
        memorisation(torch.ones(5), clouds(40, np.zeros(40, int)))


def test_repeated_and_empty_pictures_are_counted() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (10, 16, 16, 4)).astype(np.uint8)
    pixels[1] = pixels[0]
    vectors = torch.from_numpy(pixels.reshape(10, -1)).float()
    assert duplicates(pixels, vectors) == 0.2
    pixels[:3, ..., 3] = 0
    assert empty_share(Samples(pixels, True)) == pytest.approx(0.3)


@needs_packages
def test_a_report_holds_every_figure(evaluation: Evaluation, many: SpriteDataset) -> None:
    values = json.loads(json.dumps(evaluation.report.to_dict(), allow_nan=False))
    assert values["dataset_sha256"] == many.index["sha256"] and values["real_images"] == len(many)
    assert values["kid"]["low"] < values["kid"]["mean"] < values["kid"]["high"]
    assert values["fid"] > 0 and values["finite"] is True and values["diversity"] > 0
    for name in ("precision", "recall", "coverage", "duplicates", "empty"):
        assert 0 <= values[name] <= 1
    assert set(values["memorisation"]) == {"share", "bound", "closest"} and values["density"] >= 0
    assert evaluation.pixels.shape == (50, 16, 16, 4)


@needs_packages
def test_a_generator_of_one_picture_is_called_collapsed(
    reference: Reference, extractor: FeatureExtractor
) -> None:
    generator = tiny_generator()
    for name, parameter in generator.named_parameters():
        if name.endswith("noise.strength"):
            parameter.zero_()
    report = evaluate("one", generator, reference, extractor, samples=50, psi=0.0).report
    assert report.duplicates == 1
    assert report.diversity < 0.5 and any("collapsed" in problem for problem in report.problems)


@needs_packages
def test_quick_kid_measures_any_state_of_growth(many: SpriteDataset, extractor: FeatureExtractor) -> None:
    small = build_reference(many, extractor, resolution=8)
    found = quick_kid(tiny_generator(), small, extractor, samples=50, resolution=8, alpha=0.5)
    assert found.low < found.mean < found.high
    assert found == quick_kid(tiny_generator(), small, extractor, samples=50, resolution=8, alpha=0.5)
    assert found.mean > 10  # noise is far from creatures


# -- comparing -----------------------------------------------------------------------------------------------


def test_the_best_average_has_the_lowest_kid_of_those_that_can_be_used() -> None:
    better, broken = replace(REPORT, kid=KID(40, 39, 41)), replace(REPORT, kid=KID(1, 0, 2), finite=False)
    assert best_of({"ema5": REPORT, "ema20": better, "raw": broken}) == "ema20"


# -- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save(tmp_path / "tiny.safetensors", tiny_generator(), {})
    return tmp_path / "tiny.safetensors"


@needs_packages
@pytest.mark.usefixtures("reference")
def test_a_checkpoint_becomes_json_and_a_report_folder(
    command: CommandLine, many: SpriteDataset, checkpoint: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "report"
    done = command("eval", checkpoint, "--data", many.path, "--samples", 50, "--json", "--report", out)
    assert done.code == 0, done.err
    values = json.loads(done.out)
    names = ["index.html", "neighbours.png", "report.json", "samples-tame.png", "samples.png"]
    assert sorted(p.name for p in out.iterdir()) == names
    assert json.loads((out / "report.json").read_text()) == values
    page = (out / "index.html").read_text()
    assert values["checkpoint"] in page and all(name in page for name in names if name.endswith("png"))
    with Image.open(out / "neighbours.png") as picture:
        assert picture.height > 16 * 128 and len(set(picture.convert("L").tobytes())) > 20


@needs_packages
@pytest.mark.usefixtures("reference")
def test_of_a_run_every_average_is_measured_and_the_best_exported(
    command: CommandLine, many: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    write(run / STATE_FILE, steps(tiny_trainer(many), 20).state())
    done = command("eval", run, "--data", many.path, "--samples", 50, "--json")
    values = json.loads(done.out)
    kids = {name: report["kid"]["mean"] for name, report in values["candidates"].items()}
    assert set(kids) == {"ema0.001", "ema0.05"} and kids[values["best"]] == min(kids.values())

    monkeypatch.setattr("train.eval.candidates.BEST_SAMPLES", 50)
    chosen = tmp_path / "best.safetensors"
    assert (
        command("export", run, "--data", many.path, "--ema", "best", "--no-finish", "--out", chosen).code == 0
    )
    half_life = float(values["best"].removeprefix("ema"))
    assert load(chosen).id == export(run, tmp_path / "same.safetensors", half_life).id
    assert "not 'nonsense'" in command("export", run, "--ema", "nonsense").refusal


@needs_packages
@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--samples", 49), "49 samples are too few"),
        (("--data", "nowhere"), "no data set at nowhere"),
        (("--holdout", "Missingno"), "no species Missingno"),
        (("--report", "tiny.safetensors/x"), "report cannot be written"),
    ],
)
def test_impossible_evaluations_are_refused_in_one_sentence(
    command: CommandLine,
    many: SpriteDataset,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[object, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    before = sorted(checkpoint.parent.iterdir())
    done = command("eval", checkpoint, "--data", many.path, *options)
    assert complaint in done.refusal and not done.out
    assert sorted(checkpoint.parent.iterdir()) == before


def test_what_is_no_checkpoint_or_of_another_size_is_refused(
    command: CommandLine, many: SpriteDataset, tmp_path: Path
) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    assert "damaged" in command("eval", tmp_path / "broken.safetensors").refusal
    assert "no training state" in command("eval", tmp_path).refusal
    generator = tiny_generator()
    large = Generator(replace(generator.config, channels=(16, 8, 8, 8)))
    save(tmp_path / "large.safetensors", large, {})
    refusal = command("eval", tmp_path / "large.safetensors", "--data", many.path).refusal
    assert "16 pixels wide, but this network draws 32" in refusal


@needs_packages
def test_a_smaller_network_is_measured_against_averages(
    command: CommandLine, many: SpriteDataset, extractor: FeatureExtractor, tmp_path: Path
) -> None:
    small = Generator(replace(tiny_generator().config, channels=(16, 8)))
    save(tmp_path / "small.safetensors", small, {})
    data = shutil.copytree(many.path, tmp_path / "data")
    index = json.loads((data / "index.json").read_text())
    marked = index | {"least_typical": [0, 3]}  # measured is against all images, whatever training leaves out
    (data / "index.json").write_text(json.dumps(marked))
    arguments = ("--data", data, "--samples", 50, "--json", "--report", tmp_path / "report")
    found = json.loads(command("eval", tmp_path / "small.safetensors", *arguments).out)
    averages = build_reference(many, extractor, resolution=8)
    stored = load(tmp_path / "small.safetensors").generator
    expected = evaluate("small", stored, averages, extractor, samples=50).report
    assert found["kid"]["mean"] == pytest.approx(expected.kid.mean, rel=1e-4)
    assert found["real_images"] == len(many)
    with Image.open(tmp_path / "report" / "neighbours.png") as picture:
        assert picture.width > 5 * 128
