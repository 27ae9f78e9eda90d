"""Thousands of interactions that are not as documented: the bot goes on, and nobody's creature is touched."""

from __future__ import annotations

import asyncio
import copy
import logging
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.driver import SandboxUser
from sandbox.gateway import Gateway
from sandbox.interactions import Kind
from tests.bot.stage import Stage
from tests.bot.talking import hatch, hatch_and_save, labels, press

AT_ONCE = 250  # as many as the nest has room for

Json = dict[str, Any]
Where = list[str | int]

JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, float("inf"), 2**63, 2**70, -(2**70)),
    *(
        "",
        " ",
        "\0",
        "null",
        "💾" * 50,
        "x" * 5000,
        "-1",
        "1e9",
        "99999999999999999999",
        "%s%n{0}",
        "' OR 1=1 --",
    ),
    *([], {}, [None], [[]], [{}], {"": None}, [1, "2", {"3": 4}], {"id": "x", "type": "y", "value": []}),
]
CUSTOM_IDS = [
    *(
        "",
        "newmon",
        "newmon:",
        "newmon:save",
        "newmon:save:",
        "newmon:save:-1",
        "newmon:save:٣",
        "newmon:save:1:2",
    ),
    *("newmon:save:0", "newmon:save:9999999999999999999", "newmon:unused", "newmon:name:0", "newmon:with:0"),
    *(
        "newmon:choose:0:9",
        "newmon:several:100:7",
        "newmon:several:999:9",
        "newmon:another:999",
        "newmon:open",
    ),
    *("newmon:page:0:9:0:999999:1", "newmon:page:99999999999999999999:0:0:0:0", "newmon:favourite:0:2"),
    *("newmon:page:0:0:0:0:0:99", "newmon:sort:0:0:0", "newmon:sort:0:0:77", "newmon:oftype:0:9:0"),
    *("newmon:goodbye:9999999999999999999", "newmon:more:0:0:0", "newmon:swap:0:0:99999999999999999999"),
    *(
        "newmon:unretrain:0",
        "newmon:resume:9999999999999999999",
        "newmon:result:1:1",
        "newmon:rehatch:1:2:1:0",
    ),
    *("newmon:rehatched:1:2:0:99999999999999999999", "otherbot:save:1", "x" * 100, "newmon:save:1\n", "💾"),
]


def places(value: Any, where: Where | None = None) -> Iterator[Where]:
    """The path of every value within a JSON value."""
    where = where or []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield [*where, key]
        yield from places(part, [*where, key])


def spoiled(payload: Json, chance: random.Random) -> Json:
    """A copy with two to five things wrong with it. Its id and token stay, so that it can be answered."""
    payload = copy.deepcopy(payload)
    for _ in range(chance.randint(2, 5)):
        candidates = [where for where in places(payload) if where[0] not in ("id", "token")]
        # Half of what goes wrong does so in what the person did, which is what the bot looks at most.
        inner = [where for where in candidates if where[0] == "data"]
        *path, key = chance.choice(inner if inner and chance.random() < 0.5 else candidates)
        parent: Any = payload
        for step in path:
            parent = parent[step]
        if key == "custom_id" and chance.random() < 0.7:
            parent[key] = chance.choice(CUSTOM_IDS)
        elif chance.random() < 0.3:
            del parent[key]
        else:
            parent[key] = copy.deepcopy(chance.choice(JUNK))
    return payload


class Tampering:
    """Sits on the wire between the sandbox and the bot, and spoils interactions while `chance` is set."""

    def __init__(self, gateway: Gateway) -> None:
        self.seen: list[Json] = []
        self.chance: random.Random | None = None
        self._dispatch = gateway.dispatch

    def dispatch(self, event: str, data: Json, **options: Any) -> None:
        if event == "INTERACTION_CREATE":
            self.seen.append(data)
            if self.chance is not None:
                data = spoiled(data, self.chance)
        self._dispatch(event, data, **options)


