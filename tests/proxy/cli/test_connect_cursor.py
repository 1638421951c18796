"""`bursar connect cursor` with a tunnel program that is a process and forwards, and every way in which it all ends."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.commands import Home, serving

from bursar.cli.connecting.tunnel import PROGRAMS, Tunnel, TunnelProgram

Bursar = Callable[..., Any]
Started = Callable[..., "subprocess.Popen[str]"]

PUBLIC = "quiet-river-7.trycloudflare.com"


class Exposed:
    """A running `bursar connect cursor`, what it has said so far, and the tunnel's public side."""

    def __init__(self, process: "subprocess.Popen[str]", notes: Path, name: str = "") -> None:
        self.process = process
        self.notes = notes
        self.name = name
        self.said = ""

    def until(self, words: str) -> str:
        """Read on until these words have been said."""
        assert self.process.stdout is not None
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return self.said

    @property
    def key(self) -> str:
        """The key that is to be entered."""
        return next(word for word in self.said.split() if word.startswith("bk-"))

    def ask(self, path: str, key: str = "", host: str = PUBLIC, body: object = None) -> tuple[int, Any]:
        """A request from outside, through the tunnel."""
        url = f"http://127.0.0.1:{(self.notes / 'port').read_text()}{path}"
        headers = {"Host": host, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as no:
            with no:
                return no.code, no.read()

    def tunnel_ends(self) -> None:
        """Wait until the tunnel's process has gone."""
        pid, deadline = int((self.notes / "pid").read_text()), time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)
        raise AssertionError("the tunnel outlives the command")


Connect = Callable[..., Exposed]


ALIASES = """
[aliases.fast]
routes = ["practice/practice-tokens-20"]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One proxy for all of these tests: to expose it leaves nothing behind."""
    with serving(tmp_path_factory.mktemp("exposed"), ALIASES) as place:
        yield place


