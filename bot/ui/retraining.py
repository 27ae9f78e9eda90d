"""How a retrain is shown while it goes on and once it has ended."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord import ButtonStyle
from discord.ui import View

from bot.core.buttons import Press
from bot.retrain.progress import Progress
from bot.retrain.reasons import without_paths
from bot.store import Job
from train.protocol import COMPARISON_FILE, STATE_FILE

GRID_PICTURE = "creatures.png"
BAR_LENGTH = 16
BLURPLE, GREEN, YELLOW, RED, GREY = 0x5865F2, 0x57F287, 0xFEE75C, 0xED4245, 0x99AAB5

STAGES = {
    "starting": "Starting",
    "data": "Preparing the data set",
    "measuring": "Measuring the checkpoint that it begins with",
    "training": "Training",
    "evaluating": "Measuring what came of it",
    "comparing": "Drawing both side by side",
    "registering": "Keeping the new checkpoint",
}
STEPS = list(STAGES)[1:]  # that are counted


class CancelRetrain(Press, template=r"newmon:unretrain:(\d{1,19})"):
    """Ends a retrain (its number), for admins."""

    prefix, label, emoji, style = "unretrain", "Cancel", "🛑", ButtonStyle.danger


class GoOn(Press, template=r"newmon:resume:(\d{1,19})"):
    """Goes on with a retrain (its number) that ended early, for admins."""

    prefix, label, emoji, style = "resume", "Go on", "▶️", ButtonStyle.success


class UseResult(Press, template=r"newmon:result:(\d{1,19}):([01])"):
    """Brings a retrain's new checkpoint into use (1), or the one that it began with (0); for admins."""

    prefix, label = "result", "Use it"


@dataclass(frozen=True)
class Notice:
    """A retrain's message. `picture` is a file that may be replaced or gone by the time it is read."""

    embed: discord.Embed
    view: View
    picture: Path | None
    filename: str = GRID_PICTURE

    async def file(self) -> discord.File | None:
        """The picture, ready to send."""
        if self.picture is None:
            return None
        try:
            png = await asyncio.to_thread(self.picture.read_bytes)
        except OSError:
            self.embed.set_image(url=None)  # it would name a file that is not sent
            return None
        return discord.File(io.BytesIO(png), self.filename)


def running_notice(job: Job, progress: Progress) -> Notice:
    """How far it is, in words, figures and a picture."""
    embed = discord.Embed(title=f"Retrain {job.number}", description=_standing(progress), colour=BLURPLE)
    for name, text in _figures(progress):
        embed.add_field(name=name, value=text)
    _sign(embed, job)
    view = View(timeout=None)
    if job.cancelled_by:
        embed.description = f"{job.cancelled_by} ended it. Saving what was learned …"
    else:
        view.add_item(CancelRetrain(job.id))
    return _illustrated(embed, view, progress.grid)


def ended_notice(job: Job, progress: Progress, folder: Path) -> Notice:
    """How it ended, and what can be done now."""
    embed, view = discord.Embed(), View(timeout=None)
    picture, filename = progress.grid, GRID_PICTURE
    if job.state == "done":
        picture, filename = folder / COMPARISON_FILE, COMPARISON_FILE
        _describe_result(embed, view, job)
    else:
        failed = job.state == "failed"
        embed.title = f"Retrain {job.number} {'failed' if failed else 'was cancelled'}"
        embed.colour = RED if failed else GREY
        why = without_paths(job.reason or "")
        embed.description = f"{why}\nThe bot goes on with the checkpoint that it had."
        learned = (folder / STATE_FILE).is_file()
        if learned:
            shown = f" ({progress.done:.4g} of {job.kimg:g} kimg)" if progress.stage == "training" else ""
            embed.description += (
                f" What was learned{shown} is kept: the button or `/retrain start` goes on from there."
            )
        else:
            embed.description += " Nothing was learned yet; what was seen of the real images is kept."
        view.add_item(GoOn(job.id, label=None if learned or not failed else "Try again"))
    _sign(embed, job)
    return _illustrated(embed, view, picture, filename)