class Collection:
    """What there is to lose: all rows of all tables, as they were."""

    def __init__(self, database: Path) -> None:
        self.database = database
        # Ids are random within a second: what came later is not told by them.
        self.known = ", ".join(str(row[0]) for row in self._query("SELECT id FROM creatures"))
        self.rows = self.read()

    def read(self) -> list[tuple[Any, ...]]:
        """All but the creatures that came later, and what people are called, which any interaction says."""
        tables = self._query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND name <> 'people' ORDER BY 1"
        )
        return [
            row
            for (table,) in tables
            for row in self._query(
                f"SELECT * FROM {table}" + f" WHERE id IN ({self.known})" * (table == "creatures")
            )
        ]

    def given_to(self, owner_id: str) -> list[tuple[Any, ...]]:
        """Creatures that came later, of one owner."""
        return self._query(
            f"SELECT id FROM creatures WHERE id NOT IN ({self.known}) AND owner_id = {owner_id}"
        )

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


class Complaints(logging.Handler):
    """Errors in the log, beside those that the bot reports with an id as its own way of dealing with them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.others: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "bot.core.errors":
            self.others.append(record.getMessage())


async def one_of_each(ash: SandboxUser) -> None:
    """Everything that there is to do, done once, so that it can be seen what it looks like."""
    sheet = await hatch(ash, count=4)
    await press(ash, sheet, labels(sheet)[1])
    foo, bar = await hatch_and_save(ash, "Foo", "1"), await hatch_and_save(ash, "Bar", "2")
    plain = await hatch(ash, weirdness="wild")
    await ash.autocomplete("mon", "name", "F")
    await ash.autocomplete("newmon", "weirdness", "w")
    await ash.autocomplete("checkpoint use", "id", "")
    dialog = await (await ash.click(plain, "Save")).modal()
    await (await ash.submit(dialog, {"Name": "Baz"})).message()
    dialog = await (await ash.click(foo, "Rename")).modal()
    await (await ash.submit(dialog, {"Name": "Fool"})).message()
    dialog = await (await ash.click(bar, "Mix with …")).modal()
    await (
        await ash.submit(dialog, {"Name or code" if len(dialog.fields) == 1 else "text": "Fool"})
    ).message()
    mixed = await (await ash.command("mix", a="Fool", b="Bar")).message()
    mixed = await press(ash, mixed, "Swap parents")
    await press(ash, mixed, "Watch")
    await press(ash, mixed, "More like this")
    await (await ash.command("mix", a="Fool", b="Bar", take="colours", amount=40)).message()
    page = await (await ash.command("mons", user=ash.id, sort="name")).message()
    page = await (await ash.select(page, "Order", "oldest")).message()
    await (await ash.select(page, "Open one …", page.menus[0].options[0][0])).message()
    await press(ash, bar, "Favourite")
    await press(ash, bar, "Reroll nearby")
    asked = await press(ash, bar, "Release")
    await press(ash, asked, "Keep it")
    for command in ("about", "retrain status", "retrain start", "checkpoint list"):
        await (await ash.command(command)).acknowledged()


@pytest.mark.parametrize("how_many", [500, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_malformed_interactions_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how_many: int
) -> None:
    """One that is spoiled where it does not matter is a wish of Mallory's own, and may hatch something."""
    caplog.set_level(logging.ERROR)
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    complaints = Complaints()
    monkeypatch.setattr(logging.getLogger(), "handlers", [complaints])
    async with Stage(tmp_path) as stage:
        bot = await stage.bot(admin_ids={1})  # so members are offered the commands of admins, too
        stage.sandbox.clock.stop()  # so many at once may take a busy machine longer than Discord waits
        wire = Tampering(stage.sandbox.gateway)
        monkeypatch.setattr(stage.sandbox.gateway, "dispatch", wire.dispatch)
        ash, mallory, misty = [await stage.person(name) for name in ("Ash", "Mallory", "Misty")]
        await one_of_each(ash)
        collection = Collection(Path(bot.settings.database))
        everything = list(wire.seen)

        chance = random.Random(4)
        sender, send = stage.sandbox.state.people[int(mallory.id)], stage.sandbox.interactions.begin
        for start in range(0, how_many, AT_ONCE):
            wire.chance = chance
            for number in range(start, start + AT_ONCE):
                template = chance.choice(everything)
                send(Kind(template["type"]), sender, template["data"], nonce=str(number))
            wire.chance = None
            assert (await hatch(misty)).pictures  # the bot is still there

        await bot.stop()  # which waits for those who are still being served
        assert len(wire.seen) > how_many
        assert unhandled == [] and complaints.others == []
        assert collection.read() == collection.rows
        assert collection.given_to(ash.id) == []
