"""Whether a call arrives: made in a client's own manner, and looked up in the proxy's records."""

import http.client
import json
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bursar.cli.connecting.client import ClientCall
from bursar.cli.words import amount_of
from bursar.contract.codec import Mismatch
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.statements import ExchangeRecord
from bursar.contract.way_in import NotRunning, Refused
from bursar.domain.account import Unit

_ANSWER_S = 120.0
_RECORD_S = 10.0
_LOOK_S = 0.05
_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of a call: whether it was answered whole, a sentence about it, and the exchange that it was."""

    ok: bool
    sentence: str
    exchange_id: str = ""


def make_call(base_url: str, key: str, model: str, call: ClientCall, *, host: str = "") -> Arrival:
    """Make the call. `host`, where given, is stated as the Host, as a tunnel hands it on."""
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_ANSWER_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **call.headers}
    if host:
        headers["Host"] = host
    try:
        connection.request("POST", parts.path + call.path, json.dumps({"model": model, **call.body}).encode(), headers)
        answer = connection.getresponse()
        body = answer.read(_LARGEST)
    except (OSError, http.client.HTTPException, ssl.SSLError) as error:
        return Arrival(False, f"nothing answers at {base_url} ({error})")
    finally:
        connection.close()
    exchange_id = answer.headers.get("x-bursar-exchange", "")
    if answer.status != 200:
        return Arrival(False, f"{answer.status}, {_message(body)}", exchange_id)
    if not exchange_id:
        return Arrival(False, f"what answers at {base_url} is no Bursar")
    problem = _incomplete(body, stream=call.body.get("stream") is True)
    return Arrival(not problem, problem or "answered", exchange_id)


def speaks(base_url: str, path: str) -> bool:
    """Whether there is such an endpoint: without a key it refuses, where none is it says so."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_S)
    try:
        connection.request("POST", parts.path + path, b"{}", {"Content-Type": "application/json"})
        return connection.getresponse().status not in (404, 405)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def window_of(base_url: str, key: str, model: str) -> int | None:
    """How many tokens a model reads, as far as the proxy knows."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", f"{parts.path}/models/{model}", headers={"Authorization": f"Bearer {key}"})
        described = json.loads(connection.getresponse().read(_LARGEST))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    window = described.get("context_length") if isinstance(described, dict) else None
    return window if isinstance(window, int) else None


def seen(places: Places, exchange_id: str) -> str:
    """What the proxy has recorded of the exchange, in a sentence; it is on disk a moment after its answer."""
    deadline = time.monotonic() + _RECORD_S
    while time.monotonic() < deadline:
        try:
            return _recorded(Questions(places).exchange(exchange_id))
        except Refused:
            time.sleep(_LOOK_S)
        except (NotRunning, Mismatch):
            break
    return f"exchange {exchange_id}, of which nothing is recorded yet"


def _recorded(record: ExchangeRecord) -> str:
    rows = [attempt.row for attempt in record.attempts]
    last, cost = rows[-1], sum(row.cost_nano for row in rows)
    usage = last.usage
    paid = amount_of(cost, Unit.NANO_DOLLARS) if last.priced else "no price known"
    return (
        f'exchange {record.exchange_id}, key "{last.key}", {last.alias} → {last.upstream}/{last.model}, '
        f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out, {paid}"
    )


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "without a reason"


def _incomplete(body: bytes, *, stream: bool) -> str:
    """What is missing of an answer with status 200; nothing where it is whole."""
    if b'"error"' in body and (b'data: {"error"' in body or body.startswith(b'{"error"')):
        return f"the answer broke off: {_message(body.rpartition(b'data: ')[2])}"
    if stream and b"data: [DONE]" not in body and b"response.completed" not in body:
        return "the answer broke off"
    return ""
