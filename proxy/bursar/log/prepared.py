"""Prepared: a record that is a line by now, on its way to those who write it or tell of it."""

import logging

from bursar.contract.log_line import LogLine


class Prepared(logging.LogRecord):
    """Nothing is left of what the line was made of."""

    line: LogLine


def line_in(record: logging.LogRecord) -> LogLine:
    """The line of a prepared record; nothing else reaches a writer."""
    line = getattr(record, "line", None)
    if not isinstance(line, LogLine):
        raise TypeError("only what was prepared is written")
    return line