def _describe_result(embed: discord.Embed, view: View, job: Job) -> None:
    outcome = job.outcome or {}
    new, old = (outcome.get(name) or {} for name in ("metrics", "parent_metrics"))
    result, parent = (job.result_id or "")[:8], job.parent_id[:8]
    problems = [str(problem) for problem in new.get("problems", ())]
    verdict = outcome.get("verdict")  # of an old job it is not known
    kept = f"It is kept as **{result}**, and the bot goes on as it was."
    if job.promoted:
        embed.title, embed.colour = "A new checkpoint is in use", GREEN
        why = "Its creatures look more like real ones than before. " if verdict == "better" else ""
        embed.description = (
            f"{why}Checkpoint **{result}** hatches from now on. Creatures that were saved before stay as "
            "they are, and mix with others of their own checkpoint."
        )
        view.add_item(UseResult(job.id, 0, label=f"Go back to {parent}"))
    elif verdict == "same":
        embed.title, embed.colour = "The new checkpoint looks about the same", YELLOW
        embed.description = (
            f"Its creatures are not better or worse than before by more than chance explains. {kept} Compare "
            "them in the picture, and take the ones that you like better: nothing is lost either way."
        )
        view.add_item(UseResult(job.id, 1, label="Use the new one"))
        view.add_item(UseResult(job.id, 0, label="Keep the old one"))
    else:
        embed.title, embed.colour = "The new checkpoint is not in use", YELLOW
        if verdict == "better" or not outcome.get("worse"):
            why = "Another checkpoint was chosen meanwhile than it began with."
            better = "better" if verdict == "better" else "no worse"
            why += f" It is {better} than the one that it began with."
        elif problems:
            why = f"It cannot be recommended: {'; '.join(problems)}."
        else:
            why = "Its creatures look less like real ones than before, by more than chance explains."
        embed.description = f"{why} {kept}"
        view.add_item(UseResult(job.id, 1, label="Use it anyway"))
    embed.add_field(name="KID (lower is better)", value=f"{_kid(old)} → {_kid(new)}{_change(outcome)}")
    for name, key, form in (
        ("Recall", "recall", "{:.2f}"),
        ("Diversity", "diversity", "{:.2f}"),
    ):
        before, after = old.get(key), new.get(key)
        if isinstance(before, int | float) and isinstance(after, int | float):
            embed.add_field(name=name, value=f"{form.format(before)} → {form.format(after)}")
    share = (new.get("memorisation") or {}).get("share")
    if isinstance(share, int | float):
        embed.add_field(name="Nearly copies", value=f"{share:.1%} of samples")
    embed.add_field(name="Shown", value=f"{job.kimg:g} kimg more")


def _standing(progress: Progress) -> str:
    stage = STAGES.get(progress.stage, progress.stage)
    if progress.stage in STEPS:
        stage = f"Step {STEPS.index(progress.stage) + 1} of {len(STEPS)} · {stage}"
    if progress.stage == "training" and "resolution" in progress.figures:
        side = f"{progress.figures['resolution']:.0f}"
        stage += f" at {side}×{side}"
    if progress.what:
        stage += f": {without_paths(progress.what[:1].lower() + progress.what[1:])}"
    if progress.share is None:
        return f"{stage} …"
    full = round(progress.share * BAR_LENGTH)
    line = f"{stage}\n`{'█' * full}{'░' * (BAR_LENGTH - full)}` {progress.share:.0%}"
    if progress.stage == "training":
        line += f" · {progress.done:.1f} of {progress.total:g} kimg"
    return line


def _figures(progress: Progress) -> list[tuple[str, str]]:
    figures, shown = progress.figures, []
    rate = figures.get("images_per_s", 0.0) if progress.stage == "training" else 0.0
    left_s = progress.left_s
    if rate > 0:
        shown.append(("Speed", f"{rate:.0f} images/s"))
        if left_s is None:  # a process of an older version does not say
            left_s = max(progress.total - progress.done, 0) * 1000 / rate
    if left_s is not None:
        shown.append(("Time left", f"{_duration(left_s)} for this step"))
    names = {"loss_d": "D", "loss_g": "G", "loss_eyes": "eyes"}
    losses = [f"{label} {figures[name]:.2f}" for name, label in names.items() if name in figures]
    if losses:
        shown.append(("Losses", " · ".join(losses)))
    if "kid" in figures:
        shown.append(("KID (lower is better)", f"{figures['kid']:.1f} ± {figures.get('kid_error', 0):.1f}"))
    return shown


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"about {minutes} min" if not hours else f"about {hours} h {rest} min"


def _kid(metrics: dict[str, Any]) -> str:
    kid = metrics.get("kid") or {}
    try:
        return f"{kid['mean']:.1f} ± {(kid['high'] - kid['low']) / 2:.1f}"
    except (KeyError, TypeError):
        return "not known"


def _change(outcome: dict[str, Any]) -> str:
    """The change of KID, which is known better than either figure: both were measured on the same."""
    change = outcome.get("change") or {}
    try:
        return f"\nchange {change['mean']:+.1f} ± {(change['high'] - change['low']) / 2:.1f}"
    except (KeyError, TypeError, ValueError):
        return ""


def _sign(embed: discord.Embed, job: Job) -> None:
    embed.set_footer(
        text=f"Retrain {job.number} of {job.parent_id[:8]} · {job.data} · by {job.started_by_name}"
    )
    embed.timestamp = job.finished_at or job.created_at


def _illustrated(
    embed: discord.Embed, view: View, picture: Path | None, filename: str = GRID_PICTURE
) -> Notice:
    if picture is not None:
        embed.set_image(url=f"attachment://{filename}")
    return Notice(embed, view, picture, filename)
