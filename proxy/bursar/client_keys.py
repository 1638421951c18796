"""ClientKeys: the keys issued to client applications, by digest in memory, kept in the store."""

import asyncio
import hmac
import re

from bursar.contract.events import KeyChanged, KeyRevoked, KeyView, Publish
from bursar.domain.client_key import ClientKey, digest_of, new_key
from bursar.domain.clock import Clock
from bursar.domain.refusals import InvalidParameter, NameTaken, UnknownKey
from bursar.storage.store import Store, StoreUnavailable, Transaction

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_HINT = 4


class ClientKeys:
    """Who may ask. `load` once before the first use."""

    def __init__(self, store: Store, clock: Clock, publish: Publish) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._by_digest: dict[bytes, ClientKey] = {}

    async def load(self) -> None:
        """Take the keys from the store, and announce them. Raises StoreUnavailable."""
        keys = await self._store.submit(lambda transaction: transaction.client_keys())
        self._by_digest = {key.digest: key for key in keys}
        for key in keys:
            self._announce(key)

    def match(self, presented: str) -> ClientKey | None:
        """The key that was presented, also an expired or disabled one: to refuse those is the caller's.

        Found by its SHA-256 digest. How long finding takes can tell something of digests, none of
        which helps to make a key that has one; the digest found is still compared in constant
        time, so that no way of comparing the dictionary may have matters.
        """
        digest = digest_of(presented)
        key = self._by_digest.get(digest)
        return key if key is not None and hmac.compare_digest(key.digest, digest) else None

    async def issue(
        self, name: str, *, project: str = "", models: tuple[str, ...] = (), expires_ms: int | None = None
    ) -> tuple[ClientKey, str]:
        """A new key, and its text, which is kept nowhere and shown this once.

        Raises InvalidParameter for a name that is none, NameTaken, StoreUnavailable.
        """
        if _NAME.fullmatch(name) is None:
            raise InvalidParameter(
                f"{name!r} cannot name a key: it takes 1 to 64 letters, digits, dots, dashes and underscores, "
                "the first a letter or a digit",
                param="name",
            )
        text = new_key()
        key = ClientKey(name, digest_of(text), text[-_HINT:], self._clock.now_ms(), project, models, expires_ms)

        def add(transaction: Transaction) -> None:
            if any(each.name == name for each in transaction.client_keys()):
                raise NameTaken(f'There is a key "{name}" already; revoke it first, or take another name', param="name")
            transaction.put_key(key)

        try:
            await self._store.submit(add)
        except asyncio.CancelledError:
            # Nobody will ever see its text.
            removal = self._store.submit(lambda transaction: _remove(transaction, key))
            removal.add_done_callback(lambda removed: removed.exception())
            raise
        self._by_digest[key.digest] = key
        self._announce(key)
        return key, text

    async def revoke(self, name: str) -> None:
        """Accept a key no longer, from the moment this is asked. Raises UnknownKey, StoreUnavailable."""
        key = next((each for each in self._by_digest.values() if each.name == name), None)
        if key is None:
            raise UnknownKey(f'There is no key "{name}"', param="name")
        del self._by_digest[key.digest]
        try:
            await self._store.submit(lambda transaction: _remove(transaction, key))
        except StoreUnavailable:
            self._by_digest[key.digest] = key
            raise
        self._publish(KeyRevoked(self._clock.now_ms(), name))

    def list(self) -> tuple[ClientKey, ...]:
        """All keys, by name."""
        return tuple(sorted(self._by_digest.values(), key=lambda key: key.name))

    def _announce(self, key: ClientKey) -> None:
        view = KeyView(key.name, key.hint, key.project, key.models, key.created_ms, key.expires_ms, key.disabled)
        self._publish(KeyChanged(self._clock.now_ms(), view))


def _remove(transaction: Transaction, key: ClientKey) -> None:
    """Remove this very key, not another that has taken its name."""
    if key in transaction.client_keys():
        transaction.remove_key(key.name)
