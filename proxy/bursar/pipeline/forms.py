"""An answer in the form that was asked for: whole or as a stream, whichever way the upstream sent it."""

from collections.abc import Callable, Mapping

from bursar.dialects.busy import MOST_ANSWERED, is_busy
from bursar.dialects.canonical import NOT_JSON, Heard
from bursar.dialects.openai_chat_answer import DONE, NoAnswer, hear
from bursar.dialects.openai_chat_forms import Gatherer, chunks_of
from bursar.dialects.sse import LineTooLong, SseReader
from bursar.domain.refusals import Refusal, UpstreamBroke
from bursar.upstreams.upstream import Answer, PassOn

_STARTS_PLAIN = (b"{", b"[", b"<")


async def whole_answer(answer: Answer, limit: int, upstream: str, alive: Callable[[], None]) -> tuple[bytes, Heard]:
    """The body of a plain answer, at most `limit` bytes, and what it says; `alive` is told of every piece.

    Raises a Refusal where it is none.
    """
    body = await _read_all(answer, limit, upstream, alive)
    if answer.streams:
        body = _gathered(answer, body, limit, upstream)
    _check(body, upstream)
    try:
        heard = hear(body)
    except NoAnswer:
        heard = Heard()
    if not heard.choices or heard.error is not None:
        refusal = answer.no_within(body)
        if refusal is not None:
            raise refusal
    return body, heard


async def as_stream(answer: Answer, limit: int, upstream: str) -> Answer:
    """The answer as a stream of events, whatever its content type says."""
    if answer.streams:
        return answer
    first = await answer.read()
    if not first.lstrip().startswith(_STARTS_PLAIN):
        return _Rewound(answer, [first])
    body = first + await _read_all(answer, limit, upstream)
    _check(body, upstream)
    refusal = answer.no_within(body)
    if refusal is not None:
        raise refusal
    chunks = b"".join(b"data: " + chunk + b"\n\n" for chunk in chunks_of(body))
    return _Rewound(answer, [chunks, b"data: " + DONE + b"\n\n"])


def _check(body: bytes, upstream: str) -> None:
    """Raises UpstreamBroke for an answer that would take too much to make anything of."""
    if is_busy(body, MOST_ANSWERED):
        raise UpstreamBroke(f"Upstream {upstream} sent an answer of more than {MOST_ANSWERED:,} values.")


async def _read_all(answer: Answer, limit: int, upstream: str, alive: Callable[[], None] | None = None) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await answer.read():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise UpstreamBroke(f"Upstream {upstream} sent an answer above the limit of {limit:,} bytes.")
        if answer.ended:
            break
        if alive is not None and _says_something(piece, answer):
            alive()
    return b"".join(pieces)


def _says_something(piece: bytes, answer: Answer) -> bool:
    """Whether a piece is more than white space or a comment, by which some keep a connection alive."""
    return b"data:" in piece if answer.streams else not piece.isspace()


def _gathered(answer: Answer, stream: bytes, limit: int, upstream: str) -> bytes:
    """The whole answer that a stream's bytes add up to. Raises UpstreamBroke where it did not end."""
    reader, gatherer = SseReader(limit), Gatherer()
    try:
        frames = reader.feed(stream) + reader.close()
        for frame in frames:
            if frame.data == DONE:
                break
            if b'"error"' in frame.data and (refusal := answer.no_within(frame.data)) is not None:
                raise refusal
            gatherer.add(frame.data)
    except (LineTooLong, *NOT_JSON, TypeError, AttributeError):
        raise UpstreamBroke(f"Upstream {upstream} sent a stream that cannot be read.") from None
    if not gatherer.complete:
        raise UpstreamBroke(f"Upstream {upstream} ended its answer before it was whole.")
    return gatherer.answer()


class _Rewound:
    """An answer whose first pieces were read, or made, already."""

    def __init__(self, answer: Answer, pieces: list[bytes]) -> None:
        self._answer = answer
        self._pieces = pieces

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    @property
    def streams(self) -> bool:
        return True

    @property
    def model(self) -> str:
        return self._answer.model

    @property
    def ended(self) -> bool:
        return not self._pieces and self._answer.ended

    async def read(self, pass_on: PassOn | None = None) -> bytes:
        """The pieces in hand first, then what the upstream goes on to send."""
        return self._pieces.pop(0) if self._pieces else await self._answer.read(pass_on)

    def no_within(self, body: bytes) -> Refusal | None:
        """What the upstream means by it."""
        return self._answer.no_within(body)
