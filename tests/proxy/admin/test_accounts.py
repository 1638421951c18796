"""Plans, wallets, raises and doubts by the local door of a real proxy: what is commanded, kept, shown and refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fakes.running import VOCABULARIES, Running, configuration, proxy_with, running_proxy

from bursar.contract.accounts import (
    Correct,
    GrantMade,
    RaiseCap,
    ResetPlan,
    TopUp,
    compare,
    correct,
    doubts,
    grants,
    plans,
    raise_cap,
    release_doubt,
    reset_plan,
    settle_doubt,
    settle_doubt_by_balance,
    top_up,
    undo_raise,
    wallets,
)
from bursar.contract.client import AdminClient
from bursar.contract.events import BalanceCompared, Event, GrantEnded
from bursar.contract.way_in import Refused
from bursar.domain.account import Account, AccountKind, Need, Unit
from bursar.domain.clock import SystemClock
from bursar.domain.cycle import Every
from bursar.domain.grant import GrantKind
from bursar.domain.plan import PlanState
from bursar.domain.route import Route
from bursar.domain.usage import Quality
from bursar.domain.wallet import VendorBalance, WalletState
from bursar.ledger.changes import place
from bursar.ledger.grants import Grants
from bursar.ledger.now import Calendar
from bursar.ledger.reconcile import Reconciler
from bursar.practice.server import practice_server
from bursar.storage.sqlite.store import SqliteStore
from bursar.tokens.text import TextCounter

DOLLAR = 1_000_000_000
WALLET = '[wallets.main]\nupstream = "main"\ncompare_min = 0\n'
TINY = '[caps.tiny]\nusd = "0.0000001"\nevery = "day"\n'


async def paid(client: AdminClient, dollars: int, note: str = "") -> GrantMade:
    return await client.ask(top_up("main", TopUp(amount=dollars * DOLLAR, note=note, by="ada")))


async def test_a_call_is_paid_from_what_was_topped_up(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy, AdminClient(proxy.places) as client:
        made = await paid(client, 20, "invoice 4711")
        assert (made.grant.kind, made.grant.note, made.grant.by) == (GrantKind.TOP_UP, "invoice 4711", "ada")
        assert made.standing.available == 20 * DOLLAR
        answer = await proxy.chat()
        assert (answer.status, answer.headers["x-bursar-wallet-state"]) == (200, "low")
        [record] = await proxy.records()
        [row] = await client.ask(wallets())
        assert (row.standing.settled, row.state) == (record.cost_nano, WalletState.LOW)
        assert record.paid_by == ("wallet:main",)
        assert [each.note for each in await client.ask(grants("wallet:main"))] == ["invoice 4711"]


@pytest.mark.parametrize(("dollars", "state"), [(21, "normal"), (20, "low"), (9, "warning"), (5, "critical")])
async def test_how_full_it_is_stands_in_a_header(tmp_path: Path, dollars: int, state: str) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy, AdminClient(proxy.places) as client:
        await paid(client, dollars)
        assert (await proxy.chat(stream=True)).headers["x-bursar-wallet-state"] == state


async def test_a_refusal_says_so_too(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy:
        refused = await proxy.chat()
        assert (refused.status, refused.json["error"]["code"]) == (402, "insufficient_balance")
        assert refused.headers["x-bursar-wallet-state"] == "critical"
        assert "x-bursar-budget-remaining-usd" not in refused.headers


async def test_a_refusal_says_what_is_left_of_the_cap(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, TINY) as proxy:
        refused = await proxy.chat()
        assert (refused.status, refused.headers["x-bursar-budget-remaining-usd"]) == (402, "0.0000001")
        assert "x-bursar-wallet-state" not in refused.headers


async def test_too_small_a_top_up_and_an_unknown_wallet_are_refused(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy, AdminClient(proxy.places) as client:
        with pytest.raises(Refused, match=r"at least \$5\.00"):
            await paid(client, 4)
        with pytest.raises(Refused, match='no wallet "other"; there is "main"'):
            await client.ask(top_up("other", TopUp(amount=20 * DOLLAR)))


async def test_a_correction_makes_the_wallet_what_is_known(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy, AdminClient(proxy.places) as client:
        await paid(client, 20)
        made = await client.ask(correct("main", Correct(balance=12 * DOLLAR, note="the invoice says so")))
        assert (made.standing.available, made.grant.amount) == (12 * DOLLAR, -8 * DOLLAR)


async def test_a_raise_lets_a_call_through_and_ends_by_itself(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, TINY) as proxy, AdminClient(proxy.places) as client:
        refused = await proxy.chat()
        assert "Raise it: bursar cap raise tiny 0.01usd --for 1h" in refused.json["error"]["message"]
        assert refused.json["error"]["bursar"]["raise_with"] == "bursar cap raise tiny 0.01usd --for 1h"
        command = RaiseCap(amount=2 * DOLLAR, unit=Unit.NANO_DOLLARS, for_ms=1_500, by="ada")
        made = await client.ask(raise_cap("tiny", command))
        assert (await proxy.chat()).status == 200
        assert set(proxy.daemon.feed.snapshot.raises) == {made.grant.id}
        await proxy.daemon.feed.wait_for(lambda event: isinstance(event, GrantEnded))
        assert proxy.daemon.feed.snapshot.raises == {}
        assert (await proxy.standing("tiny")).granted == 100
        assert (await proxy.chat()).status == 402
        [kept] = await client.ask(grants("cap:tiny"))
        assert (kept.by, kept.amount, kept.ended_ms, kept.undone) == ("ada", 2 * DOLLAR, kept.until_ms, False)


async def test_a_raise_is_undone_once(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, TINY) as proxy, AdminClient(proxy.places) as client:
        command = RaiseCap(amount=2 * DOLLAR, unit=Unit.NANO_DOLLARS, for_ms=3_600_000)
        made = await client.ask(raise_cap("tiny", command))
        assert (await client.ask(undo_raise(made.grant.id))).undone
        assert (await proxy.chat()).status == 402
        with pytest.raises(Refused, match="has ended"):
            await client.ask(undo_raise(made.grant.id))
        with pytest.raises(Refused, match="in US dollars, not in tokens"):
            await client.ask(raise_cap("tiny", RaiseCap(amount=5, unit=Unit.TOKENS, for_ms=1_000)))


async def test_a_client_key_can_raise_nothing(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, TINY + WALLET) as proxy:
        for path in ("/caps/tiny/raises", "/wallets/main/top-ups", "/plans/main/resets", "/doubts/1/release"):
            for base in (proxy.base_url, proxy.base_url.removesuffix("/v1")):
                headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
                async with proxy.session.post(base + path, data=b"{}", headers=headers) as response:
                    assert response.status == 404
        assert (await proxy.standing("tiny")).granted == 100


PLAN = """
[plans.main]
upstream = "main"
tokens = 300
every = "month from 31st"
overflow = "wallets.main"
overflow_limit = "5.00"
"""


async def test_a_call_is_split_between_plan_and_wallet(tmp_path: Path) -> None:
    prices = '[prices."practice-tokens-*"]\ninput = "1"\noutput = "1"\n'
    async with running_proxy(tmp_path, PLAN + WALLET + prices) as proxy, AdminClient(proxy.places) as client:
        await paid(client, 20)
        used = 0
        for _ in range(2):
            used += (await proxy.chat("main/practice-tokens-200", max_tokens=200)).json["usage"]["total_tokens"]
        [plan], [wallet] = await client.ask(plans()), await client.ask(wallets())
        assert plan.standing.settled == 300 < used
        # At a dollar a million tokens one token is a thousand nano-dollars.
        assert wallet.standing.settled == (used - 300) * 1_000
        assert plan.overflow is not None
        assert plan.overflow.settled == wallet.standing.settled
        assert [set(record.paid_by) for record in await proxy.records()] == [
            {"plan:main"},
            {"plan:main", "wallet:main", "overflow:main"},
        ]
        made = await client.ask(reset_plan("main", ResetPlan(note="the vendor did")))
        assert (made.standing.available, made.standing.settled) == (300, 300)


async def test_an_upgrade_counts_at_once_for_the_rest_and_a_downgrade_waits(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, PLAN + WALLET) as proxy, AdminClient(proxy.places) as client:
        await proxy.chat("main/practice-tokens-5", max_tokens=5)
        await proxy.settled()
        text = proxy.places.config_file.read_text()
        for quota, check in (("1_000_000", range(301, 1_000_001)), ("200", None)):
            before = (await client.ask(plans()))[0].standing.granted
            proxy.places.config_file.write_text(text.replace("tokens = 300", f"tokens = {quota}"))
            assert await client.reload() == ()
            granted = (await client.ask(plans()))[0].standing.granted
            assert granted in check if check is not None else granted == before


async def test_the_state_of_a_plan_is_shown_as_of_now(tmp_path: Path) -> None:
    ended = PLAN.replace('overflow = "wallets.main"\noverflow_limit = "5.00"', 'state = "grace"\nuntil = "2026-01-31"')
    async with running_proxy(tmp_path, ended) as proxy, AdminClient(proxy.places) as client:
        assert [row.state for row in await client.ask(plans())] == [PlanState.EXPIRED]
        assert (await proxy.chat()).json["error"]["code"] == "subscription_expired"


def key_files(folder: Path) -> None:
    """The keys `sk-main` and `sk-sub`, where the configuration looks for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("main", "sub"):
        file = folder / f"{name}.key"
        file.write_text(f"sk-{name}")
        file.chmod(0o600)


