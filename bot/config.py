"""Settings, read from the environment and from `.env`; `.env.example` explains each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import UserError


class Settings(BaseSettings):
    """Everything an admin can set. The names in the environment are the same, in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    discord_token: SecretStr | None = None
    sandbox_port: int = Field(8765, ge=0, le=65535)
    data_dir: Path = Path("data")
    database_url: str | None = None
    checkpoint: Path = Path("checkpoints/newmon.safetensors")
    keep_unsaved_days: int = Field(30, ge=1, le=3650)
    queue_limit: int = Field(512, ge=1, le=100_000)
    per_user_limit: int = Field(18, ge=9, le=1000)
    torch_threads: int | None = Field(None, ge=1, le=256)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("discord_token")
    @classmethod
    def _blank_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token if token is not None and token.get_secret_value().strip() else None

    @property
    def database(self) -> str | Path:
        """Where the collection is kept: a URL, or the path of an SQLite file."""
        return self.database_url or self.data_dir / "newmon.sqlite3"


def load_settings() -> Settings:
    """Raises `UserError` that names each wrong setting, and never shows a value: it may be secret."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]  (filled from the environment)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg'].lower()}" for fault in error.errors()
        )
        raise UserError(f"A setting in .env or in the environment is wrong: {faults}.") from None
