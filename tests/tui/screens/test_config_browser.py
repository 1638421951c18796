"""Caps, plans and wallets made, changed and removed where they are seen."""

from tui.attached import attached
from tui.screens.test_settings import CAP, content
from tui.stage import shut

from bursar.contract import configuration as door
from bursar.contract.client import AdminClient
from bursar.contract.configuration import TakeOut
from bursar_tui.screens.budgets import Budgets
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.table_form import TableForm


async def test_a_plan_and_a_wallet_are_made_and_removed() -> None:
    async with attached(CAP) as hands:
        await hands.press("3", "n", "3")
        await hands.sees("A new wallet")
        await hands.press(*"main", "tab", *"main")
        await hands.sees("bursar wallet add main --upstream main")
        await hands.press("enter")
        await hands.until(lambda: "wallet:main" in hands.snapshot.accounts)
        await hands.until(
            lambda: isinstance(hands.app.screen, Budgets) and hands.app.screen.list.cursor_id == "wallet:main"
        )
        await hands.press("n", "2")
        await hands.sees("A new plan")
        await hands.press(*"sub", "tab", *"main", "tab", "tab", *"5000", *["tab"] * 6, *"month from 12th")
        await hands.press("tab", *"wallets.main")
        await hands.sees("--overflow wallets.main")
        await hands.press("enter")
        await hands.until(lambda: "plan:sub" in hands.snapshot.accounts)
        assert content(hands).endswith(
            '[plans.sub]\nupstream = "main"\ntokens = 5000\nevery = "month from 12th"\noverflow = "wallets.main"\n'
        )
        await hands.until(
            lambda: isinstance(hands.app.screen, Budgets) and hands.app.screen.list.cursor_id == "plan:sub"
        )
        await hands.press("x")
        await hands.until(lambda: isinstance(hands.app.screen, Confirm))
        assert "bursar plan remove sub" in hands.text
        await hands.press("y")
        await hands.until(lambda: "plan:sub" not in hands.snapshot.accounts)


async def test_a_cap_is_changed_and_what_somebody_else_removed_meanwhile_is_said() -> None:
    async with attached(CAP) as hands, AdminClient(hands.proxy.places) as other:
        await hands.press("3", "c")
        await hands.until(lambda: isinstance(hands.app.screen, TableForm))
        await hands.press(*["tab"] * 4, "ctrl+u", *"9.50", "enter")
        await hands.until(lambda: hands.snapshot.accounts["cap:daily"].limit == 9_500_000_000)
        assert "[caps.daily]   # mine" in content(hands)
        await hands.until(lambda: isinstance(hands.app.screen, Budgets))
        await hands.press("x")
        await hands.until(lambda: isinstance(hands.app.screen, Confirm))
        etag = (await other.ask(door.configuration())).etag
        await other.ask(door.edit(etag, TakeOut("caps.daily")))
        await hands.press("y")
        await hands.sees("has changed since it was read")
        await hands.until(lambda: "cap:daily" not in hands.snapshot.accounts)


async def test_with_the_proxy_gone_what_was_typed_stays() -> None:
    async with attached(CAP) as hands:
        await hands.press("3", "c")
        await hands.until(lambda: isinstance(hands.app.screen, TableForm))
        await hands.press(*["tab"] * 4, "ctrl+u", *"3")
        hands.app._door = shut
        await hands.press("enter")
        await hands.sees("✗ no proxy is running here")
        assert isinstance(hands.app.screen, TableForm)
        assert "3" in hands.text
