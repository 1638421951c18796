"""Kept calibrations: what was learned of how vendors count, told and kept in the store now and then, and at the end."""

import asyncio
import logging
from contextlib import suppress

import msgspec

from bursar.contract.events import Calibrated, Publish
from bursar.domain.calibration import Calibration
from bursar.domain.clock import Clock
from bursar.metering.calibrations import Calibrations, Pairs
from bursar.storage.store import Store, StoreUnavailable

_log = logging.getLogger(__name__)

KEEP_S = 30.0
"""How often: no call waits for it, and what a crash takes along is learned again."""

_FACT = "calibrations"
_PATIENCE_S = 5.0


class KeptCalibrations:
    """`calibrations` are what is learned from; `restore` first has them as they were."""

    def __init__(self, store: Store, publish: Publish, clock: Clock) -> None:
        self._store = store
        self._publish = publish
        self._clock = clock
        self._unkept = False
        self.calibrations = Calibrations()

    async def restore(self) -> None:
        """Know again, and tell, what earlier runs have learned. Raises StoreUnavailable."""
        text = await self._store.submit(lambda transaction: transaction.fact(_FACT))
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            # What another version wrote is not worth a failed start: it is learned again.
            self.calibrations = Calibrations(msgspec.json.decode(text or "[]", type=list[Pairs]))
        for calibration in self.calibrations.all():
            self._publish(Calibrated(self._clock.now_ms(), calibration))

    async def run(self) -> None:
        """Tell and keep what is new; until cancelled."""
        while True:
            await asyncio.sleep(KEEP_S)
            for calibration in self._take_fresh():
                self._publish(Calibrated(self._clock.now_ms(), calibration))
            await self._keep()

    async def close(self) -> None:
        """Keep what is new, once no call runs any more."""
        self._take_fresh()
        await self._keep()

    def _take_fresh(self) -> tuple[Calibration, ...]:
        fresh = self.calibrations.take_fresh()
        self._unkept = self._unkept or bool(fresh)
        return fresh

    async def _keep(self) -> None:
        if not self._unkept:
            return
        text = msgspec.json.encode(self.calibrations.pairs()).decode()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.submit(lambda transaction: transaction.put_fact(_FACT, text))
        except (StoreUnavailable, TimeoutError) as error:
            _log.warning("what was learned of counting could not be kept, and will be later: %s", error)
        else:
            self._unkept = False
