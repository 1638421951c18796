"""quick: makes the objects of a frozen dataclass as cheaply as those of one that is not."""

from dataclasses import field, fields, make_dataclass
from typing import TypeVar

T = TypeVar("T")


def quick(frozen: type[T]) -> type[T]:
    """The same frozen dataclass, whose objects take a quarter of the time to make; for those that every call makes.

    A frozen dataclass sets each field by way of `object.__setattr__`, because it refuses assignment itself. This one
    assigns, and leaves it to the type checker to refuse. Raises TypeError for one with a `__post_init__`.
    """
    if hasattr(frozen, "__post_init__"):
        raise TypeError(f"{frozen.__name__} does more than to set its fields")
    same = [
        (each.name, each.type, field(default=each.default, default_factory=each.default_factory, kw_only=each.kw_only))
        for each in fields(frozen)  # type: ignore[arg-type]
    ]
    thawed = make_dataclass(frozen.__name__, same, repr=False, eq=False)
    frozen.__init__ = vars(thawed)["__init__"]  # type: ignore[method-assign]
    del frozen.__setattr__, frozen.__delattr__
    return frozen
