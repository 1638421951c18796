"""A webhook gets one POST that it can check, at the one address that was stated, and nothing else ever."""

import hashlib
import hmac
import json

import pytest
from fakes.receiver import Receiver
from yarl import URL

from bursar.alerts.way import WayFailed
from bursar.alerts.webhook import Webhook
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import FixedClock
from bursar.secrets.secret import Secret
from bursar.upstreams.connection import Connection

ALERT = Alert(
    "account:cap:daily", AlertKind.USED, Urgency.WARNING, 'Cap "daily" is 80 % used\x1b[31m', 1_790_000_000_000
)


def webhook(url: str, connection: Connection, secret: str | None = None) -> Webhook:
    return Webhook(URL(url), Secret(secret) if secret is not None else None, connection, FixedClock())


async def test_what_it_gets(receiver: Receiver, connection: Connection) -> None:
    await webhook(receiver.url, connection).send(ALERT)
    [(headers, body)] = receiver.got
    assert headers["Content-Type"] == "application/json"
    assert "X-Bursar-Signature" not in headers
    assert json.loads(body) == {
        "text": 'Bursar: Cap "daily" is 80 % used␛[31m',
        "sentence": 'Cap "daily" is 80 % used␛[31m',
        "cause": "account:cap:daily",
        "kind": "used",
        "urgency": "warning",
        "over": False,
        "at": "2026-09-21T14:13:20+00:00",
    }


async def test_a_signature_that_the_receiver_can_check(receiver: Receiver, connection: Connection) -> None:
    await webhook(receiver.url, connection, "hush-hush").send(ALERT)
    [(headers, body)] = receiver.got
    signed = headers["X-Bursar-Timestamp"].encode() + b"." + body
    expected = hmac.new(b"hush-hush", signed, hashlib.sha256).hexdigest()
    assert headers["X-Bursar-Signature"] == f"sha256={expected}"
    assert "hush-hush" not in str(receiver.got)


@pytest.mark.parametrize(("status", "again"), [(500, True), (503, True), (429, True), (400, False), (404, False)])
async def test_a_no(receiver: Receiver, connection: Connection, status: int, again: bool) -> None:
    receiver.statuses = [status]
    with pytest.raises(WayFailed, match=f"answers {status}") as failed:
        await webhook(receiver.url, connection).send(ALERT)
    assert failed.value.again is again
    assert "S3CRET" not in failed.value.sentence


async def test_no_redirect_is_followed(receiver: Receiver, connection: Connection) -> None:
    receiver.statuses, receiver.headers = [302], {"Location": receiver.url.replace("T0P", "OTHER")}
    with pytest.raises(WayFailed, match="redirect"):
        await webhook(receiver.url, connection).send(ALERT)
    assert len(receiver.got) == 1


async def test_nobody_there(connection: Connection) -> None:
    with pytest.raises(WayFailed, match="The webhook cannot be reached") as failed:
        await webhook("http://127.0.0.1:9/hook/S3CRET", connection).send(ALERT)
    assert failed.value.again
    assert "S3CRET" not in failed.value.sentence


async def test_nothing_of_its_address_but_the_host_is_ever_shown(receiver: Receiver, connection: Connection) -> None:
    made = webhook(receiver.url, connection, "hush-hush")
    assert made.where == receiver.url.removesuffix("/hook/T0P-S3CRET")
    assert "S3CRET" not in repr(made)
    assert "hush" not in repr(made)
