"""Way: how an alert reaches somebody who looks at no screen of ours, and what it says there."""

import json
from datetime import UTC, datetime
from typing import Protocol

from bursar.contract.shown import shown
from bursar.domain.alert import Alert


class WayFailed(Exception):
    """An alert did not arrive; the text is one sentence for the user. `again` says whether a second try may help."""

    def __init__(self, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.again = again


class Way(Protocol):
    """One way. `where` is fit to be shown: it has nothing in it that lets its reader send there too."""

    @property
    def name(self) -> str: ...

    @property
    def where(self) -> str: ...

    async def send(self, alert: Alert) -> None:
        """Send it, once. Raises WayFailed. May be cancelled, and leaves nothing behind then."""


def message(alert: Alert) -> bytes:
    """An alert as the JSON that programs and webhooks get; `text` is what chat services show."""
    at = datetime.fromtimestamp(alert.at_ms / 1000, UTC)
    fields = {
        "text": f"Bursar: {shown(alert.sentence)}",
        "sentence": shown(alert.sentence),
        "cause": alert.cause,
        "kind": alert.kind.value,
        "urgency": alert.urgency.value,
        "over": alert.over,
        "at": at.isoformat(timespec="seconds"),
    }
    return json.dumps(fields, ensure_ascii=True).encode()
