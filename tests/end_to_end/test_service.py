"""The service under a real systemd of a user: installed, held, restarted under load, failed, and gone again."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from docs.papers import ROOT, blocks, commands
from fakes.commands import Home, home
from fakes.user_manager import UserManager, user_manager, why_not

BEFORE = "with the configuration from before: the file has problems."
PAPER = ROOT / "docs" / "service.md"

here = pytest.mark.skipif(bool(why_not()), reason=why_not() or "there is one")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="descriptors are handed over on Linux")

CONFIG = """
[server]
port = {port}
drain_s = {drain_s}
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
free = true
[aliases.fast]
routes = ["main/practice-tokens-20"]
[aliases.slow]
routes = ["main/practice-tokens-500-rate-50"]
"""
CLIENTS = 4


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        return int(sock.getsockname()[1])


def request(key: str, model: str = "fast") -> bytes:
    """One streamed call on a connection of its own."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello."}]}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def asked(port: int, whole: bytes) -> bytes:
    """The whole answer."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as sock:
        sock.sendall(whole)
        return b"".join(iter(lambda: sock.recv(65536), b""))


@contextmanager
def clients(port: int, key: str) -> Iterator[Callable[[], tuple[int, list[str]]]]:
    """Clients who connect and ask all the time; how many calls went well, and what went wrong."""
    stop, well, wrong = threading.Event(), [0] * CLIENTS, list[str]()

    def run(number: int) -> None:
        while not stop.is_set():
            try:
                answer = asked(port, request(key))
            except OSError as error:
                wrong.append(repr(error))
            else:
                if answer.startswith(b"HTTP/1.1 200") and b"data: [DONE]" in answer:
                    well[number] += 1
                else:
                    wrong.append(repr(answer[:200]))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: (sum(well), wrong)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(seen: Callable[[], object], time_s: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + time_s
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


@here
def test_the_service_of_a_user(tmp_path: Path) -> None:
    with ExitStack() as stack:
        practice = stack.enter_context(home(tmp_path)).start("practice", "--port", "0")[1]
        user = stack.enter_context(user_manager())
        port = free_port()
        user.write(".config/bursar/config.toml", CONFIG.format(port=port, url=practice, drain_s=2))
        assert user.bursar("service", "status", check=False).returncode == 3

        shown = user.bursar("service", "install", "--print").stdout
        assert "bursar.socket" in shown
        assert not (user.home / ".config/systemd").exists()

        assert "running, starts by itself" in user.bursar("service", "install", "--anyway").stdout
        first = status(user)
        assert (first["phase"], first["begins"], first["problems"]) == ("running", True, [])
        assert first["answering"] == first["process"]
        assert "installed like this already" in user.bursar("service", "install", "--anyway").stdout
        assert prop(user, "MainPID") == str(first["process"])

        key = user.bursar("key", "issue", "first").stdout.strip()
        with clients(port, key) as tally:
            until(lambda: tally()[0] > CLIENTS)
            user.bursar("service", "restart")
            before = tally()[0]
            until(lambda: tally()[0] > before + CLIENTS)
        assert tally()[1] == []
        assert status(user)["process"] != first["process"]

        reloads_and_comes_back(user)
        cannot_start(user, port)

        assert "is in force" in user.bursar("service", "logs", "-n", "20").stdout
        gone = user.bursar("service", "uninstall").stdout
        assert "ledger stays: " in gone
        assert status(user)["phase"] == "absent"
        assert [*(user.home / ".config/systemd").rglob("bursar.*")] == []
        with pytest.raises(ConnectionRefusedError):
            asked(port, b"")
        shown_to_readers = {
            command for block in blocks(PAPER, "sh") if "service manager" in block.mark for command in commands(block)
        }
        assert len(shown_to_readers) > 5
        assert shown_to_readers <= {f"bursar {command.removesuffix(' --anyway')}" for command in user.asked}


def status(user: UserManager) -> dict[str, object]:
    """What `bursar service status --json` says."""
    found: dict[str, object] = json.loads(user.bursar("service", "status", "--json", check=False).stdout)
    return found


def prop(user: UserManager, name: str) -> str:
    """A property of the service, from systemd itself."""
    return user.run("systemctl", "--user", "show", "--value", "-p", name, "bursar.service").stdout.strip()


def reloads_and_comes_back(user: UserManager) -> None:
    """systemd reloads it, sees a reload that fails, and starts again one that was killed."""
    user.run("systemctl", "--user", "reload", "bursar.service")
    assert prop(user, "StatusText").endswith("ready.")
    right = (user.home / ".config/bursar/config.toml").read_text()
    user.write(".config/bursar/config.toml", right + "\n[nonsense]\n")
    assert user.run("systemctl", "--user", "reload", "bursar.service", check=False).returncode != 0
    assert "has problems" in prop(user, "StatusText")
    assert prop(user, "ActiveState") == "active"
    user.write(".config/bursar/config.toml", re.sub(r"port = \d+", "port = 4999", right))
    assert "is held for the service: bursar service install" in str(status(user)["problems"])
    user.write(".config/bursar/config.toml", right)
    killed = status(user)["process"]
    user.run("kill", "-KILL", str(killed))
    until(lambda: prop(user, "NRestarts") == "1" and prop(user, "ActiveState") == "active")
    assert status(user)["answering"] not in (None, killed)


def cannot_start(user: UserManager, port: int) -> None:
    """A port that is taken and a file that is broken are said, and systemd does not try again."""
    assert user.bursar("service", "stop").stdout == "Stopped.\n"
    with closing(socket.create_server(("127.0.0.1", port))):
        no = user.bursar("service", "start", check=False)
        assert (no.returncode, "in use by" in no.stderr) == (4, True)
    config = user.home / ".config/bursar/config.toml"
    right = config.read_text()
    user.write(".config/bursar/config.toml", "[nonsense]\n")
    assert user.run("systemctl", "--user", "start", "bursar.service", check=False).returncode != 0
    assert (prop(user, "ExecMainStatus"), prop(user, "NRestarts")) == ("5", "0")
    failed = user.bursar("service", "status", check=False)
    assert failed.returncode == 1
    assert "bursar config check" in failed.stderr
    user.write(".config/bursar/config.toml", right)
    user.bursar("service", "start")


@on_linux
def test_a_restart_refuses_nobody_where_the_socket_is_held(tmp_path: Path) -> None:
    """Without systemd: whoever holds the socket hands it to one proxy after another, as its manager would."""
    with ExitStack() as stack:
        at = stack.enter_context(home(tmp_path))
        practice = at.start("practice", "--port", "0")[1]
        held = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = held.getsockname()[1]
        at.configure(CONFIG.format(port=port, url=practice, drain_s=2))
        proxy = handed(at, held)
        key = at.run("key", "issue", "first").stdout.strip()
        with clients(port, key) as tally:
            until(lambda: tally()[0] > CLIENTS)
            proxy.terminate()
            assert proxy.wait(60) == 0
            proxy = handed(at, held)
            before = tally()[0]
            until(lambda: tally()[0] > before + CLIENTS)
        proxy.terminate()
        assert proxy.wait(60) == 0
        assert tally()[1] == []


def handed(at: Home, held: socket.socket) -> "subprocess.Popen[str]":
    """A proxy that is given a listening socket as descriptor 3, once it answers."""
    script = f'exec 3<&{held.fileno()}; LISTEN_PID=$$ exec "$0" -m bursar serve'
    proxy = subprocess.Popen(
        ["bash", "-c", script, sys.executable],
        env={**at.environ, "LISTEN_FDS": "1"},
        pass_fds=(held.fileno(),),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert proxy.stdout is not None
    with proxy.stdout:
        assert proxy.stdout.readline() == f"listening on http://127.0.0.1:{held.getsockname()[1]}/v1\n"
    return proxy


@on_linux
def test_what_the_manager_is_told(tmp_path: Path) -> None:
    """Without systemd, and with little around it: ready once it answers, reloading, alive, stopping."""
    with ExitStack() as stack:
        at = stack.enter_context(home(tmp_path / "home"))
        manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        port = free_port()
        at.configure(CONFIG.format(port=port, url="http://127.0.0.1:9/v1", drain_s=2))
        environ = {name: at.environ[name] for name in ("BURSAR_HOME", "PYTHONPATH")}
        environ |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        command = [sys.executable, "-P", "-m", "bursar", "serve", "--config", str(at.folder / "config.toml")]
        proxy = stack.enter_context(subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, cwd="/"))
        stack.callback(proxy.kill)
        told = heard(manager)
        first = next(told)
        assert first["READY"] == "1"
        ready = first["STATUS"]
        asks = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert asked(port, asks).startswith(b"HTTP/1.1 200")
        file = at.folder / "config.toml"
        right = file.read_text()
        for text, status in ((right + "[nonsense]\n", BEFORE), (right + "\n", "ready.")):
            file.write_text(text)
            proxy.send_signal(signal.SIGHUP)
            # The file is looked at by itself too, so that it may be taken up twice.
            said = list(iter(lambda: next(told), {"READY": "1", "STATUS": f"{ready.removesuffix('ready.')}{status}"}))
            assert said[-1]["RELOADING"] == "1"
        assert "WATCHDOG" in message(manager)
        proxy.terminate()
        assert any("STOPPING" in said for said in told)
        assert proxy.wait(60) == 0


def heard(manager: socket.socket) -> Iterator[dict[str, str]]:
    """What a service says of itself, but that it is alive."""
    while True:
        said = message(manager)
        if "WATCHDOG" not in said:
            yield said


def message(manager: socket.socket) -> dict[str, str]:
    """The next one, whatever it says."""
    return dict(line.partition("=")[::2] for line in manager.recv(4096).decode().split("\n"))


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_second_signal_ends_it_at_once_and_in_good_order(tmp_path: Path) -> None:
    with home(tmp_path) as at:
        practice = at.start("practice", "--port", "0")[1]
        at.configure(CONFIG.format(port=0, url=practice, drain_s=60))
        proxy, url = at.start("serve")
        key = at.run("key", "issue", "first").stdout.strip()
        port = int(url.split(":")[2].partition("/")[0])
        with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as sock:
            sock.sendall(request(key, "slow"))
            answer = sock.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
            proxy.send_signal(signal.SIGTERM)
            # It goes on: what is asked for takes ten seconds, and sixty are allowed.
            assert b"data:" in sock.recv(65536) + sock.recv(65536)
            assert proxy.poll() is None
            proxy.send_signal(signal.SIGINT)
            assert proxy.wait(60) == 0
            # The answer has not come to its end.
            rest = b"".join(iter(lambda: sock.recv(65536), b""))
            assert b"[DONE]" not in rest
        at.start("serve")
        left = at.json("status")
        assert (left["open_holds"], left["holds_in_doubt"]) == (0, 0)