@pytest.fixture
def home(place: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of that proxy, for the commands of one test."""
    monkeypatch.setenv("BURSAR_HOME", str(place.folder))
    return place.folder


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tunnel programs on the PATH, and the folder where they note what they are."""
    folder = tmp_path / "programs"
    folder.mkdir()
    text = (Path(__file__).parents[2] / "fakes" / "tunnel.py").read_text()
    for name in ("cloudflared", "ngrok", "tailscale"):
        (folder / name).write_text(text.replace("/usr/bin/env python3", sys.executable, 1))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TUNNEL_NOTES", str(folder))
    return folder


@pytest.fixture
def connect(start: Started, notes: Path) -> Connect:
    """Starts the command, up to where it says that all is entered; its key has a name of its own in each test."""

    def begin(*words: str) -> Exposed:
        name = f"cursor-{secrets.token_hex(4)}"
        run = ("--tunnel", "cloudflared", "--no-verify", "--name", name, *words)
        exposed = Exposed(start("connect", "cursor", *run, env={"PYTHONUNBUFFERED": "1"}), notes, name)
        exposed.until("Deployment Name")
        return exposed

    return begin


def exposures(bursar: Bursar) -> list[str]:
    return [each["host"] for each in bursar("status", "--json").json["exposures"]]


def unexposed(bursar: Bursar) -> None:
    """Wait until the proxy answers to no public host any more."""
    deadline = time.monotonic() + 60
    while exposures(bursar):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_cursor_reaches_the_proxy_through_the_tunnel_and_nothing_else(connect: Connect, bursar: Bursar) -> None:
    cursor = connect("--cap", "1usd/day", "--expires", "2h")
    assert f"https://{PUBLIC}/v1" in cursor.said
    assert exposures(bursar) == [PUBLIC]
    asked = {"model": "fast", "input": "Hello", "stream": True}
    status, body = cursor.ask("/v1/chat/completions", cursor.key, body=asked)
    assert (status, body.rstrip().endswith(b"data: [DONE]")) == (200, True)
    assert b'"chat.completion.chunk"' in body
    assert cursor.ask("/v1/models", cursor.key)[0] == 200
    other = bursar("key", "issue", "laptop").out.strip()
    assert cursor.ask("/v1/models", other)[0] == 401
    for path in ("/healthz", "/models", "/watch", "/keys", "/p/x/v1/models"):
        assert cursor.ask(path, cursor.key)[0] == 404, path
    assert cursor.ask("/v1/models", cursor.key, host="bursar")[0] == 421
    key = bursar("key", "show", cursor.name, "--json").json
    assert key["models"] == ["fast"]
    assert key["expires_ms"] is not None
    assert any(cap["name"] == f"{cursor.name}-day" for cap in bursar("cap", "list", "--json").json)
    said = bursar("status").out
    assert "EXPOSED" in said
    assert PUBLIC in said
    found = {each["check"]: each for each in bursar("doctor", "--offline", "--json").json}
    assert found["exposure"]["state"] == "note"
    assert PUBLIC in found["exposure"]["sentence"]

    # Ctrl-C is how it ends in good order.
    cursor.process.send_signal(signal.SIGINT)
    assert cursor.process.wait(60) == 0
    unexposed(bursar)
    cursor.tunnel_ends()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a tunnel outlives a command that was killed")
def test_killing_the_command_ends_the_exposure_and_the_tunnel(connect: Connect, bursar: Bursar) -> None:
    cursor = connect()
    assert cursor.ask("/v1/models", cursor.key)[0] == 200
    cursor.process.kill()
    cursor.process.wait(60)
    unexposed(bursar)
    cursor.tunnel_ends()


def test_the_command_ends_with_its_tunnel(connect: Connect, bursar: Bursar) -> None:
    cursor = connect()
    os.kill(int((cursor.notes / "pid").read_text()), signal.SIGKILL)
    assert cursor.process.wait(60) == 1
    unexposed(bursar)


def test_the_command_ends_with_whoever_holds_its_input_open(start: Started, notes: Path, bursar: Bursar) -> None:
    run = ("--tunnel", "cloudflared", "--no-verify", "--name", f"cursor-{secrets.token_hex(4)}", "--until-input-ends")
    process = start("connect", "cursor", *run, env={"PYTHONUNBUFFERED": "1"}, stdin=subprocess.PIPE)
    cursor = Exposed(process, notes)
    cursor.until("Deployment Name")
    assert exposures(bursar) == [PUBLIC]
    process.communicate(timeout=60)
    assert process.returncode == 0
    unexposed(bursar)
    cursor.tunnel_ends()


@pytest.mark.parametrize(
    ("program", "host"),
    [(PROGRAMS[0], PUBLIC), (PROGRAMS[1], "quiet-river-7.ngrok-free.app"), (PROGRAMS[2], "laptop.tail1234.ts.net")],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_address_is_read_from_what_each_program_says(program: TunnelProgram, host: str, notes: Path) -> None:
    with Tunnel(program, 4141) as tunnel:
        assert tunnel.host() == host
        pid = int((notes / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_tunnel_of_ones_own_and_a_call_that_arrives(start: Started) -> None:
    # `.invalid` leads nowhere, at once: what can be seen from here is said, and the rest too.
    process = start("connect", "cursor", "--host", "mine.invalid", env={"PYTHONUNBUFFERED": "1"})
    cursor = Exposed(process, Path())
    cursor.until("Arrived, in the manner of Cursor")
    assert "https://mine.invalid/v1" in cursor.said


def test_a_key_that_is_there_is_narrowed_and_what_it_lacks_is_said(connect: Connect, bursar: Bursar) -> None:
    bursar("key", "issue", "wide")
    cursor = connect("--name", "wide", "--expires", "1h")
    cursor.process.send_signal(signal.SIGINT)
    _, complained = cursor.process.communicate(timeout=60)
    assert "narrow it: --models, --cap" in complained
    assert bursar("key", "show", "wide", "--json").json["expires_ms"] is not None
    assert "as it was shown" in cursor.said


def test_what_is_said_where_nothing_can_be_run(bursar: Bursar, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = bursar("connect", "cursor")
    assert (ran.status, "--tunnel cloudflared" in ran.err) == (1, True)
    assert "Cursor's own servers" in ran.out
    assert "bk-" not in ran.out
    ran = bursar("connect", "cursor", "--tunnel", "carrier-pigeon")
    assert "carrier" not in ran.err
    assert "ngrok" in ran.err
    monkeypatch.setenv("TUNNEL_FAILS", "1")
    ran = bursar("connect", "cursor", "--tunnel", "cloudflared")
    assert (ran.status, "no such host" in ran.err) == (1, True)
    monkeypatch.setenv("PATH", str(notes / "nowhere"))
    assert "Install one" in bursar("connect", "cursor").err
    assert bursar("connect", "cursor", "--write").status == 1


def test_without_a_proxy_nothing_is_exposed(
    bursar: Bursar, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURSAR_HOME", str(tmp_path / "nobody"))
    assert bursar("connect", "cursor", "--tunnel", "cloudflared").status == 3
    assert not (notes / "pid").exists()


def test_the_command_ends_with_the_proxy(connect: Connect, bursar: Bursar) -> None:
    # The last one: it takes the proxy of all of them away.
    cursor = connect()
    assert bursar("stop").status == 0
    assert cursor.process.wait(60) == 3
    cursor.tunnel_ends()
