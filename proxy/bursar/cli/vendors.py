"""The upstreams that `bursar init` knows by name, and those of them that run on this machine."""

import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bursar.config.schema import Kind

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is known beforehand of an upstream: its table without the secret."""

    name: str
    title: str
    kind: Kind
    base_url: str = ""
    needs_key: bool = True
    more: dict[str, object] = field(default_factory=dict)

    @property
    def table(self) -> dict[str, object]:
        """Its settings as the configuration has them."""
        address = {"base_url": self.base_url} if self.base_url else {}
        return {"kind": self.kind.value, **address, **self.more}


VENDORS = (
    Vendor("apertis", "Apertis", Kind.APERTIS),
    Vendor("aporto", "Aporto", Kind.APORTO, more={"price_factor": "0.7"}),
    Vendor("openrouter", "OpenRouter", Kind.OPENROUTER),
    Vendor("openai", "OpenAI", Kind.OPENAI),
    Vendor("ollama", "Ollama", Kind.OLLAMA, "http://127.0.0.1:11434/v1", needs_key=False),
    Vendor("lmstudio", "LM Studio", Kind.LMSTUDIO, "http://127.0.0.1:1234/v1", needs_key=False),
    Vendor(
        "llamacpp",
        "llama.cpp",
        Kind.OPENAI_COMPATIBLE,
        "http://127.0.0.1:8080/v1",
        needs_key=False,
        more={"free": True},
    ),
    Vendor("other", "another one that speaks OpenAI's API", Kind.OPENAI_COMPATIBLE),
)
"""In the order in which they are offered; local ports as their makers ship them."""


def vendor_named(name: str) -> Vendor:
    """The vendor of that name. Raises KeyError."""
    return {vendor.name: vendor for vendor in VENDORS}[name]


def offered() -> tuple[Vendor, ...]:
    """All vendors that can be chosen here: of the local ones, those where something listens."""
    return tuple(vendor for vendor in VENDORS if vendor.needs_key or _listens(vendor.base_url))


def _listens(base_url: str) -> bool:
    parts = urlsplit(base_url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), _LOOK_S):
            return True
    except OSError:
        return False
