"""Upstreams: how each of them and each of its routes is, why, until when; checked, cleared, given a key."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from textual.binding import Binding

from bursar.contract.commands import UpstreamChecked
from bursar.contract.events import UpstreamView
from bursar.contract.secrets import SecretPlaces, secret_places
from bursar.domain.refusals import UpstreamKeyMissing
from bursar_tui.budget_errands import comparing
from bursar_tui.deed import Deed
from bursar_tui.errands import Errand
from bursar_tui.ink import Line
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import Doer
from bursar_tui.screens.config_browser import Teller
from bursar_tui.screens.form import Form
from bursar_tui.screens.screen import Command
from bursar_tui.screens.secrets import SecretList, Wish
from bursar_tui.secret_deeds import (
    CHANGE_FIELDS,
    PASSPHRASE_FIELD,
    looking,
    moving,
    read_change,
    read_one,
    removing,
    targets,
)
from bursar_tui.secret_deeds import is_sealed as sealed_among
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
        Command("w", "where the keys are: move one, remove it, another passphrase", "bursar secret list"),
        Command("b", "ask for the balance of its wallet", "bursar wallet compare --wallet NAME"),
    )
    BINDINGS = [
        Binding("c", "clear", "clear"),
        Binding("v", "check", "check"),
        Binding("b", "compare", "balance"),
        Binding("s", "give_key", "set key"),
        Binding("u", "unlock", "unlock"),
        Binding("w", "secrets", "where keys are"),
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
        """Type a key, where it is asked for one."""
        view = self.upstream
        if view is not None and not view.secret:
            said = f"{view.name} is asked without a key, so it needs none. To give it one, first say where it is kept:"
            where = f"bursar config set upstreams.{view.name}.secret keyring:{view.name}"
            cast(Teller, self.app).tell(f"{said} {where}", well=True)
        elif view is not None:
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

    def action_secrets(self) -> None:
        """Where the keys are."""
        ask = secret_places()
        self.send(Errand("Looking for keys …", lambda proxy: proxy.ask(ask), found_keys, self._list))

    def _list(self, found: SecretPlaces) -> None:
        if self.is_current:
            users = {each.reference: each.used_by for each in found.places}
            self.app.push_screen(SecretList(found), partial(self._wished, users))

    def _wished(self, users: Mapping[str, tuple[str, ...]], wish: Wish | None) -> None:
        match wish:
            case Wish("move", reference):
                options = [
                    Option(
                        each,
                        "the keyring" if each == "keyring" else "the sealed file",
                        "",
                        f"bursar secret move {reference} {each}",
                    )
                    for each in targets(reference)
                ]
                self.app.push_screen(Choice(f"Move {reference} to", "", options), partial(self._move, reference))
            case Wish("remove", reference):
                self._with_passphrase(partial(removing, reference, users.get(reference, ())), reference)
            case Wish("check", reference):
                self._with_passphrase(partial(looking, reference), reference)
            case Wish("passphrase"):
                about = "It goes to the command that seals the file anew, and nowhere else."
                form = Form("Another passphrase for the sealed file", about, CHANGE_FIELDS, read_change)
                self.app.push_screen(form, self._do)
            case _:
                pass

    def _move(self, reference: str, target: str | None) -> None:
        if target is not None:
            self._with_passphrase(partial(moving, reference, target), reference, target)

    def _with_passphrase(self, make: Callable[[str], Deed], *references: str) -> None:
        """Do it, with the passphrase where the sealed file takes part in it."""
        if not sealed_among(*references):
            self._do(make(""))
            return
        about = "It goes to the command that opens the file, and nowhere else."
        form = Form("The passphrase of the sealed file", about, PASSPHRASE_FIELD, partial(read_one, make))
        self.app.push_screen(form, self._do)

    def _do(self, deed: Deed | None) -> None:
        if deed is not None:
            cast(Doer, self.app).do(deed)

    def action_compare(self) -> None:
        """Ask the vendor for its balance."""
        view = self.upstream
        wallet = wallets(self.seen).get(view.name) if view is not None else None
        if wallet is not None:
            self.send(comparing(wallet.outlook.account))


def found_keys(found: SecretPlaces) -> str:
    """How many keys there are, in a sentence."""
    missing = sum(1 for each in found.places if each.reason)
    said = f"{counted(len(found.places), 'key')} named in the configuration"
    return f"{said}, {missing} of them out of reach." if missing else f"{said}."


def checked(answer: UpstreamChecked) -> str:
    """What came of a check, in a sentence."""
    if answer.ok:
        took = milliseconds(answer.took_ms)
        return f"{answer.name} answers in {took}, takes the key and lists {counted(answer.models, 'model')}."
    return f"{answer.name} does not answer as it should: {answer.message.rstrip('.')}."
