"""Settings, read from the environment and from `.env`; `.env.example` explains each."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import UserError
from bot.system.env_file import EnvFile, idle_variables
from bot.system.paths import path_of
from bot.system.redaction import redact
from train.protocol import PACKAGE_SOURCE

log = logging.getLogger(__name__)

ENV_FILE = Path(".env")  # in the folder that the bot is started in
SECRETS = ("discord_token", "proxy_url", "database_url")  # each may lie in a file: DISCORD_TOKEN_FILE
LARGEST_REQUEST = 9  # creatures that one command draws: /newmon count:9; a mix draws six

Ids = Annotated[frozenset[int], NoDecode]  # in the environment as numbers with commas, not as JSON
Names = Annotated[dict[str, str], NoDecode]  # name=value,name=value
FilePath = Annotated[Path, BeforeValidator(path_of)]


class Settings(BaseSettings):
    """Everything an admin can set. The names in the environment are the same, in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, allow_inf_nan=False)

    discord_token: SecretStr | None = None
    discord_token_file: FilePath | None = None
    proxy_url: SecretStr | None = None
    proxy_url_file: FilePath | None = None
    sandbox_port: int = Field(8765, ge=0, le=65535)
    sandbox_locale: Literal["en-GB", "zh-CN"] = "en-GB"
    data_dir: FilePath = Path("data")
    database_url: str | None = None
    database_url_file: FilePath | None = None
    database_timeout_s: float = Field(10, ge=1, le=600)
    database_connections: int = Field(5, ge=1, le=1000)
    checkpoint: FilePath = Path("checkpoints/newmon.safetensors")
    admin_ids: Ids = frozenset()
    admin_roles: Ids = frozenset()
    admin_servers: Ids = frozenset()
    keep_unsaved_days: int = Field(30, ge=1, le=3650)
    keep_names_days: int = Field(180, ge=2, le=3650)
    backup_dir: FilePath | None = None
    backup_daily: int = Field(7, ge=1, le=3650)
    backup_weekly: int = Field(4, ge=0, le=520)
    backup_monthly: int = Field(0, ge=0, le=120)
    backup_days: int = Field(35, ge=1, le=36_500)
    privacy_url: str | None = None
    queue_limit: int = Field(512, ge=LARGEST_REQUEST, le=100_000)
    per_user_limit: int = Field(18, ge=LARGEST_REQUEST, le=1000)
    saved_limit: int | None = Field(10_000, ge=1, le=10_000_000)
    cooldown_burst: int = Field(36, ge=LARGEST_REQUEST, le=100_000)
    cooldown_per_minute: float = Field(60, ge=0, le=100_000)
    drain_timeout_s: float = Field(10, ge=0, le=600)
    pick_best: bool = True
    shiny_odds: int = Field(512, ge=0, le=1_000_000_000)
    torch_threads: int | None = Field(None, ge=1, le=256)
    checkpoints_in_memory: int = Field(2, ge=1, le=1000)
    keep_checkpoints: int = Field(5, ge=0, le=10_000)
    retrain_kimg: float = Field(100, ge=0.1)
    retrain_max_kimg: float = Field(5000, ge=0.1)
    retrain_data: Names = Field({"sprites": PACKAGE_SOURCE}, min_length=1)
    retrain_threads: int | None = Field(None, ge=1, le=256)
    retrain_samples: int = Field(2000, ge=50, le=100_000)
    retrain_hang_minutes: float = Field(30, gt=0)
    retrain_keep_free_gb: float = Field(1, ge=0)
    retrain_keep_runs: int = Field(3, ge=1, le=1000)
    health_port: int | None = Field(None, ge=0, le=65535)
    health_host: str = "127.0.0.1"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then `.env`."""
        return init_settings, env_settings, EnvFile(settings_cls, env_file=ENV_FILE)

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What lies in a file, as container managers hand secrets over, counts as if it stood here."""
        read = dict(values)
        for name in SECRETS:
            if not (path := read.get(f"{name}_file")):
                continue
            if read.get(name):
                raise ValueError(f"{name.upper()} and {name.upper()}_FILE are both set: keep one of them")
            try:
                read[name] = path_of(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError, TypeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                raise ValueError(f"{name.upper()}_FILE cannot be read ({why})") from None
        return read

    @field_validator("discord_token", "proxy_url")
    @classmethod
    def _blank_is_none(cls, secret: SecretStr | None) -> SecretStr | None:
        return secret if secret is not None and secret.get_secret_value().strip() else None

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.strip().upper() if isinstance(level, str) else level

    @field_validator("log_format", mode="before")
    @classmethod
    def _in_small_letters(cls, form: object) -> object:
        return form.strip().lower() if isinstance(form, str) else form

    @field_validator("admin_ids", "admin_roles", "admin_servers", mode="before")
    @classmethod
    def _split(cls, ids: object) -> object:
        return ids.replace(",", " ").split() if isinstance(ids, str) else ids

    @field_validator("retrain_data", mode="before")
    @classmethod
    def _pairs(cls, text: object) -> object:
        if isinstance(text, dict):
            pairs = {str(name): str(place) for name, place in text.items()}
        elif isinstance(text, str):
            parts = [part.partition("=") for part in text.split(",") if part.strip()]
            pairs = {name.strip(): place.strip() for name, _, place in parts}
            if not all(name and place for name, place in pairs.items()):
                raise ValueError("write name=folder, with commas between several")
        else:
            return text
        return {n: place if place == PACKAGE_SOURCE else str(path_of(place)) for n, place in pairs.items()}

    @model_validator(mode="after")
    def _usual_retrain_is_allowed(self) -> Settings:
        if self.retrain_kimg > self.retrain_max_kimg:
            raise ValueError("RETRAIN_KIMG is more than RETRAIN_MAX_KIMG allows")
        return self

    @model_validator(mode="after")
    def _backups_are_kept_no_longer_than_said(self) -> Settings:
        kept = self.backup_daily, 7 * (self.backup_weekly + 1), 31 * (self.backup_monthly + 1)
        counts = 1, self.backup_weekly, self.backup_monthly
        longest = max(days for days, count in zip(kept, counts, strict=True) if count)
        if self.backup_dir is not None and longest > self.backup_days:
            raise ValueError(
                f"backups would be kept for up to {longest} days, and BACKUP_DAYS promises {self.backup_days}"
            )
        return self

    @property
    def retrain_cores(self) -> int:
        """CPU threads that a retrain computes with."""
        return self.retrain_threads or os.cpu_count() or 1

    @property
    def database(self) -> str | Path:
        """Where the collection is kept: a URL, or the path of an SQLite file."""
        return self.database_url or self.data_dir / "newmon.sqlite3"


def describe(settings: Settings) -> str:
    """What is not as in `.env.example`, in a line for the log, without what is secret."""
    changed = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value == field.get_default(call_default_factory=True):
            continue
        if isinstance(value, dict):
            value = ",".join(f"{key}={part}" for key, part in value.items())
        elif isinstance(value, frozenset):
            value = ",".join(map(str, sorted(value)))
        shown = "(set)" if name == "discord_token" else redact(_plain(value))
        changed.append(f"{name.upper()}={shown}")
    return " · ".join(changed) or "all as in .env.example"


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def load_settings() -> Settings:
    """The settings that are in force; warns of those that do nothing.

    Raises `UserError` that names each wrong one, and never shows a value: it may be secret.
    """
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue]  (filled from the environment)
    except ValidationError as error:
        faults = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())
        raise UserError(f"A setting in .env or in the environment is wrong: {faults}.") from None
    for warning in idle_variables(os.environ, [name.upper() for name in Settings.model_fields]):
        log.warning(warning)
    return settings


def _fault(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    if not place:
        return message
    return f"{'.'.join(map(str, place)).upper()}: {message[:1].lower()}{message[1:]}"
