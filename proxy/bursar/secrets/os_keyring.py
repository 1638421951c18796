"""The OS keyring: only real ones, asked in a thread, one question at a time, and not waited for for long.

A keyring may show a prompt and wait for ever (a locked Secret Service), be none at all (`fail`,
`null`), or keep its secrets in a plain file (`keyrings.alt`); the library picks those without a word.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bursar.contract.shown import shown
from bursar.secrets import secret_service
from bursar.secrets.secret import OutOfReach, SecretUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "bursar"
"""The name under which our items stand in the keyring."""

REAL: frozenset[str] = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.macOS.Keyring",
    }
)
"""The back ends that keep a secret from other users and from whoever copies the disk."""

_CHAIN = "keyring.backends.chainer.ChainerBackend"
_NONE = "keyring.backends.fail."

WAY_OUT = (
    'A key may also be kept elsewhere: secret = "sealed:NAME" (a file that a passphrase opens), secret = "env:NAME" '
    '(a variable) or secret = "file:PATH" (a file that only you may read).'
)


def preferred() -> "KeyringBackend":
    """The back end that the keyring library would use on this machine now."""
    import keyring  # costs 20 ms that a proxy without keyring secrets need not spend
    from keyring import core
    from keyring.backend import KeyringBackend, by_priority

    found = keyring.get_keyring()
    if _class_of(found).startswith(_NONE) and core.load_env() is None and core.load_config() is None:
        # The library looks once; a keyring that came with the desktop, after us, is there all the same.
        kinds = [kind for kind in KeyringBackend.get_viable_backends() if f"{kind.__module__}.{kind.__name__}" in REAL]
        if kinds:
            keyring.set_keyring(max((kind() for kind in kinds), key=by_priority))
    return keyring.get_keyring()


class OsKeyring:
    """Named items in this user's keyring. Its methods raise SecretUnavailable; OutOfReach where it may answer later.

    What was asked for and came only after `limit_s` is kept for the next `get`, and `came_late` is told.
    """

    def __init__(
        self,
        find: Callable[[], "KeyringBackend"] = preferred,
        *,
        accepted: frozenset[str] = REAL,
        limit_s: float = 3.0,
    ) -> None:
        self._find = find
        self._accepted = accepted
        self._limit_s = limit_s
        self.came_late: Callable[[], None] = lambda: None
        self._line = asyncio.Lock()
        self._asked: dict[str, asyncio.Task[str | None]] = {}
        self._given_up: set[asyncio.Task[str | None]] = set()
        self._late: dict[str, str | None] = {}

    async def backend(self) -> str:
        """The back end in use, as `bursar doctor` shows it."""
        return await self._in_time(self._turn(_class_of))

    async def get(self, name: str) -> str | None:
        """What the item `name` holds; None where there is no such item."""
        if name in self._late:
            return self._late.pop(name)
        task = self._asked.get(name)
        if task is None:
            turn = self._turn(lambda backend: backend.get_password(SERVICE, name))
            task = asyncio.create_task(turn)  # noqa: TID251 - kept until it is done, which may be long after we asked
            self._asked[name] = task
            task.add_done_callback(partial(self._came, name))
        try:
            return await self._in_time(asyncio.shield(task))
        except OutOfReach:
            if not task.done():
                self._given_up.add(task)
            raise

    async def put(self, name: str, text: str) -> None:
        """Keep `text` as the item `name`, and read it back: some back ends accept and forget."""

        def keep(backend: "KeyringBackend") -> bool:
            backend.set_password(SERVICE, name, text)
            return backend.get_password(SERVICE, name) == text

        if not await self._in_time(self._turn(keep)):
            raise SecretUnavailable(f"The keyring took the secret and did not keep it. {WAY_OUT}")
        self._late.pop(name, None)

    async def forget(self, name: str) -> None:
        """Remove the item `name`, if there is one."""

        def remove(backend: "KeyringBackend") -> None:
            if backend.get_password(SERVICE, name) is not None:
                backend.delete_password(SERVICE, name)

        await self._in_time(self._turn(remove))
        self._late.pop(name, None)

    async def within_reach(self, name: str) -> bool:
        """Whether the item `name` can be had now without anybody being asked; no prompt comes of this question."""
        there = await secret_service.item_is_open(SERVICE, name)
        if there and self._line.locked():
            # A question from before is still waiting for a prompt that nobody needs to answer any more.
            self._line = asyncio.Lock()
            self._given_up.update(self._asked.values())
            self._asked.clear()
        return there

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._limit_s):
                return await answer
        except TimeoutError:
            raise OutOfReach(
                f"The keyring did not answer within {self._limit_s:g} s; it may be locked and waiting for its "
                f"password. Unlock it and repeat. {WAY_OUT}"
            ) from None

    def _came(self, name: str, task: "asyncio.Task[str | None]") -> None:
        """An answer has come, or will not come any more."""
        if self._asked.get(name) is task:
            del self._asked[name]
        late = task in self._given_up
        self._given_up.discard(task)
        if not task.cancelled() and task.exception() is None and late:
            self._late[name] = task.result()
            self.came_late()

    async def _turn(self, work: Callable[["KeyringBackend"], T]) -> T:
        """Do the work when it is our turn: a locked keyring would show a prompt for each question at once."""
        async with self._line:
            return await self._in_thread(work)

    async def _in_thread(self, work: Callable[["KeyringBackend"], T]) -> T:
        """Do the work in a thread of its own.

        It is a daemon, so that a keyring that never answers cannot keep the process from ending.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work(_real(self._find(), self._accepted))
            except SecretUnavailable as error:
                deliver(done.set_exception, error)
            except Exception as error:  # back ends raise anything; none of it may be lost or shown
                deliver(done.set_exception, _unavailable(error))
            else:
                deliver(done.set_result, result)

        def deliver(end: Callable[..., None], value: object) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(lambda: None if done.done() else end(value))

        threading.Thread(target=run, name="keyring", daemon=True).start()
        return await done


def _real(backend: "KeyringBackend", accepted: frozenset[str]) -> "KeyringBackend":
    """The back end, where it is a real one; of a chain the first real one, so that no other is ever asked."""
    name = _class_of(backend)
    members = list(getattr(backend, "backends", ())) if name == _CHAIN else [backend]
    real = next((each for each in members if _class_of(each) in accepted), None)
    if real is None:
        kind = OutOfReach if name.startswith(_NONE) else SecretUnavailable
        raise kind(f"{_refused(name)} {WAY_OUT}")
    return real


def _refused(name: str) -> str:
    if name.startswith(_NONE):
        return "This machine has no keyring, or none that can be reached from here."
    if name.startswith("keyring.backends.null."):
        return "The keyring in use here forgets whatever it is given."
    if name.startswith("keyrings.alt."):
        return "The keyring in use here (keyrings.alt) keeps secrets as plain text."
    if name.startswith("keyrings.cryptfile"):
        return (
            "The keyring in use here (keyrings.cryptfile) asks for its password where a service has nobody to answer."
        )
    return f"The keyring in use here ({shown(name)}) is none that is known to keep secrets safe."


def _unavailable(error: Exception) -> SecretUnavailable:
    """What a back end's error means. Its own text is left out: it may quote what was to be kept."""
    match type(error).__name__:
        case "NoKeyringError":
            return OutOfReach(f"This machine has no keyring. {WAY_OUT}")
        case "KeyringLocked":
            return OutOfReach(f"The keyring is locked. Unlock it and repeat. {WAY_OUT}")
        case name:
            return OutOfReach(f"The keyring cannot be used ({name}). {WAY_OUT}")


def _class_of(backend: "KeyringBackend") -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"
