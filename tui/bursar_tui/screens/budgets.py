"""Budgets: plans, wallets and caps, the most urgent first; raised, topped up, corrected; holds in doubt decided."""

from functools import partial
from typing import cast

from textual.binding import Binding

from bursar.domain.account import Account, AccountKind
from bursar.domain.grant import Grant
from bursar.domain.money import NANO_PER_USD, plain_usd
from bursar_tui.budget import budgets, raises_of
from bursar_tui.budget_errands import (
    BALANCE,
    RELEASE,
    SETTLE,
    comparing,
    correcting,
    deciding,
    paying,
    raise_command,
    raising,
    read_dollars,
    read_raise,
    resetting,
    undoing,
)
from bursar_tui.deed import Deed
from bursar_tui.ink import Line
from bursar_tui.outlook import present_standing
from bursar_tui.paper_deeds import AUDIT
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import Doer
from bursar_tui.screens.config_browser import ConfigBrowser
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.form import Field, Form
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.stated import NOUNS
from bursar_tui.typed import as_option, presets
from bursar_tui.widgets.budget_detail import budget_detail
from bursar_tui.widgets.budget_rows import DOUBT, budget_rows
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import HOUR_MS, bare, span
from bursar_tui.words import amount as amount_of

_PAID_IN = (10, 20, 50, 100)


