"""quick: what is made is what a frozen dataclass makes."""

import copy
from dataclasses import dataclass, field, fields, replace

import msgspec
import pytest

from bursar.domain.quick import quick


@dataclass(frozen=True, slots=True)
class Slow:
    """A frozen dataclass with fields of every kind."""

    first: int
    second: str = "two"
    third: tuple[int, ...] = field(default_factory=lambda: (3,))
    fourth: int | None = field(default=None, kw_only=True)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    """A frozen dataclass with fields of every kind."""

    first: int
    second: str = "two"
    third: tuple[int, ...] = field(default_factory=lambda: (3,))
    fourth: int | None = field(default=None, kw_only=True)


def test_it_is_made_compared_hashed_and_written_as_any_other() -> None:
    for slow, made in (
        (Slow(1), Quick(1)),
        (Slow(1, "b", (), fourth=4), Quick(1, "b", (), fourth=4)),
        (replace(Slow(1), second="c"), replace(Quick(1), second="c")),
    ):
        values = {each.name: getattr(slow, each.name) for each in fields(slow)}
        assert {each.name: getattr(made, each.name) for each in fields(made)} == values
        assert made == Quick(**values)
        assert {made: 1}[Quick(**values)] == 1
        assert repr(made) == repr(slow).replace("Slow", "Quick")
        assert msgspec.json.encode(made) == msgspec.json.encode(slow)
        assert msgspec.json.decode(msgspec.json.encode(made), type=Quick) == made
        assert copy.copy(made) == made
    assert Quick(1) != Quick(2)
    assert not hasattr(Quick(1), "__dict__")


def test_what_does_more_than_to_set_its_fields_is_refused() -> None:
    @dataclass(frozen=True)
    class More:
        first: int

        def __post_init__(self) -> None:
            assert self.first

    with pytest.raises(TypeError, match="More does more"):
        quick(More)
