"""Findings: what a check of `bursar doctor` has found, in one line each."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How it stands. Only a problem makes the exit status 1."""

    WELL = "well"
    NOTE = "note"
    PROBLEM = "problem"


MARKS = {State.WELL: "✓", State.NOTE: "·", State.PROBLEM: "✗"}


class Finding(msgspec.Struct, frozen=True):
    """One line: what was looked at, how it stands, and a sentence: what to do, where something is to be done."""

    check: str
    state: State
    sentence: str


def well(check: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(check, State.WELL, sentence)


def note(check: str, sentence: str) -> Finding:
    """Worth knowing, and no problem."""
    return Finding(check, State.NOTE, sentence)


def problem(check: str, sentence: str) -> Finding:
    """Something to be done."""
    return Finding(check, State.PROBLEM, sentence)
