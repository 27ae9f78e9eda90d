"""Every command of the documentation is parsed, and run where that needs neither hours nor a network."""

from __future__ import annotations

import importlib
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import alembic.config
import pytest
import typer
import typer.core
import typer.main

import bot.__main__ as bot_program
import gan.__main__ as gan_program
import train.__main__ as train_program
from gan.checkpoint import load
from gan.pretrained import efficientnet
from tests.command_line import CommandLine
from tests.docs.pages import PAGES, ROOT, SETTINGS, Command, fenced_commands, mentioned_commands
from tests.train.tiny import steps, tiny_recipe, tiny_trainer
from train import recipe as recipes
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.protocol import STATE_FILE
from train.run.export import export
from train.state import write

# Programs of others, which no test runs.
OTHERS = r"cp|curl|git|sudo|apt|apt-get|systemctl|docker|pip|cd|export|torchrun|createdb"

# What is run, on something tiny; and what is only parsed, and why. A command of another kind has to be put
# into one of the two before a page may hold it: nothing that takes an hour, or writes into the repository, is
# run because somebody wrote it down.
RUN = (
    r"-m gan (sample|grid|mix|morph|project|info|levels)\b",
    r"-m train (data --source|fit|eval|export)\b",
    r"-m bot (doctor|backup|checkpoint)\b",
)
PARSED_ALONE = (
    r"-m benchmarks\.",  # minutes to hours
    r"-m docs\.",  # minutes; tests/gan/test_network_page.py draws figures
    r"-m train data( --variants \S+ --out \S+)?$",  # npm; tests/train/data builds from packages of its own
    r"-m train names\b",  # pip; tests/train/test_names.py
    r"-m train enlarger\b",  # pip, and minutes; tests/train/test_enlarger.py
    r"^torchrun ",  # several machines; tests/train/step has processes that share a run
    r"-m train scorer\b",  # a quarter of an hour; tests/train/traits
    r"-m bot (restore|move)\b",  # a backup from a folder of an operator's, a server; tests/bot/operations
    r"-m train traits\b",  # minutes, and half an hour; tests/train/traits
)

# What a page says → what is run instead: the same command, on something tiny.
INSTEAD = (
    (r"--stages \S+", "--stages 4:0.008,8:0.008,16:0.008"),
    (r"--until \S+", "--until 0.04"),
    (r"(--from checkpoints/newmon\S+ .*--until) \S+", r"\1 0.12"),
    (r"--grow 128", "--grow 32 --until 0.12"),
    (r"(-m train data --source .*)", r"\1 --no-enhance --resolution 32 --workers 1"),
    (r"--run runs/mine$", "--run runs/mine --until 0.04"),
    (r"--frames 14 --fps 14 --scale 4", "--frames 2 --fps 14 --scale 4"),
    (r"(-m train eval .*)", r"\1 --samples 50"),
    (r"(-m gan (?:sample|grid|mix|morph|project) .*)", r"\1 --checkpoint checkpoints/newmon.safetensors"),
    (r"(-m gan (?:info|levels))$", r"\1 checkpoints/newmon.safetensors"),
    (r"(-m gan project .*)", r"\1 --steps 3 --no-features"),
    (r"/backups/newmon-\$\(date \+%F\)", "newmon"),
    (r"(checkpoint use) 1a2b3c4d", r"\1 {checkpoint}"),
)

SLOW = {"data.md", "metrics.md", "styles.md", "training.md"}  # those that train and measure
TYPED = [command for page in PAGES for command in fenced_commands(page)]
MENTIONED = [command for page in (*PAGES, SETTINGS) for command in mentioned_commands(page)]


def ours(command: Command) -> tuple[str, list[str]] | None:
    """The module and the arguments of a `python -m …`, also within torchrun; None for anything else."""
    words = command.words
    if words[0] == "torchrun":
        return words[words.index("--") + 1], words[words.index("--") + 2 :]
    if words[0].rpartition("/")[2] in ("python", "python3") and words[1] == "-m":
        return words[2], words[3:]
    return None


def pretending(command: typer.core.TyperCommand | typer.core.TyperGroup) -> None:
    """Let a command, and whatever is in it, do nothing once its arguments are understood."""
    command.callback = lambda **_: None
    for inner in getattr(command, "commands", {}).values():
        pretending(inner)


