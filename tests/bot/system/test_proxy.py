"""Reaching Discord: through a proxy where one is set, and with a sentence where it cannot be reached."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest
from discord.http import Route
from pydantic import SecretStr

from bot.errors import UserError
from bot.system.proxy import Proxy, proxy_for
from tests.bot.proxy import LoopbackProxy
from tests.bot.running import RunningBot
from tests.bot.stage import Stage
from tests.bot.talking import hatch, press

DISCORD = "https://discord.com/api/v10"
REAL_BASE = Route.BASE  # before any sandbox is taken for Discord
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without proxies."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_everything_goes_through_the_proxy_that_is_set(tmp_path: Path) -> None:
    async with LoopbackProxy() as proxy, Stage(tmp_path) as stage:
        await stage.bot(proxy_url=f"http://ash:pika%20chu@127.0.0.1:{proxy.port}")
        ash = await stage.person("Ash")
        message = await hatch(ash, seed="Ash")
        await press(ash, message, "Reroll nearby")
        paths = " ".join(proxy.asked)
        for part in ("/users/@me", "/gateway/bot", " ws://", "/commands", "/callback", "/webhooks/"):
            assert part in paths, f"{part} went around the proxy"
        login = f"Basic {base64.b64encode(b'ash:pika chu').decode()}"
        assert set(proxy.logins) == {login} and len(proxy.logins) == len(proxy.asked)


async def test_without_a_token_the_sandbox_is_reached_directly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LoopbackProxy("403 No") as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        bot = await RunningBot(tmp_path, proxy_url=f"http://127.0.0.1:{proxy.port}").start()
        await bot.stop()
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            "407 Who are you",
            "wants a user and a password, or other ones: write PROXY_URL=http://user:password@",
        ),
        ("403 Not from here", "The proxy does not connect to Discord (it answered 403 Not from here)"),
    ],
)
async def test_a_proxy_that_refuses_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, says: str
) -> None:
    monkeypatch.setattr(Route, "BASE", REAL_BASE)
    async with LoopbackProxy(answer) as proxy:
        with pytest.raises(UserError) as caught:
            await RunningBot(
                tmp_path, discord_token="x.y.z", proxy_url=f"http://ash:hush@127.0.0.1:{proxy.port}"
            ).start()
        assert says in str(caught.value) and "hush" not in str(caught.value)
        assert proxy.asked == [
            "CONNECT discord.com:443 HTTP/1.1"
        ]  # a tunnel: it sees nothing of what is said


async def test_a_proxy_that_is_not_there_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", REAL_BASE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UserError, match=rf"proxy http://127.0.0.1:{port} could not be .*: check HTTPS_PROXY"):
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
        await RunningBot(tmp_path, discord_token="x.y.z").start()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:{closed}"])
async def test_a_discord_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setattr(Route, "BASE", f"http://{host.format(closed=closed)}/api/v10")
    with pytest.raises(UserError, match=r"^Discord could not be reached \(.+\): check this machine"):
        await RunningBot(tmp_path, discord_token="x.y.z").start()


def test_the_environment_names_a_proxy_and_what_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for(None, DISCORD) is None
    monkeypatch.setenv("https_proxy", "http://ash:hush@proxy.example:3128")
    shown = "http://proxy.example:3128"
    assert proxy_for(None, DISCORD) == Proxy("http://ash:hush@proxy.example:3128", shown, "HTTPS_PROXY")
    configured = SecretStr("other.example:80")
    assert proxy_for(configured, DISCORD) == Proxy(
        "http://other.example", "http://other.example", "PROXY_URL"
    )
    assert proxy_for(None, "http://127.0.0.1:8765/api/v10") is None
    monkeypatch.setenv("no_proxy", "localhost,discord.com")
    assert proxy_for(None, DISCORD) is None
    assert proxy_for(configured, DISCORD) is not None  # who sets it means it


def test_a_proxy_of_the_environment_that_is_none_is_left_aside_aloud(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ash:hush@proxy.example:1080")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")
    assert proxy_for(None, DISCORD) == Proxy("http://proxy.example", "http://proxy.example", "ALL_PROXY")
    assert "HTTPS_PROXY is left aside" in caplog.text and "hush" not in caplog.text


@pytest.mark.parametrize(
    "text", ["socks5://hush@x:1", "http://", "http://hush@x:port", "mailto://", "http://[hush"]
)
def test_a_configured_proxy_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match=r"PROXY_URL is not .*: write http://host:port") as caught:
        proxy_for(SecretStr(text), DISCORD)
    assert "hush" not in str(caught.value)
