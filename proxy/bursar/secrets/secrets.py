"""Secrets: upstream keys by reference; read when an Assembly is built, never for a call."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from bursar.contract.shown import shown
from bursar.domain.secret_reference import SecretForm, SecretReference, reference_of
from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.secret import Secret, SecretUnavailable, secret_of
from bursar.secrets.secret_file import read_private, text_of, write_private


class Secrets:
    """Where keys are kept: the OS keyring, the environment, files. All methods raise SecretUnavailable.

    `environ` is the process's own unless given. Relative paths of `file:` are taken from `folder`, the
    one in which the configuration is. What systemd hands over (`$CREDENTIALS_DIRECTORY`, `man
    systemd.exec`) comes before the keyring, under the same names.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        keyring: OsKeyring | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._folder = folder or Path.cwd()
        self._keyring = keyring or OsKeyring()

    async def get(self, reference: str | SecretReference) -> Secret | None:
        """The key that a reference names; None for `none`."""
        named = _parsed(reference)
        if named.form is SecretForm.NONE:
            return None
        text = await self._text(named)
        try:
            return secret_of(text)
        except ValueError as error:
            raise SecretUnavailable(f"What is kept as {shown(str(named))} is no key: {error}.") from None

    async def put(self, reference: str | SecretReference, secret: Secret) -> None:
        """Keep a key in the keyring, and see that it is there, or in a file that only this user may read."""
        named = _parsed(reference)
        if named.form is SecretForm.FILE:
            await asyncio.to_thread(lambda: write_private(self._path(named.name), secret.reveal()))
        else:
            await self._keyring.put(_item_of(named), secret.reveal())

    async def forget(self, reference: str | SecretReference) -> None:
        """Remove a key from the keyring, if it is there."""
        await self._keyring.forget(_item_of(_parsed(reference)))

    async def keyring_backend(self) -> str:
        """The keyring in use, as `bursar doctor` shows it."""
        return await self._keyring.backend()

    async def _text(self, named: SecretReference) -> str:
        if named.form is SecretForm.ENV:
            return self._variable(named.name)
        if named.form is SecretForm.FILE:
            return await asyncio.to_thread(self._file, named.name)
        return await self._item(named.name)

    def _variable(self, name: str) -> str:
        text = self._environ.get(name)
        if text is None:
            raise SecretUnavailable(f"The variable {name} is not set in the environment of the proxy.")
        return text

    def _file(self, name: str) -> str:
        return read_private(self._path(name))

    def _path(self, name: str) -> Path:
        try:
            return self._folder / Path(name).expanduser()
        except RuntimeError:
            raise SecretUnavailable(f"There is no home folder for {shown(name)}.") from None

    async def _item(self, name: str) -> str:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if folder:
            try:
                # No look at its mode: the service manager guards the folder, and its files show an ACL's mask.
                content = await asyncio.to_thread((Path(folder) / name).read_bytes)
                return text_of(content, name)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise SecretUnavailable(f"The credential {name} cannot be read: {error.strerror}.") from None
        text = await self._keyring.get(name)
        if text is None:
            raise SecretUnavailable(f'The keyring has no secret "{name}". Store it: bursar secret set {name}')
        return text


def _parsed(reference: str | SecretReference) -> SecretReference:
    if isinstance(reference, SecretReference):
        return reference
    try:
        return reference_of(reference)
    except ValueError as error:
        raise SecretUnavailable(f"This is no reference to a secret: {error}.") from None


def _item_of(named: SecretReference) -> str:
    if named.form is not SecretForm.KEYRING:
        raise SecretUnavailable(f"What {named.form} names is not changed from here.")
    return named.name
