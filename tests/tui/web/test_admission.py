"""Admission: which hosts, pages and tokens are let in."""

import pytest

from bursar_tui.web.admission import PROTOCOL, host_of, is_ours, knows


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4000", "localhost:4000", "LOCALHOST:1", "[::1]:4000", "127.0.0.1", "[::1]"]
)
def test_names_of_this_machine(host: str) -> None:
    assert host_of([host]) == host.lower()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:4000",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "127.0.0.1:4000@evil.example",
        "127.0.0.1:",
        "127.0.0.1:٤",
        "localhost.:4000",
        "::1",
        "",
        "0.0.0.0:4000",
    ],
)
def test_every_other_name(host: str) -> None:
    assert host_of([host]) is None


def test_one_host_and_no_more() -> None:
    assert host_of([]) is None
    assert host_of(["127.0.0.1:4000", "127.0.0.1:4000"]) is None


def test_only_the_page_that_this_host_gave_out() -> None:
    host = "127.0.0.1:4000"
    assert is_ours([f"http://{host}"], host, required=True)
    for other in (
        "http://127.0.0.1:4001",
        "http://127.0.0.1",
        "https://127.0.0.1:4000",
        "http://localhost:4000",
        "null",
    ):
        assert not is_ours([other], host, required=False)
    assert not is_ours([f"http://{host}", f"http://{host}"], host, required=False)
    assert is_ours([], host, required=False)
    assert not is_ours([], host, required=True)


def test_the_token_beside_the_name_of_what_is_spoken() -> None:
    assert knows([f"{PROTOCOL}, secret"], "secret")
    assert knows([PROTOCOL, "secret"], "secret")
    for offered in (
        [],
        [PROTOCOL],
        ["secret"],
        [f"{PROTOCOL}, Secret"],
        [f"{PROTOCOL}, secre"],
        [f"{PROTOCOL}, \udcff"],
    ):
        assert not knows(offered, "secret")
