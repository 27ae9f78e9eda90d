"""What a person can do, end to end: real discord.py, sockets, databases of both kinds, and network."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from gan.package import VERSION
from sandbox.driver import SandboxUser
from tests.bot.conftest import KINDS, SQLITE
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Of each kind; None is the bot's own SQLite file."""
    return None if request.param == SQLITE else request.getfixturevalue("new_database")(request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory, database_url: str | None
) -> AsyncIterator[RunningBot]:
    """The real bot, on each kind of database."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), database_url=database_url).start()
    yield bot
    await bot.stop()


CLOSER = ["Evolve", "Card", "Full size", "Details"]
UNSAVED = ["Save", "Hatch another", "Reroll nearby", "Mix with …", "My creatures", *CLOSER]
SAVED = [*UNSAVED[1:5], "Favourite", "Rename", "Release", "Evolve", "Card", "Family", *CLOSER[2:]]


async def test_newmon_shows_a_crisp_transparent_creature(ash: SandboxUser) -> None:
    message = await hatch(ash)
    image = await picture(ash, message)
    assert image.mode == "RGBA"
    assert image.size == (512, 512)
    small = image.resize((16, 16), Image.Resampling.NEAREST)
    assert small.resize((512, 512), Image.Resampling.NEAREST).tobytes() == image.tobytes()
    assert labels(message) == UNSAVED


async def test_the_same_seed_is_the_same_creature_for_everybody(ash: SandboxUser, misty: SandboxUser) -> None:
    pictures = [
        await ash.download((await hatch(ash, seed="Pallet Town")).pictures[0]),
        await misty.download((await hatch(misty, seed="pallet town ")).pictures[0]),
        await ash.download((await hatch(ash, seed="another")).pictures[0]),
    ]
    assert pictures[0] == pictures[1] != pictures[2]


async def test_a_seed_can_be_copied_from_its_card(ash: SandboxUser) -> None:
    """In code nothing is escaped, so it stands there as it was typed."""
    for seed, shown in (("a*b_c", "`a*b_c`"), ("C:\\x ~~", "`C:\\x ~~`"), ("a`b", "`aˋb`")):
        assert f"seed {shown} · code" in (await hatch(ash, seed=seed)).text


async def test_weirdness_changes_the_creature_and_is_shown(ash: SandboxUser) -> None:
    tame = await hatch(ash, seed="1", weirdness="tame")
    wild = await hatch(ash, seed="1", weirdness="1.0")
    for message, said in ((tame, "tame (ψ 0.5)"), (wild, "wild (ψ 1)")):
        assert "ψ" not in message.text and said in (await press(ash, message, "Details")).text
    assert await ash.download(tame.pictures[0]) != await ash.download(wild.pictures[0])


async def test_weirdness_is_suggested(ash: SandboxUser) -> None:
    assert [c.value for c in await ash.autocomplete("newmon", "weirdness", "")] == ["tame", "normal", "wild"]
    assert [c.value for c in await ash.autocomplete("newmon", "weirdness", "W")] == ["wild"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": "-5"}, "-5 cannot be a seed"),
        ({"seed": "99999999999999999999"}, "cannot be a seed"),
        ({"seed": "1.5"}, "cannot be a seed"),
        ({"seed": "   "}, "A seed is a number"),
        ({"weirdness": "very"}, "Weirdness is tame, normal, wild"),
        ({"weirdness": "nan"}, "Weirdness is"),
        ({"weirdness": "2"}, "from 0 to 1.5"),
    ],
)
async def test_newmon_refuses_with_one_private_sentence(
    ash: SandboxUser, options: dict[str, str], says: str
) -> None:
    assert says in await private_answer(ash, "newmon", **options)


async def test_the_save_button_asks_for_a_name_and_puts_it_on_the_card(ash: SandboxUser) -> None:
    message = await hatch(ash)
    before = await ash.download(message.pictures[0])
    dialog = await (await ash.click(message, "Save")).modal()
    saved = await (await ash.submit(dialog, {"Name": "  Sparky  "})).message()
    assert saved.id == message.id
    assert saved.title == "Sparky"
    assert labels(saved) == SAVED
    assert await ash.download(saved.pictures[0]) == before


async def test_save_without_a_name_asks_for_one(ash: SandboxUser) -> None:
    await hatch(ash)
    dialog = await (await ash.command("save")).modal()
    saved = await (await ash.submit(dialog, {"Name": "Asked"})).message()
    assert saved.title == "Asked"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("   ", "cannot be empty"),
        ("x" * 33, "32"),
        ("**bold**", "formatting characters"),
        ("zero\u200bwidth", "invisible"),
        ("dragon \N{DRAGON}", "emoji"),
    ],
)
async def test_a_name_that_cannot_be_is_refused_and_nothing_is_lost(
    ash: SandboxUser, name: str, says: str
) -> None:
    await hatch(ash)
    assert says in await private_answer(ash, "save", name=name)
    kept = await (await ash.command("save", name=f"kept {len(ash.messages())}")).message()
    assert kept.title.startswith("kept")


async def test_a_name_is_taken_once_for_each_owner(ash: SandboxUser, misty: SandboxUser) -> None:
    await hatch_and_save(ash, "Twin", "1")
    await hatch_and_save(misty, "Twin", "2")
    await hatch(ash)
    assert "already have a creature called" in await private_answer(ash, "save", name="TWIN")


async def test_save_without_a_hatching_says_what_to_do(misty: SandboxUser) -> None:
    async with SandboxUser(misty.url, "Newcomer") as newcomer:
        assert "/newmon" in await private_answer(newcomer, "save", name="Foo")


async def test_save_keeps_what_was_seen_last_and_not_a_child_that_was_only_offered(ash: SandboxUser) -> None:
    await hatch_and_save(ash, "Mum", "60")
    await hatch_and_save(ash, "Dad", "61")
    assert "already saved as Dad" in await private_answer(ash, "save", name="Dad again")
    mixed = await (await ash.command("mix", a="Mum", b="Dad")).message()
    assert "already saved as Dad" in await private_answer(ash, "save", name="Child")
    child = await (await ash.click(mixed, "1")).message()
    saved = await (await ash.command("save", name="Child")).message()
    assert await ash.download(saved.pictures[0]) == await ash.download(child.pictures[0])


async def test_only_the_owner_may_save(ash: SandboxUser, misty: SandboxUser) -> None:
    message = await hatch(ash)
    assert "Ash's" in await refusal(misty, await misty.click(message, "Save"))


async def test_what_people_call_themselves_is_no_markup_in_what_others_read(ash: SandboxUser) -> None:
    async with SandboxUser(ash.url, "[free **gift**](https://x.y)") as joker:
        message = await hatch(joker)
        said = [
            await refusal(ash, await ash.click(message, "Save")),
            await private_answer(ash, "mons", user=joker.id),
        ]
    for text in said:
        assert "free gift" in text and not set(text) & set("*[")


async def test_hatch_another_works_for_anybody(ash: SandboxUser, misty: SandboxUser) -> None:
    message = await hatch(ash, weirdness="wild")
    another = await (await misty.click(message, "Hatch another")).message()
    assert "Hatched by Misty" in another.text
    assert "wild" in another.text


async def test_mix_shows_parents_and_children_and_one_can_be_chosen_and_saved(ash: SandboxUser) -> None:
    await hatch_and_save(ash, "Foo", "10")
    await hatch_and_save(ash, "Bar", "11")
    mixed = await (await ash.command("mix", a="foo", b="BAR")).message()
    assert mixed.alts == (
        "Foo and Bar",
        "1: Foo in Bar's colours; 2: Foo with Bar's features; 3: Bar with Foo's body",
        "4: mostly Foo; 5: halfway; 6: mostly Bar",
    )
    assert "Foo" not in mixed.text  # it stands in the picture
    assert labels(mixed) == ["1", "2", "3", "4", "5", "6", "Swap parents", "More like this", "Watch"]
    widths = {Image.open(io.BytesIO(await ash.download(row))).width for row in mixed.pictures}
    assert len(mixed.pictures) == 3 and len(widths) == 1

    child = await (await ash.click(mixed, "2")).message()
    assert "Foo × Bar" in child.text
    assert "Foo with Bar's features" in child.text
    dialog = await (await ash.click(child, "Save")).modal()
    saved = await (await ash.submit(dialog, {"Name": "Foobar"})).message()
    assert saved.title == "Foobar"
    again = await (await ash.command("mix", a="Foobar", b="Foo")).message()
    assert again.alts[0] == "Foobar and Foo"


async def test_parents_can_be_swapped_by_who_mixed_them(ash: SandboxUser, misty: SandboxUser) -> None:
    await hatch_and_save(ash, "Left", "20")
    await hatch_and_save(ash, "Right", "21")
    mixed = await (await ash.command("mix", a="Left", b="Right")).message()
    assert "/mix" in await refusal(misty, await misty.click(mixed, "Swap parents"))
    before = await ash.download(mixed.pictures[0])
    swapped = await (await ash.click(mixed, "Swap parents")).message()
    assert swapped.id == mixed.id
    assert swapped.alts[0] == "Right and Left"
    assert await ash.download(swapped.pictures[0]) != before


async def test_mix_with_options_gives_one_child(ash: SandboxUser) -> None:
    await hatch_and_save(ash, "One", "30")
    await hatch_and_save(ash, "Two", "31")
    all_of_b = await (await ash.command("mix", a="One", b="Two", amount=100)).message()
    assert "Two through and through" in all_of_b.text
    colours = await (await ash.command("mix", a="One", b="Two", take="colours", amount=40)).message()
    assert "One in Two's colours, 40 %" in colours.text
    assert labels(colours) == [*UNSAVED[:6], "Watch", "Card", "Family", "Full size", "Details"]


async def test_mix_refuses_kindly(ash: SandboxUser) -> None:
    await hatch_and_save(ash, "Alone", "40")
    assert "two different" in await private_answer(ash, "mix", a="Alone", b="alone")
    assert "There is no creature called" in await private_answer(ash, "mix", a="Alone", b="Nobody")
    assert "There is no creature called" in await private_answer(ash, "mix", a="'; drop table", b="Alone")


async def test_mix_suggests_own_creatures_first_and_others_by_code(
    ash: SandboxUser, misty: SandboxUser
) -> None:
    await hatch_and_save(ash, "Quartz Ash", "50")
    await hatch_and_save(misty, "Quartz Misty", "51")
    own, other = await ash.autocomplete("mix", "a", "quartz")
    assert (own.name, own.value) == ("Quartz Ash", "Quartz Ash")
    assert other.name == "Quartz Misty (Misty)"
    mixed = await (await ash.command("mix", a=own.value, b=other.value)).message()
    assert mixed.alts[0] == "Quartz Ash and Quartz Misty"


async def test_about_names_the_checkpoint_and_carries_the_notice(ash: SandboxUser) -> None:
    answer = await (await ash.command("about")).message()
    assert "not affiliated" in answer.text
    assert "Checkpoint" in answer.text
    assert f"newmon {VERSION}" in answer.text
    assert answer.private
    assert "/newmon" in (await press(ash, answer, "What else can you do?")).text
