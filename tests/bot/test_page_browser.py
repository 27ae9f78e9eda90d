"""The page in a real browser, used with the keyboard as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import Sandbox, SandboxSettings
from tests.bot.browser import ActionChains, Keys, Page, browser, needs_chromium, webdriver
from tests.sandbox.tiny_bot import TinyBot, picture

__all__ = ["browser"]  # the fixture
pytestmark = needs_chromium


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
    assert "/ping" in page.one("#welcome-text").text
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


async def test_the_button_in_an_empty_channel_does_at_once_what_it_says(page: Page) -> None:
    def press() -> None:
        page.open()
        page.text("#try", "Try /ping")
        page.one("#try").click()
        page.text("article:last-child .text", "Pong")
        assert not page.one("#try").is_displayed()

    await asyncio.to_thread(press)


# How much a button stands out from the message that it is in: 1 is not at all.
CONTRAST = """
const light = (node) => {
  const [r, g, b] = getComputedStyle(node).backgroundColor.match(/[\\d.]+/g).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
};
const [one, other] = [light(arguments[0]), light(arguments[0].closest("article"))];
return Math.max(one, other) / Math.min(one, other);
"""


async def test_a_button_under_the_pointer_stays_visible(page: Page) -> None:
    await asyncio.to_thread(_hover, page)


def _hover(page: Page) -> None:
    page.open()
    page.type("/hatch teal", Keys.ENTER)
    page.text("article:last-child .embed-title", "A teal creature")
    try:
        for theme in ("light", "dark"):
            wish = {"name": "prefers-color-scheme", "value": theme}
            page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [wish]})
            for button in page.all("article:last-child .row .button:not(:disabled)"):
                ActionChains(page.browser).move_to_element(button).perform()
                page.until(lambda: page.all("article:hover .button:hover"))
                assert page.browser.execute_script(CONTRAST, button) > 1.25, theme
    finally:
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


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


async def test_on_a_phone_everything_fits_in_light_and_dark(page: Page) -> None:
    await asyncio.to_thread(_use_a_phone, page)


PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
# What sticks out of the window at the sides, or is too small for a finger.
MISFITS = """
const box = (node) => node.getBoundingClientRect();
const shown = (node) => node.offsetParent !== null && box(node).width > 0;
const wide = [...document.querySelectorAll("body *:not(.skip, #places *)")]
  .filter((node) => shown(node) && (box(node).right > innerWidth + 1 || box(node).left < -1));
const small = [...document.querySelectorAll("button:not(.plain, .picture), select, .field")]
  .filter((node) => shown(node) && box(node).height < 34);
