"""The Python of the pages runs as it stands there, each block on something small of its kind.

tests/test_package.py has the README's, and test_architecture_page.py the feature of architecture.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from sandbox.driver import SandboxUser
from tests.bot.stage import Stage
from tests.docs.pages import PAGES, ROOT
from train.data.build import BuildOptions, build_from_folder
from train.data.synthetic import write_folder

ELSEWHERE = {"README.md", "architecture.md"}
HERE = {"data.md", "sandbox.md"}


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


async def run(block: str, **names: Any) -> dict[str, Any]:
    """Runs a block that may await; returns what it defined."""
    scope: dict[str, Any] = dict(names)
    source = f"async def page():\n{textwrap.indent(block, '    ')}\n    return locals()"
    exec(compile(source, "page", "exec"), scope)
    return await scope["page"]()


def test_every_page_with_python_is_run() -> None:
    assert {page.name for page in PAGES if blocks(page)} == ELSEWHERE | HERE


def test_the_data_set_of_data_md(tmp_path: Path) -> None:
    write_folder(tmp_path / "in", 4)
    build_from_folder(tmp_path / "in", tmp_path / "data" / "dataset", BuildOptions(), workers=1)
    (block,) = blocks(ROOT / "docs" / "data.md")
    block += "print(tuple(dataset.batch(np.arange(3), resolution=64).shape), dataset.typical.shape)"
    ran = subprocess.run(
        [sys.executable, "-c", block],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "(3, 4, 64, 64) (4,)"), ran.stderr


async def test_the_driver_and_the_faults_of_sandbox_md(tmp_path: Path) -> None:
    driving, faults = blocks(ROOT / "docs" / "sandbox.md")
    async with Stage(tmp_path) as stage:
        await stage.bot()
        shown = (await run(driving, SandboxUser=SandboxUser, sandbox=stage.sandbox))["shown"]
        assert shown.pictures
        set_up = (await run(faults, sandbox=stage.sandbox))["faults"]
        assert set_up is stage.sandbox.faults
        async with SandboxUser(stage.sandbox.url, "Misty") as misty:  # all is well again
            assert (await (await misty.command("newmon")).message()).pictures
