"""The shipped vocabularies: the right bytes, the right tokens, no network, one load whatever the number of threads."""

import gzip
import hashlib
import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest

import bursar.tokens.vocabulary as subject
from bursar.tokens.vocabulary import CL100K, ENCODINGS, O200K, Vocabularies, VocabularyDamaged

# As tiktoken 0.14 states them.
SHA256 = {
    O200K: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    CL100K: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_shipped_file_is_tiktokens_own(name: str) -> None:
    content = gzip.decompress((files("bursar.tokens") / "data" / f"{name}.tiktoken.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest() == SHA256[name]


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_files_ranks_are_its_line_numbers(name: str) -> None:
    content = gzip.decompress((files("bursar.tokens") / "data" / f"{name}.tiktoken.gz").read_bytes())
    ranks = content.split()[1::2]
    assert ranks == [b"%d" % line for line in range(len(ranks))]


def test_the_notice_names_the_licence() -> None:
    notice = (files("bursar.tokens") / "data" / "NOTICE").read_text("utf-8")
    assert "MIT License" in notice
    assert "Copyright (c) 2022 OpenAI, Shantanu Jain" in notice


@pytest.mark.parametrize(
    ("name", "size", "tokens"), [(O200K, 200_019, [24912, 2375]), (CL100K, 100_277, [15339, 1917])]
)
def test_the_encoding_is_the_known_one(vocabularies: Vocabularies, name: str, size: int, tokens: list[int]) -> None:
    encoding = vocabularies.encoding(name)
    assert (encoding.name, encoding.n_vocab) == (name, size)
    assert encoding.encode_ordinary("hello world") == tokens
    assert encoding.decode(tokens) == "hello world"
    assert encoding.encode("<|endoftext|>", allowed_special="all") == [encoding.eot_token]


def test_the_second_copy_of_the_ranks_is_given_up(vocabularies: Vocabularies) -> None:
    assert vocabularies.encoding(O200K)._mergeable_ranks == {}


def test_many_threads_load_an_encoding_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_build", inspect.unwrap(subject._build))
    fresh = Vocabularies()
    assert not fresh.is_loaded(CL100K)
    with ThreadPoolExecutor(8) as threads:
        loaded = set(map(id, threads.map(fresh.encoding, [CL100K] * 8)))
    assert len(loaded) == 1
    assert fresh.is_loaded(CL100K)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(b"aGVsbG8= 0\n"), id="another vocabulary"),
        pytest.param(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xff\xff\xff", id="a damaged archive"),
        pytest.param(b"version https://example.test/pointer", id="no archive"),
        pytest.param(None, id="no file"),
    ],
)
def test_a_damaged_vocabulary_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / "data" / f"{CL100K}.tiktoken.gz").write_bytes(content)
    monkeypatch.setattr(subject, "files", lambda package: tmp_path)
    with pytest.raises(VocabularyDamaged, match="install Bursar again"):
        Vocabularies().encoding(CL100K)


OFFLINE = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError("a vocabulary must not be fetched")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import ENCODINGS, Vocabularies

counter = TextCounter(Vocabularies())
print(*[counter.count("hello world", name) for name in ENCODINGS])
print(*{"requests", "urllib3", "urllib.request", "http.client", "aiohttp"} & set(sys.modules))
"""


def test_nothing_of_it_needs_the_network(tmp_path: Path) -> None:
    source = Path(subject.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        env={"PYTHONPATH": str(source), "TIKTOKEN_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["2 2", ""]
    assert list(tmp_path.iterdir()) == []
