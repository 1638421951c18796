"""Canaries: secrets put through everything that a proxy does, then looked for everywhere that it writes or shows."""

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from aiohttp import web
from fakes.commands import Home, home
from fakes.vendor import answer, no, vendor

from bursar.content.segments import Segments
from bursar.contract.accounts import Ask
from bursar.contract.client import AdminClient
from bursar.contract.places import Places
from bursar.contract.secrets import setting_secret, unlocking
from bursar.contract.way_in import Refused
from bursar.secrets import seal
from bursar.secrets.secret_file import write_private_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process shows is in /proc on Linux alone")

ENV, FILE, SEALED, NEW = (f"sk-canary-{each}-0a1b2c3d4e5f" for each in ("env", "file", "sealed", "new"))
PASSPHRASE, WRONG = "canary passphrase of the file", "canary passphrase, wrong"
FOREIGN = "bk-canarycanarycanarycanarycanarycanarycana"
PASTED = "sk-canary-pasted-0a1b2c3d4e5f"
PROMPT, ANSWER = "canary prompt: what I told nobody", "canary answer: what nobody told me"
KEYS = {"env": ENV, "file": FILE, "sealed": SEALED}

CONFIG = """
[server]
port = 0
zone = "UTC"
[log]
level = "debug"
[alerts]
desktop = false
command = ["/bin/sh", "-c", "env >> {told}; cat >> {told}"]
[limits]
first_event_s = 5
"""
UPSTREAM = """
[upstreams.{name}]
kind = "openai_compatible"
base_url = "{url}"
secret = "{secret}"
[prices."{name}/*"]
input = "1"
output = "1"
"""


