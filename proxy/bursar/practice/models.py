"""The practice models: what a model's name asks for, what it costs, and the list of them.

A name is `practice`, then a kind, then options, each joined by a hyphen: `practice-small`,
`practice-chunks-200`, `practice-reasoning-tokens-50-rate-20`.

kinds (at most one; without one the answer is that of `small`, as fast as it goes):
    small       about 60 tokens, 80 chunks a second
    large       about 240 tokens, 40 chunks a second, dearer
    slow        about 60 tokens, 5 chunks a second, after half a second
    reasoning   64 tokens of reasoning, then about 60 of text
    code        a code block and wide characters among its text, in pieces that are cut anywhere
    cached      says how many tokens of the leading messages it has read before (`cached_tokens`)

options:
    tokens-N    an answer of exactly N tokens
    chunks-N    a streamed answer of exactly N chunks with text; of N tokens, unless `tokens` says more
    rate-N      N chunks a second; a chunk is due at its own instant from the start, so that nothing drifts
    wait-N      N milliseconds before the first byte of the answer's text (a plain answer: before its head)
    cut-N       a stream that breaks off after N events, the first of which only begins the answer
    window-N    a context of N tokens: a longer prompt and answer is refused with context_length_exceeded

A rate is for streams; a plain answer comes at once. One chunk carries one token unless `chunks` says
otherwise. `practice-embedding` (or `practice-embedding-N` for N dimensions) answers embeddings alone.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

KINDS = ("small", "large", "slow", "reasoning", "code", "cached")
LARGEST = 1_000_000
"""The largest number an option may state."""

_OPTIONS = re.compile(r"(?:-(?:tokens|chunks|rate|wait|cut|window)-[1-9]\d{0,6})*")
_OPTION = re.compile(r"-(tokens|chunks|rate|wait|cut|window)-(\d+)")
_EMBEDDING = re.compile(r"practice-embedding(?:-([1-9]\d{0,3}))?")


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-dollars per million tokens."""

    prompt: int
    cached: int
    completion: int


SMALL_PRICE = Price(150_000_000, 75_000_000, 600_000_000)
"""$0.15, $0.075 cached, $0.60. What every model costs that is not named below, faults included."""
LARGE_PRICE = Price(2_500_000_000, 1_250_000_000, 10_000_000_000)
REASONING_PRICE = Price(1_100_000_000, 550_000_000, 4_400_000_000)
EMBEDDING_PRICE = Price(20_000_000, 20_000_000, 0)


@dataclass(frozen=True, slots=True)
class Model:
    """What a chat model's name asks for. `rate` is chunks a second, None for as fast as it goes."""

    name: str
    tokens: int = 60
    exact: bool = False
    """Whether the answer has exactly `tokens`; else it ends with the sentence that reaches them."""
    chunks: int | None = None
    rate: int | None = None
    wait_ms: int = 0
    window: int = 1_000_000
    reasoning: int = 0
    caches: bool = False
    writes_code: bool = False
    cut: int | None = None
    """After how many events a stream breaks off."""
    price: Price = SMALL_PRICE


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """An embedding model with the length of its vectors."""

    name: str
    dimensions: int = 256
    window: int = 8_192
    price: Price = EMBEDDING_PRICE


_BY_KIND = {
    None: Model(""),
    "small": Model("", rate=80),
    "large": Model("", tokens=240, rate=40, price=LARGE_PRICE),
    "slow": Model("", rate=5, wait_ms=500),
    "reasoning": Model("", reasoning=64, rate=80, window=200_000, price=REASONING_PRICE),
    "code": Model("", writes_code=True),
    "cached": Model("", caches=True),
}


@lru_cache(1024)
def chat_model(name: str) -> Model | None:
    """The model of that name, or None where the name follows no rule above."""
    if not name.startswith("practice"):
        return None
    rest = name.removeprefix("practice")
    kind = next((kind for kind in KINDS if rest == f"-{kind}" or rest.startswith(f"-{kind}-")), None)
    if kind is not None:
        rest = rest[len(kind) + 1 :]
    if not _OPTIONS.fullmatch(rest) or (kind is None and not rest and name != "practice"):
        return None
    return _with_options(replace(_BY_KIND[kind], name=name), _OPTION.findall(rest))


def _with_options(model: Model, options: list[tuple[str, str]]) -> Model | None:
    chosen = {option: int(number) for option, number in options}
    if len(chosen) < len(options) or any(number > LARGEST for number in chosen.values()):
        return None
    if "tokens" in chosen or "chunks" in chosen:
        tokens = max(chosen.get("tokens", 0), chosen.get("chunks", 0))
        model = replace(model, tokens=tokens, exact=True, chunks=chosen.get("chunks"), rate=None)
    return replace(
        model,
        rate=chosen.get("rate", model.rate),
        wait_ms=chosen.get("wait", model.wait_ms),
        cut=chosen.get("cut"),
        window=chosen.get("window", model.window),
    )


def embedding_model(name: str) -> EmbeddingModel | None:
    """The embedding model of that name, or None."""
    found = _EMBEDDING.fullmatch(name)
    if found is None:
        return None
    return EmbeddingModel(name, int(found[1])) if found[1] else EmbeddingModel(name)


def states_rate(name: str) -> bool:
    """Whether the name itself says how fast its chunks come."""
    return "-rate-" in name


LISTED = (
    "practice",
    *(f"practice-{kind}" for kind in KINDS),
    "practice-tokens-200",
    "practice-chunks-200",
    "practice-chunks-200-rate-50",
    "practice-wait-2000",
    "practice-window-4096",
    "practice-embedding",
)
"""The models that `GET /v1/models` names; any other name that follows the rules answers as well."""
