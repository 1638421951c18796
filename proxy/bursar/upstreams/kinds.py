"""The kinds of upstream by the name used in the configuration: the only list of them."""

from collections.abc import Callable

from bursar.config.schema import Kind
from bursar.upstreams.openai_compatible import OpenAiCompatible

KINDS: dict[Kind, Callable[..., OpenAiCompatible]] = {
    Kind.OPENAI_COMPATIBLE: OpenAiCompatible,
    Kind.OPENAI: OpenAiCompatible,
    Kind.OPENROUTER: OpenAiCompatible,
    Kind.OLLAMA: OpenAiCompatible,
}
