"""SealedFile: keys in one file that a passphrase opens, for machines without a keyring."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bursar.contract.shown import shown
from bursar.secrets import seal
from bursar.secrets.secret import SealedShut, SecretUnavailable, WrongPassphrase
from bursar.secrets.secret_file import read_private_bytes, write_private_bytes

_LARGEST = 1024 * 1024
_LEFT_BEHIND_S = 10.0
"""After this long a file that was being written belongs to nobody any more."""
_PATIENCE_S = 5.0
_LOOK_S = 0.02

Passphrase = Callable[[bool], str | None]
"""Where a passphrase comes from when one is needed, of a file that is there or (True) one that is yet to be made;
None where there is none. May raise SecretUnavailable."""


def nobody(new: bool) -> None:
    """Nobody to ask for a passphrase."""
    del new


class SealedFile:
    """One sealed file. Once opened it stays open: what is kept is what the passphrase came to, not the passphrase.

    All methods may block for a second, may be called from any thread, and raise SecretUnavailable;
    SealedShut where nobody gave a passphrase, WrongPassphrase where it is not the one.
    """

    def __init__(self, path: Path, passphrase: Passphrase = nobody) -> None:
        self.path = path
        self._passphrase = passphrase
        self._key: seal.SealKey | None = None
        self._alone = threading.RLock()

    @property
    def there(self) -> bool:
        """Whether there is such a file."""
        return self.path.exists()

    @property
    def is_open(self) -> bool:
        """Whether what it holds can be read without a passphrase from anybody."""
        with self._alone:
            try:
                return self._key is not None and seal.fits(self._content(), self._key)
            except (SecretUnavailable, seal.Damaged):
                return False

    def names(self) -> tuple[str, ...]:
        """The names of what is in it, which take no passphrase; none where there is no file."""
        if not self.there:
            return ()
        with self._told():
            return seal.names_in(self._content())

    def get(self, name: str) -> str | None:
        """What is kept under a name; None where there is no such."""
        with self._alone, self._told():
            if name not in self.names():
                return None
            return self._opened().get(name)

    def put(self, name: str, text: str) -> None:
        """Keep a text under a name; makes the file where there is none."""
        self._change(lambda secrets: {**secrets, name: text})

    def forget(self, name: str) -> None:
        """Remove a name, if it is there."""
        if name in self.names():
            self._change(lambda secrets: {each: text for each, text in secrets.items() if each != name})

    def unlock(self, passphrase: str) -> None:
        """Open it, for as long as this process lives."""
        if not self.there:
            raise SecretUnavailable("There is no sealed file yet. Choose its passphrase: bursar secret unlock")
        with self._alone, self._told():
            self._key = seal.key_for(self._content(), passphrase)

    def begin(self, passphrase: str) -> None:
        """Choose the passphrase of a file that is yet to be made; it is made by the first `put`."""
        if len(passphrase) < seal.SHORTEST_PASSPHRASE:
            raise SecretUnavailable(
                f"A passphrase has at least {seal.SHORTEST_PASSPHRASE} characters; a few words are easy to remember."
            )
        with self._alone:
            if self.there:
                raise SecretUnavailable(f"There is a sealed file at {self._name} already.")
            self._key = seal.new_key(passphrase)

    def change_passphrase(self, new: str) -> None:
        """Seal it anew with another passphrase; the one before opens older copies of it alone."""
        if len(new) < seal.SHORTEST_PASSPHRASE:
            raise SecretUnavailable(f"A passphrase has at least {seal.SHORTEST_PASSPHRASE} characters.")
        with self._alone, self._told(), self._only_writer():
            secrets, key = self._opened(), seal.new_key(new)
            write_private_bytes(self.path, seal.sealed(secrets, key))
            self._key = key

    # --- within -----------------------------------------------------------------------------------

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with self._alone, self._told(), self._only_writer():
            secrets = self._opened() if self.there else {}
            if self._key is None:
                self.begin(self._asked(new=True))
            assert self._key is not None  # noqa: S101 - both ways above end with one
            write_private_bytes(self.path, seal.sealed(change(secrets), self._key))

    def _opened(self) -> dict[str, str]:
        content = self._content()
        if self._key is None or not seal.fits(content, self._key):
            # Somebody else may have changed the passphrase since it was opened here.
            self._key = seal.key_for(content, self._asked())
        return seal.unsealed(content, self._key)

    def _asked(self, *, new: bool = False) -> str:
        passphrase = self._passphrase(new)
        if passphrase is None and new:
            raise SealedShut("There is no sealed file yet, and nobody to ask for its passphrase: bursar secret unlock")
        if passphrase is None:
            raise SealedShut(f"The sealed file {self._name} is shut. Open it with its passphrase: bursar secret unlock")
        return passphrase

    def _content(self) -> bytes:
        return read_private_bytes(self.path, _LARGEST)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What is wrong with the file as a sentence that names it."""
        try:
            yield
        except seal.Damaged as damaged:
            raise SecretUnavailable(f"The sealed file {self._name} {damaged.sentence}.") from None
        except WrongPassphrase:
            raise WrongPassphrase(f"This is not the passphrase of the sealed file {self._name}.") from None

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        """Be alone in changing the file, among all programs: what was read is what is changed."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        until = time.monotonic() + _PATIENCE_S
        while not _made(lock):
            with suppress(OSError):
                if time.time() - lock.stat().st_mtime > _LEFT_BEHIND_S:
                    lock.unlink()
                    continue
            if time.monotonic() > until:
                raise SecretUnavailable(f"Another program is changing {self._name} right now; repeat it in a moment.")
            time.sleep(_LOOK_S)
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()

    @property
    def _name(self) -> str:
        return shown(os.fspath(self.path))


def _made(lock: Path) -> bool:
    """Whether the lock is ours now. Raises SecretUnavailable where none can be made."""
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise SecretUnavailable(f"Nothing can be written to {shown(str(lock.parent))}: {error.strerror}.") from None
    return True
