"""The bot on simcord, another stand-in for Discord: not ours, so that it does not confirm what we assume.

It runs the unmodified client in this process and at once, without sockets: whatever a person does has been
answered when the call returns. docs/sandbox.md lists where it differs from the sandbox, and who is right.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import simcord
from simcord.components import walk_components as walk

from bot.__main__ import serving
from bot.checkpoints.switching import Checkpoints
from bot.client import NewmonBot
from bot.config import Settings
from bot.store import Creature, NewCreature
from tests.bot.engine.ordering import hatched
from tests.bot.running import make_checkpoint

DEFERRED_MESSAGE, MESSAGE, EPHEMERAL = 5, 4, 64
SETTLE_S = 60.0  # for the bot to do whatever it does; most of it takes a hundredth of that


class SimcordStage:
    """A bot, a server with its channel, and the people in it."""

    def __init__(self, env: simcord.Env, bot: NewmonBot, folder: Path) -> None:
        self.env = env
        self.bot = bot
        self.folder = folder
        self.guild = env.create_guild()
        self.channel = self.guild.create_text_channel("hatchery")
        self.ash = self.guild.add_member(env.create_user("ash"))
        self.misty = self.guild.add_member(env.create_user("misty"))
        self.oak = self.guild.add_member(env.create_user("oak"))
        bot.settings = bot.settings.model_copy(update={"admin_ids": frozenset({self.oak.id})})
        self.pressed: set[str] = set()  # what buttons, menus and dialogs the people have used

    async def command(
        self, who: simcord.MemberActor, name: str, /, **options: Any
    ) -> simcord.InteractionResult:
        await self.env.advance_time(0.01)  # by itself it stands still, and whatever happens is simultaneous
        return await who.slash(self.channel, name, **options)

    async def shown(self, who: simcord.MemberActor, name: str, /, **options: Any) -> simcord.ResponseMessage:
        """What everybody sees of a command."""
        return public(await self.command(who, name, **options))

    async def press(
        self, who: simcord.MemberActor, message: simcord.ResponseMessage, label: str
    ) -> simcord.InteractionResult:
        self.pressed.add(_kind(_component(message, "label", label)["custom_id"]))
        return await who.click(message, label=label)

    async def choose(
        self, who: simcord.MemberActor, message: simcord.ResponseMessage, menu: str, label: str
    ) -> simcord.InteractionResult:
        """Choose by its label in the menu with this placeholder."""
        component = _component(message, "placeholder", menu)
        self.pressed.add(_kind(component["custom_id"]))
        [value] = [option["value"] for option in component["options"] if label in option["label"]]
        return await who.select(message, [value], custom_id=component["custom_id"])

    async def fill_in(
        self, who: simcord.MemberActor, asked: simcord.InteractionResult, **values: Any
    ) -> simcord.InteractionResult:
        assert asked.modal is not None
        self.pressed.add(_kind(asked.modal["custom_id"]))
        return await who.submit_modal(asked, values)

    async def saved(self, who: simcord.MemberActor, name: str, seed: str) -> simcord.ResponseMessage:
        await self.shown(who, "newmon", seed=seed)
        return await self.shown(who, "save", name=name)

    async def many_saved(self, who: simcord.MemberActor, names: list[str]) -> None:
        """The quick way."""
        drawn = await hatched(self.bot.engine, list(range(len(names))), 1.0, user_id=who.id)
        new = [
            NewCreature(
                owner_id=who.id,
                guild_id=self.guild.id,
                channel_id=self.channel.id,
                w_plus=one.w_plus,
                noise_seed=one.noise_seed,
                png=one.png,
                checkpoint_id=one.checkpoint_id,
            )
            for one in drawn
        ]
        for creature, name in zip(await self.bot.store.creatures.add(new), names, strict=True):
            await self.bot.store.creatures.save(creature.id, who.id, name, self.guild.id)

    async def stored(self, who: simcord.MemberActor, name: str) -> Creature:
        return await self.bot.store.collection.find(who.id, self.guild.id, name)

    async def another_checkpoint(self) -> str:
        """Register one that can be hatched with; returns its id."""
        path = self.folder / "another.safetensors"
        make_checkpoint(path, seed=1)
        checkpoints: Checkpoints = self.bot.checkpoints
        made, metadata = checkpoints.files.put(path)
        await self.bot.store.checkpoints.register(made, checkpoints.files.path(made), metadata)
        return made

    async def restart(self) -> None:
        """Another bot takes over, with the same engine and the same collection."""
        old, self.bot = self.bot, NewmonBot(self.bot.settings)
        self.bot.start_serving(old.engine, old.store, old.checkpoints, old.retraining)
        await self.env.restart_bot(self.bot)


def public(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    """What everybody sees of an answer."""
    assert result.response is not None and not result.response.ephemeral, result
    return result.response


def refused(stage: SimcordStage, result: simcord.InteractionResult, since: int) -> str:
    """The sentence of a refusal: the one and only thing that the bot sent, at once, and to one person."""
    [sent] = stage.env.http_requests[since:]
    assert sent.path.endswith("/callback"), sent
    body = sent.json
    assert isinstance(body, dict) and body["type"] == MESSAGE and body["data"]["flags"] & EPHEMERAL, body
    assert result.response is not None and result.response.ephemeral and not result.response.embeds
    return result.response.content


def title(message: simcord.ResponseMessage) -> str:
    if message.embeds:
        return message.embeds[0].title or ""
    headings = (line for line in words(message).split("\n") if line.startswith("#"))
    return next(headings, "").lstrip("#").strip()


def words(message: simcord.ResponseMessage) -> str:
    """All that it says: its content, its embeds, and what its layout holds."""
    embeds = [str(embed.to_dict()) for embed in message.embeds]
    texts = [c["content"] for c in walk(message.components) if "content" in c]
    return "\n".join([message.content, *embeds, *texts])


def alts(message: simcord.ResponseMessage) -> list[str]:
    """What the pictures of its layout show, in words."""
    items = [item for c in walk(message.components) for item in c.get("items", [])]
    return [item["description"] for item in items]


def labels(message: simcord.ResponseMessage) -> list[str]:
    return [c["label"] for c in walk(message.components) if "label" in c]


def seeds(message: simcord.ResponseMessage) -> list[str]:
    return re.findall("seed (`[^`]*`)", words(message))


def _component(message: simcord.ResponseMessage, key: str, value: str) -> dict[str, Any]:
    found = [c for c in walk(message.components) if c.get(key) == value]
    assert len(found) == 1, (value, message.components)
    return found[0]


def _kind(custom_id: str) -> str:
    return custom_id.split(":")[1]


@contextlib.asynccontextmanager
async def on_simcord(folder: Path, **settings: Any) -> AsyncIterator[SimcordStage]:
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        make_checkpoint(path)
    known = {
        "checkpoint": path,
        "data_dir": folder / "data",
        "torch_threads": 1,
        "cooldown_per_minute": 0,
        "keep_names_days": 3650,  # its time is its own, and behind ours
        "admin_ids": {1},  # not by permission alone: so everybody sees the commands of admins
    }
    bot = NewmonBot(Settings.model_validate(known | settings))
    # Errors that the bot has told somebody of count as swallowed there.
    options: dict[str, Any] = {"shard_count": 1, "check_errors": False, "settle_timeout": SETTLE_S}
    async with serving(bot.settings, bot):
        env = simcord.Env(bot, **options)
        await env.start()
        try:
            yield SimcordStage(env, bot, folder)
        finally:
            await env.shutdown()


def tell_who_installed(payloads: Any) -> Any:
    """simcord says of no interaction who installed the bot, as Discord does; this wraps what makes them."""

    def with_owners(*arguments: Any, guild_id: int | None, **more: Any) -> Any:
        record, payload = payloads(*arguments, guild_id=guild_id, **more)
        owners = {} if guild_id is None else {"0": str(guild_id)}
        return record, payload | {"authorizing_integration_owners": owners}

    return with_owners
