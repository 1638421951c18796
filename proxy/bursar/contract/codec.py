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
    """One line of JSON without its line end. Text that is no Unicode (half of a surrogate pair) goes as `?`."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # Header values are decoded with surrogates for bytes that are no UTF-8, so a client can make these.
        return _encoder.encode(_in_unicode(msgspec.to_builtins(value, str_keys=True)))


def _in_unicode(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_in_unicode(key): _in_unicode(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_unicode(each) for each in value]
    return value


def decode(line: bytes, kind: type[T]) -> T:
    """The `kind` that a line holds. Raises Mismatch where it is none."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Mismatch(f"the proxy's answer is not understood ({error}); are both of the same version?") from None
