"""Which commands people are offered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.client import NewmonBot
from bot.config import Settings

ADMINS = {"retrain start", "retrain status", "retrain cancel", "checkpoint list", "checkpoint use"}


@pytest.mark.parametrize(
    ("settings", "hidden"),
    [({}, True), ({"admin_servers": {5}}, True), ({"admin_ids": {5}}, False), ({"admin_roles": {5}}, False)],
)
async def test_members_see_no_commands_of_admins_but_where_ids_or_roles_make_some(
    tmp_path: Path, settings: dict[str, Any], hidden: bool
) -> None:
    bot = NewmonBot(Settings.model_validate({"data_dir": tmp_path} | settings))
    async with simcord.run(bot, shard_count=1, check_errors=False) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("hatchery")
        managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
        member = guild.add_member(env.create_user("ash"))
        manager = guild.add_member(env.create_user("sabrina"), roles=[managers])
        seen, seen_by_manager = (set(who.available_commands(channel)) for who in (member, manager))
        assert {"newmon", "about"} <= seen and seen_by_manager == seen | ADMINS
        assert (seen & ADMINS == set()) == hidden
        assert set(member.user.available_commands()) >= ADMINS  # in direct messages: the owner may use them


async def test_everybody_s_come_first_in_the_order_of_need(tmp_path: Path) -> None:
    bot = NewmonBot(Settings.model_validate({"data_dir": tmp_path}))
    async with simcord.run(bot, shard_count=1, check_errors=False):
        registered = [command.name for command in await bot.tree.fetch_commands()]
    everybody_s = ["newmon", "save", "mix", "evolve", "draw", "mons", "mon", "card"]
    assert registered == [
        *everybody_s,
        "family",
        "help",
        "about",
        "mydata",
        "retrain",
        "checkpoint",
        "Draw this",
    ]
