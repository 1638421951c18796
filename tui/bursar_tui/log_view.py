"""LogView: which lines of the log are looked at: those told, older ones asked for, held still while somebody reads."""

from bursar.contract.log_line import Level, LogLine
from bursar.contract.snapshot import Snapshot

MOST = 5_000
"""How many lines are kept to scroll in; `bursar log --process` has the others."""

LEVELS = (Level.INFO, Level.WARNING, Level.ERROR)
"""From which level on lines are shown, in turn."""


class LogView:
    """The lines that a screen has, by their numbers; the newest first wherever they are handed out."""

    def __init__(self) -> None:
        self.least = Level.INFO
        self.text = ""
        self.more = True
        """Whether there may be older lines than those that are here."""
        self._lines: list[LogLine] = []
        self._run = ""
        self._up_to: int | None = None

    def take(self, snapshot: Snapshot) -> None:
        """The lines that were told since."""
        if snapshot.run != self._run:
            self._run, self._lines, self._up_to, self.more = snapshot.run, [], None, True
        last = self._lines[-1].number if self._lines else -1
        fresh = [line for line in snapshot.log if line.number > last]
        if fresh:
            self._lines = (self._lines + fresh)[-MOST:]

    def take_older(self, lines: tuple[LogLine, ...], *, more: bool) -> None:
        """Lines from before the oldest one, the newest first."""
        first = self._lines[0].number if self._lines else None
        older = [line for line in reversed(lines) if first is None or line.number < first]
        room = MOST - len(self._lines)
        self._lines = older[max(0, len(older) - room) :] + self._lines
        self.more = more and room > len(older)

    def put(self, whole: LogLine) -> None:
        """A line in full, in place of the one without its trace."""
        self._lines = [whole if line.number == whole.number else line for line in self._lines]

    def get(self, number: int) -> LogLine | None:
        """The line of this number."""
        return next((line for line in self._lines if line.number == number), None)

    @property
    def oldest(self) -> int | None:
        """The number of the oldest line."""
        return self._lines[0].number if self._lines else None

    @property
    def held(self) -> bool:
        """Whether what is told now is kept back."""
        return self._up_to is not None

    def hold(self) -> None:
        """Show nothing newer than what there is."""
        if self._up_to is None and self._lines:
            self._up_to = self._lines[-1].number

    def follow(self) -> None:
        """Show the newest."""
        self._up_to = None

    def chosen(self) -> list[LogLine]:
        """The lines to show, the newest first."""
        return [line for line in reversed(self._lines) if self._is_chosen(line)]

    def kept_back(self) -> int:
        """How many lines would be shown above, were the newest followed."""
        held, self._up_to = self._up_to, None
        count = sum(self._is_chosen(line) for line in self._lines if held is not None and line.number > held)
        self._up_to = held
        return count

    def _is_chosen(self, line: LogLine) -> bool:
        return (
            line.level.rank >= self.least.rank
            and (self._up_to is None or line.number <= self._up_to)
            and line.has(self.text)
        )
