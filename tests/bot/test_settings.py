"""Settings, weirdness, and the words for what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from bot import __main__ as program
from bot import weirdness
from bot.config import Settings, describe, load_settings
from bot.errors import UserError
from bot.sandbox import Sandbox, SandboxSettings
from tests.bot.running import RunningBot


@pytest.mark.parametrize(
    ("text", "psi"),
    [(None, 0.85), ("", 0.85), ("tame", 0.5), (" WILD ", 1.0), ("0", 0.0), ("1.5", 1.5), ("0,8", 0.8)],
)
def test_weirdness_in_words_and_numbers(text: str | None, psi: float) -> None:
    assert weirdness.parse(text) == psi


@pytest.mark.parametrize("text", ["wilder", "-0.1", "1.51", "nan", "inf", "0x1"])
def test_weirdness_refuses_everything_else(text: str) -> None:
    with pytest.raises(UserError, match="Weirdness is tame, normal, wild"):
        weirdness.parse(text)


def test_every_key_of_the_example_is_a_setting_and_the_other_way_round() -> None:
    lines = Path(".env.example").read_text().splitlines()
    keys = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert keys == {name.upper() for name in Settings.model_fields}


def test_the_example_as_it_is_means_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert Settings(_env_file=".env.example") == Settings(_env_file=None)  # pyright: ignore[reportCallIssue]


def test_wrong_settings_are_named_and_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PORT", "99999")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    with pytest.raises(UserError) as caught:
        load_settings()
    assert "SANDBOX_PORT" in str(caught.value)
    assert "LOG_LEVEL" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_settings_are_told_at_the_start_without_what_is_secret() -> None:
    secret = {"discord_token": "very-secret", "database_url": "postgresql://ash:very-secret@host/newmon"}
    said = describe(Settings.model_validate({**secret, "queue_limit": 7}))
    assert "QUEUE_LIMIT=7" in said and "DRAIN_TIMEOUT_S=10" in said and "very-secret" not in said


async def test_a_token_that_discord_does_not_know_keeps_the_bot_from_starting(tmp_path: Path) -> None:
    stand_in = Sandbox(SandboxSettings(port=0, data_dir=tmp_path / "sandbox"))
    await stand_in.start()
    stand_in.point_discord_here()
    try:
        with pytest.raises(discord.LoginFailure):
            await RunningBot(tmp_path, discord_token="not.the.token").start()
    finally:
        await stand_in.stop()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (discord.LoginFailure("no"), "DISCORD_TOKEN"),
        (UserError("The nest is on fire."), "The nest is on fire."),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    async def fail(_settings: Settings) -> None:
        raise error

    monkeypatch.setattr(program, "run_until_signal", fail)
    with pytest.raises(SystemExit) as caught:
        program.main([])
    assert isinstance(caught.value.code, str)  # printed on stderr, exit code 1
    assert says in caught.value.code
    assert "\n" not in caught.value.code
