"""Lines: rendered whole, bounded, without secrets, without what was asked, and harmless to a terminal."""

import json
import logging
import sys

from bursar.contract.log_line import Level, LogLine
from bursar.domain.refusals import InvalidParameter
from bursar.log.lines import LONGEST_MESSAGE, Numbers, human, line_of, read, written
from bursar.log.redact import Redaction

KEY = "bk-" + "7" * 40


def record(message: str, *arguments: object, level: int = logging.INFO, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("bursar.ledger.ends", level, "", 0, message, arguments, sys.exc_info() if error else None)


def line(made: logging.LogRecord) -> LogLine:
    return line_of(made, Numbers(), Redaction())


def raised(error: Exception) -> LogLine:
    """The line of an error that a bug of ours let out."""
    try:
        try:
            raise KeyError(f"a prompt with {KEY}")
        except KeyError as cause:
            raise error from cause
    except Exception:
        return line(record("a request failed", level=logging.ERROR, error=True))


def test_a_line_says_who_speaks_what_and_with_which_facts() -> None:
    made = record("%d holds of %s", 3, "main")
    made.fields = {"file": "/a b", "count": 3, "open": True}
    said = line(made)
    assert (said.level, said.subject, said.message) == (Level.INFO, "ledger.ends", "3 holds of main")
    assert said.said == '3 holds of main file="/a b" count=3 open=True'
    assert read(written(said).encode()) == said
    assert json.loads(written(said))["time"].endswith("Z")


def test_a_secret_goes_after_the_line_is_rendered() -> None:
    made = record("key %s of %s", KEY[:20], KEY[20:])
    made.fields = {"header": f"Bearer {KEY}"}
    text = written(line(made))
    assert KEY[:20] not in text
    assert KEY not in text


def test_nothing_in_it_acts_on_a_terminal() -> None:
    said = raised(OSError("\x1b[2J\x9b31m\u202e"))
    for text in (written(said), *human(said)):
        assert not set(text) & set("\x1b\x9b\u202e\n")
    assert "\\x9b31m\\u202e" in said.trace


def test_of_a_bug_the_code_is_shown_and_not_what_it_held() -> None:
    for error in (ValueError(f"cannot read {KEY} of the prompt"), InvalidParameter("a vendor quotes the prompt")):
        said = raised(error)
        assert "prompt" not in said.trace.replace('raise KeyError(f"a prompt with {KEY}")', "")
        assert "KeyError (its text is left out)" in said.trace
        assert type(error).__qualname__ in said.trace
        assert KEY not in written(said)
    assert "OSError: disk" in raised(OSError("disk")).trace


def test_errors_in_a_group_are_named() -> None:
    said = raised(ExceptionGroup("two", [OSError("one"), ValueError("the other")]))
    assert "OSError: one; ValueError (its text is left out)" in said.trace


def test_a_long_line_is_cut_and_one_that_does_not_fit_its_arguments_is_kept() -> None:
    assert len(line(record("%s", "x" * 100_000)).message) == LONGEST_MESSAGE
    assert line(record("%d holds", "three")).message == "%d holds (its arguments do not fit)"


def test_numbers_grow_also_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    numbers = Numbers()
    each = [numbers.next(at_ms) for at_ms in (1_000, 1_000, 999, 1_001)]
    assert each == [1_000_000, 1_000_001, 1_000_002, 1_001_000]


def test_half_a_line_is_none() -> None:
    assert read(b'{"number":1,"time":"2026-11-') is None
    assert read(b'{"number":1,"time":"never","level":"info","subject":"x","message":"y"}') is None


def test_words_are_looked_for_in_all_of_a_line() -> None:
    said = line(record("A hold of %s", "Main"))
    assert said.has("")
    assert said.has("main ENDS")
    assert not said.has("main sonnet")
