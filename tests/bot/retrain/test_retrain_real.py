"""A real retrain through the sandbox, from synthetic creatures to a new checkpoint and back again."""

from __future__ import annotations

import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import bot.__main__ as program
from bot.features.retraining import announcer
from bot.retrain import Retraining, jobs, process
from gan.pretrained import efficientnet
from sandbox.driver import Message, SandboxUser
from tests.bot.retrain.stage import until
from tests.bot.running import RunningBot
from tests.bot.talking import checkpoint_of, hatch, hatch_and_save, labels, press
from tests.train.tiny import steps, tiny_trainer
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.protocol import STATE_FILE
from train.run.export import export
from train.state import write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing"),
]


WAIT_S = 240  # some of what it waits for takes seconds on an idle machine, and minutes on one that is not


class Stage:
    """The bot with a tiny trained network, and its retrains."""

    def __init__(self, folder: Path) -> None:
        write_folder(folder / "images", 40)
        options = BuildOptions(resolution=16)
        build_from_folder(folder / "images", folder / "dataset", options, workers=1)
        dataset = SpriteDataset.open(folder / "dataset")
        write(folder / "run" / STATE_FILE, steps(tiny_trainer(dataset), 22).state())
        self.first = export(folder / "run", folder / "checkpoint.safetensors").id
        self.bot = RunningBot(
            folder,
            retrain_data={"creatures": str(folder / "images")},  # which the retrain builds for itself
            retrain_samples=50,
            retrain_threads=1,
            retrain_keep_free_gb=0,
        )
        self.retraining: Retraining


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("bot"))

    class KnownRetraining(Retraining):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            stage.retraining = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "Retraining", KnownRetraining)
        patch.setattr(process, "stand_back", lambda pid: None)  # a busy machine would never let it run
        patch.setattr(jobs, "POLL_S", 0.05)
        patch.setattr(announcer, "INTERVAL_S", 0.05)
        await stage.bot.start()
        yield stage
        await stage.bot.stop()
        if stage.retraining._process is not None:  # of a test that failed
            stage.retraining._process.send(signal.SIGKILL)


async def start(user: SandboxUser, **options: object) -> Message:
    return await (await user.command("retrain start", **options)).message()


async def shows(user: SandboxUser, message: Message, words: str) -> Message:
    """The retrain's message, as soon as it says so."""
    return await user.wait_for_message(lambda m: m.id == message.id and words in m.text, timeout_s=WAIT_S)


def is_over(message: Message) -> bool:
    """Whether it has got to its end, and the message says what came of it."""
    return any(words in message.text for words in ("hatches from now on", "goes on as it was"))


async def footer(user: SandboxUser) -> str:
    return checkpoint_of(await hatch(user))


async def test_what_ends_the_training_keeps_what_it_learned_and_the_rest_is_trained_measured_and_used(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One retrain in three parts: killed, frozen, and carried to its end."""
    async with SandboxUser(stage.bot.url, "Oak") as oak, SandboxUser(stage.bot.url, "Ash") as ash:
        await hatch_and_save(ash, "Foo", "1")
        seen: set[str] = set()
        oak_events = oak._on_event

        def noted(event: dict[str, Any]) -> None:
            oak_events(event)
            if "message" in event:
                seen.update(word for word in WORDS if word in Message(event["message"]).text)

        monkeypatch.setattr(oak, "_on_event", noted)

        message = await start(oak, kimg=4000)
        await shows(oak, message, "of 4000 kimg")
        assert stage.first[:8] in await footer(ash)
        training = stage.retraining._process
        assert training is not None and training.alive
        training.send(signal.SIGKILL)
        killed = await shows(oak, message, "failed")
        assert "was killed" in killed.text and "`/retrain start` goes on from there" in killed.text

        message = await start(oak)
        await shows(oak, message, "of 4000 kimg")
        training = stage.retraining._process
        assert training is not None
        training.send(signal.SIGSTOP)
        soon = stage.bot.settings.model_copy(update={"retrain_hang_minutes": 0.01})
        monkeypatch.setattr(stage.retraining, "settings", soon)
        frozen = await shows(oak, message, "failed")
        assert "did nothing for" in frozen.text and not training.alive
        monkeypatch.setattr(stage.retraining, "settings", stage.bot.settings)
        assert stage.first[:8] in await footer(ash)

        message = await start(oak, kimg=0.2)
        ended = await shows(oak, message, "lower is better")
        ended = await oak.wait_for_message(lambda m: m.id == message.id and is_over(m), timeout_s=WAIT_S)
        job = await stage.bot.latest_job()
        assert job.state == "done" and job.result_id is not None
        assert job.run.startswith("0001-")  # the first one's folder
        assert seen >= WORDS
        assert ended.pictures[0].filename == "comparison.png" and await oak.download(ended.pictures[0])
        if not job.promoted:  # with so little training it is hardly better
            await press(oak, ended, labels(ended)[0])
        assert job.result_id[:8] in await footer(ash)
        card = await (await ash.command("mon", name="Foo")).message()
        assert stage.first[:8] == checkpoint_of(card)
        nearby = await press(ash, card, "Reroll nearby")
        assert stage.first[:8] == checkpoint_of(nearby)

        listed = await (await oak.command("checkpoint list")).message()
        assert "from a retrain" in listed.text and "KID" in listed.text
        if job.promoted:
            assert labels(ended) == [f"Go back to {stage.first[:8]}"]
        await (await oak.command("checkpoint use", id=stage.first)).message()
        assert stage.first[:8] in await footer(ash)
        await until(
            lambda: not list((stage.bot.settings.data_dir / "retrain" / job.run).glob("*.safetensors"))
        )


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system limits no other process")
async def test_memory_or_room_runs_out_while_it_trains_and_it_goes_on_once_there_is_more(
    stage: Stage,
) -> None:
    """The system gives the training process no more memory from one moment on, and then no more room."""
    async with SandboxUser(stage.bot.url, "Oak") as oak, SandboxUser(stage.bot.url, "Ash") as ash:
        options: dict[str, object] = {"kimg": 8, "fresh": True}
        for what, reason in (
            (resource.RLIMIT_AS, "memory ran out"),
            (resource.RLIMIT_FSIZE, "could not write any more, most likely because the disk is full"),
        ):
            message = await start(oak, **options)
            await shows(oak, message, "of 8 kimg")
            training = stage.retraining._process
            assert training is not None
            resource.prlimit(training.pid, what, (1, resource.RLIM_INFINITY))
            failed = await shows(oak, message, "failed")
            assert reason in failed.text and "`/retrain start` goes on from there" in failed.text
            assert stage.first[:8] in await footer(ash)
            options = {}
        run = (await stage.bot.latest_job()).run
        message = await start(oak, kimg=0.1)
        await oak.wait_for_message(lambda m: m.id == message.id and is_over(m), timeout_s=WAIT_S)
        job = await stage.bot.latest_job()
        assert (job.state, job.run) == ("done", run)


WORDS = {
    "Preparing the data set",
    "Measuring the checkpoint that it begins with",
    "images/s",
    "KID (lower is better)",
    "Measuring what came of it",
}
