"""The public door: base URLs as users paste them, who may come in, and what is wrong with a request."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.endpoints.app import BASES

CHAT = json.dumps({"model": "fast", "messages": MESSAGES}).encode()
ERROR_FIELDS = {"message", "type", "code", "param"}


def error(answer: Answered) -> dict[str, object]:
    """The error object, whole and in JSON."""
    assert answer.headers["Content-Type"].startswith("application/json")
    found: dict[str, object] = answer.json["error"]
    assert set(found) >= ERROR_FIELDS
    assert found["message"]
    return found


def origin(proxy: Running) -> str:
    return proxy.base_url.removesuffix("/v1")


async def test_every_base_url_that_users_paste_is_understood(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
        for base in (*BASES, *(f"/p/site{base}" for base in BASES)):
            async with proxy.session.post(f"{origin(proxy)}{base}/chat/completions", data=CHAT, headers=headers) as r:
                assert r.status == 200, base
            async with proxy.session.get(f"{origin(proxy)}{base}/models", headers=headers) as r:
                assert (await r.json())["data"][0]["id"] == "fast", base
            async with proxy.session.get(f"{origin(proxy)}{base}/models/fast", headers=headers) as r:
                assert (await r.json())["id"] == "fast", base
        assert {record.project for record in await proxy.records()} == {"", "site"}


@pytest.mark.parametrize(
    "project", ["a%0d%0aX-Evil:%201", "a%00b", "%1b%5d52;c;cm0=%07", "%c2%9b31m", "%e2%80%ae", "a" * 101, "a%0ab"]
)
async def test_a_project_in_the_address_that_would_act_is_no_project(tmp_path: Path, project: str) -> None:
    async with running_proxy(tmp_path) as proxy:
        for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/token/usage")):
            lines = [f"Authorization: Bearer {proxy.key}"]
            answer = await raw(proxy, method, f"/p/{project}{path}", lines, CHAT if method == "POST" else b"")
            assert (answer.status, error(answer)["code"]) == (400, "invalid_parameter")
            assert "x-evil" not in {name.lower() for name in answer.headers}
        assert await proxy.records() == []


async def test_what_there_is_not_is_said_in_json(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        for path in ("/nope", "/v1", "/v1/embeddings/x", "/", "/v1/../admin", "/%2e%2e/keys", "//v1/models"):
            async with proxy.session.get(origin(proxy) + path) as r:
                assert r.status == 404, path
                assert (await r.json())["error"]["code"] == "endpoint_not_found"
        async with proxy.session.get(f"{proxy.base_url}/chat/completions") as r:
            assert (r.status, r.headers["Allow"]) == (405, "POST")
            assert (await r.json())["error"]["code"] == "method_not_allowed"
        headers = {"Authorization": f"Bearer {proxy.key}"}
        async with proxy.session.get(f"{proxy.base_url}/models/no/such", headers=headers) as r:
            assert (r.status, (await r.json())["error"]["code"]) == (404, "model_not_found")
        async with proxy.session.get(f"{origin(proxy)}/healthz") as r:
            assert (r.status, await r.text()) == (200, "ok")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "missing_api_key"),
        ({"Authorization": "Bearer bk-wrong"}, 401, "invalid_api_key"),
        ({"Authorization": "Basic {key}"}, 401, "missing_api_key"),
        ({"Authorization": "Bearer é\udcff"}, 401, "invalid_api_key"),
        ({"Authorization": "Bearer {key}"}, 200, ""),
        ({"Authorization": "bearer  {key} "}, 200, ""),
        ({"x-api-key": "{key}"}, 200, ""),
        ({"api-key": "{key}"}, 200, ""),
        ({"Authorization": "Bearer {key}", "api-key": "other"}, 200, ""),
        ({"Authorization": "Bearer bk-wrong", "api-key": "{key}"}, 401, "invalid_api_key"),
    ],
)
async def test_a_key_comes_in_one_of_three_headers(
    tmp_path: Path, headers: dict[str, str], status: int, code: str
) -> None:
    async with running_proxy(tmp_path) as proxy:
        lines = [f"{name}: {value.format(key=proxy.key)}" for name, value in headers.items()]
        answer = await raw(proxy, "POST", "/v1/chat/completions", lines, CHAT)
        assert answer.status == status
        if code:
            assert error(answer)["code"] == code
            assert proxy.key not in answer.body.decode()
            assert proxy.practice.tally.total.begun == 0


async def raw(proxy: Running, method: str, path: str, lines: list[str], body: bytes = b"", host: str = "") -> Answered:
    """A request byte by byte, over a connection of its own."""
    address = urlsplit(proxy.base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = [f"{method} {path} HTTP/1.1", f"Host: {host or address.netloc}", *lines]
    head += ["Content-Type: application/json"] if not any(line.startswith("Content-Type") for line in lines) else []
    head += [f"Content-Length: {len(body)}", "Connection: close"]
    writer.write("\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)
    got, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *fields = got.decode("latin-1").split("\r\n")
    return Answered(int(first.split()[1]), dict(field.split(": ", 1) for field in fields), rest)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Origin: https://evil.example", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Content-Type: text/plain", 415),
        ("Content-Type: application/x-www-form-urlencoded", 415),
        ("Content-Encoding: gzip", 415),
    ],
)
async def test_a_web_page_gets_nothing(tmp_path: Path, line: str, status: int) -> None:
    async with running_proxy(tmp_path) as proxy:
        answer = await raw(proxy, "POST", "/v1/chat/completions", [f"Authorization: Bearer {proxy.key}", line], CHAT)
        assert answer.status == status
        assert error(answer)
        assert not any(name.lower().startswith("access-control") for name in answer.headers)
        assert proxy.practice.tally.total.begun == 0


PAGES = {
    "Origin: null": 403,
    "Origin: http://localhost:3000": 403,
    "Origin: vscode-file://vscode-app": 403,
    "Sec-Fetch-Site: same-site": 403,
    "Content-Type: multipart/form-data; boundary=x": 415,
    "Content-Type: text/plain; application/json": 415,
    "Content-Type:": 415,
}
"""What a page can send without asking first, or sends of itself: Fetch Standard, "CORS-safelisted request-header"."""


async def test_no_simple_request_and_no_question_of_a_browser_gets_through(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = f"Authorization: Bearer {proxy.key}"
        answers = {line: await raw(proxy, "POST", "/v1/chat/completions", [key, line], CHAT) for line in PAGES}
        assert {line: answer.status for line, answer in answers.items()} == PAGES
        asking = ["Origin: https://evil.example", "Access-Control-Request-Method: POST"]
        for network in ("Private", "Local"):
            question = [*asking, f"Access-Control-Request-{network}-Network: true"]
            answers[network] = await raw(proxy, "OPTIONS", "/v1/chat/completions", question)
            assert answers[network].status == 403
        # What a page may ask without a trace of where it comes from: an image, a link.
        answers["image"] = await raw(proxy, "GET", "/v1/models", ["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"])
        assert answers["image"].status == 401
        names = {name.lower() for answer in answers.values() for name in answer.headers}
        assert not [name for name in names if name.startswith(("access-control", "set-cookie"))]
        assert proxy.practice.tally.total.begun == 0


async def test_another_host_is_not_ours(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        for path in ("/v1/models", "/healthz", "/nope"):
            answer = await raw(proxy, "GET", path, [f"Authorization: Bearer {proxy.key}"], host="evil.example")
            assert answer.status == 421, path


BROKEN: list[tuple[bytes, int, str]] = [
    (b"no json", 400, "invalid_request"),
    (b"", 400, "invalid_request"),
    (b"[]", 400, "invalid_request"),
    (b'{"model":"fast"}', 400, "missing_parameter"),
    (b'{"messages":[{}]}', 400, "missing_parameter"),
    (b'{"model":"fast","messages":[]}', 400, "invalid_parameter"),
    (b'{"model":"fast","messages":[{"content":"\xff"}]}', 400, "invalid_request"),
    (b'{"model":"nope","messages":[{"role":"user","content":"x"}]}', 404, "model_not_found"),
    (b'{"model":"fast","messages":[{}],"n":100000}', 400, "invalid_parameter"),
]


async def test_what_is_wrong_with_a_body_is_said(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        for body, status, code in BROKEN:
            answer = await proxy.post("/chat/completions", body)
            assert (answer.status, error(answer)["code"]) == (status, code), body
            assert answer.headers["x-should-retry"] == "false"
        assert proxy.practice.tally.total.begun == 0


@pytest.mark.parametrize(
    "name", ["org/model", "a.b", "a b", "模型😀", "x\x1b[31m", "gpt-4[/]", "\u202egnp", "x" * 4000]
)
async def test_any_name_of_a_model_is_answered_or_refused(tmp_path: Path, name: str) -> None:
    alias = json.dumps(name, ensure_ascii=False)
    known = name in ("org/model", "a.b")
    extra = f'[aliases.{alias}]\nroutes = ["main/practice-tokens-5"]\n' if known else ""
    async with running_proxy(tmp_path, extra) as proxy:
        answer = await proxy.chat(name)
        assert answer.status == (200 if known else 404)
        assert "\x1b" not in answer.body.decode()


async def test_a_name_of_a_megabyte_is_told_to_nobody(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        long = "z" * 1_000_000
        for model, others in ((long, []), (f"main/{long}", []), ("fast", [long])):
            answer = await proxy.chat(model, fallback_models=others)
            assert (answer.status, error(answer)["code"]) == (404, "model_not_found")
            assert len(answer.body) < 1_000
        assert await proxy.exchanges() == []
        assert proxy.practice.tally.total.begun == 0


async def test_a_body_above_the_limit_is_refused_however_it_comes(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * (1 << 20)

        headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
        for data in (io.BytesIO(b"x" * (33 << 20)), pieces()):
            async with proxy.session.post(f"{proxy.base_url}/chat/completions", data=data, headers=headers) as r:
                assert (r.status, (await r.json())["error"]["code"]) == (413, "request_too_large")
        assert (await proxy.chat()).status == 200


async def test_half_a_megabyte_of_one_letter_is_a_call_like_any_other(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.all]\nusd = "5"\nevery = "day"\n') as proxy:
        answer = await proxy.chat(messages=[{"role": "user", "content": "a" * 500_000}])
        assert answer.status == 200
        [record] = await proxy.records()
        assert record.prompt_counted > 50_000
