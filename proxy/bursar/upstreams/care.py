"""UpstreamCare: what a person may have done to an upstream: look whether it is there, and take it for well again."""

import time
from collections.abc import Callable, Mapping

from bursar.contract.commands import UpstreamChecked
from bursar.domain.refusals import Refusal, UpstreamKeyMissing
from bursar.upstreams.keyless import KeylessUpstream
from bursar.upstreams.listing import models_of
from bursar.upstreams.openai_compatible import OpenAiCompatible
from bursar.upstreams.upstream import Upstream


class UpstreamCare:
    """`upstreams` are those in force; `clear` takes one for well and says whether there is such."""

    def __init__(self, upstreams: Callable[[], Mapping[str, Upstream]], clear: Callable[[str], bool]) -> None:
        self._upstreams = upstreams
        self.clear = clear

    async def check(self, name: str) -> UpstreamChecked | None:
        """Ask an upstream for its models, which costs nothing and shows whether it takes the key; None: no such."""
        upstream = self._upstreams().get(name)
        if upstream is None:
            return None
        if isinstance(upstream, KeylessUpstream):
            return UpstreamChecked(name, False, 0, 0, UpstreamKeyMissing.code, f"It has no key: {upstream.reason}")
        if not isinstance(upstream, OpenAiCompatible):
            raise TypeError(f"{name} is of a kind that cannot be asked for its models")
        begun = time.monotonic()
        try:
            models = await models_of(upstream)
        except Refusal as refusal:
            return UpstreamChecked(name, False, _since(begun), 0, refusal.code, refusal.message)
        return UpstreamChecked(name, True, _since(begun), len(models))


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
