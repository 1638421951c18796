"""Requests recorded from real clients, replayed byte for byte: answered, counted, settled.

The recordings belong to others and are not kept here: `BURSAR_CAPTURES` names their folder.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fakes.running import running_proxy

from bursar.domain.exchange import Outcome

FOLDER = os.environ.get("BURSAR_CAPTURES", "")
CHAT = "/v1/chat/completions"


def recorded() -> list[dict[str, Any]]:
    """The recordings of chat completions."""
    captures = [json.loads(file.read_text()) for file in sorted(Path(FOLDER).glob("*.json"))] if FOLDER else []
    return [capture for capture in captures if capture["path"] == CHAT]


@pytest.mark.skipif(not FOLDER, reason="BURSAR_CAPTURES names no folder of recordings")
@pytest.mark.parametrize("capture", recorded(), ids=lambda capture: capture["client"])
async def test_a_recorded_request_is_answered_counted_and_settled(tmp_path: Path, capture: dict[str, Any]) -> None:
    body = json.dumps(capture["body"]).encode()
    model = capture["body"]["model"]
    extra = f'[aliases."{model}"]\nroutes = ["main/practice-small"]\n[caps.all]\nusd = "5"\nevery = "day"\n'
    dropped = {"host", "authorization", "content-length", "connection", "accept-encoding"}
    headers = {name: value for name, value in capture["headers"] if name.lower() not in dropped}
    async with running_proxy(tmp_path, extra) as proxy:
        answer = await proxy.post("/chat/completions", body, **headers)
        assert answer.status == 200, answer.body
        if capture["body"].get("stream"):
            assert answer.events[-1] == "[DONE]"
            wanted = (capture["body"].get("stream_options") or {}).get("include_usage", False)
            assert any(chunk.get("usage") for chunk in answer.chunks) is wanted
        [record] = await proxy.records()
        assert record.outcome is Outcome.COMPLETE
        assert record.cost_nano > 0
        assert (await proxy.standing("all")).settled == record.cost_nano
        # Our own count is kept beside; schemas and tools are read differently by every vendor.
        assert record.prompt_counted >= record.usage.prompt_tokens * 0.5
