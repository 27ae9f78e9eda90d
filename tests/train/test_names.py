"""The file of names: built from small lists, and from packages that the real clients would have fetched."""

import json
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from bot.creature.name_file import NameFileError, name_file
from bot.creature.name_rules import copies, folded, is_real, is_rude, is_rude_pinyin, is_word, sound
from tests.command_line import CommandLine
from train.data import fetch
from train.errors import DataError
from train.names import refused, sources
from train.names.build import build
from train.names.sources import Sources, without_tone
from train.names.syllables import count, onset_and_rest, syllables

SMALL = Sources(
    species=[
        ("Bramble", ("Grass",)),
        ("Flamador", ("Fire", "Dragon")),
        ("Mr. Odd", ("Psychic",)),
        ("Brull", ("Fire",)),
    ],
    names=["Bramble", "Flamador", "Mr. Odd", "Épinard", "火龙果子"],
    words=["flamble", "zzzz"],
    rude=["shrubbery", "b00b", "nit"],
    rude_elsewhere=["merde", "con"],
    rude_chinese=["坏蛋", "丑"],
    readings={"坏": "huai", "蛋": "dan", "丑": "chou"},
)


@pytest.mark.parametrize(
    "cut",
    [
        "char-me-le-on",
        "kin-gler",
        "queen",
        "xy",
        "me-dore",
        "ru-by",
        "a-xew",
        "cof-fee",
        "yan-ma",
        "hm",
        "in-struct",
    ],
)
def test_names_are_cut_where_they_are_spoken(cut: str) -> None:
    assert syllables(cut.replace("-", "")) == cut.split("-")


@pytest.mark.parametrize(
    ("syllable", "parts"), [("chrom", ("chr", "om")), ("quee", ("qu", "ee")), ("on", ("", "on"))]
)
def test_a_syllable_has_an_onset_and_a_rest(syllable: str, parts: tuple[str, str]) -> None:
    assert onset_and_rest(syllable) == parts


def test_syllables_are_counted_by_type_and_position() -> None:
    counted = count(
        [("Bramdor", ("Grass",)), ("Bramon", ("Fire", "Grass")), ("Two Words", ("Ice",)), ("Hm", ("Ice",))]
    )
    assert counted.types == ["Fire", "Grass", "Ice"]
    first = counted.syllables["first"]
    assert first.texts == ["br|a", "br|am"]
    fire, grass, ice, everything = first.weights
    assert fire[0] and not fire[1]  # Bra-mon
    assert 0 < grass[0] < grass[1]  # a second type counts less
    assert not ice.any()  # one word without a syllable before its last, and one of two words
    assert everything.all()
    assert "^br" in counted.trigrams and "on$" in counted.trigrams and "two" not in counted.trigrams


def test_the_bot_reads_what_was_built_and_means_the_same_by_it(tmp_path: Path) -> None:
    """Folding, sounds and fingerprints are written down on both sides: here they meet."""
    out = tmp_path / "names.safetensors"
    assert build(SMALL, out) == out.stat().st_size
    file = name_file(out)
    for text in ("Épinard", "B00B!", "straße", "Mr. Odd", "phyzzique", "坏蛋"):
        assert folded(text, file) == refused.fold(text)
        assert sound(folded(text, file), file) == refused.sound(refused.fold(text))
    for name in (
        "Bramble",
        "brambl",
        "brammble",
        "Brimble",
        "epinard",
        "mrodd",
        "火龙果子",
        "火龙果",
        "火龙花子",
    ):
        assert is_real(name, file), name
    for name in ("Bromblo", "Flamable", "火龙"):
        assert not is_real(name, file), name
    assert copies("xflamax", file) and not copies("flax", file)
    assert is_word("flamble", file) and not is_word("zzzz", file)  # the latter could never be proposed
    for name in (
        "Shrubbery",
        "ashrubberya",
        "boobix",
        "bubix",
        "knitter",
        "merdeon",
        "chou",
        "huaidanix",
        "坏蛋",
    ):
        assert is_rude(name, file), name
    for name in ("conix", "knot", "Shrub", "Bramble"):
        assert not is_rude(name, file), name
    assert is_rude_pinyin(["la", "huai", "dan"], file) and not is_rude_pinyin(
        ["chou", "huai", "la", "dan"], file
    )


def test_the_same_sources_give_the_same_bytes_and_no_name_is_in_them(tmp_path: Path) -> None:
    first, again = tmp_path / "a", tmp_path / "b"
    build(SMALL, first)
    build(SMALL, again)
    data = first.read_bytes()
    assert data == again.read_bytes()
    for text in ("Bramble", "bramble", "Flamador", "flamador", "shrubbery", "merde", "火龙果子", "坏蛋"):
        assert text.encode() not in data


