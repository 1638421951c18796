"""Memo: tokens of text, remembered by the text's hash, so that a growing conversation costs what is new in it."""

from typing import Protocol

from bursar.tokens.memo import Memo as Known

ENCODING = "o200k_base"
"""The vocabulary of every practice model."""

_MOST = 50_000
"""So many texts are remembered at least."""


class Counter(Protocol):
    """Counts the tokens of a text; `bursar.tokens.text.TextCounter` is one."""

    def count(self, text: str, encoding: str) -> int: ...


class Memo:
    """Counts text, keeping none of it."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known = Known[int](_MOST)

    def known(self, text: str) -> int | None:
        """The tokens of `text` where they are remembered."""
        return self._known.get((hash(text), len(text)))

    def count(self, text: str) -> int:
        """The tokens of `text`. May be called in a thread."""
        key = (hash(text), len(text))
        tokens = self._known.get(key)
        if tokens is None:
            tokens = self._counter.count(text, ENCODING)
            self._known.put(key, tokens)
        return tokens