return [...wide, ...small].map((node) => node.outerHTML.slice(0, 120));
"""
COLOURS = "return [document.body, document.body.querySelector('.top')].map((e) => getComputedStyle(e).color)"


def _use_a_phone(page: Page) -> None:
    def fits() -> None:
        assert page.browser.execute_script(MISFITS) == []
        assert page.browser.execute_script("return document.scrollingElement.scrollWidth") == PHONE["width"]

    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        page.open()
        fits()
        page.type("/")
        page.text("#choices-list", "/hatch")
        fits()
        page.type("hatch teal", Keys.TAB)
        page.text("#choices-list", "wild")
        fits()
        page.type(Keys.ENTER)
        page.text("article .embed-title", "A teal creature")
        page.until(lambda: page.picture_width() == 64)
        fits()
        page.one("[data-custom-id='save']").click()
        page.text("#modal", "Name your creature")
        fits()
        page.type(Keys.ESCAPE)
        page.one("[data-place='group']").click()
        page.text("#welcome-title", "Friends")
        fits()

        before = page.browser.execute_script(COLOURS)
        page.one("#theme").click()
        after = page.browser.execute_script(COLOURS)
        assert all(old != new for old, new in zip(before, after, strict=True))
        page.open()  # the choice outlives a reload
        assert page.browser.execute_script(COLOURS) == after
        fits()
        page.one("#theme").click()
        assert page.browser.execute_script(COLOURS) == before
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


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


async def test_people_and_places_by_keyboard(page: Page, sandbox: Sandbox) -> None:
    await asyncio.to_thread(_look_around, page)


def _look_around(page: Page) -> None:
    page.open()
    page.type("/hatch teal", Keys.ENTER)
    page.text("article:last-child .embed-title", "A teal creature")

    page.one("[data-place='direct']").send_keys(Keys.ENTER)
    page.text("#place-name", "newmon")
    page.until(lambda: not page.all("#messages article"))
    page.text("#welcome-title", "You and newmon")
    assert page.all("[data-place='direct'][aria-current]")
    page.until(lambda: page.focused() == "message-input")
    page.type("/hatch gold", Keys.ENTER)
    page.text("article:last-child .embed-title", "A gold creature")

    page.open()  # a reload stays with the place
    page.text("#place-name", "newmon")
    page.text("article:last-child .embed-title", "A gold creature")

    page.one("#people").send_keys("Oak")
    page.text("#my-role", "Professor")
    page.until(lambda: not page.all("#messages article"))  # Ash's direct messages are not Oak's
    page.one("[data-place='server']").send_keys(Keys.ENTER)
    page.text("article:last-child .embed-title", "A teal creature")
    page.type("/train start ")
    page.until(lambda: page.focused().startswith("option-"))


async def test_a_choice_that_is_typed_out_is_chosen(page: Page) -> None:
    await asyncio.to_thread(_type_a_choice, page)


def _type_a_choice(page: Page) -> None:
    page.open()
    page.type("/hatch ")
    page.one("#option-weirdness").click()
    page.text("#choices-list", "wild")
    page.type("WILD", Keys.ENTER)
    page.text("article:last-child .embed-title", "creature")


async def test_a_file_by_keyboard_and_dropped(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(picture(size=40))
    await asyncio.to_thread(_give_files, page, file)


# Drops a file on the window, as the mouse does.
DROP = """
const held = new DataTransfer();
held.items.add(new File([arguments[1]], arguments[0]));
for (const type of ["dragover", "drop"]) {
  document.body.dispatchEvent(new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true }));
}
"""


def press(page: Page, *keys: str) -> None:
    """As `type`, which takes words for the paths of files where one is chosen."""
    ActionChains(page.browser).send_keys(*keys).perform()


def _give_files(page: Page, file: Path) -> None:
    page.open()
    page.type("/look ")
    assert page.focused() == "option-file"
    page.type(str(file))  # what the browser's own dialog, which Enter opens, would put there
    page.text(".file-shown", "cat.png")
    page.until(lambda: page.all(".file-preview"))
    press(page, Keys.TAB, "hello", Keys.ENTER)
    page.text("article:last-child .text", "cat.png image/png 40x40")

    page.type("/look ")
    press(page, Keys.TAB, Keys.ENTER)  # without one
    page.text("#command-help", "file is required")
    page.browser.execute_script(DROP, "empty.png", "")
    page.text("#command-help", "This file is empty")
    page.browser.execute_script(DROP, "words.png", "words")
    page.until(lambda: not page.all(".file-field.wrong"))
    page.text(".file-shown", "words.png")
    assert page.focused() == "option-file"
    press(page, Keys.ENTER)
    page.text("article:last-child .text", "words.png image/png NonexNone 5/5")

    page.browser.execute_script(DROP, "notes.txt", "words")
    page.text("#pending", "notes.txt")
    page.one("#attach-input").send_keys(str(file))
    page.text("#pending", "cat.png")
    page.one("#pending button").click()  # the last one
    page.until(lambda: len(page.all("#pending li")) == 1)
    page.one("#attach-input").send_keys(str(file))
    page.until(lambda: len(page.all("#pending li")) == 2)
    assert page.focused() == "message-input"
    page.type("look", Keys.ENTER)
    page.until(lambda: page.picture_width() == 40)
    page.text("article:last-child .file", "notes.txt")
    assert not page.one("#pending").is_displayed()


async def test_the_context_menu_of_a_message_by_keyboard_and_by_mouse(page: Page) -> None:
    await asyncio.to_thread(_use_menus, page)


def _use_menus(page: Page) -> None:
    page.open()
    page.type("look at this", Keys.ENTER)
    page.text("article:last-child .text", "look at this")
    page.one("article:last-child .message-actions").send_keys(Keys.ENTER)
    page.until(lambda: page.one("#message-menu").is_displayed())
    page.until(lambda: page.browser.switch_to.active_element.text == "Look Closer")
    page.type(Keys.ESCAPE)
    assert "message-actions" in (page.browser.switch_to.active_element.get_attribute("class") or "")
    page.type(Keys.ENTER)
    page.until(lambda: page.browser.switch_to.active_element.text == "Look Closer")
    page.type(Keys.ARROW_DOWN, Keys.ENTER)  # around to the only one
    page.text("article:last-child .text", "Ash: look at this []")
    page.text("article:last-child .context", "Look Closer")
    assert page.focused() == "message-input"

    ActionChains(page.browser).context_click(page.one("article:last-child .text")).perform()
    page.one("#message-menu [role=menuitem]").click()
    page.text("article:last-child .text", "newmon: Ash: look at this [] []")
    ActionChains(page.browser).context_click(page.one("article:last-child .text")).perform()
    page.until(lambda: page.one("#message-menu").is_displayed())
    page.one("#place-name").click()
    page.until(lambda: not page.one("#message-menu").is_displayed())
