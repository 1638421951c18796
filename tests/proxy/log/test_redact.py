"""Redaction: keys are taken out by what they are and by what they look like."""

import pytest

from bursar.log.redact import Redaction

OURS = "bk-" + "Zq9" * 13 + "x"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"key {OURS} is unknown", "key bk-… is unknown"),
        ("sk-proj-Abc_def-0123456789 failed", "sk-… failed"),
        ("Invalid header value: b'Authorization: Bearer sk-abcdefgh12345'", "Invalid header value: b'Authorization: …"),
        ("{'x-api-key': 'canary canary', 'a': 1}", "{'x-api-key': …"),
        ("sent Bearer abc.def-ghi=", "sent Bearer …"),
        ("GET https://v.example/models?key=canarycanary&n=1", "GET https://v.example/models?key=…&n=1"),
        ("postgresql://bursar:canary@db.example/x", "postgresql://bursar:…@db.example/x"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF here", "eyJ… here"),
        ("Cookie: session=canary", "Cookie: …"),
        ("a task of the bookkeeping is 5 tokens long", "a task of the bookkeeping is 5 tokens long"),
    ],
)
def test_what_looks_like_a_key_goes(text: str, kept: str) -> None:
    assert Redaction().clean(text) == kept
    assert Redaction().clean(kept) == kept


def test_what_is_known_goes_wherever_it_stands_and_however_long_its_parts() -> None:
    redaction = Redaction()
    for secret in ("correct/horse+battery", "correct/horse", "short"):
        redaction.learn(secret)
    assert redaction.clean("(correct/horse+battery) correct/horse! short") == "(…) …! short"
    assert redaction.clean("https://v.example/x/correct%2Fhorse%2Bbattery") == "https://v.example/x/…"
