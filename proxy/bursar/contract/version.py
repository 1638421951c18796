"""Whether the running proxy is what this program is: of the same version, and speaking the same contract."""

import re

import msgspec

from bursar import __version__
from bursar.contract.codec import CONTRACT


class Identity(msgspec.Struct, frozen=True):
    """As much of `GET /status` as every contract has and will have: who it is that answers."""

    version: str
    contract: int
    pid: int
    public_url: str


def mismatch(version: str, contract: int, here: str = __version__) -> str | None:
    """What is to be said of a proxy of another version or contract, and what to do; None where it is ours.

    An update replaces what is on disk; what runs stays what it was until it is started again.
    """
    if (version, contract) == (here, CONTRACT):
        return None
    spoken = f" (contract {contract})" if contract != CONTRACT else ""
    ours = f" (contract {CONTRACT})" if contract != CONTRACT else ""
    if _number(version) > _number(here) or contract > CONTRACT:
        todo = "start this program again, or update the installation it is from"
    else:
        todo = "restart the proxy (bursar service restart, or end bursar serve and start it again)"
    return f"The running proxy is version {version}{spoken}, this program is version {here}{ours}: {todo}."


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
