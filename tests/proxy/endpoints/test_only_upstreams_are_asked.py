"""Nothing that a request names is fetched, opened or looked up: only the upstreams of the configuration are asked."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from fakes.running import running_proxy

METADATA = "http://169.254.169.254/latest/meta-data"
CANARY_HOST = "canary.example"


def parts(url: str) -> list[dict[str, object]]:
    """Every way in which a part of a message names something elsewhere."""
    return [
        {"type": "text", "text": url},
        {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
        {"type": "input_image", "image_url": url},
        {"type": "input_audio", "input_audio": {"data": url, "format": "wav"}},
        {"type": "video_url", "video_url": {"url": url}},
        {"type": "file", "file": {"file_data": url, "filename": "/etc/passwd", "file_id": url}},
    ]


async def test_no_address_in_a_body_leads_anywhere(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    looking = False

    def look(event: str, arguments: tuple[object, ...]) -> None:
        # An audit hook stays for as long as the process lives.
        if looking and event in ("socket.connect", "socket.getaddrinfo", "open", "subprocess.Popen", "os.exec"):
            seen.append((event, str(arguments[1] if event == "socket.connect" else arguments[0])))

    async with running_proxy(tmp_path) as proxy:
        assert (await proxy.chat()).status == 200  # what is read once has been read
        ports = {urlsplit(url).port for url in (proxy.base_url, proxy.practice.base_url)}
        sys.addaudithook(look)
        looking = True
        for url in (
            METADATA,
            f"https://{CANARY_HOST}/a.png",
            "file:///etc/passwd",
            "//canary.example/x",
            "\\\\canary\\x",
        ):
            named = {
                "base_url": url, "api_base": url, "url": url, "callBackUrl": url, "callback_url": url, "proxy": url,
                "metadata": {"webhook": url}, "user": url, "extra_body": {"base_url": url}, "store": False,
                "tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": url}}}],
                "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"$ref": url}}},
            }  # fmt: skip
            for part in parts(url):
                messages = [{"role": "user", "content": [part]}]
                body = json.dumps({"model": "fast", "messages": messages, "max_tokens": 5, **named}).encode()
                headers = {"Referer": url, "X-Forwarded-Uri": url, "X-Original-URL": url, "X-Bursar-Upstream": url}
                assert (await proxy.post("/chat/completions", body, **headers)).status < 500
        looking = False
        assert proxy.practice.tally.total.begun > 1
    there = {f"('127.0.0.1', {port})" for port in ports}
    assert {what for event, what in seen if event == "socket.connect"} <= there
    others = [(event, what) for event, what in seen if event != "socket.connect"]
    assert [each for each in others if each[0] != "open" or "canary" in each[1] or "passwd" in each[1]] == []
