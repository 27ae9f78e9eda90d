"""Settings, read from the environment and from `.env`; `.env.example` explains each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import UserError

Ids = Annotated[frozenset[int], NoDecode]  # in the environment as numbers with commas, not as JSON
Names = Annotated[dict[str, str], NoDecode]  # name=value,name=value


class Settings(BaseSettings):
    """Everything an admin can set. The names in the environment are the same, in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    discord_token: SecretStr | None = None
    sandbox_port: int = Field(8765, ge=0, le=65535)
    data_dir: Path = Path("data")
    database_url: str | None = None
    checkpoint: Path = Path("checkpoints/newmon.safetensors")
    admin_ids: Ids = frozenset()
    admin_roles: Ids = frozenset()
    admin_servers: Ids = frozenset()
    keep_unsaved_days: int = Field(30, ge=1, le=3650)
    queue_limit: int = Field(512, ge=1, le=100_000)
    per_user_limit: int = Field(18, ge=9, le=1000)
    cooldown_burst: int = Field(36, ge=9, le=100_000)
    cooldown_per_minute: float = Field(60, ge=0, le=100_000)
    drain_timeout_s: float = Field(10, ge=0, le=600)
    torch_threads: int | None = Field(None, ge=1, le=256)
    checkpoints_in_memory: int = Field(2, ge=1, le=1000)
    keep_checkpoints: int = Field(5, ge=0, le=10_000)
    retrain_kimg: float = Field(100, ge=0.1)
    retrain_max_kimg: float = Field(5000, ge=0.1)
    retrain_data: Names = Field({"sprites": "pokeapi"}, min_length=1)
    retrain_threads: int | None = Field(None, ge=1, le=256)
    retrain_samples: int = Field(2000, ge=50, le=100_000)
    retrain_hang_minutes: float = Field(30, gt=0)
    retrain_keep_free_gb: float = Field(1, ge=0)
    retrain_keep_runs: int = Field(3, ge=1, le=1000)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("discord_token")
    @classmethod
    def _blank_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token if token is not None and token.get_secret_value().strip() else None

    @field_validator("admin_ids", "admin_roles", "admin_servers", mode="before")
    @classmethod
    def _split(cls, ids: object) -> object:
        return ids.replace(",", " ").split() if isinstance(ids, str) else ids

    @field_validator("retrain_data", mode="before")
    @classmethod
    def _pairs(cls, text: object) -> object:
        if not isinstance(text, str):
            return text
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        if not all(name.strip() and value.strip() for name, _, value in pairs):
            raise ValueError("write name=folder, with commas between several")
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def retrain_cores(self) -> int:
        """CPU threads that a retrain computes with."""
        return self.retrain_threads or os.cpu_count() or 1

    @property
    def database(self) -> str | Path:
        """Where the collection is kept: a URL, or the path of an SQLite file."""
        return self.database_url or self.data_dir / "newmon.sqlite3"


def describe(settings: Settings) -> str:
    """All settings in a line, for the log. Without the database's address, which may hold a password."""
    values = settings.model_dump(exclude={"database_url"})  # the token shows itself as asterisks
    return " · ".join(f"{name.upper()}={value}" for name, value in values.items())


def load_settings() -> Settings:
    """Raises `UserError` that names each wrong setting, and never shows a value: it may be secret."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]  (filled from the environment)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg'].lower()}" for fault in error.errors()
        )
        raise UserError(f"A setting in .env or in the environment is wrong: {faults}.") from None
