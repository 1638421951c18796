"""Call: an accepted request, as the pipeline sees it."""

from dataclasses import dataclass

from bursar.dialects.fallback_fields import Fallback
from bursar.dialects.openai_chat_request import ChatRequest
from bursar.domain.client_key import ClientKey
from bursar.domain.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what. `client` is the program that asks, by its User-Agent; `path` is below `/v1`."""

    id: str
    at_ms: int
    key: ClientKey
    project: str
    client: str
    request: ChatRequest
    path: str = "/chat/completions"
    fallback: Fallback | None = None
    """What the body says of fallbacks, if it does."""
    limit_set: int | None = None
    """How long the key lets an answer be, in tokens, where the request allowed or asked for more."""

    @property
    def alias(self) -> str:
        """The name the client asked for."""
        return self.request.model
