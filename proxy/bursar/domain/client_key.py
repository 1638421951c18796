"""ClientKey: who asks. The key itself is shown once; only its digest is kept."""

import hashlib
import secrets
import string
from dataclasses import dataclass

PREFIX = "bk-"
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 40


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


def new_key() -> str:
    """A fresh key: `bk-` and 40 random characters (238 bits)."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def digest_of(key: str) -> bytes:
    """The SHA-256 by which a key is known. A random key of this length needs no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
