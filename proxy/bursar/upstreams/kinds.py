"""The kinds of upstream by the name used in the configuration: the only list of them."""

from bursar.config.schema import Kind
from bursar.upstreams.apertis import Apertis
from bursar.upstreams.aporto import Aporto
from bursar.upstreams.local import LmStudio, Ollama
from bursar.upstreams.openai import OpenAi
from bursar.upstreams.openai_compatible import OpenAiCompatible
from bursar.upstreams.openrouter import OpenRouter

KINDS: dict[Kind, type[OpenAiCompatible]] = {
    Kind.OPENAI_COMPATIBLE: OpenAiCompatible,
    Kind.APERTIS: Apertis,
    Kind.APORTO: Aporto,
    Kind.OPENROUTER: OpenRouter,
    Kind.OPENAI: OpenAi,
    Kind.OLLAMA: Ollama,
    Kind.LMSTUDIO: LmStudio,
}
