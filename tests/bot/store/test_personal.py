"""What is kept of one person is given to them whole, and forgotten whole, and nobody else loses anything."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from bot.store import NewJob, Store
from bot.store.models import Base, RetrainJobRow
from bot.store.people import EVERYWHERE
from tests.bot.store.conftest import ANN, BOB, CHANNEL, CHECKPOINT, SERVER, Clock, hatching, saved

ROOT = Path(__file__).parents[3]


async def test_a_person_is_forgotten_and_nobody_else(store: Store, clock: Clock) -> None:
    for who, name in ((ANN, "Ann"), (BOB, "Bob")):
        await store.people.note(who, {EVERYWHERE: name, SERVER: f"{name} here"}, clock.time)
    mother = await saved(store, "Flamino", ANN)
    father = await saved(store, "Flamino", BOB)
    [child] = await store.creatures.add(
        [hatching(BOB, parent_a_id=mother.id, parent_b_id=father.id, checkpoint_id=mother.checkpoint_id)]
    )
    await store.creatures.add([hatching(ANN) for _ in range(450)])  # more than one transaction's
    held = await store.personal.held(ANN)
    assert (held.saved, held.unsaved, held.retrains) == (1, 450, 0)

    assert await store.personal.forget(ANN) == 451
    held = await store.personal.held(ANN)
    assert (held.saved, held.unsaved) == (0, 0)
    assert await store.personal.names(ANN) == [] and await store.personal.creatures(ANN) == []
    assert [note.name for note in await store.personal.names(BOB)] == ["Bob", "Bob here"]
    left = await store.creatures.get(child.id)
    assert left is not None and left.parent_b_id == father.id
    assert left.parent_a_id is None and left.parent_a_name is None  # no name of theirs either
    assert await store.personal.forget(ANN) == 0  # once more does no harm

    clock.advance(timedelta(minutes=1))
    await store.people.note(ANN, {EVERYWHERE: "Ann"}, clock.time)  # who comes back is known again
    assert [note.name for note in await store.personal.names(ANN)] == ["Ann"]


async def test_a_retrain_of_somebody_forgotten_is_nobodys(store: Store, clock: Clock) -> None:
    await store.people.note(ANN, {EVERYWHERE: "Ann"}, clock.time)
    await store.checkpoints.register(CHECKPOINT, Path("a"), {})
    new = NewJob(
        started_by=ANN,
        started_by_name="Ann",
        guild_id=SERVER,
        channel_id=CHANNEL,
        message_id=None,
        kimg=1.0,
        data="sprites",
        run="",
        parent_id=CHECKPOINT,
    )
    job = await store.jobs.begin(new)
    await store.jobs.note_cancelled(job.id, "Ann")
    [note] = await store.personal.retrains(ANN)
    assert (note.number, note.started_by_name, note.guild_id) == (job.number, "Ann", SERVER)
    await store.personal.forget(ANN)
    assert await store.personal.retrains(ANN) == []
    async with store.database.reading() as session:
        row = (await session.scalars(select(RetrainJobRow))).one()
    assert (row.started_by, row.started_by_name, row.cancelled_by, row.state) == (0, "", "", "running")


async def test_names_are_forgotten_when_they_are_old_or_their_server_is_gone(
    store: Store, clock: Clock
) -> None:
    await store.people.note(ANN, {EVERYWHERE: "Ann", SERVER: "Annie"}, clock.time)
    clock.advance(timedelta(days=100))
    await store.people.note(BOB, {EVERYWHERE: "Bob", SERVER: "Bobby"}, clock.time)
    clock.advance(timedelta(days=100))
    assert await store.personal.forget_names(timedelta(days=180)) == 2
    assert await store.personal.names(ANN) == []
    assert await store.personal.forget_server(SERVER) == 1
    assert [note.name for note in await store.personal.names(BOB)] == ["Bob"]


def test_the_privacy_page_lists_every_column() -> None:
    listed: dict[str, set[str]] = {}
    table = ""
    for line in (ROOT / "PRIVACY.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and not cells[1].startswith(("where", "---")):
            table = cells[1] or table
            for name in re.findall(r"`(\w+)`", table):
                listed.setdefault(name, set()).update(re.findall(r"`(\w+)`", cells[2]))
    for known in Base.metadata.sorted_tables:
        if known.name not in ("checkpoints", "active_checkpoint"):  # networks, and nothing of a person
            assert listed[known.name] == {column.name for column in known.columns}, known.name
    assert set(listed) == {known.name for known in Base.metadata.sorted_tables}
