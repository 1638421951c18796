"""Counts a text while it grows, a few letters at a time: in batches, cut where no token is split."""

from threading import Lock

from bursar.tokens.text import TextCounter, bytes_as_tokens, settled_length

BATCH = 256
"""Characters that are gathered before they are counted: a call of the tokenizer costs as much as 16 of them."""
LONGEST_BATCH = 1024
"""Characters after which a text without a word boundary is counted and cut anyway, a token off at most."""
LONGEST_AT_ONCE = 32 * 1024
"""Characters of one piece beyond which it waits for `exact`, which may run in a thread: counting takes 4 ms or more."""


class Tally:
    """The tokens of everything added so far. Only `exact` may be asked by two threads at once."""

    __slots__ = ("_counter", "_counting", "_encoding", "_exact", "_large", "_pieces", "_settled", "_try_at", "_waiting")

    def __init__(self, counter: TextCounter, encoding: str) -> None:
        self._counter = counter
        self._encoding = encoding
        self._counting = Lock()
        self._settled = 0
        self._pieces: list[str] = []
        self._waiting = 0
        self._try_at = BATCH
        self._large: list[str] = []
        self._exact: int | None = 0

    def add(self, text: str) -> bool:
        """Takes what has come; whether `so_far` may have changed."""
        length = len(text)
        self._exact = None
        if length > LONGEST_AT_ONCE:
            self._large.append(text)
            return True
        self._pieces.append(text)
        self._waiting += length
        return self._waiting >= self._try_at and self._settle()

    @property
    def slack(self) -> int:
        """How many characters more would only wait with others for their batch, if it were one fewer."""
        return 0 if self._large else self._try_at - self._waiting

    @property
    def so_far(self) -> int:
        """A figure that costs nothing: leaves out what waits for its batch, and guesses what waits for a thread."""
        return self._settled + bytes_as_tokens(self.owed) if self._large else self._settled

    @property
    def owed(self) -> int:
        """Characters that only `exact` will count."""
        return sum(map(len, self._large)) if self._large else 0

    def exact(self) -> int:
        """The tokens of all that has come; what waits for its batch goes on waiting, so that no cut is made."""
        if self._exact is not None:
            return self._exact
        if not self._counting.acquire(blocking=False):
            # A call that was cut short has left a thread counting: nobody waits for it, and its guess stands.
            return self.so_far + bytes_as_tokens(self._waiting)
        try:
            while self._large:
                counted = self._counter.count_once(self._large[-1], self._encoding)
                self._large.pop()
                self._settled += counted
            if len(self._pieces) > 1:
                self._pieces = ["".join(self._pieces)]
            waiting = self._counter.count_once(self._pieces[0], self._encoding) if self._waiting else 0
            self._exact = self._settled + waiting
            return self._exact
        finally:
            self._counting.release()

    def _settle(self) -> bool:
        text = "".join(self._pieces)
        cut = settled_length(text)
        if cut == 0:
            if self._waiting < LONGEST_BATCH:
                self._pieces = [text]
                self._try_at = self._waiting * 2
                return False
            cut = len(text)
        self._settled += self._counter.count_once(text[:cut], self._encoding)
        self._pieces = [text[cut:]]
        self._waiting = len(text) - cut
        self._try_at = self._waiting + BATCH
        return True
