"""Ollama and LM Studio: servers on this machine, without a key, a price or a balance."""

from bursar.domain.refusals import UpstreamUnknownModel
from bursar.upstreams.classify import Row
from bursar.upstreams.openai_compatible import OpenAiCompatible


class Ollama(OpenAiCompatible):
    """A local Ollama."""

    balance_calls = ()
    rows = (Row(UpstreamUnknownModel, "does not have the model", words=("try pulling it first",)),)


class LmStudio(OpenAiCompatible):
    """A local LM Studio. Its own list says which window a model was loaded with."""

    balance_calls = ()
    listing_paths = ("/api/v0/models", "")
    rows = (Row(UpstreamUnknownModel, "has no model loaded", words=("no models loaded",)),)
