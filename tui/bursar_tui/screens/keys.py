"""Keys: the keys of client applications: issued and shown once, limited, disabled, rotated, revoked."""

from collections.abc import Callable
from functools import partial

from textual.binding import Binding

from bursar.contract.commands import ChangeKey, IssueKey, KeyIssued, RotateKey, SpendReport, SpendRow
from bursar.contract.configuration import ConfigurationWritten, Edit
from bursar.contract.content import KeptContent, forgetting, kept_content
from bursar.contract.events import KeyView
from bursar_tui.config_errands import editing, reading
from bursar_tui.errands import Errand
from bursar_tui.ink import Line
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.form import Form
from bursar_tui.screens.key_forms import Changing, Issuing, change_fields, issue_fields, read_change, read_issue
from bursar_tui.screens.key_shown import KeyShown
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.typed import span_option
from bursar_tui.widgets.key_detail import key_detail
from bursar_tui.widgets.key_rows import SPENT_DAYS, key_rows
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import DAY_MS, HOUR_MS

_ASKED_EVERY_MS = 30_000
"""How often it is asked what each key has spent, at most, while something happens."""


class Keys(Browser):
    """Every client key."""

    TAB = "keys"
    commands = (
        Command("n", "issue a key, which is shown once", "bursar key issue NAME --rate 60/min --expires 30d"),
        Command("e", "change what a key is held to", "bursar key set NAME --rate 120/min --parallel none"),
        Command("d", "refuse a key for now, or accept it again", "bursar key disable|enable NAME"),
        Command("o", "another key under the same name", "bursar key rotate NAME --grace 24h"),
        Command("c", "point a program at the proxy, with a key of its own", "bursar connect cline"),
        Command("f", "delete the prompts and answers that are kept of a key", "bursar content forget --key NAME"),
        Command("x", "accept a key no longer", "bursar key revoke NAME"),
    )
    BINDINGS = [
        Binding("n", "issue", "new"),
        Binding("e", "change", "limits"),
        Binding("d", "disable", "disable"),
        Binding("d", "enable", "enable"),
        Binding("o", "rotate", "rotate"),
        Binding("f", "forget", "forget", show=False),
        Binding("x", "revoke", "revoke"),
        Binding("c", "app.connect", "connect"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._spent: dict[str, SpendRow] = {}
        self._asked_ms = 0
        self._asked_for = -1
        self._awaited = ""
        self._content: KeptContent | None = None

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """One line for each."""
        return key_rows(seen, self._spent, width)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return key_detail(seen, self._spent, row_id, width, self._content)

    def show(self, seen: Seen) -> None:
        """What each has spent is no part of the state: it is asked for, when more was spent."""
        super().show(seen)
        if self._awaited and self.list.has(self._awaited):
            # The answer comes before the event that brings the new key into the list.
            name, self._awaited = self._awaited, ""
            self.list.put_at(name)
        spent_nano = sum(day.cost_nano + day.requests for day in seen.snapshot.days)
        due = seen.now_ms - self._asked_ms >= _ASKED_EVERY_MS
        if seen.known and self.is_current and due and spent_nano != self._asked_for:
            self._asked_ms, self._asked_for = seen.now_ms, spent_nano
            since_ms = seen.now_ms - SPENT_DAYS * DAY_MS
            self.send(Errand("", lambda proxy: proxy.spend("key", since_ms), lambda _: "", self.take_spend))
            if self._content is not None or any(key.keep_content for key in seen.snapshot.keys.values()):
                self._ask_for_content()

    def _ask_for_content(self) -> None:
        """How much is kept, where any of it may be."""
        self.send(Errand("", lambda proxy: proxy.ask(kept_content()), lambda _: "", self.take_content))

    def take_content(self, content: KeptContent) -> None:
        """How much is kept of which keys, for how long, and what is wrong with that."""
        self._content = content
        self.again()

    def take_spend(self, report: SpendReport) -> None:
        """What each key has spent."""
        self._spent = {row.label: row for row in report.rows}
        self.again()

    @property
    def key(self) -> KeyView | None:
        """The key at the cursor."""
        return self.seen.snapshot.keys.get(self.list.cursor_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to what the cursor is at is offered."""
        key = self.key
        match action:
            case "change" | "rotate" | "revoke" | "forget":
                return key is not None
            case "disable":
                return key is not None and not key.disabled
            case "enable":
                return key is not None and key.disabled
            case _:
                return super().check_action(action, parameters)

    def action_issue(self) -> None:
        """Type a name and what it is held to."""
        about = "It is shown once. What is left empty is no limit."
        read = partial(read_issue, self.seen.now_ms, tuple(self.seen.snapshot.accounts.values()))
        self.app.push_screen(Form("A new key", about, issue_fields(), read), self._capped)

    def _capped(self, typed: Issuing | None) -> None:
        """The caps first: a key without the caps that were asked for must never be accepted."""
        if typed is not None:
            self._cap(typed.command.name, typed.caps, partial(self._issue, typed.command))

    def _cap(self, name: str, edits: tuple[Edit, ...], then: Callable[[], None]) -> None:
        """Have a key's caps written, and go on once they are in force."""
        if not edits:
            then()
            return

        def written(done: ConfigurationWritten) -> None:
            if not done.problems:
                then()

        self.send(
            reading(
                lambda now: self.send(editing(now.etag, edits, f"What {name} may spend", then=written)),
                doing=f"Writing what {name} may spend …",
            )
        )

    def _issue(self, command: IssueKey) -> None:
        self.send(
            Errand(
                f"Issuing {command.name} …",
                lambda proxy: proxy.issue_key(command),
                lambda issued: f"Key {issued.name} is issued.",
                self._once,
            )
        )

    def _once(self, issued: KeyIssued) -> None:
        """Show its text, whatever screen is in view by now: it is never shown again."""
        self._awaited = issued.name
        self.again()
        self.app.push_screen(KeyShown(issued, self.seen.snapshot.public_url))

    def action_change(self) -> None:
        """Type other limits."""
        key, accounts = self.key, tuple(self.seen.snapshot.accounts.values())
        if key is not None:
            form = Form(
                f"What {key.name} is held to",
                "What is emptied is no limit any more.",
                change_fields(key, accounts),
                partial(read_change, key, self.seen.now_ms, accounts),
            )
            self.app.push_screen(form, partial(self._changed, key.name))

    def _changed(self, name: str, typed: Changing | None) -> None:
        if typed is not None:
            command = typed.command
            self._cap(name, typed.caps, partial(self._change, name, command) if command != ChangeKey() else self.again)

    def _change(self, name: str, command: ChangeKey) -> None:
        said = f"Key {name} has other limits."
        if command.keep_content is False:
            said = f"Nothing more is kept of {name}. What was kept stays until its time is over; f deletes it now."
        self.send(
            Errand(
                f"Changing {name} …",
                lambda proxy: proxy.change_key(name, command),
                lambda _: said,
                lambda _: self._ask_for_content(),
            )
        )

    def action_disable(self) -> None:
        """Refuse it until it is enabled: nothing is lost."""
        key = self.key
        if key is not None:
            name = key.name
            self.send(
                Errand(
                    f"Disabling {name} …",
                    lambda proxy: proxy.disable_key(name),
                    lambda _: f"Key {name} is refused; d accepts it again.",
                )
            )

    def action_enable(self) -> None:
        """Accept it again."""
        key = self.key
        if key is not None:
            name = key.name
            self.send(
                Errand(
                    f"Enabling {name} …",
                    lambda proxy: proxy.enable_key(name),
                    lambda _: f"Key {name} is accepted again.",
                )
            )

    def action_rotate(self) -> None:
        """A new key under the same name; for how long the present one is good as well is what is asked."""
        key = self.key
        if key is None:
            return
        ways = ((DAY_MS, "24 hours more"), (2 * HOUR_MS, "2 hours more"), (7 * DAY_MS, "7 days more"), (0, "no longer"))
        options = [
            Option(grace_ms, what, "", f"bursar key rotate {key.name} --grace {span_option(grace_ms)}")
            for grace_ms, what in ways
        ]
        about = "The new key is shown once. The present one is accepted for"
        self.app.push_screen(Choice(f"Rotate {key.name}", about, options), partial(self._rotate, key.name))

    def _rotate(self, name: str, grace_ms: int | None) -> None:
        if grace_ms is not None:
            self.send(
                Errand(
                    f"Rotating {name} …",
                    lambda proxy: proxy.rotate_key(name, RotateKey(grace_ms)),
                    lambda issued: f"Key {issued.name} has a new text.",
                    self._once,
                )
            )

    def action_forget(self) -> None:
        """Delete what is kept of its calls, or of all, once that is confirmed by the choice."""
        key = self.key
        if key is None:
            return
        options = [
            Option(key.name, f"of {key.name}", "all of its calls", f"bursar content forget --key {key.name}"),
            Option("", "of every key", "all there is", "bursar content forget --all"),
        ]
        about = "It cannot be brought back. What the calls used and cost stays in the history."
        self.app.push_screen(Choice("Delete the prompts and answers that are kept", about, options), self._forget)

    def _forget(self, name: str | None) -> None:
        if name is not None:
            self.send(
                Errand(
                    "Deleting what is kept …",
                    lambda proxy: proxy.ask(forgetting(key=name or None)),
                    lambda gone: f"Deleted: {gone.bytes:,} bytes on disk." if gone.bytes else "Nothing of it was kept.",
                    lambda _: self._ask_for_content(),
                )
            )

    def action_revoke(self) -> None:
        """Accept it no longer, once that is confirmed."""
        key = self.key
        if key is None:
            return
        program = f" {key.last_client} used it last." if key.last_client else ""
        lost = [
            f"Whatever uses it is refused from now on.{program}",
            "It cannot be brought back: d refuses it for a while instead. What it has spent stays in the history.",
        ]
        if key.keep_content:
            lost.append("What was kept of its calls stays until its time is over; f deletes it first.")
        self.app.push_screen(
            Confirm(f"Revoke {key.name}?", lost, f"bursar key revoke {key.name}"), partial(self._revoke, key.name)
        )

    def _revoke(self, name: str, sure: bool | None) -> None:
        if sure:
            self.send(
                Errand(
                    f"Revoking {name} …",
                    lambda proxy: proxy.revoke_key(name),
                    lambda _: f"Key {name} is not accepted any more.",
                )
            )
