"""The report: a table of what was measured, what must be met, and the same as JSON."""

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version

from bench.bars import Verdict
from bench.figures import Figures, Way, quantile

QUIET = 0.05
"""What others may take of our cores in a repetition that counts as undisturbed."""

_NOISY = 0.25
"""Direct calls that differ by more than this from one repetition to the next tell of work beside us."""


def table(figures: Figures) -> Iterator[str]:
    """A line for each measure: what the direct way takes, and what the other two take, or add where that counts."""
    yield f"{'':62}{'direct':>12}{'bare':>12}{'Bursar':>12}{'× bare':>8}"
    for name, measure in figures.measures.items():
        title = f"{measure.title}, {measure.unit}{' (added)' if measure.added else ''}"
        cells = "".join(f"{_cell(figures.of(name, way)):>12}" for way in Way)
        ratio = figures.ratio(name)
        yield f"{title:62}{cells}{'' if ratio is None else f'{ratio:.2f}':>8}"


def judgement(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each thing that must be met."""
    for verdict in verdicts:
        met = {True: "yes", False: "NO", None: "not measured"}[verdict.met]
        yield f"{verdict.subject:62}{verdict.figure:>22}  {verdict.bar:28}{met}"


def noise(figures: Figures, shares: Sequence[float], load_before: float, load_after: float) -> str:
    """How quiet the machine was, in a sentence. `shares` are what others took of our cores in each repetition."""
    spread = figures.spread("plain1.p50", Way.DIRECT) or 0.0
    worst = quantile(shares, 0.9) if shares else 0.0
    noisy = spread > _NOISY or worst > QUIET
    word = "NOISY: others are at work here; trust CPU and its ratios, and repeat for the rest" if noisy else "quiet"
    return (
        f"Machine {word} (others took up to {worst:.0%} of our cores in nine of ten repetitions, direct calls "
        f"differ by {spread:.0%}, load average {load_before:.1f} before and {load_after:.1f} after)."
    )


def as_json(figures: Figures, verdicts: Sequence[Verdict], how: dict[str, object]) -> str:
    """Everything, every repetition included; of added measures the differences from direct."""
    measured = {
        name: {
            **asdict(measure),
            "median": {way: figures.of(name, way) for way in Way},
            "repetitions": {way: figures.values(name, way) for way in Way},
            "ratio": figures.ratio(name),
        }
        for name, measure in figures.measures.items()
    }
    where = {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "aiohttp": version("aiohttp"),
    }
    must = [asdict(verdict) for verdict in verdicts]
    return json.dumps({"how": how, "where": where, "measured": measured, "must": must}, indent=1, ensure_ascii=False)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
