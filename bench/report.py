"""The report: a table of what was measured, what must be met, and the same as JSON."""

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version

from bench.bars import Verdict
from bench.figures import Figures, Way

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


def noise(figures: Figures, load_before: float, load_after: float) -> str:
    """How quiet the machine was, in a sentence."""
    spread = figures.spread("plain1.p50", Way.DIRECT)
    told = f"load average {load_before:.1f} before and {load_after:.1f} after"
    if spread is None:
        return f"Machine: {told}."
    word = "noisy: repeat before you believe a small difference" if spread > _NOISY else "quiet"
    return f"Machine: {told}; direct calls differ by {spread:.0%} between repetitions: {word}."


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