@pytest.mark.parametrize("damage", ["missing", "cut", "another format", "empty"])
def test_a_file_that_is_no_file_of_names_is_said_to_be_none(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "names.safetensors"
    if damage == "cut":
        build(SMALL, path)
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "another format":
        from safetensors.numpy import save_file

        save_file({"a": np.zeros(1)}, path)
    elif damage == "empty":
        path.touch()
    with pytest.raises(NameFileError, match="python -m train names"):
        name_file(path)


@pytest.mark.parametrize(
    ("marked", "plain"), [("nǚ", "nv"), ("zhōng", "zhong"), ("er", "er"), ("lüè", "lve")]
)
def test_pinyin_without_tones(marked: str, plain: str) -> None:
    assert without_tone(marked) == plain


# Packages as the clients would have left them in the cache.


def put_wheel(
    cache: Path, wheel: fetch.Wheel, files: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = cache / f"{'-'.join((wheel.name.replace('-', '_'), wheel.version, *wheel.tags))}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
    monkeypatch.setattr(sources, name, fetch.Wheel(wheel.name, wheel.version, fetch.sha256(path), wheel.tags))


def tarball(cache: Path, wanted: fetch.NpmPackage, files: dict[str, str]) -> fetch.NpmPackage:
    path = cache / f"{wanted.name.replace('@', '').replace('/', '-')}-{wanted.version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for inside, text in files.items():
            member = tarfile.TarInfo(f"package/{inside}")
            member.size = len(text.encode())
            archive.addfile(member, BytesIO(text.encode()))
    return fetch.NpmPackage(wanted.name, wanted.version, fetch.integrity(path))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    dex = {
        "bramble": {"num": 1, "name": "Bramble", "types": ["Grass"]},
        "bramblemega": {"num": 1, "name": "Bramble-Mega", "types": ["Fire"], "forme": "Mega"},
        "missing": {"name": "Missing"},
        "made-up": {"num": -5, "name": "Madeup", "types": ["Fire"]},
    }
    pokedex = fetch.Wheel(fetch.POKEDEX_PACKAGE, fetch.POKEDEX_VERSION, "")
    path = folder / f"{'-'.join((pokedex.name.replace('-', '_'), pokedex.version, *pokedex.tags))}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("poke_env/data/static/pokedex/gen9pokedex.json", json.dumps(dex))
    monkeypatch.setattr(fetch, "POKEDEX_SHA256", fetch.sha256(path))
    dictionaries = {
        f"glin_profanity/data/dictionaries/{language}.json": json.dumps({"words": [f"rude{language}"]})
        for language in ("english", "chinese", *sources.NEIGHBOURS)
    }
    put_wheel(folder, sources.GLIN, dictionaries, monkeypatch, "GLIN")
    put_wheel(
        folder,
        sources.BETTER,
        {"better_profanity/profanity_wordlist.txt": "worse\nworst\n"},
        monkeypatch,
        "BETTER",
    )
    put_wheel(
        folder,
        sources.PINYIN,
        {"pypinyin/pinyin_dict.json": json.dumps({"20013": "zhōng,zhòng"})},
        monkeypatch,
        "PINYIN",
    )
    languages = {
        f"data/{code}.json": json.dumps([f"Name {code}"]) for code in (*sources.LATIN, *sources.CHINESE)
    }
    monkeypatch.setattr(sources, "SPECIES", tarball(folder, sources.SPECIES, languages))
    rated = "export const cuss = {\n  mild: 0,\n  'bad word': 1,\n  worst: 2\n}\n"
    monkeypatch.setattr(sources, "CUSS", tarball(folder, sources.CUSS, {"index.js": rated}))
    words = {f"english-words-{rank}.json": json.dumps([f"word{rank}"]) for rank in sources.COMMON}
    monkeypatch.setattr(sources, "WORDS", tarball(folder, sources.WORDS, words))
    people = [tarball(folder, wanted, {"data/names.json": json.dumps(["Ann"])}) for wanted in sources.PEOPLE]
    monkeypatch.setattr(sources, "PEOPLE", tuple(people))
    return folder


def test_packages_are_read(cache: Path) -> None:
    found = sources.fetch(cache)
    assert found.species == [("Bramble", ("Grass",))]
    assert found.names == ["Name en", "Name fr", "Name de", "Name zh-hans", "Name zh-hant"]
    assert found.words == ["word10", "word20", "word35", "Ann", "Ann"]
    assert found.rude == ["rudeenglish", "worse", "worst", "bad word", "worst"]
    assert found.rude_elsewhere == [f"rude{language}" for language in sources.NEIGHBOURS]
    assert found.rude_chinese == ["rudechinese"] and found.readings == {"中": "zhong"}


def test_a_package_of_another_shape_is_said_to_be_damaged(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheel(cache, sources.GLIN, {"something else": ""}, monkeypatch, "GLIN")
    with pytest.raises(DataError, match="damaged: delete it"):
        sources.fetch(cache)


def test_the_command_builds_the_file_and_replaces_none_unasked(
    cache: Path, tmp_path: Path, command: CommandLine
) -> None:
    out = tmp_path / "names.safetensors"
    done = command("names", "--cache", cache, "--out", out)
    assert done.code == 0 and "1 species" in done.out
    before = out.read_bytes()
    assert "there already" in command("names", "--cache", cache, "--out", out).refusal
    assert command("names", "--cache", cache, "--out", out, "--force").code == 0
    assert out.read_bytes() == before


def test_further_names_are_refused_from_then_on(
    cache: Path, tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, table, out = tmp_path / "further.txt", tmp_path / "species.csv", tmp_path / "names.safetensors"
    monkeypatch.setattr(refused, "FURTHER_FILE", kept)
    table.write_text("num,name,name_zh\n1,name-en,火龙果子\n2,Moltigo,\n", encoding="utf-8")
    done = command("names", "--cache", cache, "--out", out, "--further", table)
    assert done.code == 0, done.err
    file = name_file(out)
    assert all(is_real(name, file) for name in ("火龙果子", "火龙果", "Moltigo", "Maltigo", "Name en"))
    assert "moltigo" not in kept.read_text() and len(kept.read_text().split()) == 8 + 5  # and neighbours
    again = tmp_path / "again.safetensors"
    assert command("names", "--cache", cache, "--out", again).code == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("text", ["num,title\n1,Moltigo\n", "", None])
def test_a_table_without_names_is_refused(
    cache: Path, tmp_path: Path, command: CommandLine, text: str | None
) -> None:
    table = tmp_path / "species.csv"
    if text is not None:
        table.write_text(text, encoding="utf-8")
    refusal = command("names", "--cache", cache, "--out", tmp_path / "x", "--further", table).refusal
    assert "species.csv" in refusal
    assert not (tmp_path / "x").exists()
