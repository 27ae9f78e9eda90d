"""`python -m docs.draw_page` takes the README's picture of the sandbox: the real bot, used in a real browser.

It needs Chromium with chromedriver, the package selenium, and the checkpoint.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from bot.__main__ import run as run_bot
from bot.config import Settings
from docs.draw import PICTURES
from gan.cli.program import run
from gan.files import write
from gan.package import SHIPPED
from sandbox.driver import SandboxUser
from tests.bot.browser import DRIVER, Keys, Page, options, webdriver

COLOURS = 128  # of the picture's palette
MOST_BYTES = 350_000
GAP = 24  # pixels between the windows
# Have all pictures in sight arrived? The others are loaded only when somebody scrolls to them.
DRAWN = """
const inSight = (box) => box.bottom > 0 && box.top < innerHeight;
return [...document.images].filter((image) => inSight(image.getBoundingClientRect()))
  .every((image) => image.complete && image.naturalWidth > 0);
"""

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Window:
    """A browser window, in CSS pixels, which are the picture's too."""

    width: int
    height: int
    theme: str
    phone: bool = False


DESKTOP_LIGHT = Window(800, 900, "light")
DESKTOP_DARK = Window(800, 900, "dark")
PHONE = Window(390, 900, "dark", phone=True)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="What hatches the creatures.")] = SHIPPED,
    out: Annotated[Path, typer.Option(help="The picture.")] = PICTURES / "sandbox.png",
) -> None:
    """Hatch, save and mix in the sandbox, and take its picture: desktop light and dark, and a phone."""
    with tempfile.TemporaryDirectory() as folder:
        picture = asyncio.run(_with_bot(checkpoint, Path(folder)))
    buffer = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1).save(
        buffer, "PNG", optimize=True
    )
    if len(data := buffer.getvalue()) > MOST_BYTES:
        raise ValueError(f"{out} would have {len(data)} bytes, and {MOST_BYTES} are the most")
    write(out, data)
    typer.echo(f"{out}  {len(data) // 1000} kB")


async def _with_bot(checkpoint: Path, folder: Path) -> Image.Image:
    settings = Settings.model_validate(
        {"discord_token": None, "checkpoint": checkpoint, "data_dir": folder / "data", "sandbox_port": 0}
    )
    stopping, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    bot = asyncio.create_task(run_bot(settings, stopping, ready.set_result))
    try:
        await asyncio.wait({bot, ready}, return_when=asyncio.FIRST_COMPLETED)
        if bot.done():
            await bot
        url: str = ready.result().place.removeprefix("at ")
        await _collect(url)
        return await asyncio.to_thread(_take, url, folder)
    finally:
        stopping.set()
        await bot


async def _collect(url: str) -> None:
    """Ash hatches and saves two creatures."""
    async with SandboxUser(url, "Ash") as ash:
        for seed, name in (("14", "Fizz"), ("11", "Moltigo")):
            await (await ash.command("newmon", seed=seed)).message()
            await (await ash.command("save", name=name)).message()


def _take(url: str, folder: Path) -> Image.Image:
    def mix(page: Page) -> None:
        page.type("/mix Fizz", Keys.TAB, "Molt")
        page.text("#choices-list", "Moltigo")
        page.type(Keys.ENTER, Keys.ENTER)  # one takes the suggestion, the other sends
        page.one("article:last-child .picture img[alt='Fizz and Moltigo']")
        page.until(lambda: page.all("article:last-child [data-custom-id^='newmon:choose']"))

    def hatch(page: Page) -> None:
        page.type("/newmon 21", Keys.ENTER)
        page.text("article:last-child .layout .heading", "hatched!")
        page.until(lambda: page.picture_width() > 0)

    def begin(page: Page) -> None:
        page.type("/mix ")
        page.until(lambda: page.focused() == "option-a")
        page.text("#choices-list", "Moltigo")

    light = _window(url, folder, DESKTOP_LIGHT, mix)
    dark = _window(url, folder, DESKTOP_DARK, begin)
    phone = _window(url, folder, PHONE, hatch)
    pictures = (light, dark, phone)
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    whole = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + GAP
    return whole


def _window(url: str, folder: Path, window: Window, story: Callable[[Page], None]) -> Image.Image:
    """What such a window shows after the story."""
    chosen = options(folder / f"{window.theme}-{window.width}")
    if window.phone:
        metrics = {"width": window.width, "height": window.height, "pixelRatio": 1, "touch": True}
        chosen.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    browser = webdriver.Chrome(options=chosen, service=webdriver.ChromeService(DRIVER))
    try:
        if not window.phone:
            size = {"width": window.width, "height": window.height, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        wish = {"name": "prefers-color-scheme", "value": window.theme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [wish]})
        page = Page(browser, url)
        page.open()
        story(page)
        page.until(lambda: browser.execute_script(DRAWN))
        return Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    finally:
        browser.quit()


if __name__ == "__main__":
    run(app)
