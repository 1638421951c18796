"""Upstream and Answer: what the pipeline asks of any vendor."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bursar.config.schema import Times
from bursar.domain.refusals import Refusal

PassOn = Callable[[bytes], bool]
"""Takes a piece at once, or says that it does not."""


class Answer(Protocol):
    """An answer that has begun, with a status of 2xx.

    `headers` are those that may be handed to the client; `streams` says whether it is a stream of
    events, `model` what the upstream's headers name as the model that answers (else empty).
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def streams(self) -> bool: ...
    @property
    def model(self) -> str: ...

    @property
    def ended(self) -> bool:
        """Whether all of it was read, to its exact end. Where not, the next `read` tells."""
        ...

    async def read(self, pass_on: PassOn | None = None) -> bytes:
        """The next bytes, empty at the end. Raises a Refusal where the answer breaks.

        While they are waited for, each piece is offered to `pass_on` in the turn of the loop that brought it,
        where that can be: what it takes was dealt with, and is waited on for more.
        """
        ...

    def no_within(self, body: bytes) -> Refusal | None:
        """The refusal that a body says, or one event of a stream, in spite of its status; None where it is no such."""
        ...


class Opening(AbstractAsyncContextManager[Answer], Protocol):
    """A request under way: entering it sends the request and waits for the answer's headers."""

    @property
    def delivered(self) -> bool:
        """Whether the upstream may have received the request, and so may have worked for it."""
        ...


class Upstream(Protocol):
    """A vendor endpoint with its credentials."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def times(self) -> Times: ...

    def open(self, path: str, body: bytes) -> Opening:
        """Prepare to send `body` to `path` below the base URL. Entering it raises a Refusal for a no."""
        ...
