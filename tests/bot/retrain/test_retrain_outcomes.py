"""What becomes of a retrain that ended well: promoted or kept aside, and what is tidied away."""

from __future__ import annotations

import pytest

from bot.checkpoints.switching import choose_first
from bot.retrain.progress import Outcome
from bot.store import Active
from tests.bot.retrain.conftest import Rooms
from tests.bot.running import make_checkpoint


def kids(old: float, new: float, half: float) -> dict[str, object]:
    """What was measured of both, as an outcome holds it."""
    both = {"parent_metrics": old, "metrics": new}
    return {name: {"kid": {"mean": kid, "low": kid - half, "high": kid + half}} for name, kid in both.items()}


async def test_a_better_one_comes_into_use(rooms: Rooms) -> None:
    parent = rooms.engine.checkpoint_id
    job = await rooms.result("good")
    assert (job.state, job.promoted, job.result_id) == ("done", True, rooms.result_id)
    assert rooms.engine.checkpoint_id == rooms.result_id
    assert await rooms.store.checkpoints.active() == Active(rooms.result_id, chosen=True)
    known = await rooms.store.checkpoints.get(rooms.result_id)
    assert known is not None and (known.parent_id, known.kid) == (parent, 50.0)
    before = await rooms.store.checkpoints.get(parent)
    assert before is not None and before.kid == 60.0  # it was measured on the way
    files = rooms.checkpoints.files
    assert files.usable(rooms.result_id)
    assert files.training_path(rooms.result_id).read_bytes() == b"further weights"  # for the next one
    folder = rooms.retraining.folder(job)
    assert not (folder / "state.safetensors").exists() and not list(folder.glob("ema*"))
    assert (folder / "comparison.png").exists()


async def test_a_process_of_an_older_version_tells_what_it_knows(rooms: Rooms) -> None:
    job = await rooms.result("older")
    assert job.promoted and job.outcome is not None and job.outcome["verdict"] == "better"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"verdict": "same", "worse": False}, "same"),
        ({"verdict": "much better"}, "worse"),  # nobody knows what that means
        ({"worse": True}, "worse"),
        ({"worse": False, "metrics": {"kid": {"mean": 5, "low": 4, "high": 6}}}, "same"),
        ({"worse": False, "metrics": None, "parent_metrics": []}, "same"),
        ({"worse": False, **kids(35.3, 35.1, 12.2)}, "same"),
        ({"worse": False, **kids(60, 58.7, 1)}, "same"),
        ({"worse": False, **kids(60, 58.5, 1)}, "better"),
    ],
)
def test_what_an_outcome_comes_to(values: dict[str, object], verdict: str) -> None:
    assert Outcome("done", values).verdict == verdict


@pytest.mark.parametrize("behaviour", ["worse", "empty", "same"])
async def test_one_that_is_not_better_is_registered_and_not_used(rooms: Rooms, behaviour: str) -> None:
    job = await rooms.result(behaviour)
    assert (job.state, job.promoted, job.result_id) == ("done", False, rooms.result_id)
    await rooms.still_answers()
    await rooms.checkpoints.use(rooms.result_id)  # what the button does
    assert rooms.engine.checkpoint_id == rooms.result_id


async def test_both_sides_of_the_latest_one_stay_whatever_else_is_tidied(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms.checkpoints, "keep_unused", 0)
    job = await rooms.result("good")
    files = rooms.checkpoints.files
    configured = rooms.folder / "another.safetensors"  # so that the parent is nobody's any more
    make_checkpoint(configured, 2)
    await choose_first(rooms.store, files, configured)
    await rooms.checkpoints.tidy()
    assert files.usable(job.parent_id)
    await rooms.checkpoints.use(job.parent_id)  # what "Go back" does
    await rooms.checkpoints.tidy()
    assert job.result_id is not None and files.usable(job.result_id)


async def test_a_choice_that_was_made_meanwhile_stands(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    other = await choose_another(rooms)
    (rooms.retraining.folder(job) / "go on").touch()
    ended = await rooms.ended()
    assert (ended.state, ended.promoted) == ("done", False)
    assert await rooms.store.checkpoints.active() == Active(other, chosen=True)
    assert rooms.engine.checkpoint_id == job.parent_id


async def choose_another(rooms: Rooms) -> str:
    """Another process puts a checkpoint into the folder and chooses it; its id."""
    file = rooms.folder / "another.safetensors"
    make_checkpoint(file, 2)
    other, metadata = rooms.checkpoints.files.put(file)
    await rooms.store.checkpoints.register(other, file, metadata)
    await rooms.store.checkpoints.promote(other)
    return other


async def test_it_replaces_a_lost_choice_that_its_parent_stands_in_for(rooms: Rooms) -> None:
    lost = await choose_another(rooms)
    rooms.checkpoints.files.remove(lost)
    job = await rooms.result("good")
    assert (job.state, job.promoted) == ("done", True)
    assert rooms.engine.checkpoint_id == rooms.result_id
    assert await rooms.store.checkpoints.active() == Active(rooms.result_id, chosen=True)


async def test_folders_of_old_retrains_are_deleted(rooms: Rooms) -> None:
    await rooms.engine.activate(rooms.engine.checkpoint_id)
    folders = [rooms.retraining.folder(await rooms.result("worse")) for _ in range(5)]
    kept = rooms.settings.retrain_keep_runs
    assert [folder.exists() for folder in folders] == [False] * (5 - kept) + [True] * kept


# -- the bot is killed ---------------------------------------------------------------------------------------