def parse(module: str, arguments: Sequence[str], whole: bool) -> None:
    """Raises what typer raises for arguments that a program does not take. `whole`: none may be missing."""
    program = importlib.import_module(f"{module}.__main__" if module in ("gan", "train", "bot") else module)
    app = getattr(program, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command()(program.main)
    parsed = typer.main.get_command(app)
    pretending(parsed)  # type: ignore[arg-type]
    try:
        parsed.main(list(arguments), prog_name=module, standalone_mode=False)
    except Exception as error:
        if whole or type(error).__name__ not in ("MissingParameter", "NoArgsIsHelpError"):
            raise


def what_make_runs(words: Sequence[str]) -> list[str]:
    """The commands of a target. Fails for a target that does not exist."""
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    variables = {word.partition("=")[0] for word in words[1:] if "=" in word}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{name} [?:]?=", makefile, re.MULTILINE) for name in variables), variables
    return done.stdout.splitlines()


def check(command: Command) -> None:
    """Raises for a command that does not exist, or does not take what it is given."""
    if command.words[0] == "make":
        for line in what_make_runs(command.words):
            for found in re.findall(r"python (-m (?:gan|train|bot|benchmarks\.\w+)\b[^;&|]*)", line):
                check(replace(command, text=f"python {found}", fenced=True))
    elif Path(command.words[0]).name == "alembic":
        alembic.config.CommandLine().parser.parse_args(command.words[1:])
    elif (program := ours(command)) is not None:
        if "…" not in program[1]:
            parse(*program, whole=command.fenced)
    else:
        assert re.fullmatch(OTHERS, command.words[0]), f"{command}: add its program to OTHERS, or mend it"


@pytest.mark.parametrize("command", TYPED, ids=str)
def test_every_command_of_a_block_exists(command: Command) -> None:
    check(command)


@pytest.mark.parametrize("command", MENTIONED, ids=str)
def test_every_command_in_prose_exists(command: Command) -> None:
    check(command)


@pytest.mark.parametrize(
    "text",
    [
        "python -m train fit --golden",
        "python -m gan sample",
        "python -m gan hatch --seeds 1 --out out",
        "python -m bot checkpoint use",
        "python -m train fit --processes many",
        "torchrun --nnodes 2 -m -- train fit --golden",
        "make everything",
        "make own PICTURE=a",
        "newmon --hatch",
        "alembic sideways",
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str) -> None:
    with pytest.raises((Exception, SystemExit)):
        check(Command(ROOT / "README.md", text, True))


def test_the_migrations_can_be_run_by_hand_as_their_page_says(tmp_path: Path) -> None:
    upgrade, _ = fenced_commands(ROOT / "migrations" / "README.md")
    words = ["-m", "alembic", *upgrade.text.replace("/tmp", str(tmp_path)).split()[1:]]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "dev.db").stat().st_size > 0, done.stderr


# -- and run -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages suppose it: data, a run, and a checkpoint with what further training needs."""
    root = tmp_path_factory.mktemp("stage")
    write_folder(root / "my-pictures", 40)
    options = BuildOptions(resolution=32)
    build_from_folder(root / "my-pictures", root / "data/dataset", options, workers=1)
    dataset = SpriteDataset.open(root / "data/dataset")
    write(root / "runs/default" / STATE_FILE, steps(tiny_trainer(dataset), 22).state())
    export(root / "runs/default", root / "checkpoints/newmon.safetensors")
    shutil.copy(root / "checkpoints/newmon.safetensors", root / "runs/mine.safetensors")
    shutil.copy(root / "my-pictures" / "1.png", root / "drawing.png")
    return root


@pytest.fixture
def folder(stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stage to work in, where new runs have the tiny recipe."""

    def recipe(**changes: object) -> recipes.TrainConfig:
        return replace(tiny_recipe(), **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(recipes, "TrainConfig", recipe)
    shutil.copytree(stage, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = Callable[[str, list[str]], None]  # module, arguments


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Obeys `python -m gan`, `train` and `bot`; fails where they refuse."""

    def obey(module: str, arguments: list[str]) -> None:
        if module == "bot":
            with pytest.raises(SystemExit) as end:
                bot_program.main(arguments)
            assert not end.value.code, end.value.code
            return
        program = gan_program if module == "gan" else train_program
        done = CommandLine(program.app, monkeypatch, capsys)(*arguments)
        assert done.code == 0, done.err

    return obey


def is_one_of(command: Command, kinds: Sequence[str]) -> bool:
    return any(re.search(kind, " ".join(command.words)) for kind in kinds)


@pytest.mark.parametrize("command", [command for command in TYPED if ours(command)], ids=str)
def test_it_is_known_whether_a_command_can_be_run(command: Command) -> None:
    assert is_one_of(command, RUN) != is_one_of(command, PARSED_ALONE), f"put it into one table: {command}"


def to_run(page: Path) -> list[Command]:
    """Those of its commands that are run, not only parsed."""
    return [command for command in fenced_commands(page) if ours(command) and is_one_of(command, RUN)]


def instead(command: Command, checkpoint: str) -> list[str]:
    text = " ".join(command.words)
    for what, tiny in INSTEAD:
        text = re.sub(what, tiny, text)
    return text.replace("{checkpoint}", checkpoint).split()


def of(page: Path) -> object:
    marks = [pytest.mark.slow] if page.name in SLOW else []
    return pytest.param(page, marks=marks, id=page.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("page", [of(page) for page in PAGES if to_run(page)])
def test_the_commands_of_a_page_do_what_they_say(page: Path, folder: Path, run: Run) -> None:
    if page.name in ("metrics.md", "training.md") and not efficientnet.available("lite1"):
        pytest.skip("the train extra is missing")
    if page.name == "training.md":  # what `python -m train enlarger` would have written
        shutil.copy(ROOT / "checkpoints/newmon.safetensors", folder / "runs/enlarger.safetensors")
    first = load(folder / "checkpoints/newmon.safetensors").id
    run("bot", ["checkpoint", "use", "checkpoints/newmon.safetensors"])
    for command in to_run(page):
        found = ours(Command(page, " ".join(instead(command, first)), True))
        assert found is not None
        run(*found)
        check_wrote(found[1], folder)


def check_wrote(arguments: Sequence[str], folder: Path) -> None:
    """What a command says to write is there."""
    for option, target in itertools.pairwise(arguments):
        if option in ("--out", "--report"):
            assert (folder / target).exists(), arguments
