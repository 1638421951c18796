"""`bursar service` where no systemd answers, and every command before a proxy of another version."""

import json
import os
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from bursar import __version__

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

Bursar = Callable[..., Any]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service manager of this user, whatever the machine has."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


@pytest.fixture
def other(home: Path) -> Iterator[None]:
    """A proxy of a version that there is not yet: it has another contract, and says more of itself than we know."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            facts = {"version": "99.0.0", "contract": 99, "pid": 7, "public_url": "http://127.0.0.1:1/v1", "more": []}
            body = json.dumps(facts).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            del args

    folder = home / "run"
    folder.mkdir(parents=True, mode=0o700)
    with socketserver.ThreadingUnixStreamServer(str(folder / "admin.sock"), Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("nobody")
def test_without_a_manager_there_is_a_sentence(bursar: Bursar, home: Path) -> None:
    home.mkdir()
    ran = bursar("service", "start")
    assert ran.status == 1
    assert "bursar serve" in ran.err
    assert "Traceback" not in ran.err
    ran = bursar("service", "status", "--json")
    assert (ran.status, ran.json["phase"], ran.json["answering"]) == (3, "unknown", None)
    assert bursar("service", "install", "--run-as", "x").status == 2
    assert "useradd" in bursar("service", "install", "--system", "--run-as", "nobody-of-that-name").err


STAND_IN = """#!/bin/sh
# A systemctl that knows one service, which runs without a socket held for it.
echo "$*" >> "$0.asked"
case "$*" in *" show "*)
    printf 'LoadState=loaded\\nActiveState=active\\nMainPID=%s\\nExecMainStatus=0\\nNRestarts=2\\n' "$PROCESS"
    printf 'UnitFileState=enabled\\n\\nLoadState=not-found\\nActiveState=inactive\\n' ;;
esac
"""


def test_what_runs_without_a_held_socket_is_restarted_too(
    bursar: Bursar, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "programs" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(STAND_IN)
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PROCESS", str(bursar("status", "--json").json["pid"]))
    ran = bursar("service", "restart")
    assert ran.status == 0, ran.err
    assert "--user restart bursar.service" in systemctl.with_suffix(".asked").read_text()
    assert "started again after failures: 2" in ran.out
    monkeypatch.setenv("PROCESS", "1")
    ran = bursar("service", "status")
    assert (ran.status, "stop it: bursar stop" in ran.err) == (1, True)
    monkeypatch.setenv("PROCESS", "0")
    ran = bursar("service", "start")
    assert (ran.status, "started by hand" in ran.err) == (1, True)


@pytest.mark.usefixtures("nobody")
def test_a_temporary_home_is_not_installed_from(bursar: Bursar, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    ran = bursar("service", "install")
    assert ran.status == 1
    assert "temporary folder" in ran.err
    assert "--anyway" in ran.err
    assert not (tmp_path / "config").exists()


@pytest.mark.usefixtures("nobody")
def test_what_would_be_written_is_printed_and_holds_no_secret(
    bursar: Bursar, home: Path, config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    home.mkdir()
    config_file.write_text('[server]\nport = 4567\n[upstreams.main]\nkind = "openai"\nsecret = "env:OPENAI_API_KEY"\n')
    ran = bursar("service", "install", "--print")
    assert ran.status == 0
    assert f"ExecStart={sys.executable} -P -m bursar serve --config {config_file}" in ran.out
    assert "ListenStream=127.0.0.1:4567" in ran.out
    assert "canary" not in ran.out + ran.err
    assert "bursar secret set main" in ran.err
    assert "ListenStream" not in bursar("service", "install", "--print", "--no-socket").out
    assert not (tmp_path / "config").exists()


def test_a_broken_configuration_is_not_installed(bursar: Bursar, home: Path, config_file: Path) -> None:
    home.mkdir()
    config_file.write_text("[server]\nport = 'x'\n")
    ran = bursar("service", "install", "--print")
    assert (ran.status, "server.port must be" in ran.err) == (5, True)


@pytest.mark.usefixtures("nobody", "other")
def test_a_proxy_of_another_version_is_told_with_what_to_do(bursar: Bursar) -> None:
    for words in (("status",), ("service", "status"), ("key", "list")):
        ran = bursar(*words)
        assert ran.status == 1, words
        assert f"version 99.0.0 (contract 99), this program is version {__version__}" in ran.err
        assert "update the installation" in ran.err
    findings = bursar("doctor", "--offline", "--json").json
    (found,) = [each for each in findings if each["check"] == "service"]
    assert found["state"] == "problem"
    assert "99.0.0" in found["sentence"]
