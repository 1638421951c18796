"""What is asked: request bodies of each workload, as OpenAI's own client would write them, from reproducible text."""

import json
import random
from collections.abc import Iterator

MODEL = "fast"
"""The alias that clients ask for; the upstream knows it as UPSTREAM_MODEL."""
UPSTREAM_MODEL = "gpt-4o-mini"

CONVERSATION_BYTES = 500_000
CONVERSATION_MESSAGES = 632

_TEXT = (
    "a about after again all also although an and another any as at back be because before between body both bring "
    "but by call can case change check clear close code column come common compare complete consider could count "
    "current data day default describe did different do does each early either end enough error even every example "
    "fact few field file find first follow for found from function general get give given go good great group had "
    "has have header here how however if import in index into is it item just keep key know large last later least "
    "leave left less let level like limit line list little local long look made make many match matter mean might "
    "model more most move much must name need never new next no not note nothing now number object of off often old "
    "on once one only open or order other our out over own page part path people place point possible present "
    "problem process program question read reason record remain request result return right row run said same say "
    "second see seem send server set several should show side since small so some something source start state "
    "still stream string such system table take than that the their them then there these they thing think this "
    "those though through time to together token too toward true try turn two type under until up upon us use user "
    "value very want was way we well were what when where which while who why will with within without word work "
    "world would write year yes yet you your"
)
_WORDS = _TEXT.split()


def plain() -> bytes:
    """A question with a small whole answer."""
    return _body(
        "plain", [_system(), {"role": "user", "content": "Say in one sentence what a proxy does with tokens."}]
    )


def burst(chunks: int) -> bytes:
    """A question whose answer streams without pauses."""
    return _body(f"burst:{chunks}", [_system(), {"role": "user", "content": "Tell it at length."}], stream=True)


def paced(chunks: int, every_ms: int) -> bytes:
    """A question whose answer streams a chunk at a time."""
    return _body(f"paced:{chunks}:{every_ms}", [_system(), {"role": "user", "content": "Take your time."}], stream=True)


class Conversation:
    """A long conversation. `grown` is the same with a last message never sent before; `unseen` is all new."""

    def __init__(self, seed: int, chunks: int) -> None:
        self._random = random.Random(seed)
        self._chunks = chunks
        self._turns = self._new_turns()

    def grown(self, count: int) -> Iterator[bytes]:
        """The known conversation, each time with another last message."""
        for _ in range(count):
            last = {"role": "user", "content": self._text(800)}
            yield _body(f"burst:{self._chunks}", [*self._turns[:-1], last], stream=True)

    def unseen(self, count: int) -> Iterator[bytes]:
        """Conversations of which no message was ever sent."""
        for _ in range(count):
            yield _body(f"burst:{self._chunks}", self._new_turns(), stream=True)

    def _new_turns(self) -> list[dict[str, str]]:
        each = CONVERSATION_BYTES // CONVERSATION_MESSAGES - 40
        roles = ("user", "assistant")
        return [{"role": roles[n % 2], "content": self._text(each)} for n in range(CONVERSATION_MESSAGES - 1)] + [
            {"role": "user", "content": self._text(each)}
        ]

    def _text(self, size: int) -> str:
        """Sentences and paragraphs of about `size` characters."""
        words = self._random.choices(_WORDS, k=size // 5)
        for at in range(11, len(words), 12):
            words[at] += ".\n\n" if at % 36 == 35 else "."
        return " ".join(words)[:size]


def _system() -> dict[str, str]:
    return {"role": "system", "content": "You are a helpful assistant."}


def _body(user: str, messages: list[dict[str, str]], *, stream: bool = False) -> bytes:
    """The parameters stand first, where the source finds them without reading the whole."""
    how = {"stream": True} if stream else {}
    return json.dumps(
        {"model": MODEL, "user": user, "temperature": 0.7, **how, "messages": messages}, separators=(",", ":")
    ).encode()
