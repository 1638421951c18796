"""Times as people type them: `30d`, `12h`, `2026-11-21`, `2026-11-21 14:00`, `today`."""

import argparse
import re
from datetime import datetime, timedelta

_AGO = re.compile(r"(\d{1,6})\s*(min|h|d|w)")
_UNITS_MS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def span_ms(text: str) -> int:
    """A stretch of time in milliseconds, as argparse wants it."""
    match = _AGO.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a time is written like 30d, 12h, 2w or 90min")
    return int(match[1]) * _UNITS_MS[match[2]]


def past_ms(text: str, now_ms: int) -> int:
    """An instant in the past: so long ago (`7d`), a date (midnight here), a date and time, or `today`.

    Raises ValueError with a sentence.
    """
    if _AGO.fullmatch(text.strip()):
        return now_ms - span_ms(text)
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return int((midnight - timedelta(days=text == "yesterday")).timestamp() * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except ValueError:
        raise ValueError(f"{ascii(text)} is no time; write 7d, 12h, 2026-11-21, today or yesterday") from None
