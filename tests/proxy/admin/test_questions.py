"""The client without an event loop asks what the other asks, at both kinds of local door, and says who is not there."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bursar.contract.commands import IssueKey
from bursar.contract.places import Places
from bursar.contract.questions import Questions, running
from bursar.contract.way_in import NoAnswer, NotRunning, Refused

T = TypeVar("T")


async def asked(question: Callable[[], T]) -> T:
    return await asyncio.to_thread(question)


@pytest.fixture(params=["local", "local_by_loopback"])
def door(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


async def test_every_question_and_command(door: Any) -> None:
    proxy = Questions(door.places)
    assert (await asked(proxy.status)).public_url == "http://127.0.0.1:4141/v1"
    assert await asked(lambda: running(door.places))
    issued = await asked(lambda: proxy.issue_key(IssueKey("laptop", models=("fast", "größe/*"))))
    assert door.keys.match(issued.key).name == "laptop"
    (key,) = await asked(proxy.keys)
    assert (key.name, key.models) == ("laptop", ("fast", "größe/*"))
    assert (await asked(lambda: proxy.spend("model", since_ms=5))).since_ms == 5
    assert (await asked(lambda: proxy.history(limit=5))).rows == ()
    assert await asked(proxy.reload) == ()
    door.problems.append("line 3 is wrong")
    assert await asked(proxy.reload) == ("line 3 is wrong",)
    await asked(lambda: proxy.revoke_key("laptop"))
    assert await asked(proxy.keys) == ()
    await asked(proxy.stop)
    assert door.stopped.is_set()


async def test_a_no_is_a_sentence(door: Any) -> None:
    proxy = Questions(door.places)
    for question in (lambda: proxy.revoke_key("../x y"), lambda: proxy.spend("nonsense"), lambda: proxy.history("x")):
        with pytest.raises(Refused) as refused:
            await asked(question)
        assert refused.value.status in (400, 404)
        assert refused.value.problem.message


async def test_nobody_is_there(door: Any) -> None:
    await door.door.close(1)
    with pytest.raises(NotRunning, match="bursar serve"):
        await asked(Questions(door.places).status)
    assert not await asked(lambda: running(door.places))


def test_a_socket_that_its_proxy_left_behind(short_places: Places) -> None:
    with pytest.raises(NotRunning):
        Questions(short_places).status()
    short_places.runtime_dir.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(short_places.admin_socket))
    with pytest.raises(NotRunning) as refused:
        Questions(short_places).status()
    assert not isinstance(refused.value, NoAnswer)


def test_one_that_listens_and_says_nothing(short_places: Places) -> None:
    short_places.runtime_dir.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(short_places.admin_socket))
        silent.listen(1)
        with pytest.raises(NoAnswer):
            Questions(short_places, answer_s=0.2).status()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"url":"http://192.0.2.1:80","token":"x"}', b'{"url":"http://127.0.0.1:x","token":"x"}', b"\xff"],
)
def test_a_door_file_that_leads_elsewhere_is_not_followed(short_places: Places, content: bytes) -> None:
    short_places.runtime_dir.mkdir()
    Path(short_places.admin_token).write_bytes(content)
    with pytest.raises(NotRunning):
        Questions(short_places).status()
