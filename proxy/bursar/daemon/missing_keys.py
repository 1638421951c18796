"""Keys that could not be had: looked for now and then without asking anybody, and put in force once they are there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bursar.domain.secret_reference import SecretReference
from bursar.secrets.secrets import Secrets

_log = logging.getLogger(__name__)

LOOK_S = 3.0
"""How often it is looked whether a key that is missing can be had by now."""


class MissingKeys:
    """`missing` are the references in force whose keys are not; `take` builds anew with those that can be had."""

    def __init__(
        self, secrets: Secrets, missing: Callable[[], tuple[SecretReference, ...]], take: Callable[[], Awaitable[None]]
    ) -> None:
        self._secrets = secrets
        self._missing = missing
        self._take = take
        self._news = asyncio.Event()
        secrets.tell_when_late(self._news.set)

    async def run(self) -> None:
        """Until cancelled."""
        in_vain: set[SecretReference] = set()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            before = self._missing()
            reached = {each for each in before if await self._secrets.within_reach(each)}
            # What can be reached and is no key all the same is not tried for ever.
            if self._news.is_set() or reached - in_vain:
                self._news.clear()
                await self._take()
                after = self._missing()
                in_vain = reached.intersection(after)
                if len(after) < len(before):
                    _log.info("a key that was missing is there; %d are missing still", len(after))
            else:
                in_vain &= reached
