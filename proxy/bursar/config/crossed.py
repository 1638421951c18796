"""Crossed: something that is wrong only together with something else."""

from dataclasses import dataclass

from bursar.config.lines import Key


@dataclass(frozen=True, slots=True)
class Crossed:
    """What is wrong, the key at which to say so, and the nearest known name."""

    key: Key
    sentence: str
    found: str = ""
    nearest: str = ""