class Budgets(ConfigBrowser):
    """Everything that can run out."""

    TAB = "budgets"
    commands = (
        Command("r", "raise a cap for a while", "bursar cap raise NAME 2usd --for 1h"),
        Command("u", "undo a raise", "bursar cap undo NUMBER"),
        Command("p", "pay into a wallet", "bursar wallet top-up 20 --wallet NAME"),
        Command("e", "say what is left in a wallet", "bursar wallet correct 12.34 --wallet NAME"),
        Command("v", "ask the vendor for its balance", "bursar wallet compare --wallet NAME"),
        Command("z", "grant a plan's quota anew", "bursar plan reset NAME"),
        Command("d", "cancel a plan, at the end of its cycle or now", "bursar plan cancel NAME"),
        Command("n", "make a cap, a plan or a wallet", "bursar cap set NAME 5usd/day"),
        Command("c", "change what is stated of one, such as its limit", "bursar config set caps.NAME.usd 7.00"),
        Command("x", "remove one", "bursar cap|plan|wallet remove NAME"),
        Command("a", "who granted what, when and why", "bursar cap audit"),
        Command("s", "say what became of a hold in doubt", "bursar doubt settle|release NUMBER"),
    )
    BINDINGS = [
        Binding("r", "raise_cap", "raise"),
        Binding("u", "undo", "undo raise"),
        Binding("p", "top_up", "pay in"),
        Binding("e", "correct", "correct"),
        Binding("v", "compare", "ask vendor"),
        Binding("z", "reset", "reset"),
        Binding("s", "decide", "settle or release"),
        Binding("n", "make", "new"),
        Binding("c", "change", "change"),
        Binding("x", "remove", "remove"),
        Binding("a", "audit", "audit"),
        Binding("d", "cancel", "cancel plan"),
    ]

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """Doubts and accounts."""
        return budget_rows(seen, width)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return budget_detail(seen, row_id, width)

    @property
    def account(self) -> Account | None:
        """The account at the cursor, if it is at one."""
        return self.seen.snapshot.accounts.get(self.list.cursor_id)

    @property
    def cap(self) -> Account | None:
        """The cap at the cursor, else the most urgent one: raising it takes two keys wherever the cursor is."""
        here = self.account
        if here is not None and here.kind is AccountKind.CAP:
            return here
        each = (budget.outlook.account for budget in budgets(self.seen))
        return next((account for account in each if account.kind is AccountKind.CAP), None)

    @property
    def doubt(self) -> int | None:
        """The hold in doubt at the cursor, if it is at one."""
        row_id = self.list.cursor_id
        return int(row_id.removeprefix(DOUBT)) if row_id.startswith(DOUBT) else None

    @property
    def raises(self) -> tuple[Grant, ...]:
        """The raises of the account at the cursor that go on."""
        return raises_of(self.seen, self.list.cursor_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to what the cursor is at is offered."""
        account = self.account
        kind = account.kind if account is not None else None
        match action:
            case "raise_cap":
                return self.cap is not None
            case "undo":
                return bool(self.raises)
            case "top_up" | "correct" | "compare":
                return kind is AccountKind.WALLET
            case "reset" | "cancel":
                return kind is AccountKind.PLAN
            case "decide":
                return self.doubt is not None
            case "change" | "remove":
                return kind is not None
            case _:
                return super().check_action(action, parameters)

    def row_of(self, section: str, name: str) -> str:
        """Accounts are named by their kind and name."""
        return f"{NOUNS[section]}:{name}"

    def action_make(self) -> None:
        """A new account: which, is asked."""
        options = [
            Option(
                "caps", "a cap", "what may be spent or used, by whom, each day or month", "bursar cap set NAME 5usd/day"
            ),
            Option("plans", "a plan", "what a vendor grants each cycle", "bursar plan add NAME …"),
            Option(
                "wallets", "a wallet", "what was paid in for an upstream", "bursar wallet add NAME --upstream UPSTREAM"
            ),
        ]
        self.app.push_screen(Choice("Make what?", "", options), self._make)

    def _make(self, section: str | None) -> None:
        if section is not None:
            self.open_form(section)

    @property
    def _stated_at(self) -> tuple[str, str] | None:
        """Where the account at the cursor stands in the configuration."""
        account = self.account
        if account is None:
            return None
        # What a plan may draw from its wallet is stated with the plan.
        kinds = {AccountKind.CAP: "caps", AccountKind.WALLET: "wallets"}
        return kinds.get(account.kind, "plans"), account.name

    def action_change(self) -> None:
        """Its limit, and all else that is stated of it."""
        if self._stated_at is not None:
            self.open_form(*self._stated_at)

    def action_remove(self) -> None:
        """Remove it, once that is confirmed: its history stays."""
        if self._stated_at is not None:
            self.ask_removal(self._stated_at, "It limits or pays nothing any more. What was used stays in the history.")

    def action_raise_cap(self) -> None:
        """More of a cap for an hour: how much is one more key."""
        cap = self.cap
        if cap is None:
            return
        self.list.put_at(cap.id)
        now = present_standing(
            cap,
            self.seen.snapshot.standings.get(cap.id),
            self.seen.now_ms,
            self.seen.zone,
            self.seen.snapshot.raises.values(),
        )
        options: list[Option[int]] = [
            Option(
                more,
                f"{amount_of(more, cap.unit)} more",
                f"then {bare(now.available + more, cap.unit)} is left",
                raise_command(cap, more, HOUR_MS),
            )
            for more in presets(cap.limit, cap.unit)
        ]
        options.append(Option(0, "another amount or time …"))
        about_it = f"{bare(now.available, cap.unit)} of {amount_of(now.granted, cap.unit)} is left. It ends by itself."
        self.app.push_screen(
            Choice(f"Raise {cap.name} for an hour", about_it, options), partial(self._raise_chosen, cap)
        )

    def _raise_chosen(self, cap: Account, more: int | None) -> None:
        if more:
            self._raise(cap, (more, HOUR_MS))
        elif more == 0:
            first = as_option(presets(cap.limit, cap.unit)[0], cap.unit)
            self.app.push_screen(
                Form(
                    f"Raise {cap.name}",
                    "It ends by itself; what was used by then stays used.",
                    [Field("how much more", first), Field("for how long", "1h", "90min, 1h, 2d")],
                    partial(read_raise, cap),
                ),
                partial(self._raise, cap),
            )

    def _raise(self, cap: Account, chosen: tuple[int, int] | None) -> None:
        if chosen is not None:
            self.send(raising(cap, *chosen, self.seen))

    def action_audit(self) -> None:
        """Every grant there was."""
        cast(Doer, self.app).do(AUDIT)

    def action_undo(self, number: int | None = None) -> None:
        """End a raise before its time; where there are several, the one that is chosen."""
        account, raises = self.account, self.raises
        if account is None or not raises:
            return
        if number is not None or len(raises) == 1:
            self._undo(number if number is not None else raises[0].id)
            return
        options = [
            Option(
                grant.id,
                f"{amount_of(grant.amount, account.unit)} more",
                f"for {span((grant.until_ms or 0) - self.seen.now_ms)} yet",
                f"bursar cap undo {grant.id}",
            )
            for grant in raises
        ]
        self.app.push_screen(Choice(f"Undo which raise of {account.name}?", "", options), self._undo)

    def _undo(self, number: int | None) -> None:
        if number is not None:
            self.send(undoing(number))

    def action_top_up(self) -> None:
        """Pay into a wallet: what the vendor was paid is entered here."""
        wallet = self.account
        if wallet is None:
            return
        options = [
            Option(each * NANO_PER_USD, f"${each}", "", f"bursar wallet top-up {each} --wallet {wallet.name}")
            for each in _PAID_IN
        ]
        options.append(Option(0, "another amount …"))
        self.app.push_screen(
            Choice(f"Pay into {wallet.name}", "A wallet is an envelope: the vendor is paid at the vendor.", options),
            partial(self._top_up_chosen, wallet),
        )

    def _top_up_chosen(self, wallet: Account, paid: int | None) -> None:
        if paid:
            self._top_up(wallet, (paid, ""))
        elif paid == 0:
            fields = [Field("dollars", "", "20 or 12.50"), Field("note (kept with it)", "", "invoice 4711")]
            self.app.push_screen(
                Form(f"Pay into {wallet.name}", "", fields, partial(read_dollars, wallet, "top-up")),
                partial(self._top_up, wallet),
            )

    def _top_up(self, wallet: Account, chosen: tuple[int, str] | None) -> None:
        if chosen is not None:
            self.send(paying(wallet, *chosen))

    def action_correct(self) -> None:
        """Make what is left of a wallet what somebody knows it to be."""
        wallet = self.account
        if wallet is None:
            return
        vendor = self.seen.snapshot.balances.get(wallet.id)
        known = plain_usd(vendor.remaining_nano) if vendor is not None and vendor.remaining_nano is not None else ""
        said = "The vendor says this much is left." if known else "What is left, whatever was settled."
        fields = [Field("dollars left", known, "12.34"), Field("note (kept with it)", "", "as the invoice says")]
        self.app.push_screen(
            Form(f"Correct {wallet.name}", said, fields, partial(read_dollars, wallet, "correct")),
            partial(self._correct, wallet),
        )

    def _correct(self, wallet: Account, chosen: tuple[int, str] | None) -> None:
        if chosen is not None:
            self.send(correcting(wallet, *chosen))

    def action_compare(self) -> None:
        """Ask the vendor for its balance."""
        if self.account is not None:
            self.send(comparing(self.account))

    def action_cancel(self) -> None:
        """Cancel a plan: when it ends is asked; `c` makes it active again."""
        plan = self.account
        if plan is not None:
            words = ("plan", "cancel", plan.name)
            at_end, now = Deed("Cancel a plan", words), Deed("Cancel a plan", (*words, "--now"))
            options = [
                Option(at_end, "at the end of its cycle", "", at_end.command),
                Option(now, "now", "", now.command),
            ]
            about = "It bears nothing then; what was used stays in the history, and c makes it active again."
            self.app.push_screen(Choice(f"Cancel {plan.name}", about, options), self._cancel)

    def _cancel(self, deed: Deed | None) -> None:
        if deed is not None:
            cast(Doer, self.app).do(deed)

    def action_reset(self) -> None:
        """Grant a plan's quota anew, once that is confirmed: it cannot be taken back."""
        plan = self.account
        if plan is None:
            return
        lost = [
            f"The whole quota of {amount_of(plan.limit, plan.unit)} is granted anew in this cycle, as when the vendor "
            "does it. What was used stays in the history. This cannot be taken back."
        ]
        self.app.push_screen(
            Confirm(f"Reset {plan.name}?", lost, f"bursar plan reset {plan.name}"), partial(self._reset, plan)
        )

    def _reset(self, plan: Account, sure: bool | None) -> None:
        if sure:
            self.send(resetting(plan))

    def action_decide(self) -> None:
        """Say what became of a hold in doubt; what is chosen is done, since each choice says what it means."""
        number = self.doubt
        if number is None:
            return
        options = [
            Option(
                BALANCE,
                "let the vendor tell",
                "by how its balance moved",
                f"bursar doubt settle {number} --by-balance",
            ),
            Option(SETTLE, "it was charged", "settle all that is held", f"bursar doubt settle {number}"),
            Option(RELEASE, "it was not charged", "nothing was used", f"bursar doubt release {number}"),
        ]
        self.app.push_screen(
            Choice(f"What became of hold {number}?", "This cannot be taken back.", options),
            partial(self._decide, number),
        )

    def _decide(self, number: int, how: str | None) -> None:
        if how is not None:
            self.send(deciding(number, how))
