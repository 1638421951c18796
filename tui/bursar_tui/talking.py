"""Talking: one call of the playground from its question to its end, told line by line."""

from collections.abc import Callable
from contextlib import aclosing

from bursar.contract.codec import Mismatch
from bursar.contract.playground import PlaygroundLine, Talk
from bursar.contract.way_in import NotRunning, Refused
from bursar_tui.errands import OpenDoor, as_sentence

Hear = Callable[[PlaygroundLine], None]


async def talk(command: Talk, door: OpenDoor, hear: Hear) -> str:
    """Hand over every line as it comes; why there is no end, in a sentence, or nothing. Being cancelled cancels the
    call.
    """
    try:
        async with door() as opened, aclosing(opened.talk(command)) as lines:
            async for line in lines:
                hear(line)
    except (NotRunning, Refused, Mismatch) as error:
        return as_sentence(str(error))
    return ""
