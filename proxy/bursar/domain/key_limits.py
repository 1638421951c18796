"""KeyLimits: what a client key is held to beside money: rates, calls at once, addresses, the longest answer."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bursar.domain.rates import Rate, rate_of

_MOST_LISTED = 64
_MOST_PARALLEL = 100_000
_MOST_TOKENS = 2**31 - 1

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """`parallel` is how many calls may run at once, `max_tokens` how long one answer may be; None: no such limit.

    `networks` are those that its calls may come from, as CIDR; empty: any.
    """

    rates: tuple[Rate, ...] = ()
    parallel: int | None = None
    networks: tuple[str, ...] = ()
    max_tokens: int | None = None

    def admits(self, address: str | None) -> bool:
        """Whether a call may come from an address, as the socket names it."""
        if not self.networks:
            return True
        try:
            peer = ipaddress.ip_address((address or "").partition("%")[0])
        except ValueError:
            return False
        if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
            peer = peer.ipv4_mapped
        return any(peer in network for network in _parsed(self.networks))


UNLIMITED = KeyLimits()


def key_limits(
    rates: Sequence[str] = (),
    parallel: int | None = None,
    networks: Sequence[str] = (),
    max_tokens: int | None = None,
) -> KeyLimits:
    """The limits that a person typed. Raises ValueError with a sentence."""
    if parallel is not None and not 1 <= parallel <= _MOST_PARALLEL:
        raise ValueError(f"calls at once must be from 1 to {_MOST_PARALLEL:,}, not {parallel}")
    if max_tokens is not None and not 1 <= max_tokens <= _MOST_TOKENS:
        raise ValueError(f"the longest answer must be from 1 to {_MOST_TOKENS:,} tokens, not {max_tokens}")
    if len(rates) > _MOST_LISTED or len(networks) > _MOST_LISTED:
        raise ValueError(f"a key takes at most {_MOST_LISTED} rates and as many networks")
    return KeyLimits(tuple(_rates(rates)), parallel, tuple(dict.fromkeys(map(network_of, networks))), max_tokens)


def network_of(text: str) -> str:
    """A network or a single address, as CIDR. Raises ValueError with a sentence."""
    try:
        network: _Network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(
            f"{ascii(text)} is no network; one is written like 192.168.1.0/24, 10.0.0.7 or fd00::/8"
        ) from None
    return str(network)


def _rates(texts: Sequence[str]) -> list[Rate]:
    """Each window and unit once; of two for the same the smaller counts anyway."""
    rates: dict[tuple[int, str], Rate] = {}
    for rate in map(rate_of, texts):
        same = rates.get((rate.window_ms, rate.unit))
        if same is None or rate.limit < same.limit:
            rates[rate.window_ms, rate.unit] = rate
    return sorted(rates.values(), key=lambda rate: (rate.unit, rate.window_ms))


@lru_cache(1024)
def _parsed(networks: tuple[str, ...]) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(each) for each in networks)
