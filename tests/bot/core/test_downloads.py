"""Files come from Discord's own server, as much of them as was asked for, and from nowhere else."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import discord
import pytest
from aiohttp import web

from bot.core.discord_internals import CDN, cdn_origins
from bot.core.downloads import check_size, download, is_discords
from bot.errors import UserError

MOST = 1000  # bytes


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """What the bot takes for Discord's file server, with a file of any number of bytes, and tricks."""

    async def whole(request: web.Request) -> web.Response:
        return web.Response(body=bytes(int(request.match_info["size"])))

    async def without_length(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(int(request.match_info["size"]) // 100):
            await response.write(bytes(100))
        return response

    async def packed(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(10**6)), headers={"Content-Encoding": "gzip"})

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("/whole/10")

    app = web.Application()
    app.router.add_get("/whole/{size}", whole)
    app.router.add_get("/streamed/{size}", without_length)
    app.router.add_get("/packed", packed)
    app.router.add_get("/elsewhere", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setattr(discord.Asset, "BASE", f"http://{host}:{port}")
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.mark.parametrize("path", ["whole", "streamed"])
async def test_as_much_is_read_as_was_asked_for(server: str, path: str) -> None:
    assert await download(f"{server}/{path}/{MOST}", MOST) == bytes(MOST)
    for size in (MOST + 100, 10**6):
        with pytest.raises(UserError, match="too large"):
            await download(f"{server}/{path}/{size}", MOST)


async def test_what_is_packed_is_not_unpacked(server: str) -> None:
    assert len(await download(f"{server}/packed", MOST * 2)) < MOST * 2


async def test_nothing_leads_to_another_place(server: str) -> None:
    with pytest.raises(UserError, match="could not hand over"):
        await download(f"{server}/elsewhere", MOST)


def test_a_size_that_is_known_is_looked_at_before() -> None:
    check_size(10_000_000, 10_000_000)
    with pytest.raises(UserError, match="at most 10 MB"):
        check_size(10_000_001, 10_000_000)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://cdn.discordapp.com.example.org/x.png",
        "https://example.org/attachments/1/2/x.png",
        "https://cdn.discordapp.com@example.org/x.png",
        "https://somebody@cdn.discordapp.com/x.png",
        "http://cdn.discordapp.com/x.png",
        "https://cdn.discordapp.com:8443/x.png",
        "file:///etc/passwd",
        "//cdn.discordapp.com/x.png",
        "https://[",
        "",
    ],
)
async def test_nothing_is_fetched_from_anywhere_else(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", str(CDN))
    assert not is_discords(url)
    with pytest.raises(UserError, match="uploaded to Discord"):
        await download(url, MOST)


async def test_discords_own_addresses_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Asset, "BASE", "https://cdn.discordapp.com")
    assert {str(origin) for origin in cdn_origins()} == {
        "https://cdn.discordapp.com",
        "https://media.discordapp.net",
    }
    assert is_discords("https://cdn.discordapp.com/attachments/1/2/x.png?ex=1&is=2&hm=3&")
    monkeypatch.setattr(discord.Asset, "BASE", "http://127.0.0.1:80/x")
    assert not is_discords("https://cdn.discordapp.com/x.png"), "the sandbox is no reason to go there"
