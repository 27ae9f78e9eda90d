"""The training process as the system sees it: how it stands back, and how it is told apart from others."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.retrain import process
from bot.retrain.process import ProcessId
from bot.store import Job, StoreError
from bot.system.background import environment, stand_back
from tests.bot.retrain.conftest import Rooms, process_of, until


def autogroup(pid: int | str) -> int | None:
    """The niceness of a process's whole session; None where the system does not group sessions."""
    enabled = Path("/proc/sys/kernel/sched_autogroup_enabled")
    if not enabled.exists() or enabled.read_text().strip() != "1":
        return None
    words = Path(f"/proc/{pid}/autogroup").read_text().split()
    return int(words[-1]) if words else None  # nothing stands there for a process of the root group


# A process that asks for as little as can be. Containers and systems refuse one thing or another.
STANDS_BACK = """
import contextlib, os
from pathlib import Path

os.setpriority(os.PRIO_PROCESS, 0, 19)
with contextlib.suppress(OSError, AttributeError):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
with contextlib.suppress(OSError):
    Path("/proc/self/oom_score_adj").write_text("800")
print(flush=True)
input()
"""


def standing(pid: int) -> tuple[int, int | None, str | None]:
    """Niceness, scheduling policy, and how early it goes where memory runs out."""
    policy = os.sched_getscheduler(pid) if hasattr(os, "sched_getscheduler") else None
    score = Path(f"/proc/{pid}/oom_score_adj")
    return os.getpriority(os.PRIO_PROCESS, pid), policy, score.read_text() if score.exists() else None


def environ(pid: int) -> str | None:
    """A process's environment, where the system shows it."""
    path = Path(f"/proc/{pid}/environ")
    return path.read_text() if path.exists() else None


async def lowest_standing() -> tuple[int, int | None, str | None]:
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STANDS_BACK), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert asking.stdout is not None
    await asking.stdout.readline()
    found = standing(asking.pid)
    await asking.communicate(b"\n")
    return found


async def test_the_process_stands_back_and_knows_no_secrets(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISCORD_TOKEN", "database_url", "Proxy_Url", "PGPASSWORD", "discord_token", "ANYTHING"):
        monkeypatch.setenv(name, "hush")
    monkeypatch.setattr(process, "stand_back", stand_back)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    assert job.pid is not None
    assert standing(job.pid) == await lowest_standing()
    assert standing(job.pid)[0] == 19
    assert os.getsid(job.pid) == job.pid  # Ctrl-C for the bot is not for it
    if (own := autogroup("self")) is not None:  # its session's share is no larger than its priority
        assert autogroup(job.pid) == 19 != own
    if (known := environ(job.pid)) is not None:
        assert "hush" not in known and "OMP_NUM_THREADS=" in known
    await rooms.retraining.cancel("Oak")
    await rooms.ended()


def test_a_process_beside_the_bot_gets_what_is_listed_and_nothing_else() -> None:
    passed = {
        **{
            "PATH": "/bin",
            "HOME": "/h",
            "LC_ALL": "C",
            "CUDA_VISIBLE_DEVICES": "0",
            "https_proxy": "http://p",
        },
        **{"npm_config_registry": "https://r", "OMP_PROC_BIND": "true", "TORCH_HOME": "/t"},
    }
    kept_back = dict.fromkeys(
        (
            *("discord_token", "Discord_Token", "PGPASSWORD", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "LC_"),
            *(
                "SENTRY_DSN",
                "npm_config__authToken",
                "NPM_TOKEN",
                "TORCH_API_KEY",
                "ADMIN_IDS",
                "SSH_AUTH_SOCK",
            ),
        ),
        "hush",
    )
    numbers = {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3", "PYTHONUNBUFFERED": "1"}
    assert environment(3, passed | kept_back) == passed | numbers


async def test_a_later_process_of_the_same_number_is_left_alone(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    process = process_of(job)
    boot, _, ticks = process.started.partition("/")
    tick = os.sysconf("SC_CLK_TCK")
    assert ProcessId(process.pid, f"{boot}/{int(ticks) - tick}").alive  # the clock was set by a second
    for started in ("at another time", f"{boot}/{int(ticks) - 2 * tick}", f"another boot/{ticks}"):
        another = ProcessId(process.pid, started)
        assert process.alive and not another.alive
        another.send(signal.SIGKILL)
    assert process.alive
    await rooms.retraining.cancel("Oak")
    await rooms.ended()
    assert not process.alive


async def test_a_process_that_was_never_told_to_begin_does_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot fails between starting it and putting it on record."""

    async def failing(*_: object, **__: object) -> Job:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(rooms.store.jobs, "note_process", failing)
        with pytest.raises(UserError, match="could not be started: The disk is full"):
            await rooms.begin("good")
        folder = next((rooms.settings.data_dir / "retrain").iterdir())
    await until(lambda: rooms.retraining._watching is None or rooms.retraining._watching.done())
    assert not (folder / "progress.json").exists()
    job = await rooms.store.jobs.latest()
    assert job is not None and job.state == "failed"
    assert (await rooms.result("good")).promoted
