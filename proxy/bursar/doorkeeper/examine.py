"""What both doors require of a request before anything else looks at it: our Host, no foreign page, a body we read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bursar.domain.refusals import ForeignHost, ForeignRequest, Refusal, UnsupportedBody, WrongMethod

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
JSON = frozenset({"application/json"})

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_OWN_SITES = frozenset({"same-origin", "none"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII)
_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Whom a door answers to.

    `names` are whole Host values in lower case, each with and without our port; nothing is parsed
    out of what a request says, so nothing can be parsed in two ways. `origins` are the only Origin
    values let in. Where `browsers` is false every sign of a browser is refused, our own origin too.
    """

    names: frozenset[str]
    origins: frozenset[str] = frozenset()
    browsers: bool = True


class RequestFacts(NamedTuple):
    """What is looked at: the request line, and every value of the headers that say for whom and from where."""

    method: str
    target: str
    host: tuple[str, ...]
    forwarded_host: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    fetch_site: tuple[str, ...] = ()
    content_type: str = ""
    content_encoding: tuple[str, ...] = ()
    transfer_encoding: str = ""


def split_host(text: str) -> tuple[str, int | None] | None:
    """Name and port of a Host value in lower case, or None where it is not exactly a name and maybe a port."""
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    return None if port is not None and port > 65535 else (match["name"], port)


def loopback_hosts(port: int | None, allowed_hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> Hosts:
    """The names of this machine and `allowed_hosts`, each alone or with `port`, or as it states its own port.

    `origins` are web origins let in beside our own. Raises ValueError for a host that is none.
    """
    names = {form for name in LOOPBACK_NAMES for form in _forms(name, port)}
    for text in allowed_hosts:
        parts = split_host(text.lower())
        if parts is None:
            raise ValueError(f"{text!r} is no host name")
        name, own_port = parts
        names.update(_forms(name, port) if own_port is None else (f"{name}:{own_port}",))
    own = {f"http://{name}" if port == 80 else f"http://{name}:{port}" for name in LOOPBACK_NAMES if port}
    return Hosts(frozenset(names), frozenset(own).union(origin.lower() for origin in origins))


def _forms(name: str, port: int | None) -> tuple[str, ...]:
    return (name, f"{name}:{port}") if port else (name,)


def examine(facts: RequestFacts, hosts: Hosts, takes: frozenset[str] = JSON) -> Refusal | None:
    """The reason to turn a request away at the door, or None.

    `takes` are the media types of a body that the route reads; empty where it reads any. A web
    page may send a few types without asking first, and JSON is none of them. No message repeats
    anything that the request said.
    """
    if facts.method not in _METHODS:
        return WrongMethod("this method is not used here")
    return _examine_host(facts, hosts) or _examine_origin(facts, hosts) or _examine_body(facts, takes)


def _examine_host(facts: RequestFacts, hosts: Hosts) -> Refusal | None:
    named = facts.host + facts.forwarded_host
    if facts.target[:1] not in ("/", "*"):
        absolute = _ABSOLUTE.match(facts.target)
        named += (absolute[1] if absolute else "",)
    if len(facts.host) == 1:
        for name in named:
            if not name.isascii() or name.lower() not in hosts.names:
                break
        else:
            return None
    return ForeignHost(
        "the request is for another host than this proxy; use its own address, "
        "or name the host in allowed_hosts of the configuration"
    )


def _examine_origin(facts: RequestFacts, hosts: Hosts) -> Refusal | None:
    if not (facts.origin or facts.fetch_site):
        return None
    if hosts.browsers:
        if facts.origin and len(facts.origin) == 1 and facts.origin[0].lower() in hosts.origins:
            return None
        if not facts.origin and len(facts.fetch_site) == 1 and facts.fetch_site[0] in _OWN_SITES:
            return None
    return ForeignRequest("the request comes from a web page, and web pages may not use this proxy")


def _examine_body(facts: RequestFacts, takes: frozenset[str]) -> Refusal | None:
    for coding in facts.content_encoding:
        if coding.strip().lower() != "identity":
            return UnsupportedBody("send the body as it is: Content-Encoding is not accepted")
    if facts.transfer_encoding and facts.transfer_encoding.lower() != "chunked":
        return UnsupportedBody("send the body as it is: no Transfer-Encoding but chunked is accepted")
    if facts.method in _BODY_METHODS and takes:
        media_type = facts.content_type.partition(";")[0].strip().lower()
        if media_type not in takes:
            return UnsupportedBody(f"send the body with Content-Type: {' or '.join(sorted(takes))}")
    return None
