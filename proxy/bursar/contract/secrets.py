"""Keys of upstreams at the local door: where they are, and commands that keep one; no answer ever has one in it."""

from typing import Any
from urllib.parse import quote

import msgspec

from bursar.contract.accounts import Ask

SHUT = "sealed_shut"
"""The code of a refusal where the sealed file needs its passphrase first."""

SEALED_FILE = "sealed file"
"""In every reason why a key that is in the sealed file cannot be had; `bursar secret unlock` is what helps."""


class SetSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /upstreams/{name}/secret: keep this as the upstream's key, in the place that the configuration names."""

    secret: str

    def __repr__(self) -> str:
        return "SetSecret(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Unlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /secrets/unlock: open the sealed file for as long as the proxy runs.

    With `new`, the passphrase is that of a file which is yet to be made.
    """

    passphrase: str
    new: bool = False

    def __repr__(self) -> str:
        return "Unlock(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class SecretKept(msgspec.Struct, frozen=True):
    """The answer to a key that was set: where it is now, in the words of the configuration."""

    reference: str


class SecretPlace(msgspec.Struct, frozen=True):
    """Where a key is, whose it is (`upstream main`, `plan monthly`), and why it cannot be had, if it cannot."""

    reference: str
    used_by: tuple[str, ...]
    reason: str = ""


class SecretPlaces(msgspec.Struct, frozen=True):
    """GET /secrets: the keys that the configuration names, and what the sealed file has beside them.

    `sealed` is "absent", "shut", "open" or "broken".
    """

    places: tuple[SecretPlace, ...]
    sealed_file: str
    sealed: str
    unused: tuple[str, ...] = ()


def setting_secret(upstream: str, secret: str) -> Ask[SecretKept]:
    """Keep a key, and have it in force."""
    return Ask("POST", f"/upstreams/{quote(upstream, safe='')}/secret", SecretKept, SetSecret(secret))


def unlocking(passphrase: str, *, new: bool = False) -> Ask[SecretPlaces]:
    """Open the sealed file; what can be had and what cannot from then on."""
    return Ask("POST", "/secrets/unlock", SecretPlaces, Unlock(passphrase, new))


def secret_places() -> Ask[SecretPlaces]:
    """Where the keys are."""
    return Ask("GET", "/secrets", SecretPlaces)
