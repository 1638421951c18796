"""OpenAI itself: no balance can be asked for with a project's key."""

from bursar.upstreams.openai_compatible import OpenAiCompatible


class OpenAi(OpenAiCompatible):
    """The grammar that all others follow."""

    balance_calls = ()
