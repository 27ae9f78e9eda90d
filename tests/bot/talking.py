"""What people in the tests do again and again."""

from __future__ import annotations

import io
import re

from PIL import Image

from sandbox.driver import InteractionHandle, Message, SandboxUser

WILD = re.compile(r"A wild [A-Z][a-z]{3,9} hatched!")  # what a hatchling's card says


async def hatch(user: SandboxUser, /, **options: object) -> Message:
    return await (await user.command("newmon", **options)).message()


async def picture(user: SandboxUser, message: Message) -> Image.Image:
    return Image.open(io.BytesIO(await user.download(message.pictures[0])))


async def hatch_and_save(user: SandboxUser, name: str, seed: str) -> Message:
    await hatch(user, seed=seed)
    return await (await user.command("save", name=name)).message()


async def refusal(user: SandboxUser, handle: InteractionHandle) -> str:
    """The text of a refusal, which nobody else may see."""
    message = await user.wait(
        lambda: next((m for m in reversed(handle.updates) if m.private and not m.loading), None)
    )
    assert not message.embeds
    return message.text


async def private_answer(user: SandboxUser, command: str, /, **options: object) -> str:
    return await refusal(user, await user.command(command, **options))


async def press(user: SandboxUser, message: Message, button: str) -> Message:
    """The message that comes of a press, which may be the same one."""
    return await (await user.click(message, button)).message()


def checkpoint_of(card: Message) -> str:
    """The beginning of the checkpoint's id that a creature's message names."""
    return card.text.rpartition("checkpoint `")[2].partition("`")[0]


def labels(message: Message) -> list[str]:
    return [button.label for button in message.buttons]
