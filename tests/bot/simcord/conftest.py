"""One bot on simcord for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from simcord import interactions

from tests.bot.simcord.stage import SimcordStage, on_simcord, tell_who_installed


@pytest.fixture(scope="module")
def as_discord_says() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interactions, "base_payload", tell_who_installed(interactions.base_payload))
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, as_discord_says: None
) -> AsyncIterator[SimcordStage]:
    async with on_simcord(tmp_path_factory.mktemp("simcord")) as stage:
        yield stage
