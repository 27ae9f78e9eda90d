"""A backup a day into BACKUP_DIR, with the checkpoints that creatures need; old ones are removed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from bot.config import Settings
from bot.errors import UserError
from bot.operations.backups import back_up
from gan.files import remove_half_written, whole_file

log = logging.getLogger(__name__)

CHECK_S = 600.0  # between looks whether a day has begun, or a backup that failed can be made
_NAME = re.compile(r"newmon-(\d{4}-\d\d-\d\d)\.sqlite3")


def name_of(day: date) -> str:
    """What the backup of a day is called."""
    return f"newmon-{day.isoformat()}.sqlite3"


def kept(days: Iterable[date], *, daily: int, weekly: int, monthly: int) -> set[date]:
    """Of these days those whose backups stay: the newest `daily`, and of as many weeks and months the first.

    Weeks begin on Mondays.
    """
    newest_first = sorted(set(days), reverse=True)
    stay = set(newest_first[:daily])
    weeks: dict[object, date] = {day.isocalendar()[:2]: day for day in newest_first}
    months: dict[object, date] = {(day.year, day.month): day for day in newest_first}
    for periods, count in ((weeks, weekly), (months, monthly)):
        stay |= set(sorted(periods.values(), reverse=True)[:count])
    return stay


async def back_up_today(settings: Settings, folder: Path, now: datetime) -> bool:
    """Make the day's backup unless it is there, then remove those that are too old; whether one was made.

    Raises `UserError` or OSError, and removes nothing then.
    """
    target = folder / name_of(now.date())
    made = not await asyncio.to_thread(target.exists)
    if made:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        saved = await back_up(settings.database, target)
        await asyncio.to_thread(_copy_checkpoints, settings.data_dir / "checkpoints", folder / "checkpoints")
        log.info("Backed up %d saved creatures to %s.", saved, target)
    await asyncio.to_thread(_remove_old, settings, folder)
    return made


def _copy_checkpoints(source: Path, target: Path) -> None:
    """Those that are not there yet: they are called by what is in them, and never change."""
    if not source.is_dir():
        return
    target.mkdir(exist_ok=True)
    remove_half_written(target)
    for path in sorted(source.glob("*.safetensors")):
        copy = target / path.name
        if not copy.exists() or copy.stat().st_size != path.stat().st_size:
            with whole_file(copy) as part:
                shutil.copyfile(path, part)


def _remove_old(settings: Settings, folder: Path) -> None:
    found: dict[date, Path] = {}
    for path in folder.glob("newmon-*.sqlite3"):
        if match := _NAME.fullmatch(path.name):
            with contextlib.suppress(ValueError):  # no day: not ours
                found[date.fromisoformat(match[1])] = path
    stay = kept(
        found,
        daily=settings.backup_daily,
        weekly=settings.backup_weekly,
        monthly=settings.backup_monthly,
    )
    for day, path in found.items():
        if day not in stay:
            path.unlink(missing_ok=True)


async def keep_backing_up(
    settings: Settings, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """For as long as the bot runs. What fails is an error in the log, and tried again."""
    while True:
        try:
            await back_up_today(settings, folder, now())
        except (UserError, OSError) as error:
            log.error("The day's backup to %s failed, and will be tried again: %s", folder, error)
        await asyncio.sleep(CHECK_S)


@contextlib.asynccontextmanager
async def scheduled_backups(settings: Settings) -> AsyncIterator[None]:
    """While this lasts, a backup a day, if the settings ask for it."""
    if settings.backup_dir is None:
        yield
        return
    task = asyncio.create_task(keep_backing_up(settings, settings.backup_dir), name="backups")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
