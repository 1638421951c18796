"""Client keys in the ledger's file itself, while no proxy runs: its owner lock keeps one from starting meanwhile."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bursar.cli.exits import Failed
from bursar.client_keys import ClientKeys
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.contract.commands import ChangeKey, IssueKey, KeyIssued, RotateKey
from bursar.contract.events import KeyView
from bursar.contract.places import Places
from bursar.domain.clock import SystemClock
from bursar.domain.refusals import Refusal
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable


class OfflineKeys:
    """The keys that a ledger's file holds. Every method may raise Refusal and StoreUnavailable."""

    def __init__(self, runner: asyncio.Runner, keys: ClientKeys) -> None:
        self._runner = runner
        self._keys = keys

    def keys(self) -> tuple[KeyView, ...]:
        """All of them."""
        return self._runner.run(self._keys.views())

    def issue_key(self, command: IssueKey) -> KeyIssued:
        """A new one, with its text."""
        key, text = self._runner.run(self._keys.issue_for(command))
        return KeyIssued(key.name, text)

    def change_key(self, name: str, command: ChangeKey) -> None:
        """Other limits for one."""
        self._runner.run(self._keys.change(name, command))

    def rotate_key(self, name: str, command: RotateKey) -> KeyIssued:
        """Another key under the same name."""
        key, text = self._runner.run(self._keys.rotate(name, command.grace_ms))
        return KeyIssued(key.name, text)

    def disable_key(self, name: str) -> None:
        """One that is refused until it is enabled."""
        self._runner.run(self._keys.disable(name))

    def enable_key(self, name: str) -> None:
        """One that is accepted again."""
        self._runner.run(self._keys.enable(name))

    def revoke_key(self, name: str) -> None:
        """One less."""
        self._runner.run(self._keys.revoke(name))


@contextmanager
def offline_keys(places: Places) -> Iterator[OfflineKeys]:
    """The keys in the ledger's file, which is this process's own for as long as the block lasts. Raises Failed."""
    with asyncio.Runner() as runner:
        try:
            store = runner.run(_store(places))
            try:
                keys = ClientKeys(store, SystemClock(), lambda event: None)
                runner.run(keys.load())
                yield OfflineKeys(runner, keys)
            finally:
                runner.run(store.close())
        except StoreUnavailable as error:
            raise Failed(f"{error.reason}.") from None
        except Refusal as refusal:
            raise Failed(f"{refusal.message}.") from None
        except BrokenConfig as broken:
            raise Failed("\n".join(map(str, broken.problems))) from None


async def _store(places: Places) -> SqliteStore:
    storage = load(places.config_file).storage
    database = Path(storage.path) if storage.path else places.database
    return await SqliteStore.open(database, durability=storage.durability.value)
