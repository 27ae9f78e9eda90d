"""A backup a day: made once, with its checkpoints; the right ones stay; what fails removes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.errors import UserError
from bot.operations.schedule import back_up_today, kept, name_of, scheduled_backups
from tests.bot.running import RunningBot

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_of_days_weeks_and_months_the_newest_stay() -> None:
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(90)]  # to 31 March, a Tuesday
    stay = sorted(kept(days, daily=3, weekly=2, monthly=3))
    assert [day.isoformat() for day in stay] == [
        *("2026-01-01", "2026-02-01", "2026-03-01"),  # months
        "2026-03-23",  # last week's Monday
        *("2026-03-29", "2026-03-30", "2026-03-31"),  # of which one is this week's Monday
    ]
    assert kept([], daily=3, weekly=2, monthly=3) == set()


def test_what_is_kept_is_never_more_than_was_promised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings()  # pyright: ignore[reportCallIssue]
    first = date(2024, 2, 28)
    there: set[date] = set()
    for i in range(800):
        today = first + timedelta(days=i)
        there = kept({*there, today}, daily=settings.backup_daily, weekly=settings.backup_weekly, monthly=0)
        assert (today - min(there)).days <= settings.backup_days
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path))
    monkeypatch.setenv("BACKUP_MONTHLY", "6")
    with pytest.raises(UserError, match="up to 217 days, and BACKUP_DAYS promises 35"):
        load_settings()


async def test_the_days_backup_is_made_once_with_checkpoints(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path).start()
    await bot.stop()
    folder = tmp_path / "backups"
    for day in (date(2025, 1, 1), date(2026, 3, 3)):
        folder.mkdir(exist_ok=True)
        (folder / name_of(day)).write_bytes(b"older")
    (folder / "newmon-2026-99-99.sqlite3").write_bytes(b"somebody else's")
    settings = bot.settings.model_copy(update={"backup_daily": 2, "backup_weekly": 0})
    assert await back_up_today(settings, folder, NOON)
    assert not await back_up_today(settings, folder, NOON + timedelta(hours=3))
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(
            "newmon-2026-03-03.sqlite3",
            "newmon-2026-03-04.sqlite3",
            "newmon-2026-99-99.sqlite3",
            "checkpoints",
        )
    }
    with closing(sqlite3.connect(folder / "newmon-2026-03-04.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)
    ours, theirs = bot.settings.data_dir / "checkpoints", folder / "checkpoints"
    assert (
        sorted(p.name for p in theirs.iterdir()) == sorted(p.name for p in ours.glob("*.safetensors")) != []
    )


async def test_a_folder_that_cannot_be_written_is_an_error_in_the_log_and_the_bot_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "backups").write_bytes(b"a file in the way")
    bot = await RunningBot(tmp_path, backup_dir=tmp_path / "backups").start()
    await bot.stop()
    assert f"The day's backup to {tmp_path / 'backups'} failed, and will be tried again" in caplog.text
    assert (tmp_path / "backups").read_bytes() == b"a file in the way"


async def test_without_a_folder_there_is_no_schedule(tmp_path: Path) -> None:
    async with scheduled_backups(Settings(data_dir=tmp_path)):  # pyright: ignore[reportCallIssue]
        pass
    assert names(tmp_path) == []
