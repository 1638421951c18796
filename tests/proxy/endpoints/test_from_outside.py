"""From outside: what a public host leads to, whose keys it takes, what Cursor's editor may ask, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from fakes.running import MESSAGES, Running, running_proxy

from bursar.contract.commands import ChangeKey
from bursar.contract.events import Event, Exposed, ExposureEnded
from bursar.contract.exposure import Expose
from bursar.contract.way_in import way_in
from bursar.endpoints.from_outside import alias_meant
from bursar.exposures import EDITOR_ORIGIN
from bursar.traffic import WRONG_KEYS

PUBLIC = "quiet-river-7.trycloudflare.com"
PREFLIGHT = {
    "Origin": EDITOR_ORIGIN,
    "Sec-Fetch-Site": "cross-site",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@asynccontextmanager
async def exposed(proxy: Running, *, host: str = PUBLIC, keys: tuple[str, ...] = ("cursor",)) -> AsyncIterator[str]:
    """The proxy exposed through its own local door, and the text of the key "cursor"."""
    _, key = await proxy.daemon.keys.issue("cursor")
    async with holding(proxy, Expose(host, keys, "cloudflared")):
        yield key


@asynccontextmanager
async def holding(proxy: Running, command: Expose) -> AsyncIterator[dict[str, object]]:
    """A connection that holds an exposure, and the first line of its answer."""
    way = way_in(proxy.places)
    connector = aiohttp.UnixConnector(str(way.path))
    async with aiohttp.ClientSession(way.url, connector=connector, headers=way.headers) as session:
        body = {"host": command.host, "keys": command.keys, "program": command.program}
        async with session.post("/exposures", data=json.dumps(body)) as response:
            yield {"status": response.status, **json.loads(await response.content.readline())}


async def status_of(proxy: Running, path: str, *, method: str = "GET", host: str = PUBLIC, **headers: str) -> int:
    """The status of a request for a host, at the public door."""
    origin = proxy.base_url.removesuffix("/v1")
    async with proxy.session.request(method, origin + path, headers={"Host": host, **headers}) as response:
        return response.status


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def until(proxy: Running, kind: type[Event]) -> None:
    await proxy.daemon.feed.wait_for(lambda event: isinstance(event, kind))


async def test_a_public_host_is_answered_to_while_the_connection_lasts(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        assert await status_of(proxy, "/v1/models", **bearer(proxy.key)) == 421
        async with exposed(proxy) as key:
            assert await status_of(proxy, "/v1/models", **bearer(key)) == 200
            assert await status_of(proxy, "/v1/models", host=f"{PUBLIC.upper()}:443", **bearer(key)) == 200
            view = proxy.daemon.feed.snapshot.exposures[PUBLIC]
            assert (view.keys, view.program) == (("cursor",), "cloudflared")
            assert (await proxy.daemon.status()).exposures == (view,)
            ended = asyncio.ensure_future(until(proxy, ExposureEnded))
        async with asyncio.timeout(60):
            await ended
        assert await status_of(proxy, "/v1/models", **bearer(key)) == 421
        assert proxy.daemon.feed.snapshot.exposures == {}


async def test_a_call_from_outside_is_answered_as_any_other(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        body = json.dumps({"model": "fast", "input": "Tell me about budgets.", "stream": True}).encode()
        answer = await proxy.post("/chat/completions", body, key=key, Host=PUBLIC, **{"X-Forwarded-For": "203.0.113.9"})
        assert (answer.status, answer.finish_reasons) == (200, ["stop"])
        assert answer.chunks[0]["object"] == "chat.completion.chunk"


async def test_what_cursors_list_of_models_adds_to_a_name_is_passed_over(tmp_path: Path) -> None:
    assert alias_meant("px-coder-high-thinking", {"px-coder"}) == "px-coder"
    assert alias_meant("px-coder-high", {"px-coder", "px-coder-high"}) == "px-coder-high"
    assert alias_meant("px-coder-blue", {"px-coder"}) == "px-coder-blue"
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        body = json.dumps({"model": "fast-high", "messages": MESSAGES}).encode()
        assert (await proxy.post("/chat/completions", body, key=key, Host=PUBLIC)).status == 200
        assert (await proxy.post("/chat/completions", body)).status == 404
        assert {record.alias for record in await proxy.records()} == {"fast"}


async def test_nothing_but_v1_is_there_for_those_outside(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        for path in (
            "/healthz",
            "/models",
            "/p/site/v1/models",
            "/cursor/v1/models",
            "/key/info",
            "/",
            "/v1/../healthz",
        ):
            assert await status_of(proxy, path, **bearer(key)) == 404, path
        assert await status_of(proxy, "/healthz", host="127.0.0.1") == 200
        assert await status_of(proxy, "/models", host="127.0.0.1", **bearer(key)) == 200


async def test_no_other_key_is_taken_from_outside_and_wrong_ones_meet_a_rate(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        assert await status_of(proxy, "/v1/models") == 401
        assert await status_of(proxy, "/v1/models", **bearer(proxy.key)) == 401
        for _ in range(WRONG_KEYS.limit - 2):
            assert await status_of(proxy, "/v1/models", **bearer("bk-guess")) == 401
        assert await status_of(proxy, "/v1/models", **bearer("bk-guess")) == 429
        # The right key is never refused for that, nor is who mistypes on this machine.
        assert await status_of(proxy, "/v1/models", **bearer(key)) == 200
        assert await status_of(proxy, "/v1/models", host="127.0.0.1", **bearer("bk-mistyped")) == 401


async def test_a_key_that_is_bound_to_addresses_is_not_taken_from_outside(tmp_path: Path) -> None:
    # The tunnel ends on this machine, so every address from there would be ours.
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        await proxy.daemon.keys.change("cursor", ChangeKey(networks=("127.0.0.0/8",)))
        assert await status_of(proxy, "/v1/models", host="127.0.0.1", **bearer(key)) == 200
        assert await status_of(proxy, "/v1/models", **bearer(key)) == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Cf-Connecting-Ip", "Forwarded"])
async def test_a_stranger_cannot_pass_for_this_machine(header: str, tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        forwarded = {header: "203.0.113.9", **bearer(proxy.key)}
        assert await status_of(proxy, "/v1/models", host="localhost", **forwarded) == 200
        async with exposed(proxy) as key:
            assert await status_of(proxy, "/v1/models", host="localhost", **forwarded) == 421
            # A tunnel that puts our own name in place of the public one says which that was.
            told = {"X-Forwarded-Host": PUBLIC, header: "203.0.113.9"}
            assert await status_of(proxy, "/v1/models", host="localhost", **told, **bearer(proxy.key)) == 401
            assert await status_of(proxy, "/v1/models", host="localhost", **told, **bearer(key)) == 200


async def test_an_absolute_target_is_one_more_host_that_is_named(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, exposed(proxy):
        host, port = proxy.base_url.removesuffix("/v1").removeprefix("http://").split(":")
        for target, status in ((f"http://{PUBLIC}/healthz", b"404"), (f"http://{host}:{port}/healthz", b"200")):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            assert (await reader.readline()).split()[1] == status
            writer.close()
            await writer.wait_closed()


async def test_cursors_editor_may_ask_while_the_proxy_is_exposed_and_no_other_page(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        url = f"{proxy.base_url}/chat/completions"
        async with proxy.session.options(url, headers=PREFLIGHT) as r:
            assert r.status == 403
        async with exposed(proxy) as key:
            async with proxy.session.options(url, headers=PREFLIGHT) as r:
                assert (r.status, r.headers["Access-Control-Allow-Origin"]) == (204, EDITOR_ORIGIN)
                assert "authorization" in r.headers["Access-Control-Allow-Headers"]
            body = json.dumps({"model": "fast", "messages": MESSAGES}).encode()
            page = {"Origin": EDITOR_ORIGIN, "Sec-Fetch-Site": "cross-site", "Host": PUBLIC}
            for stream in (False, True):
                asked = body if not stream else json.dumps({**json.loads(body), "stream": True}).encode()
                answer = await proxy.post("/chat/completions", asked, key=key, **page)
                assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, EDITOR_ORIGIN)
            refused = await proxy.post("/chat/completions", body, key="bk-wrong", **page)
            assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, EDITOR_ORIGIN)
            for foreign in ("https://evil.example", "null", "vscode-file://vscode-app.evil.example"):
                async with proxy.session.options(url, headers={**PREFLIGHT, "Origin": foreign}) as r:
                    assert (r.status, "Access-Control-Allow-Origin" in r.headers) == (403, False)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (Expose("127.0.0.1", ("laptop",)), 400),
        (Expose("127.0.0.2", ("laptop",)), 400),
        (Expose("127.1:4141", ("laptop",)), 400),
        (Expose("0.0.0.0", ("laptop",)), 400),
        (Expose("[::]", ("laptop",)), 400),
        (Expose("localhost.", ("laptop",)), 400),
        (Expose("cursor.localhost", ("laptop",)), 400),
        (Expose("no host", ("laptop",)), 400),
        (Expose("a.example", ()), 400),
        (Expose("a.example", ("nobody",)), 400),
    ],
)
async def test_what_cannot_be_exposed(command: Expose, status: int, tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, holding(proxy, command) as answer:
        assert answer["status"] == status
        assert proxy.daemon.exposures.all() == ()


async def test_a_host_is_exposed_once_and_the_end_of_the_proxy_ends_it(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        seen = asyncio.ensure_future(until(proxy, Exposed))
        async with exposed(proxy):
            await seen
            async with holding(proxy, Expose(PUBLIC, ("cursor",))) as second:
                assert second["status"] == 409
            proxy.daemon.exposures.close()
            await until(proxy, ExposureEnded)


async def test_azures_address_names_the_model(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, exposed(proxy) as key:
        body = json.dumps({"model": "a label", "messages": MESSAGES}).encode()
        path = "/openai/deployments/fast/chat/completions?api-version=2024-12-01-preview"
        headers = {"api-key": key, "Content-Type": "application/json"}
        for base, host in (("/v1", PUBLIC), ("", "127.0.0.1")):
            origin = proxy.base_url.removesuffix("/v1")
            async with proxy.session.post(origin + base + path, data=body, headers={**headers, "Host": host}) as r:
                assert r.status == 200, await r.text()
        assert {record.alias for record in await proxy.records()} == {"fast"}


async def test_a_custom_tool_is_called_with_plain_text_streamed_and_whole(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        asked = {
            "model": "fast",
            "input": "Use ApplyPatch.",
            "tools": [{"type": "custom", "name": "ApplyPatch", "description": "Edits files."}],
            "tool_choice": {"type": "custom", "name": "ApplyPatch"},
        }
        whole = await proxy.post("/chat/completions", json.dumps(asked).encode())
        [call] = whole.json["choices"][0]["message"]["tool_calls"]
        streamed = await proxy.post("/chat/completions", json.dumps({**asked, "stream": True}).encode())
        calls = [
            each
            for chunk in streamed.chunks
            for choice in chunk["choices"]
            for each in choice["delta"].get("tool_calls", ())
        ]
        text = "".join(each["function"]["arguments"] for each in calls)
        assert calls[0]["function"]["name"] == call["function"]["name"] == "ApplyPatch"
        assert text == call["function"]["arguments"] != ""
        assert not text.startswith("{")
        assert streamed.finish_reasons == ["tool_calls"]
