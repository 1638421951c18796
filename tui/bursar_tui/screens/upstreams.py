"""Upstreams: how each of them and each of its routes is, why, until when; checked, cleared, given a key."""

from functools import partial

from textual.binding import Binding

from bursar.contract.commands import UpstreamChecked
from bursar.contract.events import UpstreamView
from bursar.domain.refusals import UpstreamKeyMissing
from bursar_tui.budget_errands import comparing
from bursar_tui.errands import Errand
from bursar_tui.ink import Line
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.form import Form
from bursar_tui.screens.screen import Command
from bursar_tui.secret_errands import (
    KEY_FIELDS,
    PASSPHRASE_FIELDS,
    is_sealed,
    keeping,
    read_key,
    read_passphrase,
    unlocking_for,
)
from bursar_tui.seen import Seen
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.widgets.upstream_detail import upstream_detail
from bursar_tui.widgets.upstream_rows import upstream_rows, wallets
from bursar_tui.words import counted, milliseconds


class UpstreamBrowser(Browser):
    """Every vendor endpoint."""

    TAB = "upstreams"
    commands = (
        Command("c", "take an upstream and its routes for well again", "bursar upstream clear NAME"),
        Command("v", "ask whether it answers; costs nothing", "bursar upstream check NAME"),
        Command("s", "give it a key, which is kept where the file says", "bursar secret set NAME"),
        Command("u", "open the sealed file that its key is in", "bursar secret unlock"),
        Command("b", "ask for the balance of its wallet", "bursar wallet compare --wallet NAME"),
    )
    BINDINGS = [
        Binding("c", "clear", "clear"),
        Binding("v", "check", "check"),
        Binding("b", "compare", "balance"),
        Binding("s", "give_key", "set key"),
        Binding("u", "unlock", "unlock"),
    ]

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """One line for each."""
        return upstream_rows(seen, width)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return upstream_detail(seen, row_id, width)

    @property
    def upstream(self) -> UpstreamView | None:
        """The upstream at the cursor, if it is one that calls go to."""
        view = self.seen.snapshot.upstreams.get(self.list.cursor_id)
        return view if view is not None and not view.found else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to what the cursor is at is offered."""
        view = self.upstream
        match action:
            case "clear":
                return (
                    view is not None
                    and view.code != UpstreamKeyMissing.code
                    and not (view.health == "ok" and all(route.health == "ok" for route in view.routes))
                )
            case "check" | "give_key":
                return view is not None
            case "unlock":
                return view is not None and is_sealed(view)
            case "compare":
                return view is not None and view.name in wallets(self.seen)
            case _:
                return super().check_action(action, parameters)

    def action_clear(self) -> None:
        """Take it and its routes for well again."""
        view = self.upstream
        if view is not None:
            name = view.name
            self.send(
                Errand(
                    f"Clearing {name} …",
                    lambda proxy: proxy.clear_upstream(name),
                    lambda _: f"Upstream {name} is taken for well.",
                )
            )

    def action_check(self) -> None:
        """Ask it for its models."""
        view = self.upstream
        if view is not None:
            name = view.name
            self.send(
                Errand(
                    f"Asking {name} …",
                    lambda proxy: proxy.check_upstream(name),
                    checked,
                    well=lambda answer: answer.ok,
                )
            )

    def action_give_key(self) -> None:
        """Type a key."""
        view = self.upstream
        if view is not None:
            about = "It goes to the proxy, which keeps it where the file says; nothing of it stays here."
            form = Form(f"The key of {view.name}", about, KEY_FIELDS, partial(read_key, view.name))
            self.app.push_screen(form, partial(self._keep, view.name))

    def _keep(self, upstream: str, key: str | None) -> None:
        if key is not None:
            self.send(keeping(upstream, key))

    def action_unlock(self) -> None:
        """Type the passphrase."""
        about = "It opens the file for as long as the proxy runs."
        form = Form("The passphrase of the sealed file", about, PASSPHRASE_FIELDS, read_passphrase)
        self.app.push_screen(form, self._unlock)

    def _unlock(self, typed: tuple[str, bool] | None) -> None:
        if typed is not None:
            self.send(unlocking_for(typed[0], new=typed[1]))

    def action_compare(self) -> None:
        """Ask the vendor for its balance."""
        view = self.upstream
        wallet = wallets(self.seen).get(view.name) if view is not None else None
        if wallet is not None:
            self.send(comparing(wallet.outlook.account))


def checked(answer: UpstreamChecked) -> str:
    """What came of a check, in a sentence."""
    if answer.ok:
        took = milliseconds(answer.took_ms)
        return f"{answer.name} answers in {took}, takes the key and lists {counted(answer.models, 'model')}."
    return f"{answer.name} does not answer as it should: {answer.message.rstrip('.')}."
