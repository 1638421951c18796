"""ClientKeys: the keys issued to client applications, by digest in memory, kept in the store."""

import asyncio
import hmac
import re
from collections.abc import Callable
from dataclasses import replace

import msgspec

from bursar.contract.commands import ChangeKey, IssueKey
from bursar.contract.events import KeyChanged, KeyRevoked, KeyView, Publish
from bursar.contract.playground import PLAYGROUND
from bursar.contract.shown import shown
from bursar.domain.client_key import ClientKey, digest_of, hint_of, new_key
from bursar.domain.clock import Clock
from bursar.domain.key_limits import KeyLimits, key_limits
from bursar.domain.refusals import InvalidParameter, NameTaken, UnknownKey
from bursar.storage.store import KeyUse, Store, StoreUnavailable, Transaction

LONGEST_GRACE_MS = 90 * 24 * 3_600_000
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, which is as far as calendars go here."""
LONGEST_PROJECT = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LIMITS = ("rates", "parallel", "networks", "max_tokens")
_MOST_FALLBACKS = 5


class ClientKeys:
    """Who may ask. `load` once before the first use."""

    def __init__(self, store: Store, clock: Clock, publish: Publish) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._by_name: dict[str, ClientKey] = {}
        self._by_digest: dict[bytes, ClientKey] = {}

    async def load(self) -> None:
        """Take the keys from the store, and announce them with their last use. Raises StoreUnavailable."""
        keys = await self._store.submit(lambda transaction: transaction.client_keys())
        uses = {use.key: use for use in await self._store.read(lambda reader: reader.last_uses())}
        for key in keys:
            self._take(key)
            self._publish(KeyChanged(self._clock.now_ms(), self._view(key, uses.get(key.name))))

    def match(self, presented: str) -> ClientKey | None:
        """The key that was presented, also an expired or disabled one: to refuse those is the caller's.

        One that was replaced is the key that replaced it, expiring at the end of its grace. Found by its
        SHA-256 digest. How long finding takes can tell something of digests, none of which helps to make
        a key that has one; the digest found is still compared in constant time, so that no way of
        comparing the dictionary may have matters.
        """
        digest = digest_of(presented)
        key = self._by_digest.get(digest)
        return key if key is not None and hmac.compare_digest(key.digest, digest) else None

    async def issue(
        self,
        name: str,
        *,
        project: str = "",
        models: tuple[str, ...] = (),
        expires_ms: int | None = None,
        rates: tuple[str, ...] = (),
        parallel: int | None = None,
        networks: tuple[str, ...] = (),
        fallback: tuple[str, ...] = (),
        max_tokens: int | None = None,
        keep_content: bool = False,
    ) -> tuple[ClientKey, str]:
        """A new key, and its text, which is kept nowhere and shown this once.

        The options are as those of the command IssueKey. Raises InvalidParameter for a name or an option that
        is none, NameTaken, StoreUnavailable.
        """
        if _NAME.fullmatch(name) is None:
            raise InvalidParameter(
                f"{name!r} cannot name a key: it takes 1 to 64 letters, digits, dots, dashes and underscores, "
                "the first a letter or a digit",
                param="name",
            )
        if name == PLAYGROUND:
            raise NameTaken(
                f'"{PLAYGROUND}" is the name of the calls that you make yourself, in the playground and by '
                "`bursar ask`; take another",
                param="name",
            )
        text = new_key()
        key = ClientKey(
            name,
            digest_of(text),
            hint_of(text),
            self._clock.now_ms(),
            checked_project(project),
            models,
            _instant(expires_ms),
            fallback=_checked(fallback),
            limits=_limits(rates, parallel, networks, max_tokens),
            keep_content=keep_content,
        )

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
        self._take(key)
        self._announce(key)
        return key, text

    async def issue_for(self, command: IssueKey) -> tuple[ClientKey, str]:
        """The same, as a command asks for it."""
        return await self.issue(**msgspec.structs.asdict(command))

    async def change(self, name: str, command: ChangeKey) -> ClientKey:
        """Change what a command names. Raises UnknownKey, InvalidParameter, StoreUnavailable."""
        given = {field: value for field, value in msgspec.structs.asdict(command).items() if value is not msgspec.UNSET}
        limits = {field: given.pop(field) for field in _LIMITS if field in given}
        for field, check in (("fallback", _checked), ("project", checked_project), ("expires_ms", _instant)):
            if field in given:
                given[field] = check(given[field])
        if limits:
            checked = _limits(**limits)
            limits = {field: getattr(checked, field) for field in limits}
        return await self._changed(name, lambda key: replace(key, **given, limits=replace(key.limits, **limits)))

    async def disable(self, name: str) -> ClientKey:
        """Refuse a key until it is enabled. Raises UnknownKey, StoreUnavailable."""
        return await self._changed(name, lambda key: replace(key, disabled=True))

    async def enable(self, name: str) -> ClientKey:
        """Accept a disabled key again. Raises UnknownKey, StoreUnavailable."""
        return await self._changed(name, lambda key: replace(key, disabled=False))

    async def rotate(self, name: str, grace_ms: int) -> tuple[ClientKey, str]:
        """A new key under the same name, whose caps and sums go on; the present one is accepted for a while.

        Raises UnknownKey, InvalidParameter for a grace that is none, StoreUnavailable.
        """
        if not 0 <= grace_ms <= LONGEST_GRACE_MS:
            raise InvalidParameter("the grace of a rotation is from 0 to 90 days", param="grace_ms")
        text, now_ms = new_key(), self._clock.now_ms()
        return await self._changed(name, lambda key: key.rotated(text, now_ms, grace_ms)), text

    async def revoke(self, name: str) -> None:
        """Accept a key no longer, from the moment this is asked. Raises UnknownKey, StoreUnavailable."""
        key = self._by_name.get(name)
        if key is None:
            raise _unknown(name)
        self._drop(name)
        try:
            await self._store.submit(lambda transaction: _remove(transaction, key))
        except StoreUnavailable:
            self._take(key)
            raise
        # A change that was under way has put it back.
        self._drop(name)
        self._publish(KeyRevoked(self._clock.now_ms(), name))

    def list(self) -> tuple[ClientKey, ...]:
        """All keys, by name."""
        return tuple(key for _, key in sorted(self._by_name.items()))

    async def views(self) -> tuple[KeyView, ...]:
        """All keys as a watcher may know them, with their last use in the records. Raises StoreUnavailable."""
        uses = {use.key: use for use in await self._store.read(lambda reader: reader.last_uses())}
        return tuple(self._view(key, uses.get(key.name)) for key in self.list())

    async def _changed(self, name: str, change: Callable[[ClientKey], ClientKey]) -> ClientKey:
        """A key as a change leaves it, once that is on disk."""

        def write(transaction: Transaction) -> ClientKey:
            present = next((each for each in transaction.client_keys() if each.name == name), None)
            if present is None:
                raise _unknown(name)
            changed = change(present)
            transaction.put_key(changed)
            return changed

        kept = self._store.submit(write)
        # What is on disk is in force, also where whoever asked has gone meanwhile.
        kept.add_done_callback(self._took)
        return await asyncio.shield(kept)

    def _took(self, kept: "asyncio.Future[ClientKey]") -> None:
        if not kept.cancelled() and kept.exception() is None:
            self._take(kept.result())
            self._announce(kept.result())

    def _take(self, key: ClientKey) -> None:
        self._drop(key.name)
        self._by_name[key.name] = key
        self._by_digest[key.digest] = key
        for former in key.former:
            self._by_digest[former.digest] = key.presented_as(former)

    def _drop(self, name: str) -> None:
        known = self._by_name.pop(name, None)
        if known is not None:
            for digest in (known.digest, *(each.digest for each in known.former)):
                self._by_digest.pop(digest, None)

    def _announce(self, key: ClientKey) -> None:
        self._publish(KeyChanged(self._clock.now_ms(), self._view(key)))

    def _view(self, key: ClientKey, use: KeyUse | None = None) -> KeyView:
        limits, now_ms = key.limits, self._clock.now_ms()
        return KeyView(
            key.name,
            key.hint,
            key.project,
            key.models,
            key.created_ms,
            key.expires_ms,
            key.disabled,
            use.at_ms if use is not None else None,
            use.client if use is not None else "",
            rates=tuple(map(str, limits.rates)),
            parallel=limits.parallel,
            networks=limits.networks,
            fallback=key.fallback,
            max_tokens=limits.max_tokens,
            former_until_ms=max((each.until_ms for each in key.former if each.until_ms > now_ms), default=None),
            keep_content=key.keep_content,
        )


def checked_project(name: str) -> str:
    """A project's name: short, and with nothing in it that acts or hides. Raises InvalidParameter."""
    if len(name) > LONGEST_PROJECT or shown(name) != name:
        raise InvalidParameter(
            f"a project's name has at most {LONGEST_PROJECT} characters, and no control characters", param="project"
        )
    return name


def _instant(at_ms: int | None) -> int | None:
    if at_ms is not None and not 0 <= at_ms <= LAST_MS:
        raise InvalidParameter("a key's end is an instant from 1970 to the year 9999", param="expires_ms")
    return at_ms


def _limits(
    rates: tuple[str, ...] = (),
    parallel: int | None = None,
    networks: tuple[str, ...] = (),
    max_tokens: int | None = None,
) -> KeyLimits:
    try:
        return key_limits(rates, parallel, networks, max_tokens)
    except ValueError as error:
        raise InvalidParameter(str(error)) from None


def _checked(fallback: tuple[str, ...]) -> tuple[str, ...]:
    if len(fallback) > _MOST_FALLBACKS or not all(fallback):
        raise InvalidParameter(f"a key takes at most {_MOST_FALLBACKS} fallback models", param="fallback")
    return fallback


def _unknown(name: str) -> UnknownKey:
    return UnknownKey(f'There is no key "{name}"', param="name")


def _remove(transaction: Transaction, key: ClientKey) -> None:
    """Remove this very key, changed or not, and not another that has taken its name."""
    if any((each.name, each.created_ms) == (key.name, key.created_ms) for each in transaction.client_keys()):
        transaction.remove_key(key.name)
