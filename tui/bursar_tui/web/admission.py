"""Admission: who may come in from a browser: only a page of ours, under a name of this machine, with the token.

A name that an attacker made resolve to this machine is told by `Host`, a page of somebody else by `Origin`
(also another program's page on another port of this machine), another user of this machine by the token.
"""

import hmac
from collections.abc import Sequence

HOSTS = ("127.0.0.1", "localhost", "[::1]")
PROTOCOL = "bursar.watch"
"""What the page offers as WebSocket subprotocols is this and the token, so that it is checked before anything opens."""


def host_of(headers: Sequence[str]) -> str | None:
    """The one `Host` of a request, with its port, if it names this machine."""
    if len(headers) != 1:
        return None
    host = headers[0].lower()
    name, colon, port = host.rpartition(":")
    if host in HOSTS or (name in HOSTS and colon and port.isascii() and port.isdigit()):
        return host
    return None


def is_ours(origins: Sequence[str], host: str, *, required: bool) -> bool:
    """Whether a request comes from the page that this host gave out; one that does not say may be `required` to."""
    if not origins:
        return not required
    return len(origins) == 1 and origins[0].lower() == f"http://{host}"


def navigates(site: str, mode: str) -> bool:
    """Whether a request that a browser calls another site's is at least somebody who goes to the page.

    What it says of itself: Fetch Metadata, `Sec-Fetch-Site` and `Sec-Fetch-Mode`.
    """
    return site in ("", "none", "same-origin") or mode == "navigate"


def knows(protocols: Sequence[str], token: str) -> bool:
    """Whether the WebSocket subprotocols offered have our own and the token."""
    offered = [each.strip() for header in protocols for each in header.split(",")]
    known = [hmac.compare_digest(each.encode("utf-8", "surrogateescape"), token.encode()) for each in offered]
    return PROTOCOL in offered and any(known)
