"""Faults that say no under a status of 200."""

import json
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("stream", [True, False])


@BOTH
async def test_each_no_has_its_shape(ask: Any, stream: bool) -> None:
    async def said(name: str) -> Any:
        answer = await ask.chat(f"fault-200-{name}", stream=stream)
        assert answer.status == 200
        return answer

    page = await said("html")
    assert page.headers["content-type"].startswith("text/html")
    assert (await said("empty")).body == b""
    assert (await said("error")).json["error"]["code"] == "upstream_error"
    assert (await said("success-false")).json["success"] is False
    assert (await said("code-401")).json["code"] == 401
    assert "choices" not in (await said("no-choices")).json
    cut = await said("cut-json")
    assert cut.headers["content-length"] == str(len(cut.body))
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.body)
