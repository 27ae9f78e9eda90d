"""How a retrain is shown while it goes on and once it has ended."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord.ui import Item, View

from bot.core.buttons import view_of
from bot.core.language import N_, _
from bot.features.retraining.buttons import CancelRetrain, GoOn, UseResult
from bot.retrain.progress import Progress
from bot.retrain.reasons import without_paths
from bot.store import Job
from train.protocol import COMPARISON_FILE, STATE_FILE

GRID_PICTURE = "creatures.png"
BAR_LENGTH = 16
BLURPLE, GREEN, YELLOW, RED, GREY = 0x5865F2, 0x57F287, 0xFEE75C, 0xED4245, 0x99AAB5

STAGES = {
    "starting": N_("Starting"),
    "data": N_("Preparing the data set"),
    "measuring": N_("Measuring the checkpoint that it begins with"),
    "training": N_("Training"),
    "evaluating": N_("Measuring what came of it"),
    "comparing": N_("Drawing both side by side"),
    "registering": N_("Keeping the new checkpoint"),
}
STEPS = list(STAGES)[1:]  # that are counted


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


def notice_of(job: Job, progress: Progress, folder: Path) -> Notice:
    """How a retrain stands, or how it ended and what can be done now."""
    if job.state == "running":
        return running_notice(job, progress)
    return ended_notice(job, progress, folder)


def running_notice(job: Job, progress: Progress) -> Notice:
    """How far it is, in words, figures and a picture."""
    embed = discord.Embed(title=_title(job), description=_standing(progress), colour=BLURPLE)
    for name, text in _figures(progress):
        embed.add_field(name=name, value=text)
    buttons = []
    if job.cancelled_by:
        embed.description = _("{person} ended it. Saving what was learned …").format(person=job.cancelled_by)
    else:
        buttons.append(CancelRetrain(job.id).item())
    return _illustrated(_signed(embed, job), view_of(buttons), progress.grid)


def ended_notice(job: Job, progress: Progress, folder: Path) -> Notice:
    """How it ended, and what can be done now."""
    if job.state == "done":
        embed, buttons = _result(job)
        return _illustrated(_signed(embed, job), view_of(buttons), folder / COMPARISON_FILE, COMPARISON_FILE)
    failed = job.state == "failed"
    title = _("Retrain {number} failed") if failed else _("Retrain {number} was cancelled")
    learned = (folder / STATE_FILE).is_file()
    why = without_paths(job.reason or "")
    embed = discord.Embed(
        title=title.format(number=job.number),
        colour=RED if failed else GREY,
        description=_("{why}\nThe bot goes on with the checkpoint that it had. {kept}").format(
            why=why, kept=_kept(job, progress, learned=learned)
        ),
    )
    go_on = GoOn(job.id).item(None if learned or not failed else _("Try again"))
    return _illustrated(_signed(embed, job), view_of([go_on]), progress.grid)


def _kept(job: Job, progress: Progress, *, learned: bool) -> str:
    """What is left of a retrain that ended early."""
    if not learned:
        return _("Nothing was learned yet; what was seen of the real images is kept.")
    if progress.stage != "training":
        return _("What was learned is kept: the button or `/retrain start` goes on from there.")
    return _(
        "What was learned ({done:.4g} of {kimg:g} kimg) is kept: the button or `/retrain start` goes on from "
        "there."
    ).format(done=progress.done, kimg=job.kimg)


def _title(job: Job) -> str:
    return _("Retrain {number}").format(number=job.number)


def _result(job: Job) -> tuple[discord.Embed, list[Item[Any]]]:
    """What came of a retrain, and the choices that an admin has."""
    outcome = job.outcome or {}
    new, old = (outcome.get(name) or {} for name in ("metrics", "parent_metrics"))
    result, parent = (job.result_id or "")[:8], job.parent_id[:8]
    verdict = outcome.get("verdict")  # of an old job it is not known
    kept = _("It is kept as **{checkpoint}**, and the bot goes on as it was.").format(checkpoint=result)
    use_new, use_old = UseResult(job.id, True), UseResult(job.id, False)
    if job.promoted:
        embed = discord.Embed(title=_("A new checkpoint is in use"), colour=GREEN)
        embed.description = _(
            "Checkpoint **{checkpoint}** hatches from now on. Creatures that were saved before stay as they "
            "are, and mix with others of their own checkpoint."
        ).format(checkpoint=result)
        if verdict == "better":
            why = _("Its creatures look more like real ones than before.")
            embed.description = f"{why} {embed.description}"
        buttons = [use_old.item(_("Go back to {checkpoint}").format(checkpoint=parent))]
    elif verdict == "same":
        embed = discord.Embed(title=_("The new checkpoint looks about the same"), colour=YELLOW)
        embed.description = _(
            "Its creatures are not better or worse than before by more than chance explains. {kept} Compare "
            "them in the picture, and take the ones that you like better: nothing is lost either way."
        ).format(kept=kept)
        buttons = [use_new.item(_("Use the new one")), use_old.item(_("Keep the old one"))]
    else:
        embed = discord.Embed(title=_("The new checkpoint is not in use"), colour=YELLOW)
        embed.description = f"{_why_not(outcome, new)} {kept}"
        buttons = [use_new.item(_("Use it anyway"))]
    _add_figures(embed, job, old, new)
    return embed, list(buttons)


def _why_not(outcome: dict[str, Any], new: dict[str, Any]) -> str:
    """Why a new checkpoint did not come into use by itself."""
    if outcome.get("verdict") == "better":
        return _(
            "Another checkpoint was chosen meanwhile than it began with. It is better than the one that it "
            "began with."
        )
    if not outcome.get("worse"):
        return _(
            "Another checkpoint was chosen meanwhile than it began with. It is no worse than the one that it "
            "began with."
        )
    if problems := [str(problem) for problem in new.get("problems", ())]:
        return _("It cannot be recommended: {problems}.").format(problems="; ".join(problems))
    return _("Its creatures look less like real ones than before, by more than chance explains.")


def _add_figures(embed: discord.Embed, job: Job, old: dict[str, Any], new: dict[str, Any]) -> None:
    change = _change(job.outcome or {})
    embed.add_field(name=_("KID (lower is better)"), value=f"{_kid(old)} → {_kid(new)}{change}")
    for name, key, form in (
        (_("Recall"), "recall", "{:.2f}"),
        (_("Diversity"), "diversity", "{:.2f}"),
    ):
        before, after = old.get(key), new.get(key)
        if isinstance(before, int | float) and isinstance(after, int | float):
            embed.add_field(name=name, value=f"{form.format(before)} → {form.format(after)}")
    share = (new.get("memorisation") or {}).get("share")
    if isinstance(share, int | float):
        embed.add_field(name=_("Nearly copies"), value=_("{share:.1%} of samples").format(share=share))
    embed.add_field(name=_("Shown"), value=_("{kimg:g} kimg more").format(kimg=job.kimg))


def _standing(progress: Progress) -> str:
    stage = _(STAGES[progress.stage]) if progress.stage in STAGES else progress.stage
    if progress.stage in STEPS:
        stage = _("Step {number} of {steps} · {stage}").format(
            number=STEPS.index(progress.stage) + 1, steps=len(STEPS), stage=stage
        )
    if progress.stage == "training" and "resolution" in progress.figures:
        side = f"{progress.figures['resolution']:.0f}"
        stage = _("{stage} at {side}×{side}").format(stage=stage, side=side)
    if progress.what:
        stage += f": {without_paths(progress.what[:1].lower() + progress.what[1:])}"
    if progress.share is None:
        return f"{stage} …"
    full = round(progress.share * BAR_LENGTH)
    line = f"{stage}\n`{'█' * full}{'░' * (BAR_LENGTH - full)}` {progress.share:.0%}"
    if progress.stage == "training":
        line += _(" · {done:.1f} of {total:g} kimg").format(done=progress.done, total=progress.total)
    return line


def _figures(progress: Progress) -> list[tuple[str, str]]:
    figures, shown = progress.figures, []
    rate = figures.get("images_per_s", 0.0) if progress.stage == "training" else 0.0
    left_s = progress.left_s
    if rate > 0:
        shown.append((_("Speed"), _("{rate:.0f} images/s").format(rate=rate)))
        if left_s is None:  # a process of an older version does not say
            left_s = max(progress.total - progress.done, 0) * 1000 / rate
    if left_s is not None:
        left = _("{time} for this step").format(time=_duration(left_s))
        shown.append((_("Time left"), left))
    names = {"loss_d": "D", "loss_g": "G", "loss_eyes": _("features")}
    losses = [f"{label} {figures[name]:.2f}" for name, label in names.items() if name in figures]
    if losses:
        shown.append((_("Losses"), " · ".join(losses)))
    if "kid" in figures:
        kid = f"{figures['kid']:.1f} ± {figures.get('kid_error', 0):.1f}"
        shown.append((_("KID (lower is better)"), kid))
    return shown


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute")
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("about {minutes} min").format(minutes=minutes)
    return _("about {hours} h {minutes} min").format(hours=hours, minutes=rest)


def _kid(metrics: dict[str, Any]) -> str:
    kid = metrics.get("kid") or {}
    try:
        return f"{kid['mean']:.1f} ± {(kid['high'] - kid['low']) / 2:.1f}"
    except (KeyError, TypeError):
        return _("not known")


def _change(outcome: dict[str, Any]) -> str:
    """The change of KID, which is known better than either figure: both were measured on the same."""
    change = outcome.get("change") or {}
    try:
        mean, error = change["mean"], (change["high"] - change["low"]) / 2
        return "\n" + _("change {mean:+.1f} ± {error:.1f}").format(mean=mean, error=error)
    except (KeyError, TypeError, ValueError):
        return ""


def _signed(embed: discord.Embed, job: Job) -> discord.Embed:
    embed.timestamp = job.finished_at or job.created_at
    text = _("Retrain {number} of {checkpoint} · {data} · by {person}").format(
        number=job.number, checkpoint=job.parent_id[:8], data=job.data, person=job.started_by_name
    )
    return embed.set_footer(text=text)


def _illustrated(
    embed: discord.Embed, view: View, picture: Path | None, filename: str = GRID_PICTURE
) -> Notice:
    if picture is not None:
        embed.set_image(url=f"attachment://{filename}")
    return Notice(embed, view, picture, filename)
