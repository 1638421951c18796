"""`bursar practice` lists what it plays, and serves until it is told to stop."""

import http.client
import json
import signal
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest


def test_the_list_names_models_and_faults(bursar: Callable[..., Any]) -> None:
    listed = bursar("practice", "--list", "--json").json
    assert "practice-small" in listed["models"]
    assert {"model", "where", "does", "mark"} == set(listed["faults"][0])
    assert len(listed["faults"]) > 80
    assert "fault-503-empty" in bursar("practice", "--list").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(start: Callable[..., Any], number: signal.Signals) -> None:
    process = start("practice")
    url = urlsplit(process.stdout.readline().removeprefix("listening on ").strip())
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.request("GET", "/v1/models")
    assert json.load(connection.getresponse())["data"]
    connection.close()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_said(bursar: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        ran = bursar("practice", "--port", str(holder.getsockname()[1]))
    assert ran.status == 1
    assert "in use" in ran.err
    assert bursar("practice", "--port", "99999").status == 1
