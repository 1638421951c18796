"""Usage: what was spent and used, by day, week or month, and by model, key, project, upstream, client or alias."""

from datetime import datetime
from functools import partial
from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from bursar.domain.cycle import Every
from bursar_tui.deed import Deed
from bursar_tui.errands import Door, Errand
from bursar_tui.paper_deeds import read_statement, read_table, statement_fields, table_fields
from bursar_tui.screens.browser import Sender
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import Doer
from bursar_tui.screens.form import Form
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen, Seer
from bursar_tui.usage_view import Answered, Asked, UsageView, days_sum
from bursar_tui.widgets.row_list import ListRow, RowList
from bursar_tui.widgets.usage_chart import UsageChart
from bursar_tui.widgets.usage_groups import group_rows
from bursar_tui.words import SECOND_MS

_ASKED_EVERY_MS = 3_000
"""How often the sums are asked for, at most, while more is spent; in between the bar of now grows by itself."""


class Usage(LiveScreen):
    """A bar is chosen with the arrows to the sides; below it is who bears how much of it."""

    TAB = "usage"
    AUTO_FOCUS = "RowList"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (14, "-high")]
    commands = (
        Command("d w m", "days, weeks, months", "bursar usage --by day|week|month"),
        Command("b B", "by model, key, project, upstream, client, alias", "bursar usage --by model|key|…"),
        Command("v", "spend, tokens, calls", "bursar usage --by day"),
        Command("← →", "an older bar, a newer bar", "bursar usage --by model --since DATE --until DATE"),
        Command("a", "all bars together, or the newest again", "bursar usage --by model"),
        Command(
            "enter", "the bars of one model, key … alone; esc all again", "bursar usage --by day --only model=NAME"
        ),
        Command("e", "what is seen as a table for a spreadsheet, in a file", "bursar usage --by day --csv"),
        Command("s", "the statement of a month, here or in a file", "bursar statement 2026-10"),
    )
    BINDINGS = [
        Binding("d", "time('day')", "time", key_display="d w m"),
        Binding("w", "time('week')", "weeks", show=False),
        Binding("m", "time('month')", "months", show=False),
        Binding("b", "heading(1)", "by"),
        Binding("B", "heading(-1)", "by the one before", show=False),
        Binding("v", "measured", "value"),
        Binding("left,h", "bar(1)", "bar", key_display="← →"),
        Binding("right,l", "bar(-1)", "newer", show=False),
        Binding("a", "all", "all"),
        Binding("e", "export", "csv"),
        Binding("s", "statement", "statement"),
        Binding("escape", "every", "all again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = UsageView()
        self.list = RowList(self.rows)
        self._chart = UsageChart(self.view)
        self._asking: Asked | None = None
        self._asked_ms = 0
        self._asked_for = -1
        self._later = False

    def body(self) -> ComposeResult:
        """The bars, and who bears them."""
        yield self._chart
        yield self.list

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """Who bears what is looked at."""
        del seen
        return group_rows(self.view, width, asking=self._asking is not None or self.view.answered is None)

    def show(self, seen: Seen) -> None:
        """What the state says at once; the sums are asked for."""
        super().show(seen)
        if seen.known and self.is_current:
            self._ask(seen)

    def _ask(self, seen: Seen) -> None:
        """Ask for what is looked at now; again when more was spent, and not more often than is worth it."""
        wanted = self.view.asked(seen.now_ms, seen.zone)
        spent = days_sum(seen.snapshot)
        fingerprint = spent.cost_nano + spent.requests
        answered = self.view.answered
        fresh = answered is not None and answered.asked == wanted and self._asked_for == fingerprint
        early = seen.now_ms - self._asked_ms < _ASKED_EVERY_MS and answered is not None and answered.asked == wanted
        if early and not fresh:
            self._ask_later()
        if fresh or early or self._asking == wanted:
            return
        self._asking, self._asked_ms, self._asked_for = wanted, seen.now_ms, fingerprint

        async def ask(proxy: Door) -> Answered:
            times = await proxy.spend(wanted.every, wanted.since_ms, wanted.until_ms, wanted.only)
            groups = await proxy.spend(wanted.by, *wanted.chosen, wanted.only)
            before = await proxy.spend(wanted.by, *wanted.before, wanted.only)
            return Answered(wanted, times, groups, before, spent)

        cast(Sender, self.app).send(Errand("", ask, lambda _: "", self.take, failed=lambda _: self._no_answer(wanted)))

    def _ask_later(self) -> None:
        """What was settled just after the sums were asked for is asked for too, though nothing more happens."""
        if not self._later:
            self._later = True
            self.set_timer(_ASKED_EVERY_MS / 1000, self._later_is_now)

    def _later_is_now(self) -> None:
        self._later = False
        self.again()

    def take(self, answered: Answered) -> None:
        """The sums; of a question that is no longer asked, nothing."""
        if self._asking in (None, answered.asked):
            self._asking, self.view.answered = None, answered
            self.again()

    def _no_answer(self, wanted: Asked) -> None:
        """A proxy that does not answer is asked again when there is news of it."""
        if self._asking == wanted:
            self._asking = None

    @on(RowList.Opened)
    def _open(self, message: RowList.Opened) -> None:
        """The bars of one row alone; its other headings are next."""
        if self.view.only is None:
            self.view.only = message.row_id
            self.view.turn_heading(1)
            self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a way back only from what was opened."""
        del parameters
        return action != "every" or self.view.only is not None

    def action_every(self) -> None:
        """All models, keys and so on again."""
        self.shut()

    def shut(self) -> None:
        """All models, keys and so on again."""
        if self.view.only is not None:
            self.view.by, self.view.only = self.view.only.partition("=")[0], None
            self._changed()

    def action_time(self, every: str) -> None:
        """Days, weeks or months."""
        self.view.take_time(Every(every))
        self._changed()

    def action_heading(self, step: int) -> None:
        """By another heading."""
        self.view.turn_heading(step)
        self._changed()

    def action_measured(self) -> None:
        """Spend, tokens or calls."""
        self.view.turn_measured()
        self._changed()

    def action_bar(self, step: int) -> None:
        """An older bar, or a newer one."""
        self.view.move(step)
        self._changed()

    def action_all(self) -> None:
        """All bars together, or the newest again."""
        self.view.chosen = 0 if self.view.chosen is None else None
        self._changed()

    def _changed(self) -> None:
        self.refresh_bindings()
        self.again()

    def action_export(self) -> None:
        """Write what is seen as a table."""
        seen = cast(Seer, self.app).seen
        asked = self.view.asked(seen.now_ms, seen.zone)
        since_ms = self.view.cycles(seen.now_ms, seen.zone)[self.view.count].start_ms
        only = ("--only", asked.only) if asked.only else ()

        def words(by: str, since: int, until: int) -> tuple[str, ...]:
            times = ("--since", instant(since, seen), "--until", instant(until, seen))
            return ("usage", "--by", by, *times, *only, "--csv")

        bars, groups = words(asked.every, since_ms, asked.until_ms), words(asked.by, *asked.chosen)
        options = [
            Option(bars, "The bars", "", Deed("", bars).command),
            Option(groups, f"The rows below, by {asked.by}", "", Deed("", groups).command),
        ]
        about = "A table for a spreadsheet, in which no name begins a formula."
        self.app.push_screen(Choice("What is seen, as a table", about, options), self._where)

    def _where(self, words: tuple[str, ...] | None) -> None:
        if words is not None:
            fields = table_fields(f"usage-by-{words[2]}.csv")
            about = "On this machine; only you may read it."
            self.app.push_screen(Form("Into which file?", about, fields, partial(read_table, words)), self._do)

    def action_statement(self) -> None:
        """A month, here or in a file."""
        seen = cast(Seer, self.app).seen
        month = datetime.fromtimestamp(seen.now_ms / SECOND_MS, seen.zone).strftime("%Y-%m")
        about = "Balances, usage by model and every transaction; every total is the exact sum of its rows."
        self.app.push_screen(Form("A statement", about, statement_fields(month), read_statement), self._do)

    def _do(self, deed: Deed | None) -> None:
        if deed is not None:
            cast(Doer, self.app).do(deed)


def instant(at_ms: int, seen: Seen) -> str:
    """An instant as the command takes it, in the proxy's own zone."""
    return datetime.fromtimestamp(at_ms / SECOND_MS, seen.zone).isoformat(timespec="minutes")