@asynccontextmanager
async def with_keys(folder: Path, extra: str, *accepted: str) -> AsyncIterator[Running]:
    """A proxy that has the keys `sk-main` and `sk-sub`, and an upstream that accepts these alone."""
    key_files(folder)
    async with practice_server(speed=0, counter=TextCounter(VOCABULARIES), keys=accepted) as practice:
        text = configuration(practice, extra).replace(
            'kind = "openai_compatible"', f'kind = "apertis"\nsecret = "file:{folder}/main.key"'
        )
        async with proxy_with(folder, text, practice) as proxy:
            yield proxy


@pytest.mark.parametrize(("accepted", "statuses"), [("sk-sub", [200, 200, 502]), ("sk-main", [502, 502, 502])])
async def test_the_call_is_sent_with_the_key_of_whoever_pays(
    tmp_path: Path, accepted: str, statuses: list[int]
) -> None:
    plan = PLAN + f'secret = "file:{tmp_path}/sub.key"\n'
    prices = '[prices."practice-tokens-*"]\ninput = "1"\noutput = "1"\n'
    async with with_keys(tmp_path, plan + WALLET + prices, accepted) as proxy, AdminClient(proxy.places) as client:
        await paid(client, 20)
        # The second call is split; the plan bears a part of it, so it goes with the plan's key.
        calls = [await proxy.chat("main/practice-tokens-200", max_tokens=200) for _ in statuses]
        assert [call.status for call in calls] == statuses


