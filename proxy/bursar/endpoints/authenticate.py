"""Who asks: the key that a request presents, turned into the client key that it is."""

from collections.abc import Mapping

from aiohttp import web

from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import AddressDenied, ExpiredKey, Forbidden, MissingKey, Unauthenticated
from bursar.endpoints.context import Context

_HOW = "Issue one with `bursar key issue NAME` and set it as the API key of your client."


def presented_key(headers: Mapping[str, str]) -> str:
    """The key in `Authorization: Bearer`, `x-api-key` or `api-key`, the first of them that is there; else empty."""
    authorization = headers.get("Authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""
    return (headers.get("x-api-key") or headers.get("api-key") or "").strip()


def authenticate(request: web.Request, context: Context) -> ClientKey:
    """The client key that asks. Raises Unauthenticated and its kinds, WrongKeys, or Forbidden and its kinds."""
    presented = presented_key(request.headers)
    if not presented:
        raise MissingKey(f"The request carries no API key. {_HOW}")
    key = context.keys.match(presented)
    if key is None:
        context.traffic.wrong_key(request.remote or "")
        raise Unauthenticated(f"The API key is none that Bursar issued. {_HOW}")
    if key.disabled:
        raise Forbidden(f'The key "{key.name}" is disabled. Enable it: bursar key enable {key.name}')
    if key.expires_ms is not None and context.clock.now_ms() >= key.expires_ms:
        raise ExpiredKey(f'This key of "{key.name}" has expired. {_HOW}')
    if not key.limits.admits(request.remote):
        raise AddressDenied(
            f'The key "{key.name}" may not be used from {request.remote}; it may from: '
            f"{', '.join(key.limits.networks)}. Allow more: bursar key set {key.name} --ip CIDR…"
        )
    return key
