"""Heads on W+: what they say, what they leave out, and where in W+ there is more of something."""

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan.checkpoint import load, save
from gan.sampler import Sampler
from gan.sections import TRAITS, Section, write_beside
from gan.traits import (
    CHOICES,
    KIN,
    NUMBERS,
    STATS,
    Heads,
    Traits,
    TraitsError,
)
from tests.gan.reading import CALIBRATION, LAYOUT, tiny_heads
from tests.gan.tiny import tiny_checkpoint, tiny_config, tiny_generator

LAYERS, W_DIM = tiny_config().num_layers, 32


def section(seed: int = 0, **changed: Any) -> Section:
    return tiny_heads(LAYERS, W_DIM, seed, **changed)


def heads(**changed: Any) -> Heads:
    return Heads(section(**changed), LAYERS, W_DIM)


def codes(count: int = 6) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, LAYERS, W_DIM)).astype(np.float32)


def test_the_outputs_follow_each_other_without_gaps() -> None:
    places = [LAYOUT.columns(name) for name in (*CHOICES, *NUMBERS, KIN)]
    assert places[0].start == 0 and places[-1].stop == LAYOUT.size == 3 + 2 + 3 + len(NUMBERS) + 4
    assert all(a.stop == b.start for a, b in itertools.pairwise(places))
    with pytest.raises(KeyError):
        LAYOUT.columns("wings")


def test_everything_that_is_shown_is_read() -> None:
    for traits in heads().read(codes()):
        assert 1 <= len(traits.types) <= 2 and traits.colour is not None and traits.shape is not None
        assert traits.colour.value in LAYOUT.colours and 0 < traits.colour.probability < 1
        assert traits.height_m is not None and traits.height_m > 0 and set(traits.stats) == set(STATS)
        assert traits.stage is not None and 1 <= traits.stage <= 3 and len(traits.kin) == 3


def test_a_creature_is_read_the_same_alone_and_in_company() -> None:
    many = heads().outputs(codes())
    alone = np.concatenate([heads().outputs(one[None]) for one in codes()])
    np.testing.assert_allclose(many, alone, atol=1e-5)


@pytest.mark.parametrize("left_out", [*CHOICES, *NUMBERS, KIN])
def test_what_does_not_beat_its_baselines_is_left_out(left_out: str) -> None:
    shown = [name for name in (*CHOICES, *NUMBERS, KIN) if name != left_out]
    [traits] = heads(shown=shown).read(codes(1))
    attribute = {"log_height_m": "height_m", "log_weight_kg": "weight_kg"}.get(left_out, left_out)
    if left_out in STATS:
        assert left_out not in traits.stats and len(traits.stats) == len(STATS) - 1
    else:
        assert not getattr(traits, attribute)


def test_a_second_type_is_named_from_its_threshold_on() -> None:
    outputs = np.zeros(LAYOUT.size, np.float32)
    outputs[:3] = [0.2, 1.0, 0.8]
    named = heads().traits(outputs).types
    assert [guess.value for guess in named] == ["Grass", "Water"]
    assert named[0].probability == pytest.approx(1 / (1 + np.exp(-1.1)))
    strict = asdict(CALIBRATION) | {"second_type_from": 0.9}
    assert [guess.value for guess in heads(calibration=strict).traits(outputs).types] == ["Grass"]


def test_kin_are_those_in_the_same_direction() -> None:
    places, outputs = section().tensors["kin"].numpy(), np.zeros(LAYOUT.size, np.float32)
    outputs[LAYOUT.columns(KIN)] = 3 * places[2]
    assert heads().kin(outputs)[0] == "Lapras" and len(set(heads().kin(outputs, 5))) == 5
    assert heads().kin(outputs, 5, least=0.99) == ("Lapras",)  # whatever the length of what is read
    outputs[LAYOUT.columns(KIN)] = 0
    assert heads().kin(outputs, 5, least=0.1) == ()


