"""From outside: what a request may reach that comes through a tunnel, under a public host."""

from collections.abc import Container
from urllib.parse import urlsplit

from aiohttp import web

from bursar.contract.exposure import ExposureView
from bursar.domain.refusals import ForeignHost, UnknownEndpoint
from bursar.doorkeeper.examine import LOOPBACK_NAMES, RequestFacts, split_host
from bursar.exposures import Exposures

EXPOSURE: web.RequestKey[ExposureView | None] = web.RequestKey("exposure", ExposureView)
"""Under which exposure a request that was let in has come; None for one from this machine."""

_BELOW = "/v1/"
_ADDED = frozenset({"thinking", "fast", "minimal", "low", "medium", "high", "xhigh", "max"})
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip", "Cf-Connecting-Ip", "Cf-Ray")
"""What tunnels add to what they carry, and programs on this machine do not."""


def narrowed(request: web.Request, facts: RequestFacts, exposures: Exposures) -> ExposureView | None:
    """The exposure under which a request comes, if it does. Raises ForeignHost, and UnknownEndpoint for anything but
    `/v1/*`, which is all there is for those outside."""
    exposure = _exposure_of(request, facts, exposures)
    if exposure is not None:
        route = request.match_info.route.resource
        if route is None or not route.canonical.startswith(_BELOW):
            raise UnknownEndpoint("There is nothing here but /v1.")
    return exposure


def alias_meant(model: str, names: Container[str]) -> str:
    """The alias behind a name to which Cursor's list of models has added how hard or fast to think; else the name."""
    meant = model
    while meant not in names:
        meant, dash, added = meant.rpartition("-")
        if not dash or added not in _ADDED:
            return model
    return meant


def _exposure_of(request: web.Request, facts: RequestFacts, exposures: Exposures) -> ExposureView | None:
    """By every host that it names: its Host, the one that a tunnel has replaced by ours, that of an absolute target.

    What a tunnel carries is from outside whatever Host it states: some look at the name in the TLS handshake alone,
    and would let a stranger pass for this machine.
    """
    target = "" if facts.target.startswith("/") else urlsplit(facts.target).netloc
    for name in (*facts.host, *facts.forwarded_host, target):
        exposure = exposures.of(name)
        if exposure is not None:
            return exposure
    parts = split_host(request.headers.get("Host", "").lower())
    if parts is not None and parts[0] in LOOPBACK_NAMES and any(name in request.headers for name in _FORWARDED):
        raise ForeignHost("the request came through a tunnel, and not for the host that it was opened for")
    return None
