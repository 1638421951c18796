"""KeyLimits: where a key's calls may come from, and what is no limit at all."""

import pytest

from bursar.domain.client_key import ClientKey, digest_of
from bursar.domain.key_limits import KeyLimits, key_limits, network_of


@pytest.mark.parametrize(
    ("networks", "address", "admitted"),
    [
        ((), "203.0.113.9", True),
        (("10.0.0.0/8",), "10.200.3.4", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.7",), "10.0.0.7", True),
        (("10.0.0.7",), "10.0.0.8", False),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("fd00::/8",), "fd12::1", True),
        (("fd00::/8",), "fe80::1%eth0", False),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("::1",), "127.0.0.1", False),
        (("127.0.0.0/8", "::1"), "::1", True),
        (("127.0.0.1",), None, False),
        (("127.0.0.1",), "not an address", False),
    ],
)
def test_a_call_is_admitted_from_the_networks_named(
    networks: tuple[str, ...], address: str | None, admitted: bool
) -> None:
    assert key_limits(networks=networks).admits(address) is admitted


def test_networks_are_kept_as_what_they_mean() -> None:
    assert key_limits(networks=("192.168.1.77/24", "192.168.1.0/24", "FD00::/8")).networks == (
        "192.168.1.0/24",
        "fd00::/8",
    )
    with pytest.raises(ValueError, match="is no network"):
        network_of("10.0.0.0/33")


def test_of_two_rates_for_the_same_window_the_smaller_counts() -> None:
    limits = key_limits(("60/min", "10/s", "40/min", "100tok/min"))
    assert [str(rate) for rate in limits.rates] == ["10/s", "40/min", "100tok/min"]


@pytest.mark.parametrize("options", [{"parallel": 0}, {"max_tokens": 0}, {"parallel": 10**9}, {"rates": ["1/s"] * 65}])
def test_what_is_no_limit_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at once|longest answer|at most"):
        key_limits(**options)  # type: ignore[arg-type]


def test_a_replaced_key_is_the_same_key_until_its_grace_is_over() -> None:
    key = ClientKey("laptop", digest_of("one"), "one", 0, expires_ms=5_000, limits=KeyLimits(parallel=2))
    rotated = key.rotated("bk-two", now_ms=1_000, grace_ms=3_000)
    assert (rotated.digest, rotated.hint, rotated.limits) == (digest_of("bk-two"), "-two", key.limits)
    old = rotated.presented_as(rotated.former[0])
    assert (old.name, old.digest, old.expires_ms) == ("laptop", key.digest, 4_000)
    again = rotated.rotated("three", now_ms=3_500, grace_ms=9_000)
    assert [each.until_ms for each in again.former] == [4_000, 12_500]
    assert [again.presented_as(each).expires_ms for each in again.former] == [4_000, 5_000]
    assert again.rotated("four", now_ms=20_000, grace_ms=0).former == ()
