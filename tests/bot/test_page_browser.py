"""The page in a real browser, used with the keyboard as a person would."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from bot.sandbox import Sandbox, SandboxSettings
from tests.bot.sandbox.tiny_bot import TinyBot

pytest.importorskip("selenium", reason="the browser test needs the package selenium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="the browser test needs Chromium and chromedriver on the PATH"
)

_T = TypeVar("_T")

WAIT_S = 20
QUIET = (
    "--headless",
    "--no-sandbox",  # test machines often run as root, where Chromium refuses its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,800",
)


class Page:
    """What a person sees and does; every look waits for what it looks for."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser = browser
        self.url = url

    def open(self) -> None:
        self.browser.get(self.url)
        self.until(lambda: self.one("#welcome").is_displayed() or self.all("#messages article"))

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.until(lambda: self.all(selector))[-1]

    def until(self, condition: Callable[[], _T]) -> _T:
        return WebDriverWait(self.browser, WAIT_S, poll_frequency=0.05).until(lambda _: condition())

    def text(self, selector: str, expected: str) -> None:
        """Waits until the last such element shows this text, whatever is redrawn meanwhile."""
        script = "return [...document.querySelectorAll(arguments[0])].at(-1)?.innerText ?? ''"
        self.until(lambda: expected in str(self.browser.execute_script(script, selector)))

    def type(self, *keys: str) -> None:
        """Types into whatever has the focus."""
        self.browser.switch_to.active_element.send_keys(*keys)

    def focused(self) -> str:
        return self.browser.switch_to.active_element.get_attribute("id") or ""

    def picture_width(self) -> int:
        """Of the last picture in the channel, in its own pixels; 0 until it is loaded."""
        script = "return [...document.querySelectorAll('article .picture img')].at(-1)?.naturalWidth ?? 0"
        return int(self.browser.execute_script(script))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield chrome
    chrome.quit()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(SandboxSettings(port=0, data_dir=tmp_path))
    await sandbox.start()
    sandbox.point_discord_here()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def page(sandbox: Sandbox, browser: webdriver.Chrome) -> AsyncIterator[Page]:
    bot = TinyBot()
    await bot.run_in_background(sandbox.token)
    yield Page(browser, sandbox.url)
    await bot.stop()


async def test_command_picture_button_and_dialog_by_keyboard(page: Page) -> None:
    await asyncio.to_thread(_hatch_and_save, page)


def _hatch_and_save(page: Page) -> None:
    page.open()
    assert "/hatch" in page.one("#welcome-text").text
    assert page.focused() == "message-input"

    page.type("/")
    page.text("#choices-list", "/hatch")
    page.type("hat", Keys.ENTER)
    assert page.focused() == "option-colour"
    page.type("teal", Keys.TAB)
    assert page.focused() == "option-weirdness"
    page.text("#choices-list", "wild")
    page.type(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.TAB)
    assert page.focused() == "option-count"
    assert page.one("#option-weirdness").get_attribute("value") == "normal"
    page.type("4", Keys.ENTER)

    page.text("article .embed-title", "A teal creature")
    page.until(lambda: page.picture_width() == 64)
    assert page.focused() == "message-input", "the next command can be typed at once"

    page.one("[data-custom-id='recolour:gold']").click()
    page.text("article .embed-title", "A gold creature")

    page.one("[data-custom-id='save']").click()
    page.text("#modal", "Name your creature")
    page.type("x", Keys.ENTER)
    page.text("#modal .fault", "")
    page.until(lambda: page.all("#modal [aria-invalid]"))
    page.type("<b>Foo</b>", Keys.ENTER)
    page.text("article:last-child .text", "Saved as x<b>Foo</b>.")
    assert not page.all("#modal[open]")

    page.open()
    page.text("article:last-child .text", "Saved as x<b>Foo</b>.")
    page.until(lambda: page.picture_width() == 64)
    errors = [
        entry for entry in page.browser.get_log("browser") if "400 (Bad Request)" not in entry["message"]
    ]
    assert errors == []


async def test_autocomplete_private_answer_and_failure(page: Page, sandbox: Sandbox) -> None:
    await asyncio.to_thread(_ask_and_be_refused, page)
    sandbox.interactions.acknowledge_within_s = 0.05
    await asyncio.to_thread(_wait_in_vain, page)


def _ask_and_be_refused(page: Page) -> None:
    page.open()
    page.type("/show Ba")
    assert page.focused() == "option-name"
    page.text("#choices-list", "Baz")
    page.type(Keys.ARROW_DOWN, Keys.ENTER)
    assert page.one("#option-name").get_attribute("value") == "Baz"
    page.type(Keys.ENTER)
    page.text("article:last-child .text", "Baz")
    page.until(lambda: page.picture_width() == 32)

    page.type("/refuse ", Keys.ENTER)
    page.text("article:last-child", "Only you can see this")
    page.one("article:last-child .note button").click()
    page.until(lambda: not page.all("article.private"))


def _wait_in_vain(page: Page) -> None:
    page.one("#message-input").send_keys("/slow ", Keys.ENTER)
    page.text("article:last-child", "The application did not respond")


async def test_lost_connection_is_shown_and_comes_back(sandbox: Sandbox, browser: webdriver.Chrome) -> None:
    page = Page(browser, sandbox.url)

    def show() -> None:
        page.open()
        page.text("#banner", "newmon is offline")
        page.type("still here", Keys.ENTER)
        page.text("article:last-child", "still here")

    await asyncio.to_thread(show)
    await sandbox.stop()
    await asyncio.to_thread(page.text, "#banner", "Connection to the sandbox lost")
    again = Sandbox(replace(sandbox.settings, port=int(sandbox.url.rpartition(":")[2])))
    await again.start()
    try:
        await asyncio.to_thread(page.text, "#banner", "newmon is offline")
        await asyncio.to_thread(page.text, "article:last-child", "still here")
    finally:
        await again.stop()
