"""Secrets: upstream keys by reference; read when an Assembly is built, never for a call."""

import asyncio
import os
from collections.abc import Callable, MutableMapping
from pathlib import Path

from bursar.contract.places import Places
from bursar.contract.shown import shown
from bursar.domain.secret_reference import SecretForm, SecretReference, reference_of
from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.passphrase import credential, passphrase_at_hand
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret import OutOfReach, Secret, SecretUnavailable, secret_of
from bursar.secrets.secret_file import read_private, write_private


class Secrets:
    """Where keys are kept: the OS keyring, the sealed file, the environment, files. Methods raise SecretUnavailable.

    `environ` is the process's own unless given; with `conceal`, a variable that held a key is taken out of it, so
    that no program started from here inherits it. Relative paths of `file:` are taken from `folder`, the one in
    which the configuration is. What systemd hands over (`$CREDENTIALS_DIRECTORY`, `man systemd.exec`) comes before
    the keyring, under the same names.

    A key that was had once stays known while its place is out of reach: a keyring that is locked again takes
    nothing away from a proxy that runs.
    """

    def __init__(
        self,
        *,
        environ: MutableMapping[str, str] | None = None,
        folder: Path | None = None,
        keyring: OsKeyring | None = None,
        sealed: SealedFile | None = None,
        conceal: bool = False,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._folder = folder or Path.cwd()
        self._keyring = keyring or OsKeyring()
        self._sealed = sealed
        self._conceal = conceal
        self._taken: dict[str, str] = {}
        self._known: dict[SecretReference, Secret] = {}

    @property
    def sealed(self) -> SealedFile:
        """The sealed file of this installation."""
        if self._sealed is None:
            raise SecretUnavailable("There is no sealed file here.")
        return self._sealed

    def tell_when_late(self, came_late: Callable[[], None]) -> None:
        """Have `came_late` told when a key arrives that nobody waits for any more; the next `get` has it."""
        self._keyring.came_late = came_late

    async def get(self, reference: str | SecretReference) -> Secret | None:
        """The key that a reference names; None for `none`."""
        named = _parsed(reference)
        if named.form is SecretForm.NONE:
            return None
        try:
            secret = _secret(await self._text(named), named)
        except OutOfReach:
            if named not in self._known:
                raise
            return self._known[named]
        except SecretUnavailable:
            self._known.pop(named, None)
            raise
        self._known[named] = secret
        return secret

    async def within_reach(self, reference: SecretReference) -> bool:
        """Whether a key that could not be had can be had now; nobody is asked for a password because of this."""
        match reference.form:
            case SecretForm.KEYRING:
                return await self._keyring.within_reach(reference.name)
            case SecretForm.SEALED:
                return self.sealed.is_open and reference.name in self.sealed.names()
            case SecretForm.FILE:
                try:
                    return bool(await self._text(reference))
                except SecretUnavailable:
                    return False
            case _:
                return False

    async def put(self, reference: str | SecretReference, secret: Secret) -> None:
        """Keep a key: in the keyring, and see that it is there, in the sealed file, or in a file of its own."""
        named = _parsed(reference)
        match named.form:
            case SecretForm.KEYRING:
                await self._keyring.put(named.name, secret.reveal())
            case SecretForm.SEALED:
                await asyncio.to_thread(self.sealed.put, named.name, secret.reveal())
            case SecretForm.FILE:
                await asyncio.to_thread(lambda: write_private(self._path(named.name), secret.reveal()))
            case _:
                raise _not_ours(named)
        self._known[named] = secret

    async def forget(self, reference: str | SecretReference) -> None:
        """Remove a key from the keyring or the sealed file, if it is there."""
        named = _parsed(reference)
        match named.form:
            case SecretForm.KEYRING:
                await self._keyring.forget(named.name)
            case SecretForm.SEALED:
                await asyncio.to_thread(self.sealed.forget, named.name)
            case _:
                raise _not_ours(named)
        self._known.pop(named, None)

    async def keyring_backend(self) -> str:
        """The keyring in use, as `bursar doctor` shows it."""
        return await self._keyring.backend()

    # --- within -----------------------------------------------------------------------------------

    async def _text(self, named: SecretReference) -> str:
        match named.form:
            case SecretForm.ENV:
                return self._variable(named.name)
            case SecretForm.FILE:
                return await asyncio.to_thread(lambda: read_private(self._path(named.name)))
            case SecretForm.SEALED:
                return await self._unsealed(named.name)
            case _:
                return await self._item(named.name)

    def _variable(self, name: str) -> str:
        text = self._taken.get(name, self._environ.get(name))
        if text is None:
            raise SecretUnavailable(f"The variable {name} is not set in the environment of the proxy.")
        if self._conceal:
            self._taken[name] = text
            self._environ.pop(name, None)
        return text

    def _path(self, name: str) -> Path:
        try:
            return self._folder / Path(name).expanduser()
        except RuntimeError:
            raise SecretUnavailable(f"There is no home folder for {shown(name)}.") from None

    async def _unsealed(self, name: str) -> str:
        text = await asyncio.to_thread(self.sealed.get, name)
        if text is None:
            raise SecretUnavailable(
                f'The sealed file has no secret "{name}". Store it: bursar secret set {SecretForm.SEALED}:{name}'
            )
        return text

    async def _item(self, name: str) -> str:
        text = await asyncio.to_thread(credential, self._environ, name)
        if text is None:
            text = await self._keyring.get(name)
        if text is None:
            raise SecretUnavailable(f'The keyring has no secret "{name}". Store it: bursar secret set {name}')
        return text


def secrets_at(places: Places, *, conceal: bool = False) -> Secrets:
    """The secrets of one installation; its sealed file is opened by the passphrase at hand, if there is one."""
    sealed = SealedFile(places.sealed_file, lambda new: passphrase_at_hand(os.environ))
    return Secrets(folder=places.config_file.parent, sealed=sealed, conceal=conceal)


def _secret(text: str, named: SecretReference) -> Secret:
    try:
        return secret_of(text)
    except ValueError as error:
        raise SecretUnavailable(f"What is kept as {shown(str(named))} is no key: {error}.") from None


def _parsed(reference: str | SecretReference) -> SecretReference:
    if isinstance(reference, SecretReference):
        return reference
    try:
        return reference_of(reference)
    except ValueError as error:
        raise SecretUnavailable(f"This is no reference to a secret: {error}.") from None


def _not_ours(named: SecretReference) -> SecretUnavailable:
    return SecretUnavailable(f"What {named.form} names is not changed from here.")
