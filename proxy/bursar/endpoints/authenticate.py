"""Who asks: the key that a request presents, turned into the client key that it is."""

from collections.abc import Mapping

from bursar.client_keys import ClientKeys
from bursar.domain.client_key import ClientKey
from bursar.domain.clock import Clock
from bursar.domain.refusals import ExpiredKey, Forbidden, MissingKey, Unauthenticated

_HOW = "Issue one with `bursar key issue NAME` and set it as the API key of your client."


def presented_key(headers: Mapping[str, str]) -> str:
    """The key in `Authorization: Bearer`, `x-api-key` or `api-key`, the first of them that is there; else empty."""
    authorization = headers.get("Authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""
    return (headers.get("x-api-key") or headers.get("api-key") or "").strip()


def authenticate(headers: Mapping[str, str], keys: ClientKeys, clock: Clock) -> ClientKey:
    """The client key that asks. Raises MissingKey, Unauthenticated, ExpiredKey or Forbidden."""
    presented = presented_key(headers)
    if not presented:
        raise MissingKey(f"The request carries no API key. {_HOW}")
    key = keys.match(presented)
    if key is None:
        raise Unauthenticated(f"The API key is none that Bursar issued. {_HOW}")
    if key.disabled:
        raise Forbidden(f'The key "{key.name}" is disabled. Enable it, or issue another: bursar key issue NAME')
    if key.expires_ms is not None and clock.now_ms() >= key.expires_ms:
        raise ExpiredKey(f'The key "{key.name}" has expired. {_HOW}')
    return key
