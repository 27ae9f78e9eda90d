"""Sections of a checkpoint: inside its file they belong to its id, beside it they change nothing about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan.checkpoint import CheckpointError, load, save
from gan.sections import SCORER, TRAITS, Section, SectionError, path_beside, read_beside, write_beside
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_generator

Header = dict[str, str]
Change = Callable[[dict[str, Tensor], Header], Any]


def section(name: str = TRAITS, value: float = 1.5, **metadata: Any) -> Section:
    return Section(name, {"weight": torch.full((2, 3), value), "bias": torch.arange(3)}, metadata)


def same(a: Section, b: Section) -> bool:
    return (
        (a.name, a.metadata) == (b.name, b.metadata)
        and set(a.tensors) == set(b.tensors)
        and all(torch.equal(t, b.tensors[name]) for name, t in a.tensors.items())
    )


def rewrite(path: Path, change: Change) -> None:
    with safe_open(path, framework="pt") as file:
        header: Header = dict(file.metadata())
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    change(tensors, header)
    save_file(tensors, path, header)


def test_sections_inside_a_checkpoint_come_back_and_belong_to_its_id(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.safetensors", save(tmp_path / "plain", tiny_generator(), {})
    two = (section(TRAITS, types=["Fire", "水"], scale=0.25), section(SCORER, 3.0))
    identity = save(path, tiny_generator(), {}, sections=two)
    loaded = load(path)
    assert loaded.id == identity != plain and loaded.own_sections == {TRAITS, SCORER}
    assert same(loaded.sections[TRAITS], two[0]) and same(loaded.sections[SCORER], two[1])
    assert save(tmp_path / "again", tiny_generator(), {}, sections=reversed(two)) == identity
    others = (
        (section(TRAITS, types=["Fire"], scale=0.25), two[1]),
        (two[0], section(SCORER, 3.1)),
        (two[0], Section("other", two[1].tensors)),
        (two[0],),
    )
    ids = {save(tmp_path / "other", tiny_generator(), {}, sections=other) for other in others}
    assert len(ids | {identity, plain}) == 6


def test_the_id_of_a_checkpoint_without_sections_does_not_change(tmp_path: Path) -> None:
    before = save(tmp_path / "a", tiny_generator(), {})
    assert save(tmp_path / "b", tiny_generator(), {}, sections=()) == before
    write_beside(tmp_path / "a", before, section())
    assert load(tmp_path / "a").id == before and load(tmp_path / "a").own_sections == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, header: tensors["sections.traits.weight"].mul_(2),
        lambda tensors, header: header.update(sections='{"traits": {"scale": 2}}'),
        lambda tensors, header: header.update(sections='{"traits": {"scale": 1}, "scorer": {}}'),
        lambda tensors, header: header.pop("sections"),
        lambda tensors, header: tensors.update({"sections.scorer.weight": torch.ones(2)}),
        lambda tensors, header: header.update(sections="[1]"),
        lambda tensors, header: header.update(sections="{"),
        lambda tensors, header: header.update(sections='{"traits": 3}'),
        lambda tensors, header: header.update(sections='{"../x": {}}'),
    ],
)
def test_sections_inside_that_were_tampered_with_are_noticed(tmp_path: Path, change: Change) -> None:
    path = tmp_path / "a.safetensors"
    save(path, tiny_generator(), {}, sections=(section(scale=1),))
    rewrite(path, change)
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_section_beside_a_checkpoint_is_found(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "a.safetensors")
    assert read_beside(tmp_path / "a.safetensors", checkpoint.id, TRAITS) is None
    written = write_beside(tmp_path / "a.safetensors", checkpoint.id, section(note="é"))
    assert written == tmp_path / "a.traits.safetensors"
    write_beside(tmp_path / "a.safetensors", checkpoint.id, section(SCORER, 2.0))
    loaded = load(tmp_path / "a.safetensors")
    assert set(loaded.sections) == {TRAITS, SCORER} and loaded.problems == ()
    assert same(loaded.sections[TRAITS], section(note="é"))
    write_beside(tmp_path / "a.safetensors", checkpoint.id, section(value=7.0))  # learned again
    assert same(load(tmp_path / "a.safetensors").sections[TRAITS], section(value=7.0))


def test_what_a_checkpoint_holds_itself_counts_more_than_what_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    identity = save(path, tiny_generator(), {}, sections=(section(value=1.0),))
    write_beside(path, identity, section(value=2.0))
    assert same(load(path).sections[TRAITS], section(value=1.0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "damaged or truncated"),
        (lambda path: path.write_bytes(b""), "damaged or truncated"),
        (lambda path: save_file({"a": torch.ones(2)}, path), "does not hold the traits"),
        (lambda path: rewrite(path, lambda t, h: h.update(name=SCORER)), "does not hold the traits"),
        (lambda path: rewrite(path, lambda t, h: h.update(version="9")), "another version"),
        (lambda path: rewrite(path, lambda t, h: h.update(checkpoint="0" * 16)), "another checkpoint"),
        (lambda path: rewrite(path, lambda t, h: h.update(metadata="3")), "header"),
        (lambda path: rewrite(path, lambda t, h: h.pop("metadata")), "header"),
        (lambda path: rewrite(path, lambda t, h: h.update(metadata='{"a": 2}')), "changed after it was made"),
        (lambda path: rewrite(path, lambda t, h: t["weight"].add_(1)), "changed after it was made"),
    ],
)
def test_a_section_beside_it_that_cannot_be_used_is_no_failure(
    tmp_path: Path, change: Callable[[Path], Any], words: str
) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint = tiny_checkpoint(path)
    write_beside(path, checkpoint.id, section(SCORER))
    change(write_beside(path, checkpoint.id, section(a=1)))
    loaded = load(path)
    assert loaded.id == checkpoint.id and set(loaded.sections) == {SCORER}
    [problem] = loaded.problems
    assert words in problem and str(path_beside(path, TRAITS)) in problem and problem.endswith(".")
    with pytest.raises(SectionError, match=words):
        read_beside(path, checkpoint.id, TRAITS)


def test_a_folder_where_a_section_would_lie_is_no_section(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "a.safetensors")
    path_beside(tmp_path / "a.safetensors", TRAITS).mkdir()
    assert load(tmp_path / "a.safetensors").sections == {} and checkpoint.sections == {}


def test_numbers_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    broken = section(value=float("nan"))
    with pytest.raises(CheckpointError, match="not finite"):
        save(tmp_path / "a.safetensors", tiny_generator(), {}, sections=(broken,))
    with pytest.raises(SectionError, match="not finite"):
        write_beside(tmp_path / "a.safetensors", "0" * 16, broken)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "Traits", "a.b", "../a", "a b", "1st"])
def test_a_name_that_could_not_be_part_of_a_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name of a section"):
        Section(name, {})


def test_info_says_which_sections_there_are_and_what_is_wrong(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    identity = save(path, tiny_generator(), {}, sections=(section(SCORER),))
    write_beside(path, identity, section())
    said = command("info", path).out
    assert "scorer      in the checkpoint\n" in said
    assert "traits      in a.traits.safetensors, beside it\n" in said
    rewrite(path_beside(path, TRAITS), lambda tensors, header: header.update(metadata=json.dumps({"a": 1})))
    said = command("info", path).out
    assert "traits  " not in said and "left out" in said and "changed after it was made" in said
