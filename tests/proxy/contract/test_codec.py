"""The wire form: every event and a whole snapshot come back as they went, and what is foreign is refused in words."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.contract.codec import CONTRACT, Mismatch, Numbered, Opening, decode, encode
from bursar.contract.events import Event, Stopping
from bursar.contract.snapshot import Snapshot, apply

EVENTS: st.SearchStrategy[Event] = st.from_type(Event)  # type: ignore[arg-type]
INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_kind_of_event_comes_back_as_it_went(kind: type[Event]) -> None:
    @given(INT64, st.from_type(kind))
    def comes_back(seq: int, event: Event) -> None:
        line = encode(Numbered(seq, event))
        assert b"\n" not in line
        assert decode(line, Numbered) == Numbered(seq, event)

    comes_back()


def test_no_two_events_go_by_the_same_name() -> None:
    tags = [msgspec.inspect.type_info(kind).tag for kind in get_args(Event)]  # type: ignore[attr-defined]
    assert len(set(tags)) == len(tags)
    assert tags == [kind.__name__ for kind in get_args(Event)]


@given(st.lists(EVENTS, max_size=30))
def test_a_snapshot_comes_back_as_it_went(events: list[Event]) -> None:
    snapshot = Snapshot("run", "0.1.0", 1, "http://127.0.0.1:4141/v1", 1)
    for seq, event in enumerate(events, 1):
        apply(snapshot, seq, msgspec.structs.replace(event, at_ms=abs(event.at_ms) % 4_000_000_000_000))
    opening = Opening(CONTRACT, "run", len(events), snapshot)
    assert decode(encode(opening), Opening) == opening


def test_an_opening_without_a_snapshot_resumes() -> None:
    assert decode(encode(Opening(CONTRACT, "run", 7)), Opening).snapshot is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"not json",
        b'{"seq": 1}',
        b'{"seq": "1", "of": {"event": "Stopping", "at_ms": 1}}',
        b'{"seq": 1, "of": {"event": "Unheard", "at_ms": 1}}',
        b'{"seq": 1, "of": {"event": "Stopping"}}',
        b'{"seq": 1, "of": {"event": "Stopping", "at_ms": 1.5}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_event_is_a_mismatch(line: bytes) -> None:
    with pytest.raises(Mismatch, match="same version"):
        decode(line, Numbered)


@given(st.binary(max_size=60))
def test_no_line_raises_anything_else(line: bytes) -> None:
    try:
        decode(line, Numbered)
    except Mismatch:
        return
    assert line  # something that decodes is not nothing


def test_a_newer_proxys_additional_fields_are_no_mismatch() -> None:
    line = b'{"seq": 1, "of": {"event": "Stopping", "at_ms": 5, "why": "update"}, "more": true}'
    assert decode(line, Numbered) == Numbered(1, Stopping(5))


@given(st.text(st.characters(), max_size=20))
def test_any_text_at_all_can_be_sent(text: str) -> None:
    sent = decode(encode({text: text}), dict[str, str])
    assert sent == {text.encode("utf-8", "replace").decode(): text.encode("utf-8", "replace").decode()}
