"""Who asks: the key that a request presents, turned into the client key that it is."""

from collections.abc import Mapping

from aiohttp import web

from bursar.client_keys import checked_project
from bursar.contract.exposure import ExposureView
from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import AddressDenied, ExpiredKey, Forbidden, MissingKey, ProjectDenied, Unauthenticated
from bursar.endpoints.context import Context
from bursar.endpoints.from_outside import EXPOSURE

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
    exposure = request[EXPOSURE]
    if exposure is not None:
        return _from_outside(presented, exposure, context)
    if not presented:
        raise MissingKey(f"The request carries no API key. {_HOW}")
    key = context.keys.match(presented)
    if key is None:
        context.traffic.wrong_key(request.remote or "")
        raise Unauthenticated(f"The API key is none that Bursar issued. {_HOW}")
    _check(key, context)
    if key.limits.networks:
        _check_address(key, request.remote)
    return key


def project_of(request: web.Request, key: ClientKey) -> str:
    """What a request counts for: its key's project, else the one in its address.

    Raises ProjectDenied where both are there and differ, since a tool could step out of its project's cap by that;
    InvalidParameter for what is no project's name.
    """
    named = request.match_info.get("project")
    if not named or named == key.project:
        return key.project
    if key.project:
        raise ProjectDenied(
            f'The key "{key.name}" counts for the project "{key.project}" and no other: take /p/… out of the base URL, '
            "or use a key without a project there."
        )
    return checked_project(named)


def _from_outside(presented: str, exposure: ExposureView, context: Context) -> ClientKey:
    """The same for a request through a tunnel: all who come through it are one address, and one rate of wrong keys.

    Whether a key that is not for there is good elsewhere, a stranger is not told.
    """
    key = context.keys.match(presented) if presented else None
    if key is None or key.name not in exposure.keys:
        context.traffic.wrong_key(exposure.host)
        raise (Unauthenticated if presented else MissingKey)("No API key that is accepted here was sent.")
    # Where it comes from is not known: its tunnel ends on this machine.
    _check(key, context)
    _check_address(key, None)
    return key


def _check(key: ClientKey, context: Context) -> None:
    if key.disabled:
        raise Forbidden(f'The key "{key.name}" is disabled. Enable it: bursar key enable {key.name}')
    if key.expires_ms is not None and context.clock.now_ms() >= key.expires_ms:
        raise ExpiredKey(f'This key of "{key.name}" has expired. {_HOW}')


def _check_address(key: ClientKey, remote: str | None) -> None:
    if not key.limits.admits(remote):
        raise AddressDenied(
            f'The key "{key.name}" may not be used from {remote or "outside"}; it may from: '
            f"{', '.join(key.limits.networks)}. Allow more: bursar key set {key.name} --ip CIDR…"
        )
