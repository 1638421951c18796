"""What goes over the local door: contract structs to JSON and back, strict in both directions."""

from typing import TypeVar

import msgspec

from bursar.contract.events import Event
from bursar.contract.snapshot import Snapshot

CONTRACT = 1
"""The contract's number: a proxy and a watcher that differ in it do not understand each other."""

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class Opening(msgspec.Struct, frozen=True):
    """The first line of a watch: the state itself, or, where the watcher's own is resumed, none."""

    contract: int
    run: str
    seq: int
    snapshot: Snapshot | None = None


class Numbered(msgspec.Struct, frozen=True):
    """Every further line: one event and its number in the run."""

    seq: int
    of: Event


class Mismatch(Exception):
    """The other side speaks another contract, or no contract at all."""


def encode(value: object) -> bytes:
    """One line of JSON without its line end."""
    return _encoder.encode(value)


def decode(line: bytes, kind: type[T]) -> T:
    """The `kind` that a line holds. Raises Mismatch where it is none."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Mismatch(f"the proxy's answer is not understood ({error}); are both of the same version?") from None
