"""What was measured: for each measure and each way a value per repetition, and the medians that are made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Way(StrEnum):
    """The ways from the client to the source."""

    DIRECT = "direct"
    BARE = "bare"
    BURSAR = "bursar"


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table. `added` says that what counts is the difference from the direct way."""

    name: str
    title: str
    unit: str
    added: bool = False


class Figures:
    """All values, in the order in which they were measured."""

    def __init__(self) -> None:
        self.measures: dict[str, Measure] = {}
        self._values: dict[tuple[str, Way], list[float]] = {}

    def add(self, measure: Measure, way: Way, value: float) -> None:
        """The value of one more repetition."""
        self.measures[measure.name] = measure
        self._values.setdefault((measure.name, way), []).append(value)

    def take_over(self, other: "Figures") -> None:
        """Add all values of another."""
        for (name, way), values in other._values.items():
            for value in values:
                self.add(other.measures[name], way, value)

    def values(self, name: str, way: Way) -> list[float]:
        """The values of all repetitions; of an added measure the differences from the direct ones beside them."""
        values = self._values.get((name, way), [])
        if way is Way.DIRECT or name not in self.measures or not self.measures[name].added:
            return list(values)
        direct = self._values.get((name, Way.DIRECT), [])
        return [value - base for value, base in zip(values, direct, strict=False)]

    def of(self, name: str, way: Way = Way.BURSAR) -> float | None:
        """The median of the values; None where nothing was measured."""
        values = self.values(name, way)
        return median(values) if values else None

    def ratio(self, name: str) -> float | None:
        """Bursar's median in units of the bare pass-through's; None where one is missing or nothing."""
        ours, theirs = self.of(name), self.of(name, Way.BARE)
        return ours / theirs if ours is not None and theirs is not None and theirs > 0 else None

    def spread(self, name: str, way: Way) -> float | None:
        """How far apart the repetitions are, in units of their median."""
        values = self._values.get((name, way), [])
        return (max(values) - min(values)) / median(values) if len(values) > 1 and median(values) else None


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the values are, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
