"""Faults that are statuses."""

import gzip
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from bursar.practice.faults.statuses import FAULTS

SHAPES = [
    ("400-context", 400, "context_length_exceeded"),
    ("400-content-filter", 400, "content_filter"),
    ("401-echo-key", 401, "invalid_api_key"),
    ("402", 402, "insufficient_balance"),
    ("404-model", 404, "model_not_found"),
    ("408", 408, None),
    ("429-secs", 429, "rate_limit_exceeded"),
    ("429-date", 429, "rate_limit_exceeded"),
    ("429-day", 429, "rate_limit_exceeded"),
    ("429-junk", 429, "rate_limit_exceeded"),
    ("429-quota", 429, "insufficient_quota"),
    ("500", 500, "internal_error"),
    ("504", 504, "upstream_error"),
    ("oneapi-wallet", 403, "insufficient_user_quota"),
    ("oneapi-token-quota", 403, "pre_consume_token_quota_failed"),
    ("oneapi-used-up", 401, None),
    ("oneapi-no-channel", 503, None),
    ("newapi-wallet", 403, "insufficient_user_quota"),
]
OTHERS = {
    "403-html",
    "413",
    "422-detail",
    "429-empty",
    "500-string",
    "500-error-string",
    "502-html",
    "503-empty",
    "529",
    "500-bomb",
    "204",
    "aporto-balance",
}


def test_every_status_is_looked_at() -> None:
    assert {fault.name.removeprefix("fault-") for fault in FAULTS} == {name for name, _, _ in SHAPES} | OTHERS


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("name", "status", "code"), SHAPES)
async def test_an_error_object_is_as_its_vendor_writes_it(
    ask: Any, name: str, status: int, code: str | None, stream: bool
) -> None:
    answer = await ask.chat(f"fault-{name}", stream=stream)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert answer.json["error"]["code"] == code


async def test_the_key_is_repeated(ask: Any) -> None:
    body = {"model": "fault-401-echo-key", "messages": [{"role": "user", "content": "x"}]}
    answer = await ask.post("/v1/chat/completions", "Authorization: Bearer sk-canary-123", **body)
    assert "sk-canary-123" in answer.json["error"]["message"]


async def test_when_to_come_again_is_said_in_many_ways(ask: Any) -> None:
    after = {
        name: (await ask.chat(f"fault-429-{name}")).headers["retry-after"] for name in ("secs", "day", "junk", "date")
    }
    assert (after["secs"], after["day"]) == ("3", "86400")
    assert not after["junk"].isdigit()
    wait = (parsedate_to_datetime(after["date"]) - datetime.now(UTC)).total_seconds()
    assert -10 < wait <= 3
    empty = await ask.chat("fault-429-empty")
    assert (empty.status, empty.body, "retry-after" in empty.headers) == (429, b"", False)


@pytest.mark.parametrize(
    ("name", "status", "word"), [("403-html", 403, b"1010"), ("502-html", 502, b"502 Bad Gateway")]
)
async def test_a_page_is_html(ask: Any, name: str, status: int, word: bytes) -> None:
    answer = await ask.chat(f"fault-{name}")
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/html")
    assert word in answer.body


async def test_other_shapes(ask: Any) -> None:
    text = await ask.chat("fault-413")
    assert (text.status, text.headers["content-type"]) == (413, "text/plain; charset=utf-8")
    assert (await ask.chat("fault-422-detail")).json["detail"][0]["loc"] == ["body", "messages", 0, "role"]
    assert (await ask.chat("fault-500-string")).json == "something went wrong"
    assert isinstance((await ask.chat("fault-500-error-string")).json["error"], str)
    assert (await ask.chat("fault-503-empty")).raw.startswith(b"HTTP/1.1 503 ")
    assert (await ask.chat("fault-503-empty")).body == b""
    overloaded = await ask.chat("fault-529")
    assert (overloaded.status, overloaded.json["type"]) == (529, "error")
    assert overloaded.json["error"]["type"] == "overloaded_error"
    nothing = await ask.chat("fault-204")
    assert nothing.raw == b"HTTP/1.1 204 No Content\r\n\r\n"
    balance = await ask.chat("fault-aporto-balance")
    assert (balance.status, balance.json["success"]) == (402, False)
    assert balance.headers["x-aporto-balance-low"] == "true"
    assert "额度" in (await ask.chat("fault-oneapi-used-up")).json["error"]["message"]
    assert "x-oneapi-request-id" in (await ask.chat("fault-oneapi-wallet")).headers
    assert "x-new-api-version" in (await ask.chat("fault-newapi-wallet")).headers


async def test_a_small_error_is_thirty_megabytes(ask: Any) -> None:
    answer = await ask.chat("fault-500-bomb")
    assert (answer.status, answer.headers["content-encoding"]) == (500, "gzip")
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) > 30 * 1024 * 1024
