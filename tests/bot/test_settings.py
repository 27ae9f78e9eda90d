"""Settings, weirdness, and the words for what is wrong with them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path

import discord
import pytest

from bot import __main__ as program
from bot import config
from bot.config import LARGEST_REQUEST, Settings, describe, load_settings
from bot.core import weirdness
from bot.errors import UserError
from bot.features.hatching import COUNTS
from bot.features.mixing.children import CHILDREN
from bot.store import StoreError
from bot.store.address import describe as describe_database
from bot.store.address import parse_target
from bot.system.redaction import RedactingFormatter, redact
from sandbox import Sandbox, SandboxSettings
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


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Settings]:
    """What the settings are with this in `.env`, and nothing in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(config, "ENV_FILE", tmp_path / ".env")

    def read(text: str | bytes) -> Settings:
        (tmp_path / ".env").write_bytes(text.encode() if isinstance(text, str) else text)
        return load_settings()

    return read


def test_the_example_as_it_is_means_the_defaults(
    written: Callable[[str | bytes], Settings], caplog: pytest.LogCaptureFixture
) -> None:
    settings = written(Path(".env.example").read_bytes())
    assert settings == Settings.model_validate({}) and not caplog.records
    assert describe(settings) == "all as in .env.example"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le+mark", "utf-16-be+mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_may_be_saved_as_editors_do(
    written: Callable[[str | bytes], Settings], encoding: str, end: str
) -> None:
    text = end.join(["# für alle", "QUEUE_LIMIT=77", 'DATA_DIR="/srv/Pokémon"', ""])
    codec, _, mark = encoding.partition("+")
    settings = written((("\ufeff" if mark else "") + text).encode(codec))
    assert (settings.queue_limit, settings.data_dir) == (77, Path("/srv/Pokémon"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"QUEUE_LIMIT=77\n# f\xfcr\n", "Line 2 of .* has a character that is not in UTF-8"),
        (b"\x00\x01\x02", "not a text in UTF-8"),
        ("QUEUE_LIMIT=77".encode("utf-16-le"), "not a text in UTF-8"),
        ("QUEUE_LIMIT=77".encode("utf-32"), "not a text in UTF-8"),
        (b"\xff\xfeQ", "not in UTF-8"),
        (bytes(range(256)), "not in UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_a_sentence(
    written: Callable[[str | bytes], Settings], data: bytes, says: str
) -> None:
    with pytest.raises(UserError, match=says) as caught:
        written(data)
    assert "save the file in UTF-8" in str(caught.value)


def test_what_is_no_setting_is_named_with_the_nearest_one(
    written: Callable[[str | bytes], Settings],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHECKPOINTS_IN_MEMROY", "3")
    monkeypatch.setenv("NOTHING_LIKE_A_SETTING", "hush")
    lines = [
        "ADMIN_ID=123",
        "export LOGLEVEL=hush",
        "!! hush",
        "COLOUR=hush",
        "HTTPS_PROXY=hush",
        "LOG_LEVEL=",
    ]
    written("\n".join([*lines, "ADMIN_BY_PERMISSION=true", "admin_roles=5"]))
    warned = [record.getMessage() for record in caplog.records]
    for number, says in [
        (1, "ADMIN_ID is not a setting and does nothing: did you mean ADMIN_IDS?"),
        (2, "did you mean LOG_LEVEL?"),
        (3, "is left out, because it is not NAME=value"),
        (4, "COLOUR is not a setting and does nothing: .env.example lists all of them."),
        (5, "PROXY_URL"),
        (7, "ADMIN_SERVERS"),
    ]:
        assert any(line.startswith(f"Line {number} of ") and says in line for line in warned), says
    assert "In the environment: CHECKPOINTS_IN_MEMROY" in warned[-1]
    assert len(warned) == 7 and "hush" not in caplog.text


def test_every_path_is_read_alike(
    written: Callable[[str | bytes], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = written("DATA_DIR=~/nm\nCHECKPOINT=~/c.safetensors\nRETRAIN_DATA=mine=~/art,sprites=pokeapi")
    assert settings.data_dir == tmp_path / "nm" and settings.checkpoint == tmp_path / "c.safetensors"
    assert settings.database == tmp_path / "nm" / "newmon.sqlite3"
    assert settings.retrain_data == {"mine": str(tmp_path / "art"), "sprites": "pokeapi"}
    assert settings == Settings.model_validate(settings.model_dump())
    with pytest.raises(UserError, match="DATA_DIR: ~nobody-of-this-name is nobody's home folder"):
        written("DATA_DIR=~nobody-of-this-name/nm")


@pytest.mark.parametrize("address", ["~/x.db", "sqlite:///~/x.db", "sqlite+aiosqlite:///~/x.db"])
def test_the_database_s_path_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_target(address).database == str(tmp_path / "x.db")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("QUEUE_LIMIT=1", "QUEUE_LIMIT: input should be greater than or equal to 9"),
        ("PER_USER_LIMIT=8", "PER_USER_LIMIT"),
        ("COOLDOWN_BURST=8", "COOLDOWN_BURST"),
        ("RETRAIN_KIMG=6000", "RETRAIN_KIMG is more than RETRAIN_MAX_KIMG allows"),
        ("RETRAIN_KIMG=nan", "RETRAIN_KIMG"),
        ("DRAIN_TIMEOUT_S=inf", "DRAIN_TIMEOUT_S"),
        ("LOG_LEVEL=loud", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("ADMIN_IDS=ash", "ADMIN_IDS"),
        ("RETRAIN_DATA=pictures", "write name=folder"),
    ],
)
def test_settings_that_nobody_could_be_served_with_are_refused(
    written: Callable[[str | bytes], Settings], line: str, says: str
) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        written(line)


def test_the_least_that_is_allowed_serves_the_largest_request() -> None:
    assert max(COUNTS) == LARGEST_REQUEST and len(CHILDREN) <= LARGEST_REQUEST


@pytest.mark.parametrize("level", ["debug", " Info", "WARNING", "error"])
def test_the_log_s_level_in_any_case(written: Callable[[str | bytes], Settings], level: str) -> None:
    assert written(f"LOG_LEVEL={level}").log_level == level.strip().upper()


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
    secret = {"discord_token": "very-secret", "proxy_url": "ash:very-secret@proxy:3128"}
    for address in ADDRESSES:
        said = describe(Settings.model_validate({**secret, "database_url": address, "queue_limit": 77}))
        assert "QUEUE_LIMIT=77" in said and "DISCORD_TOKEN=(set)" in said and "PROXY_URL=…@proxy:3128" in said
        assert "very-secret" not in said and "DRAIN_TIMEOUT_S" not in said  # that is as in the example


ADDRESSES = [
    "postgresql://ash:very-secret@host/newmon",
    "postgres://very-secret@host:5432/newmon",
    "postgresql+asyncpg://ash:very-secret/h:t@host/newmon?sslmode=require",
    "postgresql://host/newmon?user=ash&password=very-secret",
    "POSTGRESQL://host/newmon?PassWord=very-secret",
    "ash:very-secret@host/newmon",
    "host=db user=ash Password='very-secret, indeed' dbname=newmon",
]
MESSAGES = [
    *(f"cannot connect to {address}" for address in ADDRESSES),
    "{'Authorization': 'Bot very-secret'}",
    "authorization: Bearer very-secret",
    'Proxy-Authorization="Basic very-secret"',
    "DISCORD_TOKEN=very-secret",
    "discord_token = very-secret",
    'pgpassword="very-secret indeed"',
    '{"api_key": "very-secret"}',
    "https://discord.com/api/v10/webhooks/123/very-secret/messages/@original",
    "https://discord.com/api/v10/interactions/123/very-secret/callback",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.very-secret-very-secret-very-secret",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_no_form_of_a_secret_reaches_the_log(message: str) -> None:
    try:
        raise ValueError(message)
    except ValueError:
        record = logging.LogRecord("bot", logging.ERROR, __file__, 1, "%s", (message,), sys.exc_info())
    shown = RedactingFormatter("%(message)s").format(record)
    assert "Traceback" in shown and "very-secret" not in shown.replace("test_no_form", "")


@pytest.mark.parametrize(
    "message",
    [
        "GET https://discord.com/api/v10/users/@me responded with 401",
        "Sandbox at http://127.0.0.1:8765",
        "Discord does not accept the token. Put the bot's current token in .env as DISCORD_TOKEN.",
        "DISCORD_TOKEN: input should be a valid string",
        "The file /srv/a@b/newmon.sqlite3 is not a newmon database",
        "It is 10:30, and <@123> waits",
    ],
)
def test_what_is_not_secret_stays(message: str) -> None:
    assert redact(message) == message


@pytest.mark.parametrize("address", ADDRESSES[:5])
def test_a_database_s_address_is_shown_without_what_is_secret(address: str) -> None:
    url = parse_target(address)
    assert "very-secret" not in describe_database(url) and "host" in describe_database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_any_name_for_postgresql_will_do(scheme: str) -> None:
    for parameter in ("sslmode=require", "ssl=require", "ssl=true"):
        url = parse_target(f"{scheme}://ash:hush@host/newmon?{parameter}")
        assert (url.drivername, dict(url.query)) == ("postgresql+asyncpg", {"sslmode": "require"})


@pytest.mark.parametrize(
    "address", ["mysql://ash:hush@host/newmon", "nonsense://host", "https://host/newmon"]
)
def test_another_kind_of_database_is_refused_with_those_that_will_do(address: str) -> None:
    with pytest.raises(
        StoreError, match="SQLite or PostgreSQL: write a file name or postgresql://"
    ) as caught:
        parse_target(address)
    assert "hush" not in str(caught.value)


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
        (OSError(13, "Permission denied", "/srv/data"), "/srv/data: Permission denied"),
        (UserError("postgresql://ash:hush@host/x is gone."), "postgresql://…@host/x is gone."),
        (ZeroDivisionError("hush"), "Something went wrong that nobody foresaw (error "),
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
    assert says in caught.value.code and "hush" not in caught.value.code
    assert "\n" not in caught.value.code


# -- secrets in files


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DISCORD_TOKEN": "abc.def", "DATABASE_URL": "postgresql://u:p@h/newmon"}.items():
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "abc.def"
    assert settings.database_url == "postgresql://u:p@h/newmon"
    assert "abc" not in describe(settings) and "u:p" not in describe(settings)


def test_a_secret_file_that_cannot_be_read_or_stands_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(UserError, match="DISCORD_TOKEN_FILE cannot be read \\(No such file or directory\\)"):
        load_settings()
    (tmp_path / "none").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="DISCORD_TOKEN_FILE cannot be read \\(it is no text\\)"):
        load_settings()
    monkeypatch.setenv("DISCORD_TOKEN", "abc")
    with pytest.raises(UserError, match="DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set"):
        load_settings()
