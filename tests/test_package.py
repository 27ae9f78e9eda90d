"""What `pip install .` gives: gan and train, which work in an empty folder without the repository."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from PIL import Image

import bot.__main__ as bot_program
from gan.package import VERSION

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ("gan", "train")
SOURCES = ("gan", "train", "checkpoints", "pyproject.toml", "setup.py", "README.md", "LICENSE")
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since setuptools leaves a folder `build` behind; without the network."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--no-index"]
    made = subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", out, source], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = out.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was unpacked into, which is all that installing it does to pure Python."""
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def python(installed: Path, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with the installed package before the one of the environment."""
    first = f"import sys; sys.path.insert(0, {str(installed)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-c", first + program], cwd=folder, capture_output=True, text=True
    )


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = {
        path.relative_to(ROOT).as_posix()
        for room in LIBRARY
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {f"newmon{part}.safetensors" for part in ("", ".scorer", ".traits")} | {"reader.safetensors"}
    assert inside == ours | {f"gan/checkpoints/{name}" for name in shipped}


def test_it_says_which_version_it_is_and_needs_no_bot(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Version"] == VERSION
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert required and not any("discord" in line.casefold() for line in required)


def test_whatever_the_library_imports_is_required(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    lines = metadata.get_all("Requires-Dist", [])
    base_or_train = [line for line in lines if "extra ==" not in line or "train" in line.split("extra ==")[1]]
    required = {canonical(re.split(r"[\s=<>\[;]", line)[0]) for line in base_or_train}
    offers = importlib.metadata.packages_distributions()
    for room in LIBRARY:
        for path in (ROOT / room).rglob("*.py"):
            for module in imported(path) - set(sys.stdlib_module_names) - {*LIBRARY, "__future__"}:
                assert {canonical(one) for one in offers.get(module, ())} & required, f"{path}: {module}"


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).casefold()


def imported(path: Path) -> set[str]:
    """First parts of the modules that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_lines_of_the_readme_draw_a_creature_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    (block,) = PYTHON_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    lines = [line for line in block.splitlines() if line and not line.startswith(("import ", "from "))]
    assert len(lines) <= 5
    done = python(installed, tmp_path, f"{block}\nimport gan; print(gan.__file__)")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[-1]).is_relative_to(installed)
    (drawn,) = tmp_path.iterdir()
    with Image.open(drawn) as picture:
        assert picture.mode == "RGBA" and picture.size == (256, 256)
        alpha = picture.getchannel("A")
        assert alpha.getextrema() == (0, 255)  # a body, and nothing around it


@pytest.mark.parametrize("room", LIBRARY)
def test_its_command_lines_work_in_an_empty_folder(room: str, installed: Path, tmp_path: Path) -> None:
    program = (
        f"import runpy, sys; sys.argv = ['x', '--version']; runpy.run_module('{room}', run_name='__main__')"
    )
    done = python(installed, tmp_path, program)
    assert done.returncode == 0 and done.stdout.strip() == f"newmon {VERSION}", done.stderr


def test_the_bot_in_a_checkout_says_the_same_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        bot_program.main(["--version"])
    assert not end.value.code and capsys.readouterr().out.strip() == f"newmon {VERSION}"


@pytest.mark.slow
def test_every_module_is_there_to_import(installed: Path, tmp_path: Path) -> None:
    program = (
        "import importlib, pkgutil, gan, train\n"
        "for package in (gan, train):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
        "import train.data.labels\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'bot', 'sandbox', 'discord', 'tests'}))"
    )
    done = python(installed, tmp_path, program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
