"""The two ways of a piece through the relay: whichever it takes, the client gets the same, metered the same."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bursar.config.schema import Times
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import Refusal, UpstreamBroke
from bursar.domain.usage import Quality, Usage
from bursar.metering.count import PromptCounter
from bursar.metering.meter import Meter
from bursar.pipeline.relay import StreamRelay, StreamTerms
from bursar.pipeline.reply import ReplyState
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies
from bursar.upstreams.upstream import PassOn

COUNTER = PromptCounter(TextCounter(Vocabularies()))
TIMES = Times(connect_s=60, first_event_s=60, stall_s=60, progress_s=60, total_s=600)
STEP = 100
"""So many tokens are held more each time, of which the meter may be behind some."""


def chunk(delta: str, rest: str = "") -> bytes:
    return f'data: {{"id":"c","choices":[{{"index":0,"delta":{{{delta}}}{rest}}}],"usage":null}}\n\n'.encode()


SO_MANY = chunk('"content":" so many"')
NOTHING = b'data: {"choices":[]}\n\n'
ROLE = chunk('"role":"assistant","content":""')
END = chunk("", ',"finish_reason":"stop"')
ANOTHER_END = END.replace(b'"index":0', b'"index":1')
DONE = b"data: [DONE]\n\n"
WORDS = chunk('"content":"' + "budgets are held before they are spent " * 8 + '"')
USAGE = b'{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}'
ODD = (
    chunk('"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]'),
    chunk('"reasoning_content":"so it is"'),
    chunk('"reasoning_content":"so","content":"and so"'),
    b": a comment\n\n",
    b'data: {"choices":[],\ndata: "usage":null}\n\n',
    b'event: message\ndata: {"choices":[]}\n\n',
    b'data: {"choices":[],"usage":%b}\n\n' % USAGE,
    b'data: {"choices":[{"index":0,"delta":{"content":"a"}}],"usage":%b}\n\n' % USAGE,
    b"data: \n\n",
    b'data: {"error":{"message":"no more"}}\n\n',
    b'event: error\ndata: {"choices":[]}\n\n',
    b"data: no JSON\n\n",
    WORDS.replace(b"\n", b"\r\n"),
    END,
)


@dataclass
class Played:
    """An upstream's answer as it comes, piece by piece; `offers` where each is offered as a connection does."""

    pieces: list[bytes]
    offers: bool
    taken: int = 0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    streams: bool = True
    model: str = ""

    @property
    def ended(self) -> bool:
        return False

    async def read(self, pass_on: PassOn | None = None) -> bytes:
        while self.pieces:
            piece = self.pieces.pop(0)
            if not (self.offers and pass_on is not None and pass_on(piece)):
                return piece
            self.taken += 1
        return b""

    def no_within(self, body: bytes) -> Refusal | None:
        return UpstreamBroke("it says no") if b'"error"' in body else None


@dataclass
class Got:
    """What a client got. It reads for a while, and then it does not."""

    reads: int
    body: bytes = b""
    state: ReplyState = ReplyState.WAITING
    status: int = 0

    async def begin(self, headers: Mapping[str, str]) -> None:
        self.state, self.status = ReplyState.BEGUN, 200

    async def write(self, piece: bytes) -> None:
        assert self.state is ReplyState.BEGUN
        self.body += piece

    def write_at_once(self, piece: bytes) -> bool:
        assert self.state is ReplyState.BEGUN
        assert self.body, "only what follows may be written at once"
        self.reads -= 1
        if self.reads < 0:
            return False
        self.body += piece
        return True

    async def finish(self, last: bytes = b"") -> None:
        self.body += last
        self.state = ReplyState.FINISHED

    async def break_off(self, why: bytes = b"") -> None:
        self.body += why
        self.state = ReplyState.BROKEN_OFF

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        raise AssertionError("a stream was asked for")


@dataclass(frozen=True)
class End:
    """How it ended, for all that anybody can tell."""

    body: bytes
    state: ReplyState
    outcome: Outcome | None
    refused: str
    bill: tuple[Usage, Quality]
    notes: tuple[str, ...]
    steps: int


