"""Wallet: how full it is in words, what tops its envelope up by itself, and what a vendor says of it."""

from dataclasses import dataclass
from enum import StrEnum

from bursar.domain.money import NANO_PER_USD


class WalletState(StrEnum):
    """How full a wallet is."""

    NORMAL = "normal"
    LOW = "low"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Levels:
    """From where a wallet is low, a warning and critical, in nano-dollars, falling."""

    low: int = 20 * NANO_PER_USD
    warning: int = 10 * NANO_PER_USD
    critical: int = 5 * NANO_PER_USD


@dataclass(frozen=True, slots=True)
class AutoTopUp:
    """Below `below` the envelope gets `amount` more, at most `per_month` a month; all in nano-dollars."""

    below: int
    amount: int
    per_month: int


@dataclass(frozen=True, slots=True)
class VendorBalance:
    """What a vendor says of its own account, in nano-dollars; None where it does not say. `way` is how it was asked."""

    way: str
    remaining: int | None = None
    used: int | None = None


def wallet_state(available: int, levels: Levels) -> WalletState:
    """Above `low` all is well; exactly at a level the better of both words holds: $10 is low, $5 a warning."""
    if available < levels.critical:
        return WalletState.CRITICAL
    if available < levels.warning:
        return WalletState.WARNING
    return WalletState.LOW if available <= levels.low else WalletState.NORMAL