@pytest.mark.parametrize("kind", ["apertis", "aporto", "openai_compatible"])
async def test_the_vendor_is_compared_and_a_drift_raises_an_alarm(tmp_path: Path, kind: str) -> None:
    extra = WALLET + 'drift_alarm = "0.0001"\n'
    async with with_keys(tmp_path, extra, "sk-main") as proxy, AdminClient(proxy.places) as client:
        file = proxy.places.config_file
        file.write_text(file.read_text().replace('"apertis"', f'"{kind}"'))
        assert await client.reload() == ()
        await paid(client, 20)
        first = await client.ask(compare("main"))
        assert (first.drift_nano, first.alarm, first.problem) == (0, False, "")
        await proxy.chat()
        await proxy.settled()
        second = await client.ask(compare("main"))
        assert second.drift_nano is not None
        assert abs(second.drift_nano) <= 2_000  # a quota is counted in units of 2,000 nano-dollars
        headers = {"Authorization": "Bearer sk-main", "Content-Type": "application/json"}
        body = b'{"model":"practice-tokens-2000","max_tokens":2000,"messages":[{"role":"user","content":"Hi"}]}'
        async with proxy.session.post(f"{proxy.practice.base_url}/chat/completions", data=body, headers=headers) as r:
            assert r.status == 200
            await r.read()
        third = await client.ask(compare("main"))
        assert third.drift_nano is not None
        assert third.drift_nano > 100_000
        assert third.alarm
        assert (await client.ask(wallets()))[0].balance == third
        assert proxy.daemon.feed.snapshot.balances["wallet:main"] == third


