"""The catalogue that is printed."""

from bursar.practice.catalogue import catalogue
from bursar.practice.faults.connecting import BAD_ADDRESSES
from bursar.practice.faults.fault import Mark
from bursar.practice.faults.table import FAULTS
from bursar.practice.models import KINDS

ROWS = {
    "connecting",
    "before headers",
    "framing of HTTP",
    "statuses",
    "200 that is a no",
    "redirects",
    "headers back",
    "SSE grammar",
    "SSE content",
    "compression",
    "the answer breaks",
    "no progress",
    "wrong form",
    "flapping",
    "slow first token",
    "fallback refuses a prefill",
    "budget",
}
"""Every row of faults that an upstream can be at fault in."""


def test_every_row_is_played() -> None:
    assert {fault.where for fault in FAULTS.values()} | {address.where for address in BAD_ADDRESSES.values()} == ROWS


def test_every_fault_is_named_marked_and_told() -> None:
    for name, fault in FAULTS.items():
        assert name == fault.name
        assert name.startswith("fault-")
        assert isinstance(fault.mark, Mark)
        assert fault.does
        assert fault.does[0].islower()
        assert not fault.does.endswith(".")


def test_the_catalogue_names_everything() -> None:
    text = catalogue()
    assert all(f"\n{name} " in text for name in (*FAULTS, *BAD_ADDRESSES))
    assert all(f"\n    {kind} " in text for kind in KINDS)
