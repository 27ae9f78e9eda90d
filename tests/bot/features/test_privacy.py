"""/mydata, as a person uses it: nobody else sees it, nobody else can press it, and nothing is left."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from PIL import Image

from bot.features import privacy
from sandbox.driver import SandboxUser
from sandbox.driver_types import Attachment
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def files(user: SandboxUser, parts: int = 1) -> dict[str, bytes]:
    """All that comes of `/mydata export`, in so many zips."""
    before = {message.id for message in user.messages()}

    def zips() -> list[Attachment]:
        new = [message for message in user.messages() if message.id not in before]
        assert all(message.private for message in new)
        return [attachment for message in new for attachment in message.attachments]

    await user.command("mydata export")
    await user.wait(lambda: len(zips()) == parts)
    found: dict[str, bytes] = {}
    for zipped in zips():
        with zipfile.ZipFile(io.BytesIO(await user.download(zipped))) as archive:
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


async def test_what_is_kept_is_given_to_its_person_alone(
    ash: SandboxUser, misty: SandboxUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hatch_and_save(ash, "Flamino", "Flamino")
    await hatch(ash)
    await hatch_and_save(misty, "Aquadon", "Aquadon")
    found = await files(ash)
    person = json.loads(found["person.json"])
    assert {note["name"] for note in person["names"]} == {"Ash"} and person["retrains"] == []
    kept = [json.loads(data) for name, data in found.items() if name.endswith(".json") and "/" in name]
    assert sorted(str(one["name"]) for one in kept) == ["Flamino", "None"]
    [flamino] = [one for one in kept if one["name"]]
    assert flamino["recipe"]["kind"] == "Hatch" and flamino["recipe"]["words"] == "Flamino"
    assert Image.open(io.BytesIO(found[f"creatures/{flamino['code']}.png"])).size == (16, 16)
    monkeypatch.setattr(privacy, "PART_BYTES", 100)  # as for thousands
    assert set(await files(ash, parts=3)) == set(found)


async def test_whoever_wants_to_be_forgotten_is(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser
) -> None:
    await hatch_and_save(ash, "Torchic 2", "Torchic 2")
    asked = await (await ash.command("mydata forget")).message()
    assert asked.private and "children that others have of them stay" in asked.content
    kept = await (await ash.click(asked, "Keep everything")).message()
    assert kept.content == "Nothing was changed."
    asked = await (await ash.command("mydata forget")).message()
    done = await (await ash.click(asked, "Yes, forget me")).message()
    assert done.content.startswith("Forgotten: ") and "in 35 days" in done.content and not done.buttons
    assert "not saved anyone yet" in await refusal(ash, await ash.command("mons"))
    assert (await (await misty.command("mons")).message()).pictures  # she has kept hers
    found = await files(ash)
    assert set(found) == {"person.json", "README.txt"}
