"""A real browser on the sandbox's page; tests that import it are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

pytest.importorskip("selenium", reason="the browser test needs the package selenium")

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

__all__ = ["ActionChains", "Keys", "Page", "browser", "needs_chromium", "options", "webdriver"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
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


def options(profile: Path) -> webdriver.ChromeOptions:
    """How to start a quiet Chromium whose profile is this folder."""
    chosen = webdriver.ChromeOptions()
    chosen.binary_location = CHROMIUM or ""
    for argument in (*QUIET, f"--user-data-dir={profile}"):
        chosen.add_argument(argument)
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return chosen


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    profile = tmp_path_factory.mktemp("chromium")
    chrome = webdriver.Chrome(options=options(profile), service=webdriver.ChromeService(DRIVER))
    yield chrome
    chrome.quit()
