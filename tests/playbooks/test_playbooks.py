"""Every playbook of this folder, on every store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playbooks.playbook import Stage

from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store

PLAYBOOKS = {path.stem: path.read_text() for path in sorted(Path(__file__).parent.glob("*.playbook"))}


@pytest.fixture(params=["memory", "sqlite"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async def reopened(store: Store | None) -> Store:
        if store is not None:
            await store.close()
        return await SqliteStore.open(tmp_path / "ledger.sqlite3")

    async def remembered(store: Store | None) -> Store:
        return MemoryStore() if store is None else store

    reopen: Callable[[Store | None], Awaitable[Store]] = remembered if request.param == "memory" else reopened
    stage = Stage(reopen, ZoneInfo("UTC"))
    await stage.start()
    yield stage
    if stage.store is not None:
        await stage.store.close()


@pytest.mark.parametrize("name", PLAYBOOKS)
async def test_playbook(stage: Stage, name: str) -> None:
    await stage.play(PLAYBOOKS[name])
