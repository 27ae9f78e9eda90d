"""The whole story in a real browser with the real bot: hatch, save, mix, choose, reload."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bot.browser import Keys, Page, browser, needs_chromium, webdriver
from tests.bot.running import RunningBot

__all__ = ["browser"]  # the fixture
pytestmark = needs_chromium

CARD = "article:last-child :is(.embed-title, .layout .heading)"  # a sheet's, or a creature's


async def test_hatch_save_mix_and_choose(tmp_path: Path, browser: webdriver.Chrome) -> None:
    bot = await RunningBot(tmp_path).start()
    try:
        await asyncio.to_thread(_story, Page(browser, bot.url))
    finally:
        await bot.stop()


def _story(page: Page) -> None:
    page.open()
    assert "/newmon" in page.one("#welcome-text").text
    for seed, name in (("Ash", "Fizz"), ("Misty", "Bang")):
        page.type("/newmon ", seed, Keys.ENTER)
        page.text(CARD, "hatched!")
        page.until(lambda: page.picture_width() == 512)
        page.one("article:last-child [data-custom-id^='newmon:save']").click()
        page.text("#modal", "Save this creature")
        page.until(lambda: page.all("#modal input:focus"))
        page.type(Keys.CONTROL + "a")  # there is a name in it
        page.type(name, Keys.ENTER)
        page.text(CARD, name)

    page.type("/mix Fi")
    page.text("#choices-list", "Fizz")
    page.type(Keys.ARROW_DOWN, Keys.TAB)
    page.type("Bang")
    page.text("#choices-list", "Bang")
    page.type(Keys.ARROW_DOWN, Keys.ENTER, Keys.ENTER)
    page.one("article:last-child .picture img[alt='Fizz and Bang']")
    page.one("article:last-child [data-custom-id^='newmon:choose']").click()
    page.text(CARD, "Fizz and Bang have a child!")
    page.text("article:last-child", "Fizz × Bang")
    page.until(lambda: page.picture_width() == 512)

    page.open()  # history survives a reload
    page.text("article:last-child", "Fizz × Bang")
    page.until(lambda: page.picture_width() == 512)
    page.type("/mons ", "@Mis")  # people are written as everybody writes them
    page.text("#choices-list", "Misty")
    page.type(Keys.ENTER, Keys.ENTER)  # one takes the suggestion, the other sends
    page.text("article:last-child .text", "Misty has not saved anyone")
    assert [entry for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"] == []
