"""W+ may be packed. Rows that are there already stay as they are."""

from __future__ import annotations

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

creatures = sa.table(
    "creatures",
    sa.column("id", sa.BigInteger),
    sa.column("layers", sa.Integer),
    sa.column("w_plus", sa.LargeBinary),
    sa.column("w_form", sa.Integer),
)


def upgrade() -> None:
    # Added at the end of the table, with a constant: no row is rewritten.
    op.add_column("creatures", sa.Column("w_form", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    connection = op.get_bind()
    ids = list(connection.scalars(sa.select(creatures.c.id).where(creatures.c.w_form == 1)))
    for row_id in ids:
        here = creatures.c.id == row_id
        layers, packed = connection.execute(
            sa.select(creatures.c.layers, creatures.c.w_plus).where(here)
        ).one()
        connection.execute(creatures.update().where(here).values(w_plus=unpack(packed, layers)))
    op.drop_column("creatures", "w_form")


def unpack(packed: bytes, layers: int) -> bytes:
    """float32 [layers, w_dim], of: which of the different w each layer has, and these w byte by byte."""
    data = zlib.decompress(packed)
    which = [int.from_bytes(data[2 * i : 2 * i + 2], "little") for i in range(layers)]
    planes = data[2 * layers :]
    count = len(planes) // 4
    numbers = bytearray(4 * count)
    for plane in range(4):
        numbers[plane::4] = planes[plane * count : (plane + 1) * count]
    size = len(numbers) // (max(which) + 1)
    return b"".join(bytes(numbers[one * size : (one + 1) * size]) for one in which)
