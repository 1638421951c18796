"""Questions to the person at the terminal, each with its default."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bursar.cli.exits import Failed
from bursar.cli.output import complain, say

T = TypeVar("T")


def ask(question: str, default: str = "") -> str:
    """What the person types; the default on an empty line. Raises Failed where nobody is there."""
    suffix = f" [{default}]" if default else ""
    try:
        return input(f"{question}{suffix}: ").strip() or default
    except EOFError:
        raise Failed("Nobody answered; give every answer as an option (bursar init --help).") from None


def ask_until(question: str, default: str, convert: Callable[[str], T]) -> T:
    """The same, repeated until `convert` takes it; its ValueError is said."""
    while True:
        try:
            return convert(ask(question, default))
        except ValueError as error:
            complain(f"  {error}")


def choose(question: str, options: Sequence[str]) -> int:
    """The place of one of the options, which are shown numbered from 1."""
    for number, option in enumerate(options, 1):
        say(f"  {number}  {option}")

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= len(options)):
            raise ValueError(f"a number from 1 to {len(options)}, please")
        return int(text) - 1

    return ask_until(question, "1", convert)


def agreed(question: str, *, default: bool) -> bool:
    """Yes or no."""
    answer = ask(f"{question} ({'Y/n' if default else 'y/N'})").lower()
    return default if not answer else answer in ("y", "yes")