def saying(name: str, key: str) -> Any:
    """A vendor that repeats its key wherever a vendor can."""
    said = f"Incorrect API key provided: {key}. You can find it in your account."
    event = f"data: {json.dumps({'error': {'message': said, 'code': key, 'type': key}})}\n\n"
    chunk = {"id": "1", "object": "chat.completion.chunk", "model": "m", "created": 1}
    begun = {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ANSWER}}]}
    ways = {
        "401": lambda: no(401, said),
        "400": lambda: no(400, said, code=key, param=key),
        "429": lambda: no(429, said, code="rate_limit_exceeded"),
        "500": lambda: no(500, said),
        "cut": lambda: no(500, "x" * (600 - len(key) // 2) + key),
        "escaped": lambda: web.Response(
            status=400,
            body=json.dumps({"error": {"message": said}}).replace("sk-", "\\u0073k-"),
            content_type="application/json",
        ),
        "plain": lambda: web.Response(status=502, text=said),
        "200": lambda: web.json_response({"error": {"message": said, "code": key}}),
        "header": lambda: answer(text=ANSWER, headers={"x-request-id": key, "x-ratelimit-limit-requests": key}),
        "event": lambda: web.Response(text=event, content_type="text/event-stream"),
        "midstream": lambda: web.Response(
            text=f"data: {json.dumps(begun)}\n\n{event}", content_type="text/event-stream"
        ),
        "fine": lambda: answer(text=ANSWER),
    }
    return lambda body: ways[body["model"]]()


COMMANDS = (
    "status",
    "doctor",
    "log",
    "log --json",
    "statement --json",
    "upstream list",
    "upstream check",
    "secret list --json",
    "secret check env",
    "key show laptop",
    "config show",
)
WAYS = ("401", "400", "429", "500", "cut", "escaped", "plain", "200", "header", "event", "midstream", "fine")


@dataclass
class Seen:
    """Everything that anybody was shown, by where."""

    shown: dict[str, bytes]

    def take(self, where: str, what: bytes | str) -> None:
        self.shown[where] = self.shown.get(where, b"") + (what.encode() if isinstance(what, str) else what)


def forms(canary: str) -> Iterator[bytes]:
    """A secret as it may stand somewhere."""
    yield canary.encode()
    yield quote(canary, safe="").encode()
    yield json.dumps(canary)[1:-1].encode()
    yield canary.encode().hex().encode()
    for shift in range(3):  # the same bytes, wherever they begin in a text in base64
        yield base64.b64encode(b"\0" * shift + canary.encode())[4 if shift else 0 : -4]


def leaks(places: dict[str, bytes], *canaries: str) -> list[tuple[str, str, bytes]]:
    """Where each was found, and what stands around it."""
    return [
        (where, each, what[max(0, what.find(form) - 120) :][:300])
        for each in canaries
        for where, what in places.items()
        for form in forms(each)
        if form in what
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def processes_below(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


@dataclass
class Machine:
    """A proxy as a process, three vendors who repeat their keys, and whatever is shown."""

    home: Home
    process: "subprocess.Popen[str]"
    url: str
    places: Places
    told: Path
    said: Path
    seen: Seen
    key: str = ""

    async def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command; what it says is seen."""
        ran = await asyncio.to_thread(self.home.run, *words, check=False)
        self.seen.take(f"bursar {' '.join(words)}", ran.stdout + ran.stderr)
        return ran

    async def run_all(self, commands: Iterable[str]) -> None:
        """Commands, all at once."""
        await asyncio.gather(*(self.run(*words.split()) for words in commands))

    async def ask(self, session: aiohttp.ClientSession, model: str, **fields: Any) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": PROMPT}], **fields}
        headers = {"Authorization": f"Bearer {self.key}"}
        async with session.post(f"{self.url}/chat/completions", json=body, headers=headers) as response:
            self.seen.take(f"headers of {model}", repr(response.headers))
            content = b""
            try:
                async for piece in response.content.iter_any():
                    content += piece
            except aiohttp.ClientPayloadError:
                pass
            self.seen.take(f"answer of {model}", content)


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    with home(tmp_path / "home") as here:
        async with AsyncExitStack() as stack:
            told, said = tmp_path / "told", tmp_path / "stderr"
            here.environ |= {"CANARY_KEY": ENV, "BURSAR_PASSPHRASE_FILE": str(tmp_path / "passphrase")}
            for name, text in {"passphrase": PASSPHRASE, "key": FILE}.items():
                (tmp_path / name).write_text(text)
                (tmp_path / name).chmod(0o600)
            secrets = {"env": "env:CANARY_KEY", "file": f"file:{tmp_path}/key", "sealed": "sealed:main"}
            config = CONFIG.format(told=told)
            for name, secret in KEYS.items():
                there = await stack.enter_async_context(vendor(saying(name, secret)))
                config += UPSTREAM.format(name=name, url=there.base_url, secret=secrets[name])
            here.configure(config)
            places = Places(here.folder / "config.toml", here.folder / "data", here.folder / "run", here.folder / "log")
            key = seal.derived(PASSPHRASE, b"s" * 16, 2, 8, 1)  # costs no time
            await asyncio.to_thread(write_private_bytes, places.sealed_file, seal.sealed({"main": SEALED}, key))
            process = subprocess.Popen(  # noqa: ASYNC220 - it is started once, before anything runs
                [sys.executable, "-m", "bursar", "serve"],
                env=here.environ,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(said.open("w")),
                text=True,
            )
            stack.callback(process.wait, 20)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.callback(process.stdout.close)
            line = await asyncio.to_thread(process.stdout.readline)
            url = re.sub(r"^listening on ", "", line).strip()
            yield Machine(here, process, url, places, told, said, Seen({}))


async def test_no_secret_is_found_anywhere(machine: Machine, tmp_path: Path) -> None:
    seen = machine.seen
    issued = await machine.run("key", "issue", "laptop", "--json")
    machine.key = json.loads(issued.stdout)["key"]
    del seen.shown["bursar key issue laptop --json"]  # the one time that it is shown

    heard = asyncio.create_task(listen(machine))  # noqa: TID251 - awaited below
    async with aiohttp.ClientSession() as session:
        for name, ways in {
            "env": WAYS,
            "file": ("400", "midstream", "fine"),
            "sealed": ("401", "event", "fine"),
        }.items():
            for way in ways:
                await machine.ask(session, f"{name}/{way}")
                await machine.ask(session, f"{name}/{way}", stream=True)
        for headers, body in (
            ({"Authorization": f"Bearer {FOREIGN}"}, b"{}"),
            ({"Authorization": f"Bearer {machine.key}"}, f'{{"messages": "{PROMPT}'.encode()),
            ({"Authorization": f"Bearer {machine.key}"}, f'{{"model": "{PROMPT}", "messages": 7}}'.encode()),
            ({"x-api-key": FOREIGN}, b"\xff"),
        ):
            async with session.post(f"{machine.url}/chat/completions", data=body, headers=headers) as response:
                seen.take("answer of a wrong call", await response.read() + repr(response.headers).encode())
    await through_the_local_door(machine)
    await machine.run_all(COMMANDS)
    broken = machine.places.config_file.read_text()
    machine.places.config_file.write_text(broken.replace('secret = "env:CANARY_KEY"', f'secret = "{PASTED}"'))
    await machine.run("reload")
    await machine.run_all(("status --json", "config check", "doctor --offline"))
    machine.places.config_file.write_text(broken)
    await machine.run("reload")

    shown_by_processes(machine)
    machine.process.send_signal(signal.SIGABRT)  # what a crash leaves behind
    await asyncio.to_thread(machine.process.wait, 20)
    heard.cancel()
    await asyncio.gather(heard, return_exceptions=True)

    everywhere = {**seen.shown, **files_of(machine.home.folder), "stderr": machine.said.read_bytes()}
    everywhere["told to the command"] = machine.told.read_bytes()
    secrets = (ENV, FILE, SEALED, NEW, PASSPHRASE, WRONG, FOREIGN, PASTED, machine.key)
    assert leaks(everywhere, *secrets) == []
    texts = {where: what for where, what in everywhere.items() if not where.startswith("answer of")}
    assert leaks(texts, PROMPT, ANSWER) == []
    # Kept content is compressed, so it would not be found: there is no place for it at all.
    assert not (machine.places.data_dir / "content").exists()
    assert leaks({"answer": seen.shown["answer of env/fine"]}, ANSWER)  # it is found where it ought to be
    assert not [path for path in files_of(tmp_path) if Path(path).name.startswith("core")]


async def test_kept_content_is_in_one_place_alone_and_nowhere_once_it_is_forgotten(machine: Machine) -> None:
    seen, folder = machine.seen, machine.places.data_dir / "content"
    issued = await machine.run("key", "issue", "agent", "--keep-content", "--json")
    machine.key = json.loads(issued.stdout)["key"]
    del seen.shown["bursar key issue agent --keep-content --json"]
    heard = asyncio.create_task(listen(machine))  # noqa: TID251 - awaited below
    async with aiohttp.ClientSession() as session:
        for name, way in (("env", "400"), ("env", "fine"), ("file", "midstream"), ("sealed", "fine")):
            await machine.ask(session, f"{name}/{way}", stream=way == "midstream")
    await asyncio.to_thread(machine.home.settled, 3)
    await machine.run_all(("status --json", "log --json", "key show agent", "content list --json", "doctor --offline"))
    calls = [json.loads(line)["exchange_id"] for line in seen.shown["bursar log --json"].splitlines()]
    shown = [await machine.run("log", "--id", each, "--content") for each in calls]
    assert all(PROMPT in each.stdout for each in shown)
    assert (len(calls), sum(ANSWER in each.stdout for each in shown)) == (4, 3)
    assert leaks({each: said for each, said in seen.shown.items() if "--content" in each}, ENV, FILE, machine.key) == []
    shown_by_processes(machine)

    there = files_of(machine.home.folder)
    kept = {where: what for where, what in there.items() if Path(where).is_relative_to(folder)}
    texts = [zlib.decompress(body) for each in calls for _, body in Segments(folder).find(each)]
    assert all(PROMPT.encode() in text for text in texts)
    assert leaks({str(number): text for number, text in enumerate(texts)}, ENV, FILE, SEALED, machine.key) == []
    elsewhere = {**seen.shown, **{where: what for where, what in there.items() if where not in kept}}
    elsewhere |= {
        "stderr": machine.said.read_bytes(),
        "told": machine.told.read_bytes() if machine.told.exists() else b"",
    }
    spoken = {each: said for each, said in elsewhere.items() if "--content" not in each and "answer of" not in each}
    assert leaks(spoken, PROMPT, ANSWER) == []
    marks = [what[at : at + 24] for what in kept.values() for at in range(40, len(what) - 24, 24)]
    assert marks
    assert not [mark for mark in marks for what in spoken.values() if mark in what]

    assert json.loads((await machine.run("content", "forget", "--key", "agent", "--json")).stdout)["bytes"] > 0
    machine.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(machine.process.wait, 20)
    heard.cancel()
    await asyncio.gather(heard, return_exceptions=True)
    after = files_of(machine.home.folder)
    assert not [mark for mark in marks for what in after.values() if mark in what]
    assert leaks(after, PROMPT, ANSWER) == []
    assert not [where for where in after if Path(where).is_relative_to(folder)]


async def listen(machine: Machine) -> None:
    """Watch, as the terminal interface does."""
    async with AdminClient(machine.places) as client, aclosing(client.watch()) as watched:
        async for each in watched:
            machine.seen.take("feed", msgspec.json.encode(each))


async def through_the_local_door(machine: Machine) -> None:
    """Keys and passphrases handed in, right and wrong."""
    wrongs: tuple[Ask[Any], ...] = (setting_secret("env", NEW), setting_secret("nobody", NEW), unlocking(WRONG))
    async with AdminClient(machine.places) as client:
        kept = await client.ask(setting_secret("sealed", NEW))
        machine.seen.take("kept", repr(kept))
        for wrong in wrongs:
            machine.seen.take("asked", repr(wrong))
            with pytest.raises(Refused) as refused:
                await client.ask(wrong)
            machine.seen.take("refused", repr(refused.value) + str(refused.value.problem))
        unlocked = await client.ask(unlocking(PASSPHRASE))
        machine.seen.take("unlocked", repr(unlocked))


def shown_by_processes(machine: Machine) -> None:
    """What anybody may read of the processes."""
    for pid in processes_below(machine.process.pid):
        machine.seen.take(f"command line of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes())
        if pid != machine.process.pid:
            machine.seen.take(f"environment of {pid}", Path(f"/proc/{pid}/environ").read_bytes())
    limits = Path(f"/proc/{machine.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert os.stat(f"/proc/{machine.process.pid}/environ").st_uid == 0  # not even its own user may look  # noqa: PTH116
