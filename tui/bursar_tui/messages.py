"""Messages: what the link tells the app."""

from textual.message import Message

from bursar.contract.snapshot import Snapshot


class SnapshotChanged(Message):
    """The state is another. The newest replaces those that still wait to be shown."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """The newest says all that the others would have said."""
        return isinstance(message, SnapshotChanged)


class LinkRestored(Message):
    """The proxy answers."""


class LinkLost(Message):
    """The proxy does not answer: why, and when it is asked again."""

    def __init__(self, reason: str, pause_s: float) -> None:
        super().__init__()
        self.reason = reason
        self.pause_s = pause_s
