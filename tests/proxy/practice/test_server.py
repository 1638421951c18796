"""The server itself: who may come in, what it counts, what is left of it afterwards."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import aiohttp
import pytest

from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter

HELLO = [{"role": "user", "content": "hello"}]


async def test_it_listens_on_loopback_alone(practice: Any) -> None:
    assert practice.base_url == f"http://127.0.0.1:{practice.port}/v1"
    with socket.socket() as probe:
        # The port is free on every other address of loopback.
        probe.bind(("127.0.0.2", practice.port))


async def test_a_taken_port_is_said(practice: Any, counter: TextCounter) -> None:
    with pytest.raises(OSError, match="in use"):
        async with practice_server(practice.port, counter=counter):
            pass


@pytest.mark.parametrize(
    "form", ["Authorization: Bearer {}", "authorization: bearer {}", "x-api-key: {}", "api-key: {}"]
)
async def test_only_the_right_key_comes_in(ask: Any, counter: TextCounter, form: str) -> None:
    async with practice_server(keys={"sk-right"}, counter=counter) as locked:
        asking = type(ask)(locked)
        body = {"model": "practice-tokens-3", "messages": HELLO}
        path = "/v1/chat/completions"
        assert (await asking.post(path, form.format("sk-right"), **body)).status == 200
        wrong = await asking.post(path, form.format("sk-wrong"), **body)
        assert (wrong.status, wrong.json["error"]["code"]) == (401, "invalid_api_key")
        none = await asking.post(path, **body)
        assert (none.status, none.json["error"]["code"]) == (401, "missing_api_key")
        assert b"sk-wrong" not in wrong.raw
        assert (locked.tally.total.begun, locked.tally.total.refused, locked.tally.total.authorized) == (3, 2, 2)


async def test_unknown_places_are_404(ask: Any) -> None:
    for answer in (await ask.get("/v1/nowhere"), await ask.get("/v1/chat/completions"), await ask.post("/v1/models")):
        assert answer.status == 404
        assert answer.json["error"]["type"] == "invalid_request_error"


async def test_bad_bodies_are_400(ask: Any, practice: Any) -> None:
    for body in (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"model":"practice"}'):
        reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"invalid_request_error"' in answer


async def test_a_chunked_body_is_read(practice: Any) -> None:
    body = json.dumps({"model": "practice-tokens-3", "messages": HELLO}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for start in range(0, len(body), 10):
        part = body[start : start + 10]
        writer.write(b"%x\r\n%b\r\n" % (len(part), part))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_connection_is_used_again(practice: Any, session: aiohttp.ClientSession) -> None:
    body = {"model": "practice-tokens-3", "messages": HELLO}
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    data = json.dumps(body).encode()
    one = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)
    for _ in range(3):
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Connection: close" not in head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert json.loads(await reader.readexactly(length))["usage"]["completion_tokens"] == 3
    writer.close()
    for stream in (True, False):
        for _ in range(2):
            async with session.post(f"{practice.base_url}/chat/completions", json={**body, "stream": stream}) as answer:
                assert answer.status == 200
                await answer.read()
    assert session.connector is not None
    assert practice.tally.total.answered == 7


async def test_http_10_is_answered_in_its_way(practice: Any) -> None:
    body = json.dumps({"model": "practice-tokens-3", "messages": HELLO, "stream": True}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    answer = await reader.read()
    writer.close()
    assert b"chunked" not in answer
    assert answer.endswith(b"data: [DONE]\n\n")


async def test_a_client_that_leaves_is_counted_as_such(practice: Any) -> None:
    body = json.dumps({"model": "practice-chunks-500-rate-50", "messages": HELLO, "stream": True}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    seen = b""
    while seen.count(b"data: ") < 5:
        seen += await reader.read(1000)
    assert practice.tally.in_flight == 1
    writer.close()
    async with asyncio.timeout(60):
        await practice.tally.idle()
    total = practice.tally.total
    assert (total.begun, total.aborted, total.answered) == (1, 1, 0)
    assert 4 <= total.completion_tokens < 500
    assert total.prompt_tokens == 8
    assert total.cost_nano == -(-(8 * 150_000_000 + total.completion_tokens * 600_000_000) // 1_000_000)


async def test_a_client_that_leaves_with_half_a_body_is_counted(practice: Any) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"model":')
    await writer.drain()
    await practice.tally.busy()
    writer.close()
    async with asyncio.timeout(60):
        await practice.tally.idle()
    assert (practice.tally.total.begun, practice.tally.total.aborted, practice.tally.total.bodies) == (1, 1, 0)


async def test_the_tally_is_told_over_http(ask: Any, practice: Any) -> None:
    await ask.post("/v1/chat/completions", "Authorization: Bearer sk-any", model="practice-tokens-9", messages=HELLO)
    told = (await ask.get("/practice/tally?idle=1")).json
    assert told["in_flight"] == 0
    expected = {
        "begun": 1,
        "answered": 1,
        "refused": 0,
        "broken": 0,
        "aborted": 0,
        "authorized": 1,
        "bodies": 1,
        "prompt_tokens": 8,
        "cached_tokens": 0,
        "completion_tokens": 9,
        "reasoning_tokens": 0,
        "cost_nano": 8 * 150 + 9 * 600,
    }
    assert told["total"] == told["models"]["practice-tokens-9"] == expected
    assert told["other_origin"] == {"requests": 0, "authorized": 0}
    assert (await ask.post("/practice/reset")).status == 200
    assert (await ask.get("/practice/tally")).json["total"]["begun"] == 0


async def test_a_rate_is_kept(practice: Any) -> None:
    loop = asyncio.get_running_loop()
    body = json.dumps({"model": "practice-chunks-40-rate-100", "messages": HELLO, "stream": True}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
    writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    begun = loop.time()
    seen = await reader.read()
    took = loop.time() - begun
    writer.close()
    # 39 gaps between the chunks and one before the finish: never less, and not much more.
    assert 0.39 < took < 3
    assert seen.endswith(b"0\r\n\r\n")


async def test_two_hundred_streams_at_once_keep_their_rate(practice: Any, session: aiohttp.ClientSession) -> None:
    body = {"model": "practice-chunks-50-rate-50", "messages": HELLO, "stream": True}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as many:

        async def one() -> int:
            async with many.post(f"{practice.base_url}/chat/completions", json=body) as answer:
                return (await answer.read()).count(b"data: ")

        begun = asyncio.get_running_loop().time()
        counts = await asyncio.gather(*(one() for _ in range(200)))
        took = asyncio.get_running_loop().time() - begun
    assert counts == [53] * 200
    assert 1.0 <= took < 6.0
    assert practice.tally.total.answered == 200


async def test_a_speed_is_for_all_whose_name_states_none(ask: Any, counter: TextCounter) -> None:
    async with practice_server(speed=0, counter=counter) as fast:
        asking, loop = type(ask)(fast), asyncio.get_running_loop()
        begun = loop.time()
        await asking.chat("practice-slow-wait-1", stream=True)
        assert loop.time() - begun < 5
    async with practice_server(speed=20, counter=counter) as slow:
        asking, begun = type(ask)(slow), loop.time()
        await asking.chat("practice-tokens-5", stream=True)
        assert loop.time() - begun > 0.24
        begun = loop.time()
        await asking.chat("practice-tokens-100-rate-1000", stream=True)
        assert loop.time() - begun < 4


async def test_a_wait_comes_before_the_text(practice: Any) -> None:
    loop = asyncio.get_running_loop()
    body = json.dumps({"model": "practice-tokens-3-wait-300", "messages": HELLO, "stream": True}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    begun = loop.time()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    await reader.readuntil(b"\r\n\r\n")
    head = loop.time()
    assert head - begun < 0.3
    await reader.readuntil(b"[DONE]")
    assert loop.time() - begun >= 0.3
    writer.close()


async def test_nothing_is_left_after_the_end(counter: TextCounter) -> None:
    before = asyncio.all_tasks()
    async with practice_server(counter=counter) as practice:
        writers = []
        for model in ("practice-chunks-900-rate-1", "fault-silent", "fault-stall-midstream", "fault-endless-line"):
            body = json.dumps({"model": model, "messages": HELLO, "stream": True}).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", practice.port)
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            writers.append(writer)
        # One that has not asked yet, too.
        writers.append((await asyncio.open_connection("127.0.0.1", practice.port))[1])
        await practice.tally.busy(4)
        port = practice.port
    assert practice.tally.in_flight == 0
    assert practice.tally.total.aborted == 4
    for writer in writers:
        writer.close()
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_nothing_that_was_said_is_logged(ask: Any, practice: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "tell-nobody-4711"
    await ask.chat("practice", secret)
    await ask.chat("fault-reset-midstream", secret, stream=True)
    await ask.post("/v1/chat/completions", f"X-Bad\x01Header: {secret}", model="practice", messages=HELLO)
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(f"NOT HTTP {secret}\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.")
    writer.close()
    assert secret not in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="Windows hands no signal to the loop")
def test_serving_says_where_and_stops_when_told() -> None:
    program = "import asyncio; from bursar.practice.server import serve_forever; asyncio.run(serve_forever())"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as served:
        assert served.stdout is not None
        said = served.stdout.readline().decode()
        assert said.startswith("listening on http://127.0.0.1:")
        host, port = said.removeprefix("listening on http://").removesuffix("/v1\n").split(":")
        with socket.create_connection((host, int(port))) as probe:
            probe.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert probe.recv(15) == b"HTTP/1.1 200 OK"
        served.send_signal(signal.SIGTERM)
        assert served.wait(60) == 0


class Faulty:
    """A counter that fails at one text, and says it."""

    def __init__(self, counter: TextCounter) -> None:
        self._counter = counter

    def count(self, text: str, encoding: str) -> int:
        if "?!?" in text:
            raise RuntimeError(f"cannot count {text}")
        return self._counter.count(text, encoding)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_bug_is_said_without_what_was_asked(
    ask: Any, counter: TextCounter, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    async with practice_server(counter=Faulty(counter)) as buggy:
        asking = type(ask)(buggy)
        # A stream has begun by the time that its prompt is counted: it breaks off, and does not end.
        answer = await asking.chat("practice", "17 ?!? 4", stream=stream)
        assert (answer.status, answer.ended) == ((200, "reset") if stream else (500, "eof"))
        assert b"?!?" not in answer.raw
        assert (await asking.chat("practice-tokens-3")).status == 200
        assert (buggy.tally.total.broken, buggy.tally.total.answered) == (1, 1)
    assert "RuntimeError" in caplog.text
    assert "?!?" not in caplog.text
