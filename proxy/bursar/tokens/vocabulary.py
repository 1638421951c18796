"""The vocabularies of OpenAI's models, shipped with the package, checked, and built without a way to the network."""

import gzip
import hashlib
import zlib
from binascii import a2b_base64
from importlib.resources import files
from threading import Lock
from types import FunctionType
from typing import Any

import tiktoken
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

O200K = "o200k_base"
CL100K = "cl100k_base"
ENCODINGS = (O200K, CL100K)


class VocabularyDamaged(Exception):
    """A shipped vocabulary is missing or is not what it should be; the message names the file and the way out."""


class Vocabularies:
    """The encodings that are loaded, each once, for as long as this object lives. Safe to share between threads.

    Loading takes 0.2 to 0.7 s, half of it with the interpreter's lock held, and 30 to 55 MB: do it before
    the first call needs it, and in a thread where calls are running.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: dict[str, tiktoken.Encoding] = {}

    def encoding(self, name: str) -> tiktoken.Encoding:
        """The encoding of that name (one of ENCODINGS), loaded if it is not yet. Raises VocabularyDamaged."""
        found = self._loaded.get(name)
        if found is None:
            with self._lock:
                found = self._loaded.get(name)
                if found is None:
                    found = self._loaded[name] = _build(name)
        return found

    def is_loaded(self, name: str) -> bool:
        """Whether asking for this encoding costs nothing."""
        return name in self._loaded


def _build(name: str) -> tiktoken.Encoding:
    """The encoding as tiktoken itself would build it, from our file.

    tiktoken's own constructor states the pattern, the special tokens and the SHA-256. It is run with
    our loader in place of tiktoken's, which would go to the network; nothing of tiktoken is changed.
    """
    known = openai_public.ENCODING_CONSTRUCTORS[name]
    constructor = FunctionType(known.__code__, {**vars(openai_public), "load_tiktoken_bpe": _ranks}, known.__name__)
    settings: dict[str, Any] = constructor()
    encoding = tiktoken.Encoding(**settings)
    if hasattr(encoding, "_mergeable_ranks"):
        # Only the native part is needed from here on; this copy would hold 27 MB for nothing.
        encoding._mergeable_ranks = {}
    return encoding


def _ranks(address: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """The rank of every token, from the shipped file that goes by the last part of `address`.

    The file has a line for each token, `base64 rank`, in the order of the ranks, which count from 0.
    """
    name = f"{address.rpartition('/')[2]}.gz"
    try:
        content = gzip.decompress((files("bursar.tokens") / "data" / name).read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise VocabularyDamaged(f"the vocabulary {name} cannot be read ({error}); install Bursar again") from error
    if expected_hash is None or hashlib.sha256(content).hexdigest() != expected_hash:
        raise VocabularyDamaged(f"the vocabulary {name} is not the one that tiktoken expects; install Bursar again")
    tokens = content.split()[::2]
    del content
    return {a2b_base64(token): rank for rank, token in enumerate(tokens)}
