"""Base URLs: the forms that users paste made one, and what may be reached without encryption."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from bursar.config.values import Wrong

_ALLOWED = 'the address of an OpenAI-compatible API, such as "https://api.example.com/v1"'
_PASTED_TOO_FAR = re.compile(r"(/v1)?(/(chat/completions|completions|models|embeddings|responses)(/v1)?)+$")
_LOCAL_SUFFIXES = (".local", ".internal", ".lan", ".home.arpa", ".localhost")


def base_url(value: object) -> str:
    """The URL below which `/chat/completions` is, without a slash at its end.

    The host alone, the host with `/v1`, and the whole address of chat completions (also doubled)
    all mean the same (vendors' documents show each of them). A host without a scheme is asked by
    https, or by http where it is on this machine or network. Raises Wrong for anything else; what
    was found is not shown where it carries a password.
    """
    if not isinstance(value, str) or not value or not value.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", value):
        raise Wrong(_ALLOWED)
    text = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Wrong(_ALLOWED, concealed="@" in value) from None
    if parts.username is not None or parts.password is not None:
        raise Wrong(
            'an address without a user or password: keep the key in the keyring and name it in "secret"', concealed=True
        )
    if parts.query or parts.fragment:
        raise Wrong("an address without ? and #", concealed=True)
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Wrong(_ALLOWED)
    scheme = "http" if "://" not in value and is_near(parts.hostname) else parts.scheme
    return f"{scheme}://{parts.netloc.lower()}{_path(parts)}"


def _path(parts: SplitResult) -> str:
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    path = re.sub(r"(/v1)+$", "/v1", _PASTED_TOO_FAR.sub(r"\1", path))
    if path:
        return path
    return "/api/v1" if parts.hostname == "openrouter.ai" else "/v1"


def is_near(host: str) -> bool:
    """Whether a host is on this machine or a private network, as far as its name or address says."""
    name = host.strip("[]").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_LOCAL_SUFFIXES)
    return address.is_loopback or address.is_private or address.is_link_local


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nothing else can reach it there."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_this_machine(host: str, listening: str) -> bool:
    """Whether a URL's host leads to where we listen."""
    name, ours = host.strip("[]").lower(), listening.strip("[]").lower()
    return name == ours or is_loopback(name) or name in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
