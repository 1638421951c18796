"""Every command through AdminClient and a real local door, at a Unix socket and on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from bursar.contract.client import AdminClient, NotRunning, Refused
from bursar.contract.codec import Numbered, Opening
from bursar.contract.commands import ChangeKey, IssueKey, RotateKey
from bursar.contract.events import KeyChanged, KeyRevoked
from bursar.contract.places import Places
from bursar.contract.questions import Questions, running

OpenLocal = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["socket", "loopback"])
async def door(request: pytest.FixtureRequest, open_local: OpenLocal, short_places: Places, long_places: Places) -> Any:
    """A local door, each way."""
    return await open_local(short_places if request.param == "socket" else long_places)


async def test_what_runs_is_told(door: Any) -> None:
    assert await asyncio.to_thread(running, door.places)
    async with AdminClient(door.places) as client:
        status = await client.status()
    assert (status.run, status.version) == ("run-1", "0.1.0")


async def test_a_key_is_issued_shown_once_and_revoked_while_a_watcher_looks_on(door: Any) -> None:
    async with AdminClient(door.places) as client, aclosing(client.watch()) as watch:
        assert isinstance(await anext(watch), Opening)
        issued = await client.issue_key(IssueKey("laptop", "thesis", ("fast",)))
        assert issued.name == "laptop"
        assert issued.key.startswith("bk-")
        numbered = await anext(watch)
        assert isinstance(numbered, Numbered)
        assert isinstance(numbered.of, KeyChanged)
        assert issued.key.endswith(numbered.of.key.hint)
        (listed,) = await client.keys()
        assert (listed.name, listed.project, listed.models) == ("laptop", "thesis", ("fast",))
        assert issued.key not in str(listed)
        await client.revoke_key("laptop")
        numbered = await anext(watch)
        assert isinstance(numbered, Numbered)
        assert isinstance(numbered.of, KeyRevoked)
        assert await client.keys() == ()


async def test_a_key_is_changed_disabled_and_rotated_by_both_clients(door: Any) -> None:
    questions = Questions(door.places)
    async with AdminClient(door.places) as client:
        first = await client.issue_key(IssueKey("ci", rates=("60/min", "5/s"), parallel=4, networks=("10.0.0.1",)))
        (view,) = await client.keys()
        assert (view.rates, view.parallel, view.networks) == (("5/s", "60/min"), 4, ("10.0.0.1/32",))
        await client.change_key("ci", ChangeKey(parallel=None, max_tokens=100, fallback=("small",)))
        (view,) = await asyncio.to_thread(questions.keys)
        assert (view.rates, view.parallel, view.max_tokens) == (("5/s", "60/min"), None, 100)
        assert view.fallback == ("small",)
        await asyncio.to_thread(questions.change_key, "ci", ChangeKey(rates=()))
        assert (await client.keys())[0].rates == ()
        await client.disable_key("ci")
        assert (await client.keys())[0].disabled
        await asyncio.to_thread(questions.enable_key, "ci")
        second = await client.rotate_key("ci", RotateKey(grace_ms=60_000))
        third = await asyncio.to_thread(questions.rotate_key, "ci", RotateKey(grace_ms=60_000))
        assert len({first.key, second.key, third.key}) == 3
        assert {door.keys.match(each.key).name for each in (first, second, third)} == {"ci"}
        for wrong in (ChangeKey(rates=("x",)), ChangeKey(parallel=0), ChangeKey(fallback=("",))):
            with pytest.raises(Refused) as refused:
                await client.change_key("ci", wrong)
            assert refused.value.problem.code == "invalid_parameter"
        with pytest.raises(Refused) as refused:
            await client.change_key("nobody", ChangeKey(parallel=1))
        assert refused.value.problem.code == "key_not_found"


async def test_a_change_whose_asker_has_gone_is_in_force(door: Any) -> None:
    _, text = await door.keys.issue("ci")
    gone = asyncio.ensure_future(door.keys.disable("ci"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert door.keys.match(text).disabled
    (kept,) = [key for key in door.keys.list() if key.name == "ci"]
    assert kept.disabled


async def test_the_questions_about_spend_are_answered(door: Any) -> None:
    async with AdminClient(door.places) as client:
        assert (await client.spend("model", 1, 2)).by == "model"
        assert (await client.history(limit=3)).next is None


async def test_problems_of_a_reload_are_told(door: Any) -> None:
    async with AdminClient(door.places) as client:
        assert await client.reload() == ()
        door.problems.append("line 3: no such key")
        assert await client.reload() == ("line 3: no such key",)


async def test_stopping_is_answered_before_it_happens(door: Any) -> None:
    async with AdminClient(door.places) as client:
        await client.stop()
    assert door.stopped.is_set()


async def test_what_is_asked_wrongly_is_refused_in_words(local: Any) -> None:
    async with AdminClient(local.places) as client:
        for asking in (client.spend("nonsense"), client.history(before="nonsense"), client.history(limit=501)):
            with pytest.raises(Refused) as raised:
                await asking
            assert (raised.value.status, raised.value.problem.code) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_request"),
        (b"[]", "invalid_parameter"),
        (b"{}", "invalid_parameter"),
        (b'{"name": 7}', "invalid_parameter"),
        (b'{"name": "a", "cap": "5usd"}', "invalid_parameter"),
        (b'{"name": "\xff"}', "invalid_request"),
        (b'{"name": "\\ud800"}', "invalid_request"),
        (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_parameter"),
        (b'{"name": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_parameter"),
        (b'{"name": "a", "expires_ms": 1e308}', "invalid_parameter"),
        (b'{"name": "a", "expires_ms": 9223372036854775808}', "invalid_parameter"),
        (b'{"name": "a", "expires_ms": -1}', "invalid_parameter"),
        (b'{"name": "a", "project": "a\\r\\nX: 1"}', "invalid_parameter"),
    ],
)
async def test_a_command_is_read_strictly(local: Any, body: bytes, code: str) -> None:
    reader, writer = await asyncio.open_unix_connection(str(local.places.admin_socket))
    writer.write(
        b"POST /keys HTTP/1.0\r\nHost: bursar\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await reader.read()
    assert answer.split()[1] == b"400"
    assert f'"code":"{code}"'.encode() in answer
    writer.close()
    await writer.wait_closed()


async def test_what_is_nested_too_deeply_and_a_place_beyond_all_counting_are_refused(local: Any) -> None:
    deep = b'{"edits":[{"do":"put","key":["a"],"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"
    edits = b"POST /configuration/edits HTTP/1.0\r\nHost: bursar\r\nContent-Type: application/json\r\nIf-Match: *\r\n"
    place = b"GET /watch?since=run-1:" + b"9" * 5_000 + b" HTTP/1.0\r\nHost: bursar\r\n\r\n"
    for sent in (edits + f"Content-Length: {len(deep)}\r\n\r\n".encode() + deep, place):
        reader, writer = await asyncio.open_unix_connection(str(local.places.admin_socket))
        writer.write(sent)
        assert (await reader.read()).split()[1] == b"400"
        writer.close()
        await writer.wait_closed()


async def test_unknown_commands_and_methods_are_problems(local: Any) -> None:
    for line, status in ((b"GET /nothing", b"404"), (b"DELETE /status", b"405"), (b"HEAD /watch", b"405")):
        reader, writer = await asyncio.open_unix_connection(str(local.places.admin_socket))
        writer.write(line + b" HTTP/1.0\r\nHost: bursar\r\n\r\n")
        assert (await reader.read()).split()[1] == status
        writer.close()
        await writer.wait_closed()


async def test_after_the_door_has_closed_nothing_runs(door: Any) -> None:
    await door.door.close(0)
    assert not running(door.places)
    with pytest.raises(NotRunning):
        async with AdminClient(door.places) as client:
            await client.status()


async def test_a_client_finds_a_successor_of_the_proxy_it_talked_to(
    open_local: OpenLocal, short_places: Places
) -> None:
    first = await open_local(short_places, run="run-1")
    async with AdminClient(short_places) as client:
        assert (await client.status()).run == "run-1"
        await first.door.close(0)
        await open_local(short_places, run="run-2")
        assert (await client.status()).run == "run-2"
