"""Busy: whether JSON from outside holds more values than anybody needs, told before anything is made of them.

Thirty megabytes of empty objects are ten million of them: what a parser makes of those takes gigabytes, and a minute.
"""

import re

MOST_ASKED = 350_000
"""Values in a request: a long conversation with many tools has some thousands. Half a megabyte cannot hold more."""
MOST_ANSWERED = 1_000_000
"""In an answer, which may state twenty likely tokens, each with its bytes, for every token."""

_SEPARATORS = (b",", b"[", b"{")
_STRING = re.compile(rb'"[^"]*"')
_NO_MARKS = bytes(set(range(256)) - set(b',[{"'))


def is_busy(body: bytes, most: int) -> bool:
    """Whether there are more values than `most`, as far as the body is JSON; in a time that grows with its size.

    What is within strings does not count.
    """
    # Nothing has more of them for its size than a list of empty ones: `[],`.
    if 2 * len(body) <= 3 * most or _separators(body) <= most:
        return False
    # Without escaped backslashes and quotes, every quote begins or ends a string (RFC 8259, 7).
    marks = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARKS)
    # A member of an object has two strings, of two quotes each.
    return marks.count(b'"') > 4 * most or _separators(_STRING.sub(b"", marks)) > most


def _separators(text: bytes) -> int:
    return sum(map(text.count, _SEPARATORS))
