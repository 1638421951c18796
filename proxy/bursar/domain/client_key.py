"""ClientKey: who asks. The key itself is shown once; only its digest is kept."""

import hashlib
import secrets
import string
from dataclasses import dataclass, replace

from bursar.domain.key_limits import UNLIMITED, KeyLimits

PREFIX = "bk-"
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 40
_HINT = 4


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key that another has replaced, and until when it is accepted all the same."""

    digest: bytes
    hint: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class ClientKey:
    """The local key of one client application.

    `digest` is the SHA-256 of the whole key, `hint` its last four characters; `models` are globs
    of the aliases it may use (empty: all).
    """

    name: str
    digest: bytes
    hint: str
    created_ms: int
    project: str = ""
    models: tuple[str, ...] = ()
    expires_ms: int | None = None
    disabled: bool = False
    fallback: tuple[str, ...] = ()
    """The models to try next for every call that brings no list of its own, in order."""
    limits: KeyLimits = UNLIMITED
    former: tuple[FormerKey, ...] = ()
    """The keys that it replaced: known by the same name, so that caps and sums go on."""
    keep_content: bool = False
    """Whether the prompts and answers of its calls are kept for a while."""

    def presented_as(self, former: FormerKey) -> "ClientKey":
        """This key as it is where a former one is presented: its time is over sooner."""
        until_ms = former.until_ms if self.expires_ms is None else min(former.until_ms, self.expires_ms)
        return replace(self, digest=former.digest, hint=former.hint, expires_ms=until_ms)

    def rotated(self, text: str, now_ms: int, grace_ms: int) -> "ClientKey":
        """The same with another key, the present one still accepted for a while, and those before it no longer: who
        grants no grace means every text that may have got into wrong hands."""
        until_ms = now_ms + grace_ms
        earlier = (replace(each, until_ms=min(each.until_ms, until_ms)) for each in self.former)
        replaced = FormerKey(self.digest, self.hint, until_ms)
        former = tuple(each for each in (*earlier, replaced) if each.until_ms > now_ms)
        return replace(self, digest=digest_of(text), hint=hint_of(text), former=former)


def new_key() -> str:
    """A fresh key: `bk-` and 40 random characters (238 bits)."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hint_of(key: str) -> str:
    """What a key may be recognised by: its last four characters."""
    return key[-_HINT:]


def digest_of(key: str) -> bytes:
    """The SHA-256 by which a key is known. A random key of this length needs no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
