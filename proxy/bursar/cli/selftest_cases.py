"""What the self-test asks: the user's chains with a fault in front, as a configuration of its own.

Every route leads to the practice upstream on this machine. Each case has upstreams of its own, so that what
one fault does to the health of a route is no matter to the next.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

from bursar.config.schema import AliasSettings, Config, Kind
from bursar.domain.route import Continue
from bursar.practice.faults.fault import Fault

HEALTHY = "practice-tokens-60"
"""What the routes after the first one are replaced by; its text is the faults' own."""
KEY_FILE = "upstream-key"
CAP = "selftest"

_MOST_S = {"connect_s": 1.0, "first_event_s": 3.0, "stall_s": 3.0, "progress_s": 3.0, "total_s": 20.0}
"""A fault is waited for no longer than this, whatever the configuration says."""
_MOST_WAIT_S = 1.0
_LATE_USAGE_S = 0.2
_LINE_MIB = 12


@dataclass(frozen=True, slots=True)
class Chain:
    """One shape of chain, and the aliases that have it. `tries` is how many of its routes may be tried."""

    aliases: tuple[str, ...]
    kinds: tuple[Kind, ...]
    upstreams: tuple[str, ...]
    continued: Continue
    tries: int

    @property
    def has_second(self) -> bool:
        """Whether a healthy route stands behind the fault and may be tried."""
        return min(len(self.kinds), self.tries) > 1


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in front of one chain, asked plainly or for a stream, under a name of its own."""

    name: str
    fault: Fault
    chain: Chain
    stream: bool


def chains_of(config: Config, aliases: Sequence[AliasSettings]) -> list[Chain]:
    """The chains of some aliases; those that are alike in all that matters are one."""
    found: dict[tuple[object, ...], Chain] = {}
    for alias in aliases:
        kinds = tuple(config.upstreams[route.upstream].kind for route in alias.routes)
        upstreams = tuple(route.upstream for route in alias.routes)
        same = tuple(upstreams.index(name) for name in upstreams)
        key = (kinds, same, alias.continue_)
        before = found[key].aliases if key in found else ()
        found[key] = Chain((*before, alias.name), kinds, upstreams, alias.continue_, config.limits.max_attempts)
    return list(found.values())


def cases_of(chains: Iterable[Chain], faults: Sequence[Fault]) -> Iterator[Case]:
    """Every fault in front of every chain, in both forms where it has both."""
    for number, chain in enumerate(chains):
        for fault in faults:
            for stream in (False, True):
                if stream or fault.plain is not None:
                    yield Case(f"{number}/{fault.name}/{'stream' if stream else 'plain'}", fault, chain, stream)


def quick(faults: Iterable[Fault]) -> list[Fault]:
    """A few of them: the first of each place and mark."""
    return list({(fault.where, fault.mark): fault for fault in reversed(list(faults))}.values())[::-1]


def configuration(config: Config, cases: Iterable[Case], practice_url: str) -> str:
    """The self-test's own configuration, as TOML."""
    limits = config.limits
    tables: dict[str, Any] = {
        "server": {"port": 0, "zone": config.server.zone},
        "limits": {
            **{name: min(most, getattr(limits, name)) for name, most in _MOST_S.items()},
            "retry_after_s": min(_MOST_WAIT_S, limits.retry_after_s),
            "late_usage_s": min(_LATE_USAGE_S, limits.late_usage_s),
            "line_mib": min(_LINE_MIB, limits.line_mib),
            "max_attempts": limits.max_attempts,
        },
        "discovery": {"models": False, "ollama": "", "lmstudio": ""},
        "alerts": {"kinds": [], "desktop": False},  # everything fails here, and on purpose
        "caps": {CAP: {"usd": "1000", "every": "total"}},
        "prices": {"*": {"input": "1", "output": "1"}},
        "upstreams": {},
        "aliases": {},
    }
    for place, case in enumerate(cases):
        tables["aliases"][case.name] = {"routes": _routes(case, place), "continue": case.chain.continued.value}
        for name, kind in zip(_names(case, place), case.chain.kinds, strict=True):
            tables["upstreams"][name] = {
                "kind": kind.value,
                "base_url": practice_url,
                "secret": f"file:{KEY_FILE}",
                "free": False,
            }
    return tomli_w.dumps(tables)


def _names(case: Case, place: int) -> list[str]:
    """The names of a case's upstreams; routes that share one in the user's chain share one here."""
    return [f"{place}-{case.chain.upstreams.index(name)}" for name in case.chain.upstreams]


def _routes(case: Case, place: int) -> list[str]:
    first, *others = _names(case, place)
    return [f"{first}/{case.fault.name}", *(f"{name}/{HEALTHY}" for name in others)]
