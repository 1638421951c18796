"""The OS keyring: only real ones, asked in a thread and not for longer than a few seconds.

A keyring may show a prompt and wait for ever (a locked Secret Service), be none at all (`fail`,
`null`), or keep its secrets in a plain file (`keyrings.alt`); the library picks those without a word.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bursar.contract.shown import shown
from bursar.secrets.secret import SecretUnavailable

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

WAY_OUT = (
    'Name the key in the configuration by secret = "env:NAME" (a variable) or secret = "file:PATH" '
    "(a file that only you may read) instead."
)


def preferred() -> "KeyringBackend":
    """The back end that the keyring library would use on this machine."""
    import keyring  # costs 20 ms that a proxy without keyring secrets need not spend

    return keyring.get_keyring()


class OsKeyring:
    """Named items in this user's keyring. All of its methods raise SecretUnavailable."""

    def __init__(
        self,
        find: Callable[[], "KeyringBackend"] = preferred,
        *,
        accepted: frozenset[str] = REAL,
        limit_s: float = 5.0,
    ) -> None:
        self._find = find
        self._accepted = accepted
        self._limit_s = limit_s

    async def backend(self) -> str:
        """The back end in use, as `bursar doctor` shows it."""
        return await self._ask(_class_of)

    async def get(self, name: str) -> str | None:
        """What the item `name` holds; None where there is no such item."""
        return await self._ask(lambda backend: backend.get_password(SERVICE, name))

    async def put(self, name: str, text: str) -> None:
        """Keep `text` as the item `name`, and read it back: some back ends accept and forget."""

        def keep(backend: "KeyringBackend") -> bool:
            backend.set_password(SERVICE, name, text)
            return backend.get_password(SERVICE, name) == text

        if not await self._ask(keep):
            raise SecretUnavailable(f"The keyring took the secret and did not keep it. {WAY_OUT}")

    async def forget(self, name: str) -> None:
        """Remove the item `name`, if there is one."""

        def remove(backend: "KeyringBackend") -> None:
            if backend.get_password(SERVICE, name) is not None:
                backend.delete_password(SERVICE, name)

        await self._ask(remove)

    async def _ask(self, work: Callable[["KeyringBackend"], T]) -> T:
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
                deliver(done.set_exception, SecretUnavailable(_sentence(error)))
            else:
                deliver(done.set_result, result)

        def deliver(end: Callable[..., None], value: object) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(lambda: None if done.done() else end(value))

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            async with asyncio.timeout(self._limit_s):
                return await done
        except TimeoutError:
            raise SecretUnavailable(
                f"The keyring did not answer within {self._limit_s:g} s; it may be locked and waiting for its "
                f"password. Unlock it and repeat. {WAY_OUT}"
            ) from None


def _real(backend: "KeyringBackend", accepted: frozenset[str]) -> "KeyringBackend":
    """The back end, where it is a real one; of a chain the first real one, so that no other is ever asked."""
    name = _class_of(backend)
    members = list(getattr(backend, "backends", ())) if name == _CHAIN else [backend]
    real = next((each for each in members if _class_of(each) in accepted), None)
    if real is None:
        raise SecretUnavailable(f"{_refused(name)} {WAY_OUT}")
    return real


def _refused(name: str) -> str:
    if name.startswith("keyring.backends.fail."):
        return "This machine has no keyring."
    if name.startswith("keyring.backends.null."):
        return "The keyring in use here forgets whatever it is given."
    if name.startswith("keyrings.alt."):
        return "The keyring in use here (keyrings.alt) keeps secrets as plain text."
    if name.startswith("keyrings.cryptfile"):
        return (
            "The keyring in use here (keyrings.cryptfile) asks for its password where a service has nobody to answer."
        )
    return f"The keyring in use here ({shown(name)}) is none that is known to keep secrets safe."


def _sentence(error: Exception) -> str:
    """What a back end's error means. Its own text is left out: it may quote what was to be kept."""
    match type(error).__name__:
        case "NoKeyringError":
            return f"This machine has no keyring. {WAY_OUT}"
        case "KeyringLocked":
            return f"The keyring is locked. Unlock it and repeat. {WAY_OUT}"
        case name:
            return f"The keyring cannot be used ({name}). {WAY_OUT}"


def _class_of(backend: "KeyringBackend") -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"
