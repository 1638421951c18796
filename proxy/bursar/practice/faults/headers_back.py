"""Faults in the headers that come back: what no proxy may hand on."""

from bursar.practice.faults.fault import Fault, Mark, Stage

WHERE = "headers back"

PLANTED_HEADERS = (
    "Set-Cookie",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "X-Practice-Hop",
    "Keep-Alive",
    "Proxy-Authenticate",
    "X-Echo-Authorization",
    "Strict-Transport-Security",
    "Alt-Svc",
    "Server",
)
"""The headers to look for in what a client receives; there must be none of them."""


async def planted(stage: Stage) -> None:
    key = stage.visit.key or "none"
    lines = (
        "Set-Cookie: session=practice; Path=/; HttpOnly",
        "Access-Control-Allow-Origin: *",
        "Access-Control-Allow-Credentials: true",
        "Connection: keep-alive, X-Practice-Hop",
        "X-Practice-Hop: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic realm=practice",
        f"X-Echo-Authorization: Bearer {key}",
        "Strict-Transport-Security: max-age=31536000; includeSubDomains",
        'Alt-Svc: h3=":443"; ma=86400',
        "Server: practice",
    )
    await stage.answer("".join(f"{line}\r\n" for line in lines).encode())


FAULTS = (
    Fault(
        "fault-headers-hygiene",
        WHERE,
        Mark.RELAY,
        Mark.RELAY,
        "answers with cookies, CORS, hop-by-hop headers, HSTS, and the key it was sent",
        planted,
    ),
)
