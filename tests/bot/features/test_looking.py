"""A creature's message, its collectible card, its picture in full size, and its details."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from bot.creature.traits import STATS
from bot.features.keeping import Favourite, Release
from bot.store import Store
from bot.ui.card_picture import SIZE
from bot.ui.cards import TIER_NAMES, TYPE_NAMES
from gan.package import SHIPPED
from sandbox.driver import Message, SandboxUser
from sandbox.world import CHANNEL_ID
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, private_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def learned(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot whose checkpoint says what creatures are."""
    bot = await RunningBot(tmp_path_factory.mktemp("learned"), checkpoint=SHIPPED).start()
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def erika(learned: RunningBot) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(learned.url, "Erika") as user:
        yield user


def frame(message: Message) -> list[dict[str, object]]:
    """What stands in the frame of a creature's message, in order."""
    [container] = [part for part in message.raw["components"] if part["type"] == 17]
    return container["components"]


async def test_a_creatures_message_has_its_picture_first_and_no_weirdness(erika: SandboxUser) -> None:
    card = await hatch(erika, seed="14")
    assert [part["type"] for part in frame(card)] == [12, 10, 10] and not card.embeds
    [item] = frame(card)[0]["items"]  # pyright: ignore[reportGeneralTypeIssues]
    [name] = re.findall(r"A wild (\w+) hatched!", card.text)
    [types] = re.findall(r"\*\*(.+?)\*\*", card.text)
    assert set(types.split(" / ")) <= set(TYPE_NAMES)
    assert item["description"] == f"A creature that has no name yet, type {types}" and name
    *_, last = card.text.splitlines()
    assert re.fullmatch(r"-# seed `14` · code `\w{8}` · checkpoint `\w{8}`", last)
    assert "ψ" not in card.text and "eirdness" not in card.text
    shown = await picture(erika, card)
    assert shown.size == (512, 512) and shown.mode == "RGB"  # on a ground: outlines are dark


async def test_the_full_size_picture_is_transparent_and_private(erika: SandboxUser) -> None:
    seen = await press(erika, await hatch(erika, seed="14"), "Full size")
    shown = await picture(erika, seen)
    assert seen.private and shown.size == (1024, 1024) and shown.mode == "RGBA"
    assert shown.getpixel((0, 0))[3] == 0  # pyright: ignore[reportOptionalSubscript, reportIndexIssue]
    assert seen.raw["attachments"][0]["description"].startswith("A creature that has no name yet, type ")


async def test_details_are_private_and_say_what_is_known(erika: SandboxUser) -> None:
    card = await hatch_and_save(erika, "Known", "a word")
    seen = await press(erika, card, "Details")
    assert seen.private
    fields = {field["name"]: field["value"] for field in seen.embeds[0]["fields"]}
    assert fields["Words"] == "`a word`" and fields["Weirdness"].endswith("(ψ 0.85)")
    assert fields["Code"] in card.text and fields["Checkpoint"].strip("`")[:8] in card.text
    assert {"Seed", "Noise", "Types", "Colour", "Body", "Height", "Weight", "Stage"} <= fields.keys()
    assert re.fullmatch(r"Something of \S+( and of \S+)?", fields["Resembles"])
    tier, _rest = fields["Rarity"].split(": rarer than ")
    assert f" · {tier}\n" in card.text and tier in TIER_NAMES.values()
    stats = [int(number) for number in re.findall(r" (\d+)\b", seen.embeds[0]["description"])]
    assert len(stats) == len(STATS) + 1 and sum(stats[:-1]) == stats[-1]


async def test_the_collectible_card_is_drawn_for_a_name_and_for_a_press(erika: SandboxUser) -> None:
    card = await hatch_and_save(erika, "Collected", "11")
    drawn = await (await erika.command("card", name="collected")).message()
    pressed = await press(erika, card, "Card")
    assert pressed.id != card.id and not drawn.private and not drawn.embeds
    png = await erika.download(drawn.pictures[0])
    assert png == await erika.download(pressed.pictures[0])
    assert Image.open(io.BytesIO(png)).size == SIZE
    assert drawn.raw["attachments"][0]["description"].startswith("The collectible card of Collected, type ")
    assert (await press(erika, drawn, "Have a look")).title == "Collected"


