"""/retrain as people see it: one message that is edited as it goes."""

from __future__ import annotations

import asyncio

import pytest

from sandbox import rest
from sandbox.driver import ActionRefused, SandboxUser
from sandbox.world import RESIDENTS, application_payload, user_payload
from tests.bot.retrain.stage import Stage, begin, ends, shows, until
from tests.bot.talking import checkpoint_of, hatch, labels, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_AN_ADMIN = "Only the bot's admins"


async def footer(user: SandboxUser) -> str:
    return checkpoint_of(await hatch(user))


async def test_one_message_shows_it_from_the_start_to_the_swap_and_back(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait", kimg=10)
    running = await oak.wait(lambda: shows(oak, message, "Training at 16×16"))
    assert labels(running) == ["Cancel"] and running.pictures
    for words in ("of 10 kimg", "40 images/s", "about 3 min", "D 0.60", "70.0 ± 0.0", "by Oak"):
        assert words in running.text, words
    assert stage.first[:8] in await footer(ash)
    private = await (await oak.command("retrain status")).message()
    assert private.private and "Training at 16×16" in private.text
    await stage.go_on()
    ended = await ends(oak, message, "A new checkpoint is in use")
    result = (await stage.bot.latest_job()).result_id
    assert result is not None and result[:8] in ended.text and "60.0 ± 1.0 → 50.0 ± 1.0" in ended.text
    assert [picture.filename for picture in ended.pictures] == ["comparison.png"]
    assert result[:8] in await footer(ash)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, f"Go back to {stage.first[:8]}"))
    told = await press(oak, ended, f"Go back to {stage.first[:8]}")
    assert stage.first[:8] in told.content and stage.first[:8] in await footer(ash)


async def test_a_picture_that_is_gone_is_left_out(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "worse")
    ended = await ends(oak, message, "not in use")
    assert ended.pictures and "image" in ended.embeds[0]
    (stage.bot.settings.data_dir / "retrain" / (await stage.bot.latest_job()).run / "comparison.png").unlink()
    status = await (await oak.command("retrain status")).message()
    assert "60.0 ± 1.0" in status.text and not status.pictures and "image" not in status.embeds[0]


async def test_nobody_who_hatches_meanwhile_notices_the_swap(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    swapped, over = asyncio.Event(), 5  # how often each hatches after the swap

    seen: list[list[tuple[str, bytes]]] = [[] for _ in range(6)]

    async def hatching(name: str, seen: list[tuple[str, bytes]]) -> None:
        """The checkpoint and the picture of one seed, again and again."""
        async with SandboxUser(stage.bot.url, name) as user:
            left = over
            while left := left - swapped.is_set():
                creature = await hatch(user, seed="7")
                seen.append((checkpoint_of(creature), await user.download(creature.pictures[0])))

    people = [asyncio.create_task(hatching(f"Trainer {n}", one)) for n, one in enumerate(seen)]
    await until(lambda: all(seen))
    await stage.go_on()
    await ends(oak, message, "A new checkpoint is in use")
    swapped.set()
    await asyncio.gather(*people)
    new = str((await stage.bot.latest_job()).result_id)[:8]
    pictures: dict[bool, set[bytes]] = {False: set(), True: set()}
    for one in seen:
        from_new = [new in footer for footer, _ in one]
        assert from_new == sorted(from_new)  # the old one first, and never again
        for is_new, (_, picture) in zip(from_new, one, strict=True):
            pictures[is_new].add(picture)
    assert {is_new: len(found) for is_new, found in pictures.items()} == {
        False: 1,
        True: 1,
    }  # all of them whole


async def test_a_worse_one_is_not_used_unless_an_admin_says_so(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "worse")
    ended = await ends(oak, message, "The new checkpoint is not in use")
    assert "less like real ones" in ended.text and "60.0 ± 1.0 → 90.0 ± 1.0" in ended.text
    assert stage.first[:8] in await footer(ash)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, "Use it anyway"))
    assert stage.first[:8] in await footer(ash)
    await press(oak, ended, "Use it anyway")
    assert str((await stage.bot.latest_job()).result_id)[:8] in await footer(ash)


async def test_one_that_changed_nothing_is_offered_in_plain_words(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "same")
    ended = await ends(oak, message, "looks about the same")
    result = str((await stage.bot.latest_job()).result_id)
    assert "change -0.1 ± 1.0" in ended.text and "nothing is lost" in ended.text
    assert ended.pictures[0].filename == "comparison.png"
    assert labels(ended) == ["Use the new one", "Keep the old one"]
    assert stage.first[:8] in await footer(ash)
    for button in labels(ended):
        assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, button))
    kept = await press(oak, ended, "Keep the old one")
    assert f"go on hatching from checkpoint **{stage.first[:8]}**" in kept.content
    assert stage.first[:8] in await footer(ash)
    used = await press(oak, ended, "Use the new one")
    assert f"hatch from checkpoint **{result[:8]}** now" in used.content
    assert result[:8] in await footer(ash)
    await press(oak, ended, "Keep the old one")  # the choice can be made again
    assert stage.first[:8] in await footer(ash)


