"""What must be met, as targets: each a figure of this run, the bar it is held to, and whether it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import Figures, Way

FLAT_CALLS = 100_000
"""Calls over which memory must be flat."""
_FLAT_MB = 10.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of what must be met; `met` is None where this run cannot say."""

    subject: str
    figure: str
    bar: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Peer:
    """What others added in one row, in the unit of `bare`, measured once beside the same bare pass-through."""

    measure: str
    title: str
    bare: float
    portkey: float
    mitmproxy: float
    litellm: float

    def strictest(self) -> tuple[float, str]:
        """The least of what is asked against each, in units of bare, and against whom."""
        asked = {
            "Portkey / 3": self.portkey / 3,
            "mitmproxy / 3": self.mitmproxy / 3,
            "LiteLLM / 25": self.litellm / 25,
        }
        name = min(asked, key=asked.__getitem__)
        return asked[name] / self.bare, name


# Added µs. Two long rows had 1.15 to 1.66 ms for bare; the middle stands here.
PEERS = (
    Peer("plain1.p50", "small plain answer", 316, 1_600, 2_300, 15_700),
    Peer("known.first", "500 KB, last message new", 1_400, 37_900, 3_100, 63_800),
    Peer("unseen.first", "500 KB never seen before", 1_700, 37_700, 3_500, 61_500),
    Peer("burst1.first", "200 chunks: first chunk", 1_000, 31_000, 3_400, 19_000),
    Peer("paced.p50", "64 streams: a chunk, p50", 61, 158, 159, 409_000),
    Peer("paced.p99", "64 streams: a chunk, p99", 500, 37_000, 5_200, 2_200_000),
)


def verdicts(figures: Figures, soaked: int) -> Iterator[Verdict]:
    """All that must be met, in the order of the targets. `soaked` is the number of calls of the soak."""
    yield _at_most_bare(figures, "plain1.p50", 1.6)
    yield _at_most_bare(figures, "plain1.cpu", 1.6)
    yield _at_least_bare(figures, "plain16.rate", 0.6)
    yield _at_least_bare(figures, "plain64.rate", 0.6)
    yield _at_most_bare(figures, "known.first", 1.8)
    yield _at_most(figures, "unseen.first", 8_000)
    yield _others(figures)
    yield _at_most_bare(figures, "paced.p50", 1.2)
    yield _at_most_bare(figures, "paced.p99", 1.5)
    yield _at_most(figures, "paced200.p99", 30_000)
    yield _at_most_bare(figures, "burst1.first", 1.2)
    yield _at_most(figures, "start", 1.0)
    yield _at_most(figures, "rest.memory", 100)
    yield _at_most(figures, "rest.cpu", 0.2)
    yield _at_most(figures, "command", 0.25)
    yield _at_most(figures, "hold.p50", 1_000)
    yield _at_most(figures, "disk", 1_000)
    yield _flat(figures, soaked)
    for peer in PEERS:
        bar, name = peer.strictest()
        verdict = _at_most_bare(figures, peer.measure, bar)
        yield Verdict(f"against peers: {peer.title}", verdict.figure, f"{verdict.bar} ({name})", verdict.met)


def _at_most_bare(figures: Figures, name: str, bar: float) -> Verdict:
    return _verdict(figures, name, figures.ratio(name), " × bare", f"≤ {bar:.2f} ×", lambda ratio: ratio <= bar)


def _at_least_bare(figures: Figures, name: str, bar: float) -> Verdict:
    return _verdict(figures, name, figures.ratio(name), " × bare", f"≥ {bar:.2f} ×", lambda ratio: ratio >= bar)


def _at_most(figures: Figures, name: str, bar: float) -> Verdict:
    unit = figures.measures[name].unit if name in figures.measures else ""
    return _verdict(figures, name, figures.of(name), f" {unit}", f"≤ {bar:,g}", lambda value: value <= bar)


def _others(figures: Figures) -> Verdict:
    """The harness delays a chunk too while it sends 500 KB, so what the direct way shows is taken off."""
    ours, direct = figures.of("beside.worst"), figures.of("beside.worst", Way.DIRECT)
    value = None if ours is None or direct is None else (ours - direct) / 1e3
    return _verdict(figures, "beside.worst", value, " ms", "≤ 5 ms", lambda value: value <= 5)


def _flat(figures: Figures, soaked: int) -> Verdict:
    verdict = _verdict(
        figures, "growth", figures.of("growth"), " MB", f"≤ {_FLAT_MB:g} MB", lambda value: value <= _FLAT_MB
    )
    subject = f"memory over {soaked:,} calls"
    return Verdict(subject, verdict.figure, verdict.bar, verdict.met if soaked >= FLAT_CALLS else None)


def _verdict(
    figures: Figures, name: str, value: float | None, unit: str, bar: str, meets: Callable[[float], bool]
) -> Verdict:
    title = figures.measures[name].title if name in figures.measures else name
    if value is None:
        return Verdict(title, "-", bar, None)
    return Verdict(title, f"{value:,.0f}{unit}" if value >= 1000 else f"{value:.3g}{unit}", bar, meets(value))
