"""The household: once a day a copy of the ledger, and what is too old to be kept goes, content of calls included."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bursar.config.schema import RetentionSettings
from bursar.content.keeper import Keeper
from bursar.domain.clock import Clock
from bursar.ledger.retention import retire
from bursar.storage.backups import back_up_daily
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable

_log = logging.getLogger(__name__)

KEEP_HOUSE_S = 60.0
"""How often it is looked whether a backup is due or records are too old."""


async def keep_house(
    store: SqliteStore,
    database: Path,
    clock: Clock,
    zone: ZoneInfo,
    settings: Callable[[], RetentionSettings],
    keeper: Keeper,
) -> None:
    """Back the ledger up once a day, then roll up what is too old and give its space back; until cancelled.

    Content of calls whose time has come is deleted at once, also after a long sleep.
    """
    while True:
        await keeper.tidy()
        await asyncio.sleep(KEEP_HOUSE_S)
        today = datetime.fromtimestamp(clock.now_ms() / 1000, zone).date()
        try:
            await back_up_daily(database, today, settings().backups, store.back_up)
            await retire(store, clock, zone, settings().months)
        except (OSError, StoreUnavailable) as error:
            _log.warning("the ledger could not be backed up or tidied, and will be later: %s", error)