@pytest.mark.parametrize(
    ("group", "value"), [("types", "Fire"), ("colour", "Blue"), ("log_height_m", None), ("stage", None)]
)
def test_a_direction_is_the_gradient_of_its_output(group: str, value: str | None) -> None:
    model, code = heads(), codes(1)[0]
    place = LAYOUT.columns(group).start + (LAYOUT.values(group).index(value) if value else 0)
    direction = model.direction(group, value, code)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-5)
    step = 0.01

    def along(way: np.ndarray) -> float:
        there = model.outputs(np.stack([code + step * way, code - step * way]))[:, place]
        return float(there[0] - there[1]) / (2 * step)

    random = np.random.default_rng(2)
    steepest = along(direction)
    for _ in range(5):
        other = random.standard_normal(code.shape).astype(np.float32)
        other /= np.linalg.norm(other)
        cosine = float((other * direction).sum())
        assert along(other) == pytest.approx(cosine * steepest, abs=0.02 * steepest)


def test_several_directions_are_what_each_is_by_itself() -> None:
    model, code, numbers = heads(), codes(1)[0], ("stage", "log_height_m", "hp")
    together = model.directions(numbers, code, [0, 2])
    alone = [model.direction(name, w_plus=code, layers=[0, 2]) for name in numbers]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-6)


def test_a_direction_moves_only_the_layers_that_it_may() -> None:
    direction = heads().direction("types", "Water", layers=[1, 2])
    assert np.abs(direction[[1, 2]]).sum() > 0 and not np.abs(np.delete(direction, [1, 2], axis=0)).any()
    for group, value in (("types", "Rock"), ("types", None), ("luck", None)):
        with pytest.raises(KeyError):
            heads().direction(group, value)


def test_how_unusual_a_creature_is_grows_with_its_distance() -> None:
    model, code = heads(), codes(1)[0]
    centre = section().tensors["centre"].numpy()
    at = [centre + factor * (code - centre) for factor in (0.0, 0.2, 0.5, 50.0)]
    shares = model.unusual(np.stack(at).astype(np.float32))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    outputs = np.zeros(LAYOUT.size, np.float32)
    assert model.percentile("stage", outputs) == pytest.approx(0.5)
    with pytest.raises(KeyError):
        model.percentile("types", outputs)


@pytest.mark.parametrize(
    "broken",
    [
        section(version=2),
        section(types=["Fire"]),
        section(calibration={"types": 1}),
        Section(TRAITS, {}, section().metadata),
        Section(TRAITS, dict(section().tensors), {}),
        Section("scorer", dict(section().tensors), section().metadata),
    ],
)
def test_heads_that_do_not_fit_are_refused_and_cost_nothing_but_the_traits(
    tmp_path: Path, broken: Section
) -> None:
    with pytest.raises(TraitsError):
        Heads(broken, LAYERS, W_DIM)
    save(
        tmp_path / "a.safetensors",
        tiny_generator(),
        {},
        sections=(Section(TRAITS, broken.tensors, broken.metadata),),
    )
    sampler = Sampler(load(tmp_path / "a.safetensors"), "cpu")
    if broken.name == TRAITS:
        assert sampler.heads is None and sampler.traits(codes(2)) == [Traits(), Traits()]


def test_heads_of_another_network_are_refused() -> None:
    with pytest.raises(TraitsError):
        Heads(section(), LAYERS - 1, W_DIM)
    with pytest.raises(ValueError, match="do not fit"):
        heads().outputs(codes()[:, :-1])


def test_a_sampler_reads_with_heads_beside_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint = tiny_checkpoint(path)
    assert Sampler(checkpoint, "cpu").traits(codes(1)) == [Traits()]
    write_beside(path, checkpoint.id, section())
    sampler = Sampler(load(path), "cpu")
    assert sampler.traits(codes(2)) == heads().read(codes(2)) and sampler.checkpoint_id == checkpoint.id
