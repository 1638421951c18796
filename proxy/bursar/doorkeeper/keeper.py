"""The doorkeeper: the middleware that turns requests away at either door, in that door's own words."""

from collections.abc import Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import istr

from bursar.domain.refusals import Refusal
from bursar.doorkeeper.examine import JSON, Hosts, RequestFacts, examine

Answer = Callable[[web.Request, Refusal], web.StreamResponse]
"""A refusal in a door's own words."""

Takes = Callable[[web.Request], frozenset[str]]
"""The media types that the request's route reads; empty where it reads any."""


_FETCH_SITE = istr("Sec-Fetch-Site")


def only_json(request: web.Request) -> frozenset[str]:
    """What every route takes that says nothing else."""
    return JSON


def doorkeeper(hosts: Callable[[], Hosts], answer: Answer, takes: Takes = only_json) -> Middleware:
    """A middleware that lets in what `examine` finds nothing against.

    `hosts` is asked for each request, because names come and go while the door is open.
    """

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = examine(facts_of(request), hosts(), takes(request))
        if refusal is not None:
            return answer(request, refusal)
        return await handler(request)

    return keep


def facts_of(request: web.BaseRequest) -> RequestFacts:
    """What a request says about itself, as far as the door looks at it."""
    headers = request.headers
    return RequestFacts(
        request.method,
        request.raw_path,
        tuple(headers.getall(hdrs.HOST, ())),
        tuple(headers.getall(hdrs.X_FORWARDED_HOST, ())),
        tuple(headers.getall(hdrs.ORIGIN, ())),
        tuple(headers.getall(_FETCH_SITE, ())),
        headers.get(hdrs.CONTENT_TYPE, ""),
        tuple(headers.getall(hdrs.CONTENT_ENCODING, ())),
        headers.get(hdrs.TRANSFER_ENCODING, ""),
    )