async def relayed(answer: Played, reads: int, most: int) -> End:
    """An answer taken through the relay, to a client; at most `most` steps can be held."""
    meter, got, steps = Meter(24, COUNTER, "gpt-4o"), Got(reads), 1
    now = asyncio.get_running_loop().time()

    def has_room() -> bool:
        return meter.completion_tokens + STEP // 2 <= steps * STEP

    async def grow() -> bool:
        nonlocal steps
        while not has_room() and steps < most:
            steps += 1
        return meter.exact() <= steps * STEP

    async def count() -> None:
        meter.prompt_is(25)

    terms = StreamTerms(
        upstream="main",
        wants_usage=True,
        times=TIMES,
        first_event_by=now + 60,
        total_by=now + 600,
        late_usage_s=0,
        event_limit=1 << 20,
        headers=lambda model: {},
        has_room=has_room,
        grow=grow,
        progress=lambda now: None,
        count=count,
        cut=lambda: {"code": "cut"},
        trailer=lambda: b"",
    )
    outcome, refused = None, ""
    try:
        ending = await StreamRelay(terms, meter, got).run(answer)
        outcome, refused = ending.outcome, str(ending.refusal)
    except Refusal as refusal:
        refused = str(refusal)
    bill = meter.bill(after_cut=outcome is not Outcome.COMPLETE)
    return End(got.body, got.state, outcome, refused, bill, meter.notes, steps)


LETTERS = st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=("Cc", "Cs"))
TEXT = st.text(LETTERS, max_size=30).map(lambda text: chunk(f'"content":"{text}"'))
FEW = st.integers(1, 40).map(lambda count: SO_MANY * count)
EVENTS = st.one_of(
    st.lists(st.one_of(TEXT, st.just(WORDS), st.sampled_from(ODD)), max_size=30),
    st.lists(st.one_of(TEXT, st.just(WORDS), FEW), max_size=12),
)


@given(
    first=st.sampled_from((ROLE, NOTHING)),
    events=EVENTS,
    ends=st.sampled_from((END + DONE, DONE, END, ANOTHER_END + DONE, b"")),
    cuts=st.lists(st.integers(0, 4000), max_size=6),
    reads=st.integers(0, 400),
    apart=st.booleans(),
    most=st.integers(1, 6),
)
@example(first=ROLE, events=[SO_MANY * 100], ends=END + DONE, cuts=[], reads=400, apart=True, most=1)
@example(first=NOTHING, events=[SO_MANY], ends=ANOTHER_END + DONE, cuts=[], reads=9, apart=True, most=1)
@settings(max_examples=60, deadline=None)
def test_the_way_of_a_piece_makes_no_difference(
    first: bytes, events: list[bytes], ends: bytes, cuts: list[int], reads: int, apart: bool, most: int
) -> None:
    """Pieces are events or, cut anywhere, parts of some; the client reads, or has stopped."""
    pieces = pieces_of([first, *events, ends], cuts, apart)
    by_the_pump = asyncio.run(relayed(Played(list(pieces), offers=False), reads, most))
    at_once = asyncio.run(relayed(Played(list(pieces), offers=True), reads, most))
    assert at_once == by_the_pump


def pieces_of(sent: list[bytes], cuts: list[int], apart: bool) -> list[bytes]:
    """What was sent, event by event where they come `apart`, but in two where a cut goes through."""
    if apart:
        sent = [block + b"\n\n" for block in b"".join(sent).split(b"\n\n")[:-1]]
    pieces: list[bytes] = []
    begun = 0
    for piece in filter(None, sent):
        within = sorted({cut - begun for cut in cuts if 0 < cut - begun < len(piece)})
        starts = [0, *within]
        pieces += [piece[start:end] for start, end in zip(starts, [*within, len(piece)], strict=True)]
        begun += len(piece)
    return pieces


@pytest.mark.parametrize(("reads", "taken"), [(1000, 200), (50, 50), (0, 0)])
async def test_a_stream_of_words_takes_the_short_way_while_the_client_reads(reads: int, taken: int) -> None:
    answer = Played([ROLE, *[chunk('"content":"a "')] * 200, END + DONE], offers=True)
    end = await relayed(answer, reads, 9)
    assert (end.outcome, end.state) == (Outcome.COMPLETE, ReplyState.FINISHED)
    # A batch of text that is counted goes by the pump: nobody else asks for room.
    assert taken - 3 <= answer.taken <= taken
