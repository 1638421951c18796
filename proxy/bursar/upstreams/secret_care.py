"""SecretCare: what a person may have done about the keys of upstreams while the proxy runs."""

import asyncio
from collections.abc import Awaitable, Callable

from bursar.config.references import uses
from bursar.config.schema import Config
from bursar.contract.secrets import SecretPlace, SecretPlaces
from bursar.contract.shown import shown
from bursar.domain.refusals import InvalidParameter, SecretNotKept, SecretsShut, UnknownUpstream
from bursar.domain.secret_reference import SecretForm, SecretReference
from bursar.secrets.secret import SealedShut, SecretUnavailable, secret_of
from bursar.secrets.secrets import Secrets


class SecretCare:
    """`config` is what is in force; `take` builds anew with the keys that can be had by then."""

    def __init__(self, secrets: Secrets, config: Callable[[], Config], take: Callable[[], Awaitable[None]]) -> None:
        self._secrets = secrets
        self._config = config
        self._take = take

    async def keep(self, upstream: str, text: str) -> SecretReference:
        """Keep a text as an upstream's key and have it in force; where it is now.

        Raises UnknownUpstream, InvalidParameter for what is no key, SecretNotKept, and SecretsShut where the sealed
        file is to be opened first.
        """
        settings = self._config().upstreams.get(upstream)
        if settings is None:
            raise UnknownUpstream(f'There is no upstream "{upstream}"', param="name")
        reference = settings.secret
        if refused := why_not_ours(upstream, reference):
            raise SecretNotKept(refused)
        try:
            await self._secrets.put(reference, secret_of(text))
        except ValueError as error:
            raise InvalidParameter(f"This is no key: {error}", param="secret") from None
        except SealedShut as error:
            raise SecretsShut(error.sentence) from None
        except SecretUnavailable as error:
            raise SecretNotKept(error.sentence) from None
        await self._take()
        return reference

    async def unlock(self, passphrase: str, *, new: bool) -> SecretPlaces:
        """Open the sealed file and have its keys in force. Raises SecretNotKept."""
        sealed = self._secrets.sealed
        try:
            await asyncio.to_thread(sealed.begin if new else sealed.unlock, passphrase)
        except SecretUnavailable as error:
            raise SecretNotKept(error.sentence) from None
        await self._take()
        return await self.places()

    async def places(self) -> SecretPlaces:
        """Where the keys are."""
        used: dict[SecretReference, list[str]] = {}
        for use in uses(self._config()):
            used.setdefault(use.reference, []).append(use.who)
        references = list(used)
        reasons = await asyncio.gather(*map(self._reason, references))
        places = tuple(
            SecretPlace(str(each), tuple(used[each]), reason) for each, reason in zip(references, reasons, strict=True)
        )
        named = {each.name for each in references if each.form is SecretForm.SEALED}
        return await asyncio.to_thread(self._with_sealed, places, named)

    async def _reason(self, reference: SecretReference) -> str:
        try:
            await self._secrets.get(reference)
        except SecretUnavailable as error:
            return error.sentence
        return ""

    def _with_sealed(self, places: tuple[SecretPlace, ...], named: set[str]) -> SecretPlaces:
        sealed = self._secrets.sealed
        path = shown(str(sealed.path))
        try:
            unused = tuple(name for name in sealed.names() if name not in named)
        except SecretUnavailable:
            return SecretPlaces(places, path, "broken")
        return SecretPlaces(
            places, path, "absent" if not sealed.there else "open" if sealed.is_open else "shut", unused
        )


def why_not_ours(upstream: str, reference: SecretReference) -> str:
    """What to do about a key that is not kept by us; empty where it is."""
    match reference.form:
        case SecretForm.KEYRING | SecretForm.SEALED:
            return ""
        case SecretForm.ENV:
            return (
                f"The key of {upstream} is in the variable {reference.name}: set it where the proxy is started, and "
                f"start it anew. Or let Bursar keep it: bursar secret move {upstream} keyring:{upstream}"
            )
        case SecretForm.FILE:
            return (
                f"The key of {upstream} is in the file {shown(reference.name)}: put the new one there, then bursar "
                f"reload. Or let Bursar keep it: bursar secret move {upstream} keyring:{upstream}"
            )
        case _:
            return (
                f"The upstream {upstream} is asked without a key. To give it one: bursar config set "
                f"upstreams.{upstream}.secret keyring:{upstream}"
            )
