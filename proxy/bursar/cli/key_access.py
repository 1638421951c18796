"""Client keys as the commands reach them: through the running proxy, else in the ledger's file itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from bursar.cli.exits import Failed
from bursar.cli.running import asking
from bursar.contract.codec import Mismatch
from bursar.contract.commands import ChangeKey, IssueKey, KeyIssued, RotateKey, SpendRow
from bursar.contract.events import KeyView
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.way_in import NoAnswer, NotRunning, Refused

SPENT_DAYS = 30


class KeyAccess(Protocol):
    """What is done with client keys."""

    def keys(self) -> tuple[KeyView, ...]:
        """All of them."""

    def issue_key(self, command: IssueKey) -> KeyIssued:
        """A new one, with its text."""

    def change_key(self, name: str, command: ChangeKey) -> None:
        """Other limits for one."""

    def rotate_key(self, name: str, command: RotateKey) -> KeyIssued:
        """Another key under the same name, with its text."""

    def disable_key(self, name: str) -> None:
        """One that is refused until it is enabled."""

    def enable_key(self, name: str) -> None:
        """One that is accepted again."""

    def revoke_key(self, name: str) -> None:
        """One less."""


@contextmanager
def key_access(places: Places) -> Iterator[KeyAccess]:
    """The keys of this installation for as long as the block lasts. Raises Failed."""
    if _runs(places):
        with asking(places) as proxy:
            yield proxy
        return
    from bursar.cli.offline_keys import offline_keys

    with offline_keys(places) as keys:
        yield keys


def spent_by(access: KeyAccess, name: str) -> SpendRow | None:
    """What a key has used in the last `SPENT_DAYS` days; None where no proxy runs that adds it up."""
    if not isinstance(access, Questions):
        return None
    since_ms = time.time_ns() // 1_000_000 - SPENT_DAYS * 86_400_000
    return access.spend("key", since_ms, only=f"key={name}").total


def _runs(places: Places) -> bool:
    try:
        Questions(places).status()
    except NoAnswer as error:
        raise Failed(f"{error}.") from None
    except NotRunning:
        return False
    except (Refused, Mismatch):
        return True
    return True
