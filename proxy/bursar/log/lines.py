"""What a log record is as a line: rendered, without secrets, bounded, and harmless to a terminal."""

import itertools
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from bursar.contract.log_line import Level, LogLine
from bursar.contract.shown import shown
from bursar.domain.refusals import Refusal
from bursar.log.redact import Redaction

LONGEST_MESSAGE = 1_000
LONGEST_TRACE = 12_000
"""Characters; of a trace the end is kept, where the fault is."""

_MOST_CAUSES = 5
_OURS = "bursar"
_PLAIN = frozenset({_OURS, "sqlite3"})
"""Modules whose errors speak of the machine alone."""

_TELLING = (
    OSError,
    AssertionError,
    AttributeError,
    TypeError,
    NameError,
    ImportError,
    IndexError,
    RuntimeError,
    ArithmeticError,
    MemoryError,
)
"""Errors whose text is about code or the machine. That of others (a ValueError's) may quote what was asked."""


class Numbers:
    """Numbers that grow from line to line and, as long as no clock is set back, from run to run."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, at_ms: int) -> int:
        """The number of a line of that instant."""
        self._last = max(self._last + 1, at_ms * 1_000)
        return self._last


def line_of(record: logging.LogRecord, numbers: Numbers, redaction: Redaction) -> LogLine:
    """The line. Facts that a caller gave as `extra={"fields": {…}}` are its fields."""
    at_ms = int(record.created * 1000)
    trace = _trace(record.exc_info[1]) if record.exc_info else ""
    return LogLine(
        number=numbers.next(at_ms),
        at_ms=at_ms,
        level=_level(record.levelno),
        subject=_subject(record.name),
        message=_fit(_rendered(record), redaction),
        fields=tuple((name, _value(each, redaction)) for name, each in getattr(record, "fields", {}).items()),
        trace="\n".join(shown(part) for part in redaction.clean(trace).splitlines())[-LONGEST_TRACE:],
    )


class _Written(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line as it stands in the file: one JSON object, `time` in UTC as ISO 8601 has it."""

    number: int
    time: str
    level: Level
    subject: str
    message: str
    fields: dict[str, str | int] = {}
    trace: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Written)


def written(line: LogLine) -> str:
    """The line as JSON, as the file has it and `bursar log --process --json` prints it."""
    time = datetime.fromtimestamp(line.at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _encoder.encode(
        _Written(line.number, time, line.level, line.subject, line.message, dict(line.fields), line.trace)
    ).decode()


def read(text: bytes) -> LogLine | None:
    """A line of the file, or None for what is none: half a line that a crash left."""
    try:
        each = _decoder.decode(text)
        at_ms = round(datetime.fromisoformat(each.time).timestamp() * 1000)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return None
    return LogLine(each.number, at_ms, each.level, each.subject, each.message, tuple(each.fields.items()), each.trace)


def human(line: LogLine) -> Iterator[str]:
    """The line for a person, in this machine's own time, and below it where a bug was."""
    at = datetime.fromtimestamp(line.at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    yield f"{at}  {line.level.value:<7}  {line.subject}: {line.said}"
    for part in line.trace.splitlines():
        yield f"    {part}"


def _level(number: int) -> Level:
    """The level at or below one of the standard library's numbers."""
    if number >= logging.ERROR:
        return Level.ERROR
    if number >= logging.WARNING:
        return Level.WARNING
    return Level.INFO if number >= logging.INFO else Level.DEBUG


def _subject(name: str) -> str:
    """Which part speaks: `ledger.ends`; of a library, its name."""
    return shown(name.removeprefix(f"{_OURS}.") or name)


def _rendered(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # A message that does not fit its arguments is a bug of whoever wrote it; its arguments may be anything.
        return f"{record.msg!s} (its arguments do not fit)"


def _fit(text: str, redaction: Redaction) -> str:
    # Cleaned before it is cut: half a key is none that anybody would know again.
    clean = shown(redaction.clean(text[: LONGEST_MESSAGE * 8]))
    return clean if len(clean) <= LONGEST_MESSAGE else f"{clean[: LONGEST_MESSAGE - 1]}…"


def _value(value: object, redaction: Redaction) -> str | int:
    return value if isinstance(value, int) and not isinstance(value, bool) else _fit(str(value), redaction)


def _trace(error: BaseException | None) -> str:
    """The lines of code that led to an error and to its causes; the cause first, as Python prints it."""
    chain = list(itertools.islice(_causes(error), _MOST_CAUSES))
    return "\n".join("".join((*traceback.format_tb(each.__traceback__), _named(each))) for each in reversed(chain))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, BaseExceptionGroup):
        return f"{name}: " + "; ".join(_named(each) for each in error.exceptions[:_MOST_CAUSES])
    # A refusal is ours, but its text may be a vendor's, who may quote the prompt.
    ours = kind.__module__.partition(".")[0] in _PLAIN and not isinstance(error, Refusal)
    telling = ours or isinstance(error, _TELLING)
    text = str(error) if telling else ""
    return f"{name}: {text}" if text else f"{name} (its text is left out)" if str(error) else name
