"""`bursar explain` against a running proxy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Bursar = Callable[..., Any]


def test_a_size_or_a_file_is_explained(bursar: Bursar, proxy: str, tmp_path: Path) -> None:
    ran = bursar("explain", "fast", "--tokens", "20000", "--max-tokens", "2000")
    assert ran.status == 0
    assert "fast: would go to practice/practice-tokens-20" in ran.out
    assert "cost     from $0.06 to $0.09" in ran.out
    assert "cap:daily: $0.093" in ran.out
    assert "of $1.00 left" in ran.out
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"model": "fast", "messages": [{"role": "user", "content": "Hello"}], "stream": True}))
    explained = bursar("explain", "--file", str(file), "--json").json
    assert (explained["chosen"], explained["stream"]) == ("practice/practice-tokens-20", True)
    assert 0 < explained["routes"][0]["prompt_tokens"] < 20

    refused = bursar("explain", "fast", "--tokens", "9000000")
    assert refused.status == 1
    assert "fast: would be refused" in refused.out
    assert 'Daily cap "daily"' in refused.out


def test_what_cannot_be_asked_is_a_sentence(bursar: Bursar, proxy: str, tmp_path: Path) -> None:
    assert bursar("explain").status == 2
    assert "cannot be read" in bursar("explain", "--file", str(tmp_path / "none")).err
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert "is not JSON" in bursar("explain", "--file", str(broken)).err
    assert "no model" in bursar("explain", "nonsense", "--tokens", "5").err
    assert 'no key "nobody"' in bursar("explain", "fast", "--key", "nobody").err
