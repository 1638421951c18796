"""Redaction: takes out of a text whatever is a key or looks like one, before it is written anywhere."""

import re
from urllib.parse import quote

SHORTEST = 6
"""Below this length a known secret is not looked for: it would be found in every other word."""

_PUT = "…"
_SHAPES = (
    # A key by the way it begins: ours, and those of vendors.
    (
        re.compile(r"\b(bk-|sk-|pk-|rk-|gsk_|xai-|hf_|ghp_|github_pat_|AIza|r8_|pplx-|fw_|tgp_)[A-Za-z0-9_\-]{8,}"),
        r"\1",
    ),
    # A JSON web token.
    (re.compile(r"\b(eyJ)[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)*"), r"\1"),
    # By the header that carries it; whatever a header holds goes, to the end of its line.
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|x-api-key|api-key|x-goog-api-key|(?:set-)?cookie)"
            r"(['\"]?\s*[:=,]\s*)(?![\s…])[^\r\n]+"
        ),
        r"\1\2",
    ),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)(?!…)[A-Za-z0-9._~+/=\-]{6,}"), r"\1\2"),
    # By its place in an address.
    (re.compile(r"(?i)([?&](?:api[_-]?key|key|token|access_token|secret|password)=)(?!…)[^&\s'\"]+"), r"\1"),
    (re.compile(r"(://[^/\s:@]*:)(?!…)[^/\s@]+(?=@)"), r"\1"),
)
"""What looks like a key, and what of it stays."""

_CLIENT_KEY = re.compile(r"\b(bk-)[A-Za-z0-9]{40}\b")


class Redaction:
    """What must not be written. It may be used from any thread: what it knows is replaced whole."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()

    def learn(self, secret: str) -> None:
        """From now on this text is taken out wherever it occurs, also as it stands in an address."""
        forms = {secret, quote(secret, safe="")} - set(self._known)
        if len(secret) >= SHORTEST and forms:
            # The longest first, so that no part of it stays.
            self._known = tuple(sorted((*self._known, *forms), key=len, reverse=True))

    def without_keys(self, text: str) -> str:
        """`text` without what is known, and without client keys of ours; all else stays as it is."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, _PUT)
        return _CLIENT_KEY.sub(rf"\1{_PUT}", text) if "bk-" in text else text

    def clean(self, text: str) -> str:
        """`text` without what is known, and without what looks like a key."""
        return without_shapes(self.without_keys(text))


def without_shapes(text: str) -> str:
    """`text` without what looks like a key."""
    for shape, stays in _SHAPES:
        text = shape.sub(stays + _PUT, text)
    return text