async def test_any_admin_cancels_and_the_next_one_goes_on(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait", kimg=10)
    running = oak.current(message)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(running, "Cancel"))
    assert NOT_AN_ADMIN in await private_answer(ash, "retrain cancel")
    assert (await stage.bot.latest_job()).state == "running"
    private = await (await oak.command("retrain status")).message()
    await oak.click(running, "Cancel")
    ended = await ends(oak, message, "was cancelled")
    assert "Oak ended it." in ended.text and "is kept" in ended.text
    assert "ended already" in await refusal(oak, await oak.click(private, "Cancel"))
    assert "No retrain is running" in await private_answer(oak, "retrain cancel")
    run = (await stage.bot.latest_job()).run
    again = await begin(stage, oak, "good")
    await ends(oak, again, "A new checkpoint is in use")
    assert (await stage.bot.latest_job()).run == run and (await stage.bot.latest_job()).kimg == 10


async def test_a_button_goes_on_with_a_cancelled_one_for_admins(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    """Also after a restart of the bot, and even if it was cancelled before it had learned anything."""
    stage.behaviour = "early"
    message = await (await oak.command("retrain start", kimg=10, data="others", fresh=True)).message()
    await oak.wait(lambda: shows(oak, message, "Step 2 of 6"))
    await oak.click(oak.current(message), "Cancel")
    ended = await ends(oak, message, "was cancelled")
    assert labels(ended) == ["Go on"] and "Nothing was learned yet" in ended.text
    cancelled = await stage.bot.latest_job()
    await stage.bot.stop()
    await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as oak, SandboxUser(stage.bot.url, "Ash") as ash:
        assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, "Go on"))
        assert (await stage.bot.latest_job()).id == cancelled.id
        private = await (await oak.command("retrain status")).message()
        stage.behaviour = "wait"
        await oak.click(ended, "Go on")
        again = await oak.wait_for_message(
            lambda m: m.id > ended.id and "Training" in m.text and "of 10 kimg" in m.text
        )
        job = await stage.bot.latest_job()
        assert (job.run, job.kimg, job.data) == (cancelled.run, 10, "others")
        assert str(job.message_id) == again.id
        await oak.wait(lambda: not oak.current(ended).buttons)  # it was pressed for good
        await stage.go_on()
        await ends(oak, again, "A new checkpoint is in use")
        assert "nothing left of this retrain" in await refusal(oak, await oak.click(private, "Go on"))


async def test_it_can_begin_afresh_instead(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "crash")
    failed = await ends(oak, message, "failed")
    assert "the shapes do not fit" in failed.text and "`/retrain start` goes on" in failed.text
    run = (await stage.bot.latest_job()).run
    again = await begin(stage, oak, "worse", fresh=True)
    await ends(oak, again, "not in use")
    assert (await stage.bot.latest_job()).run != run


async def test_members_may_not_and_a_second_one_is_refused(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    for command in ("retrain start", "retrain status", "retrain cancel"):
        assert NOT_AN_ADMIN in await private_answer(ash, command)
    await begin(stage, oak, "wait")
    assert "running already" in await private_answer(oak, "retrain start")


async def test_silly_numbers_and_unknown_data_are_refused(stage: Stage, oak: SandboxUser) -> None:
    for kimg in (0, -5, 0.01, 1e9):
        assert "try 100" in await private_answer(oak, "retrain start", kimg=kimg)
    assert "sprites, others" in await private_answer(oak, "retrain start", data="../../etc")
    with pytest.raises(ActionRefused):
        await oak.command("retrain start", kimg="many")
    assert [c.value for c in await oak.autocomplete("retrain start", "data", "oth")] == ["others"]
    assert [c.value for c in await oak.autocomplete("retrain start", "data", "")] == ["sprites", "others"]


async def test_who_loses_the_right_cannot_end_what_goes_on_without_them(
    stage: Stage, oak: SandboxUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await begin(stage, oak, "wait")
    await stage.bot.stop()
    sold = application_payload() | {"owner": user_payload(RESIDENTS[0])}
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(rest, "application_payload", lambda: sold)
        await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as demoted:
        assert NOT_AN_ADMIN in await refusal(demoted, await demoted.click(message, "Cancel"))
        assert NOT_AN_ADMIN in await private_answer(demoted, "retrain status")
        await stage.go_on()
        ended = await ends(demoted, message, "A new checkpoint is in use")
        assert NOT_AN_ADMIN in await refusal(
            demoted, await demoted.click(ended, f"Go back to {stage.first[:8]}")
        )
    await stage.bot.stop()
    await stage.bot.start()
