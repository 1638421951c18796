"""`shown`: text from outside made fit for a terminal and a log line, with nothing in it that acts."""

import re

_PICTURES = 0x2400
"""Where Unicode keeps a picture of each of the first 32 control characters."""

_ACTING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: they move the cursor, ring, clear, and open escape sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they turn the direction in which text is read
    "\u2028\u2029"  # they break the line
    "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"  # they cannot be seen
    "\ud800-\udfff"  # halves of a character: no encoder takes them
    "\U000e0000-\U000e007f"  # tags: hidden text
    "]"
)


def shown(text: str) -> str:
    """`text` with every character that would act, hide or not encode replaced by a visible form.

    The controls of C0, line end and tab among them, become their pictures (`␛`, `␊`) and DEL
    becomes `␡`, one column each; all others become an escape (`\\x9b`, `\\u202e`). The joiners
    U+200C and U+200D stay: scripts and emoji need them.
    Which characters act: ECMA-48 (C0, C1) and Unicode UAX #9 (direction), 5.21 (invisible ones).
    """
    return _ACTING.sub(_visible, text)


def shown_text(text: str) -> str:
    """The same for a text of several lines: line ends and tabs stay as they are, CR LF being one line end."""
    return "\n".join("\t".join(map(shown, line.split("\t"))) for line in text.replace("\r\n", "\n").split("\n"))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
