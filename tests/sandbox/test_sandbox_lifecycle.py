"""Starting, stopping, losing the connection, and keeping strangers out."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from sandbox import Sandbox, SandboxSettings, StartupError
from sandbox.driver import SandboxUser
from tests.sandbox.tiny_bot import TinyBot, picture


async def test_history_and_old_buttons_survive_a_restart(settings: SandboxSettings) -> None:
    first, bot = Sandbox(settings), TinyBot()
    await first.start()
    first.point_discord_here()
    token = first.token
    await bot.run_in_background(token)
    async with SandboxUser(first.url, "Brock") as brock:
        shown = await (await brock.command("hatch")).message()
        private = await (await brock.command("refuse")).message()
        pondering = await brock.command("ponder")
        await pondering.acknowledged()
    await bot.stop()
    await first.stop()

    second, bot = Sandbox(settings), TinyBot()
    await second.start()
    second.point_discord_here()
    assert second.token == token
    async with SandboxUser(second.url, "brock") as brock:
        assert [c["name"] for c in brock.commands][:2] == ["ping", "hatch"], "shown before the bot is back"
        assert private.id not in brock.history, "what one person saw ends with the session"
        assert brock.messages()[-1].failed, "an answer that never came says so"
        old = brock.history[shown.id]
        assert await brock.download(old.pictures[0]) == picture()
        await bot.run_in_background(second.token)
        edited = await (await brock.click(old, "Teal")).message()
        assert await brock.download(edited.pictures[0]) == picture("teal")
    await bot.stop()
    await second.stop()
    await second.stop()


async def test_bot_resumes_and_gets_what_it_missed(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    await ash.wait(lambda: ash.online)
    sandbox.gateway.drop_connections()
    await ash.wait(lambda: not ash.online)
    handle = await ash.command("ping")
    assert (await handle.message()).content.startswith("Pong")
    await tiny.resumed.wait()
    assert ash.online


async def test_bot_reconnects_when_asked_to(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    sandbox.gateway.ask_to_reconnect()
    await tiny.resumed.wait()
    assert (await (await ash.command("ping")).message()).content.startswith("Pong")


async def test_a_session_of_an_earlier_run_cannot_be_resumed(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(sandbox.gateway.url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 6, "d": {"token": sandbox.token, "session_id": "old", "seq": 7}})
        assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}


async def test_pages_scroll_back_through_history(sandbox: Sandbox, ash: SandboxUser) -> None:
    for number in range(60):
        await ash.say(str(number))
    async with SandboxUser(sandbox.url, "Misty") as misty:
        assert [m.content for m in misty.messages()] == [str(n) for n in range(10, 60)]
        assert [m.content for m in await misty.older()] == [str(n) for n in range(10)]
        assert [m.content for m in misty.messages()] == [str(n) for n in range(60)]


async def test_names_that_only_resolve_here_are_refused(sandbox: Sandbox) -> None:
    port = sandbox.url.rpartition(":")[2]
    async with aiohttp.ClientSession() as session:
        for host, status in (
            ("evil.example", 403),
            ("[", 403),
            ("localhost", 200),
            ("127.0.0.1", 200),
            ("[::1]", 200),
        ):
            async with session.get(sandbox.url, headers={"Host": f"{host}:{port}"}) as response:
                assert response.status == status, host


async def test_pages_of_other_origins_are_refused(sandbox: Sandbox) -> None:
    foreign = {"Origin": "http://evil.example"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{sandbox.url}/sandbox/say", json={}, headers=foreign) as response:
            assert response.status == 403
        async with session.post(f"{sandbox.url}/sandbox/say", data="{}") as response:
            assert response.status == 400, "a form of another site cannot send JSON"
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(f"{sandbox.url}/sandbox/events?user=Ash", headers=foreign)
        own = {"Origin": sandbox.url}
        async with session.ws_connect(f"{sandbox.url}/sandbox/events?user=Ash", headers=own) as socket:
            assert (await socket.receive_json())[0]["event"] == "ready"


async def test_only_the_loopback_address_listens(sandbox: Sandbox) -> None:
    assert sandbox.url.startswith("http://127.0.0.1:")
    assert sandbox._runner is not None
    assert {address[0] for address in sandbox._runner.addresses} == {"127.0.0.1"}


async def test_port_in_use_is_said_plainly(sandbox: Sandbox, tmp_path: Path) -> None:
    taken = int(sandbox.url.rpartition(":")[2])
    other = Sandbox(SandboxSettings(port=taken, data_dir=tmp_path / "other"))
    with pytest.raises(StartupError, match=rf"Port {taken} is in use.*SANDBOX_PORT"):
        await other.start()
    await other.stop()


async def test_impossible_port_is_said_plainly(settings: SandboxSettings) -> None:
    with pytest.raises(StartupError, match="not a port"):
        await Sandbox(replace(settings, port=70000)).start()


async def test_unusable_folder_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="cannot write"):
        await Sandbox(SandboxSettings(port=0, data_dir=tmp_path / "file")).start()


@pytest.mark.parametrize("damage", ["version", "garbage"])
async def test_foreign_history_is_said_plainly_and_kept(settings: SandboxSettings, damage: str) -> None:
    path = settings.data_dir / "sandbox.sqlite3"
    path.parent.mkdir()
    if damage == "version":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    else:
        path.write_bytes(os.urandom(8192))
    before = path.read_bytes()
    with pytest.raises(StartupError, match="history"):
        await Sandbox(settings).start()
    assert path.read_bytes() == before


async def test_uploads_cannot_run_in_the_page(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    shown = await (await ash.command("show", name="a<b>.html")).message()
    assert shown.attachments[0].filename == "a_b_.html.png"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{sandbox.url}{shown.attachments[0].url}") as response:
            assert response.headers["Content-Type"] == "image/png"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in response.headers["Content-Security-Policy"]
        async with session.get(sandbox.url) as response:
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
