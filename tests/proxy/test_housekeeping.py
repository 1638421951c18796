"""The running proxy looks after its ledger by itself: a backup a day, and what is too old goes."""

import asyncio
from pathlib import Path

import pytest
from fakes.running import Running, running_proxy
from fakes.samples import DAY_MS, record

from bursar.daemon import household
from bursar.ledger.audit import audit
from bursar.storage.backups import backups_of
from bursar.storage.sqlite.examine import examined


async def until_kept(proxy: Running, records: int) -> None:
    """Wait until so many records are left and there is a backup."""
    async with asyncio.timeout(60):
        while True:
            rows = (await proxy.daemon.statement.history(limit=100)).rows
            made = await asyncio.to_thread(backups_of, proxy.places.database)
            if len(rows) == records and made:
                return
            await asyncio.sleep(0.02)


async def test_old_records_go_and_a_backup_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(household, "KEEP_HOUSE_S", 0.05)
    async with running_proxy(tmp_path, "[retention]\nmonths = 1\n") as proxy:
        await proxy.chat()
        [row] = await proxy.records()
        old = record("old", 5, at_ms=row.at_ms - 40 * DAY_MS, model="old-model")
        await proxy.daemon.store.submit(lambda transaction: transaction.add_record(old))
        for _ in range(3):
            await proxy.chat()
        await proxy.settled()
        await until_kept(proxy, 4)
        spend = await proxy.daemon.statement.spend("model", 0)
        assert {row.label: row.requests for row in spend.rows} == {"old-model": 1, "practice-small": 4}
        [backup] = await asyncio.to_thread(backups_of, proxy.places.database)
        assert await asyncio.to_thread(examined, backup, audit) == ()
