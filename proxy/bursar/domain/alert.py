"""Alert: something that the user should know without looking, said once."""

from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """What alerts are about, in the words of the configuration."""

    USED = "used"
    """A cap, a plan or an overflow has come to one of the levels."""
    WALLET = "wallet"
    """A wallet is low, at its warning or critical."""
    UPSTREAM = "upstream"
    """An upstream is down, or well again."""
    DRIFT = "drift"
    """A vendor's balance and ours are too far apart."""
    EXPOSED = "exposed"
    """Others than this machine can reach the public door."""
    CONFIGURATION = "configuration"
    """The file has problems, or what it names cannot be had."""
    STORE = "store"
    """The ledger cannot be written, or its disk is nearly full."""
    DOUBT = "doubt"
    """A hold is in doubt."""
    TEST = "test"
    """Somebody tries whether alerts arrive."""


class Urgency(StrEnum):
    """How soon somebody should look."""

    NOTE = "note"
    WARNING = "warning"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to know. `cause` names what it is about (`account:cap:daily`, `upstream:main`), the same each time.

    `over` says that what was said of the cause before holds no longer.
    """

    cause: str
    kind: AlertKind
    urgency: Urgency
    sentence: str
    at_ms: int
    over: bool = False