async def test_a_vendor_that_does_not_say_is_a_sentence_and_no_failure(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy, AdminClient(proxy.places) as client:
        file = proxy.places.config_file
        file.write_text(file.read_text().replace('"openai_compatible"', '"ollama"'))
        assert await client.reload() == ()
        with pytest.raises(Refused, match="no way to ask"):
            await client.ask(compare("main"))
        [row] = await client.ask(wallets())
        assert row.balance is not None
        assert "no way to ask" in row.balance.problem


async def test_every_so_often_the_vendor_is_asked_without_anybody_asking(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET.replace("compare_min = 0", "compare_min = 1")) as proxy:
        if "wallet:main" not in proxy.daemon.feed.snapshot.balances:
            await proxy.daemon.feed.wait_for(lambda event: isinstance(event, BalanceCompared))
        assert proxy.daemon.feed.snapshot.balances["wallet:main"].way == "/api/usage/token/"


async def left_open(folder: Path, amount: int, *, paid_in: int = 20 * DOLLAR) -> None:
    """A ledger whose process has died while a call was running; its balance had been read before."""
    wallet = Account("wallet:main", AccountKind.WALLET, "main", Unit.NANO_DOLLARS, Every.TOTAL, 0)
    cap = Account("cap:all", AccountKind.CAP, "all", Unit.NANO_DOLLARS, Every.TOTAL, 50 * DOLLAR)
    store = await SqliteStore.open(folder / "data" / "ledger.sqlite3")
    clock, zone = SystemClock(), ZoneInfo("UTC")
    await Grants(store, clock, unheard, zone).top_up(wallet, paid_in)
    before = VendorBalance("/v1/token/usage", 1_000 * DOLLAR, 0)
    await Reconciler(store, clock, unheard, zone).compare(wallet, before, DOLLAR)
    demands = ((Need(cap, amount),), (Need(wallet, amount),))
    now = Calendar(zone).at(clock.now_ms())
    await store.submit(lambda transaction: place(transaction, "x1", Route("main", "small"), demands, now))
    await store.close()


def unheard(event: Event) -> None:
    """Nobody watches a process that has died."""


DOUBT = '[caps.all]\nusd = "50.00"\nevery = "total"\n' + WALLET


async def test_a_doubt_is_listed_with_what_is_known_and_settled_whole(tmp_path: Path) -> None:
    await left_open(tmp_path, 3 * DOLLAR)
    async with running_proxy(tmp_path, DOUBT) as proxy, AdminClient(proxy.places) as client:
        [row] = await client.ask(doubts())
        assert (row.exchange_id, row.upstream, row.model, row.settles_ms) == ("x1", "main", "small", None)
        shares = (("cap:all", Unit.NANO_DOLLARS, 3 * DOLLAR), ("wallet:main", Unit.NANO_DOLLARS, 3 * DOLLAR))
        assert row.shares == shares
        assert (await client.ask(settle_doubt(row.hold_id))).settled == shares
        [record] = await proxy.records()
        assert (record.quality, record.cost_nano, record.notes) == (Quality.ESTIMATED, 3 * DOLLAR, ("in_doubt",))
        standing = await proxy.standing("all")
        assert (standing.held, standing.settled) == (0, 3 * DOLLAR)
        assert await client.ask(doubts()) == ()
        with pytest.raises(Refused, match="is not in doubt"):
            await client.ask(release_doubt(row.hold_id))


async def test_a_released_doubt_has_cost_nothing(tmp_path: Path) -> None:
    await left_open(tmp_path, 3 * DOLLAR)
    async with running_proxy(tmp_path, DOUBT) as proxy, AdminClient(proxy.places) as client:
        [row] = await client.ask(doubts())
        assert (await client.ask(release_doubt(row.hold_id))).settled == ()
        assert (await proxy.standing("all")).available == 50 * DOLLAR
        assert await proxy.records() == []


@pytest.mark.parametrize("charged", [False, True])
async def test_the_vendors_balance_tells_what_became_of_it(tmp_path: Path, charged: bool) -> None:
    await left_open(tmp_path, 3 * DOLLAR)
    async with with_keys(tmp_path, DOUBT, "sk-main") as proxy, AdminClient(proxy.places) as client:
        if charged:
            headers = {"Authorization": "Bearer sk-main", "Content-Type": "application/json"}
            body = b'{"model":"practice-tokens-2000","max_tokens":2000,"messages":[{"role":"user","content":"Hi"}]}'
            url = f"{proxy.practice.base_url}/chat/completions"
            async with proxy.session.post(url, data=body, headers=headers) as response:
                await response.read()
        [row] = await client.ask(doubts())
        ended = await client.ask(settle_doubt_by_balance(row.hold_id))
        cost_nano = proxy.practice.tally.total.cost_nano
        assert (cost_nano > 0) is charged
        expected = ("cap:all", "wallet:main") if charged else ()
        assert ended.settled == tuple((each, Unit.NANO_DOLLARS, cost_nano) for each in expected)
        standing = await proxy.standing("all")
        assert (standing.held, standing.settled) == (0, cost_nano)
        if charged:
            assert (await client.ask(compare("main"))).drift_nano == 0
