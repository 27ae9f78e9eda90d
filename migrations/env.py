"""Alembic's way in: called by bot.store.migrate at start, or by the `alembic` command of a developer."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from bot.store.address import parse_target
from bot.store.migrate import in_transaction
from bot.store.models import Base, UtcDateTime


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
    )
    context.run_migrations()  # inside the transaction of whoever made the connection


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Migrations stand by themselves: they must not change when the models do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def main() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        run(connection)
        return
    target = context.get_x_argument(as_dictionary=True).get("db")
    if not isinstance(target, str):
        raise SystemExit("Say which database: alembic -c migrations/alembic.ini -x db=FILE …")
    in_transaction(parse_target(target), run)


main()
