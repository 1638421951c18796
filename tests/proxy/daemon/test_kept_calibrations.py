"""What was learned of counting is told and kept by the clock; neither nonsense in the store nor its end stops that."""

import asyncio

import pytest

from bursar.contract.events import Calibrated, Event
from bursar.daemon import kept_calibrations
from bursar.daemon.kept_calibrations import KeptCalibrations
from bursar.domain.clock import SystemClock
from bursar.domain.usage import Usage
from bursar.metering.calibrations import LEAST_PAIRS
from bursar.metering.count import Prompt
from bursar.metering.families import family_of
from bursar.storage.memory import MemoryStore

FAMILY = family_of("llama-3")


class Kept(KeptCalibrations):
    """One whose events are `told`."""

    def __init__(self, store: MemoryStore) -> None:
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        super().__init__(store, self.told.put_nowait, SystemClock())

    def learn(self, calls: int = LEAST_PAIRS) -> None:
        for _ in range(calls):
            self.calibrations.learn("main", FAMILY, Prompt(1_000, 0), None, Usage(1_300, 10))


async def restored(store: MemoryStore) -> Kept:
    kept = Kept(store)
    await kept.restore()
    return kept


async def test_it_is_told_and_kept_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_calibrations, "KEEP_S", 0.001)
    store = MemoryStore()
    kept = await restored(store)
    kept.learn()
    running = asyncio.create_task(kept.run())  # noqa: TID251 - ended below
    told = await asyncio.wait_for(kept.told.get(), 10)
    assert isinstance(told, Calibrated)
    assert told.calibration == kept.calibrations.of("main", FAMILY)
    kept.learn(1)
    # What was told before is kept by the time at which more is told.
    await asyncio.wait_for(kept.told.get(), 10)
    running.cancel()
    again = (await restored(store)).told.get_nowait()
    assert isinstance(again, Calibrated)
    assert again.calibration.prompt.counted == told.calibration.prompt.counted == 1_300


async def test_what_is_learned_last_is_kept_at_the_end() -> None:
    store = MemoryStore()
    kept = await restored(store)
    kept.learn()
    await kept.close()
    assert (await restored(store)).calibrations.pairs() == kept.calibrations.pairs()


@pytest.mark.parametrize("text", ["", "nonsense", "{}", '[{"upstream": 1}]', '[{"upstream": "main"}]'])
async def test_what_cannot_be_read_is_learned_again(text: str) -> None:
    store = MemoryStore()
    await store.submit(lambda transaction: transaction.put_fact("calibrations", text))
    kept = await restored(store)
    assert kept.calibrations.all() == ()
    kept.learn()
    assert kept.calibrations.of("main", FAMILY).prompt.counted == 1_300


async def test_a_store_that_takes_nothing_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    kept = await restored(store)
    await kept.close()
    assert not caplog.records, "nothing is new, so nothing is kept"
    kept.learn()
    await store.close()
    await kept.close()
    await kept.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
