"""An upstream whose key cannot be had: it refuses every call and says why, and the others go on."""

from types import TracebackType

from bursar.config.schema import Times
from bursar.domain.refusals import UpstreamKeyMissing
from bursar.upstreams.upstream import Answer


class KeylessUpstream:
    """Stands where an upstream would be. `reason` is the sentence that says why there is no key."""

    def __init__(self, name: str, kind: str, base_url: str, times: Times, reason: str) -> None:
        self.name, self.kind, self.base_url, self.times = name, kind, base_url, times
        self.reason = reason

    def open(self, path: str, body: bytes) -> "KeylessOpening":
        """An opening that refuses."""
        return KeylessOpening(f"Upstream {self.name} has no key: {self.reason}")


class KeylessOpening:
    """Nothing is sent; entering it raises UpstreamKeyMissing."""

    delivered = False

    def __init__(self, message: str) -> None:
        self._message = message

    async def __aenter__(self) -> Answer:
        raise UpstreamKeyMissing(self._message)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was begun."""
