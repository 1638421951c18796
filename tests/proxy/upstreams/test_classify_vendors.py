"""What each vendor's no means, from files in the shapes that the vendors send (tests/data/VENDOR/refusals)."""

import json
from pathlib import Path
from typing import Any

import pytest

from bursar.config.schema import Kind
from bursar.domain import refusals
from bursar.upstreams.classify import classify, hidden_error
from bursar.upstreams.kinds import KINDS

DATA = Path(__file__).parents[2] / "data"
FILES = sorted(DATA.glob("*/refusals/*.json"))


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parts[-3]}/{file.stem}" for file in FILES])
def test_it_means_what_it_means(file: Path) -> None:
    said: dict[str, Any] = json.loads(file.read_text("utf-8"))
    body = said["body"].encode() if isinstance(said["body"], str) else json.dumps(said["body"]).encode()
    kind = KINDS[Kind(said.get("kind", "openai_compatible"))]
    headers = {name.title(): value for name, value in said["headers"].items()}
    if said["status"] == 200:
        refusal = hidden_error(body, upstream="main", rows=kind.rows)
    else:
        refusal = classify(
            said["status"], headers, body, upstream="main", now_s=0, rows=kind.rows, pause_s=kind.pause_s
        )
    assert type(refusal) is getattr(refusals, said["means"])
    assert refusal is not None
    assert refusal.message
    assert "<" not in refusal.message
    for name in ("window", "asked_s", "retry_after_s"):
        if name in said:
            assert getattr(refusal, name) == said[name]


def test_every_vendor_is_there() -> None:
    expected = {"apertis", "aporto", "one-api", "new-api", "openrouter", "openai", "anthropic", "ollama", "llamacpp"}
    assert {file.parts[-3] for file in FILES} >= expected | {"fastapi", "pages", "empty", "lmstudio"}