async def test_a_creature_of_which_nothing_is_read_has_a_card_all_the_same(ash: SandboxUser) -> None:
    card = await hatch(ash, seed="1")
    assert (await picture(ash, card)).mode == "RGBA"  # without types there is no ground to stand on
    drawn = await press(ash, card, "Card")
    assert (await picture(ash, drawn)).size == SIZE
    seen = await press(ash, card, "Details")
    assert "Nothing is read" in seen.text and "```" not in seen.text


async def test_a_creature_whose_checkpoint_is_gone_is_looked_at_all_the_same(
    ash: SandboxUser, running: RunningBot
) -> None:
    card = await hatch_and_save(ash, "Left over", "5")
    elder = int(card.button("Release").custom_id.rpartition(":")[2])
    store = await Store.open(running.settings.database)
    try:
        await store.checkpoints.register("0" * 16, "gone.safetensors", {})
    finally:
        await store.close()
    with closing(sqlite3.connect(running.settings.data_dir / "newmon.sqlite3")) as database, database:
        database.execute("UPDATE creatures SET checkpoint_id = ? WHERE id = ?", ("0" * 16, elder))
    looked_at = await (await ash.command("mon", name="Left over")).message()
    assert looked_at.title == "Left over" and "checkpoint `00000000`" in looked_at.text
    assert (await picture(ash, await press(ash, looked_at, "Card"))).size == SIZE
    assert (await picture(ash, await press(ash, looked_at, "Full size"))).size == (1024, 1024)
    assert "Nothing is read" in (await press(ash, looked_at, "Details")).text


async def test_nobody_s_card_is_refused_with_a_sentence(ash: SandboxUser) -> None:
    assert "nobody" in (await private_answer(ash, "card", name="nobody")).lower()


async def test_messages_from_before_layouts_go_on(ash: SandboxUser, running: RunningBot) -> None:
    """They have an embed, which the next change of the message turns into a layout."""
    saved = await hatch_and_save(ash, "Elder", "9")
    elder = int(saved.button("Release").custom_id.rpartition(":")[2])
    old = await post_old(ash, running, elder)
    assert old.embeds and not old.raw["flags"]
    starred = await press(ash, old, "Favourite")
    assert (starred.id, starred.title) == (old.id, "Elder ⭐") and not starred.embeds
    assert starred.pictures and "Details" in labels(starred)
    old = await post_old(ash, running, elder)
    asking = await press(ash, old, "Release")
    assert asking.id == old.id and "Let **Elder** go for good?" in asking.text and not asking.content
    assert labels(asking) == ["Yes, let Elder go", "Keep it"]
    gone = await press(ash, asking, "Yes, let Elder go")
    assert (gone.id, gone.title) == (old.id, "Elder was released.") and not gone.pictures
    assert (await press(ash, gone, "Hatch another")).id != gone.id


async def post_old(user: SandboxUser, running: RunningBot, creature_id: int) -> Message:
    """A saved creature's message as the bot sent them before there were layouts."""
    buttons = [Favourite(creature_id, True), Release(creature_id)]
    row = [
        {"type": 2, "style": 2, "label": button.label, "custom_id": button.custom_id} for button in buttons
    ]
    embed = {"title": "Elder", "fields": [{"name": "Seed", "value": "`9`"}]}
    embed["image"] = {"url": "attachment://creature.png"}
    payload = {
        "embeds": [embed],
        "components": [{"type": 1, "components": row}],
        "attachments": [{"id": 0, "filename": "creature.png"}],
    }
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    png = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(png, "PNG")
    form.add_field("files[0]", png.getvalue(), filename="creature.png", content_type="image/png")
    address = f"{running.url}/api/v10/channels/{CHANNEL_ID}/messages"
    headers = {"Authorization": f"Bot {running.sandbox.token}"}
    async with aiohttp.ClientSession() as session, session.post(address, data=form, headers=headers) as sent:
        message_id = (await sent.json())["id"]
    return await user.wait_for_message(lambda message: message.id == message_id)
