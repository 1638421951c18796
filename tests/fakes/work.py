"""Work counted, not timed: what a machine that is busy with other things does just as often."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from bursar.tokens.vocabulary import ENCODINGS, Vocabularies


class Calls:
    """How many functions this thread has called, those written in C included."""

    made = 0


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Counts while it lasts."""
    calls = Calls()

    def count(frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        calls.made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def calls_made(do: Callable[[], object]) -> int:
    """How many functions are called while this one runs."""
    with counted_calls() as calls:
        do()
    return calls.made


def watched_encoders(vocabularies: Vocabularies, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the texts were that the encoders were given from here on, in characters."""
    lengths: list[int] = []

    def watched(encode: Callable[[str], list[int]]) -> Callable[[str], list[int]]:
        def encode_ordinary(text: str) -> list[int]:
            lengths.append(len(text))
            return encode(text)

        return encode_ordinary

    for name in ENCODINGS:
        encoding = vocabularies.encoding(name)
        monkeypatch.setattr(encoding, "encode_ordinary", watched(encoding.encode_ordinary))
    return lengths
