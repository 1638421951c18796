"""A bounded memory of counts, safe to share between threads without a lock."""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")


class Memo(Generic[V]):
    """Remembers the values used most recently: at least `capacity` of them, at most twice as many.

    Two generations in place of a list in order of use: what is found in the old one moves to the young
    one, and when the young one is full it becomes the old one. Each step is a single operation on a
    dictionary, which the interpreter does whole, so threads can at worst lose an entry that another one
    just wrote, never break the memory or read a wrong value. A lock would cost more than most counts.
    """

    __slots__ = ("_capacity", "_old", "_young")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._young: dict[Hashable, V] = {}
        self._old: dict[Hashable, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Hashable) -> V | None:
        """What was remembered under the key, or None."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def get_all(self, keys: Sequence[Hashable]) -> list[V | None]:
        """What was remembered under each of the keys, or None: for many at once much cheaper than one by one."""
        values: list[V | None] = list(map(self._young.get, keys))
        old = self._old
        if old:
            for place, value in enumerate(values):
                if value is None:
                    value = values[place] = old.get(keys[place])
                    if value is not None:
                        self.put(keys[place], value)
        return values

    def put(self, key: Hashable, value: V) -> None:
        """Remembers a value under the key."""
        young = self._young
        young[key] = value
        if len(young) >= self._capacity:
            self._old = young
            self._young = {}
