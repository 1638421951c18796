"""Hostile: names that try to act on a terminal, on markup or on a layout, and a proxy in which everything has one."""

import dataclasses

from msgspec.structs import replace
from tui.snapshots import CENT, DAY, MINUTE, NOW_MS, account, attempt, empty, ended, exchange, settled, standing

from bursar.contract.configuration import ConfigurationView
from bursar.contract.events import AliasView, BalanceView, KeyView, RouteView, UpstreamView
from bursar.contract.snapshot import DoubtView, Snapshot
from bursar.domain.account import AccountKind, Unit
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.usage import Usage

_CONTROLS = (
    "\x1b]52;c;cm0gLXJmIH4=\x07",  # the clipboard
    "\x1b]52;c;cm0gLXJmIH4=\x1b\\",
    "\x9d52;c;cm0gLXJmIH4=\x9c",  # the same by C1
    "\x1b]0;a new title\x07",
    "\x1b]2;a new title\x1b\\",
    "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",  # a link
    "\x1b]9;a notification\x07",
    "\x1b]1337;File=name=eA==:AAAA\x07",
    "\x1b[2J",
    "\x1b[3J",
    "\x1b[H",
    "\x1b[?1049l",
    "\x1b[?1000h",
    "\x1b[6n",  # asks for an answer, which would be typed
    "\x1b[c",
    "\x1b[31m",
    "\x1b[8m",
    "\x1bc",  # full reset
    "\x1b(0",
    "\x1bP+q544e\x1b\\",  # DCS
    "\x1b_payload\x1b\\",  # APC
    "\x1b^payload\x1b\\",
    "\x1bX payload\x1b\\",
    "\x9b2J",
    "\x9b31m",
    "\x90q\x9c",
    "\x85next line",
    "\x84",
    "\x07",
    "\x08\x08\x08\x08",
    "\r",
    "\n",
    "\r\n",
    "\t\t",
    "\x0b",
    "\x0c",
    "\x0e",
    "\x00",
    "\x7f",
    "\x1a",
    "\x11\x13",
    "\u2028",
    "\u2029",
    "\u202e" + "txt.exe",
    "\u2066\u2069",
    "\u200f",
    "\u061c",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\U000e0041",
    "\ud800",
    "\udfff",
    "\uffff",
)
_MARKUP = (
    "[/]",
    "[/red]",
    "[red]x",
    "[bold red]x[/bold red]",
    "[",
    "]",
    "[]",
    "[[",
    "\\[",
    "\\",
    "[@click=app.quit]x[/]",
    "[@click='app.bell']x[/]",
    "[link=http://evil.example]x[/link]",
    "[$accent]x[/]",
    "$accent",
    "[on red]",
    "[reverse]",
    "[not bold]",
    "[#ff0000]x",
    "[rgb(1,2,3)]x",
    ":smile:",
    ":warning:",
    "{0}",
    "{snapshot}",
    "%s%n",
    "%(x)s",
    "f'{1/0}'",
    "<script>",
    "&amp;",
    "</text>",
    "]]>",
    "'); app.quit('",
    "\\')",
    "&#27;[2J",
)
_SHAPES = (
    "",
    " ",
    " " * 300,
    "x" * 5_000,
    "模型" * 40,
    "ｆｕｌｌ",
    "é" * 20,
    "e" + "\u0301" * 400,
    "👩‍👩‍👧‍👦" * 8,
    "🏳️‍🌈",
    "ไทยกำ",
    "العربية",
    "हिन्दी",
    "\u3000\u3000",
    "a\u0300\u0301\u0302" * 10,
    "-",
    "--help",
    "=1+1",
    "../../etc/passwd",
    "CON",
    "None",
    "0",
    "…",
    "█▓▒░",
    "─│┌┐",
    "\u2800" * 5,
)


def corpus() -> list[str]:
    """Two hundred names: each trick by itself and within a name that looks like one."""
    alone = [*_CONTROLS, *_MARKUP, *_SHAPES]
    within = [f"gpt-4{trick}o" for trick in (*_CONTROLS, *_MARKUP)]
    return [*alone, *within][:200]


def hostile(names: list[str]) -> Snapshot:
    """A proxy in which every text from outside is one of these names."""
    snapshot = empty()
    snapshot.version, snapshot.public_url = names[0], f"http://{names[0]}"
    snapshot.problems = tuple(names[:3])
    snapshot.configuration = ConfigurationView(problems=tuple(names[3:6]))
    for number, name in enumerate(names):
        of = account(name, list(Unit)[number % 3], Every.DAY, 100, scope=name)
        snapshot.accounts[of.id], snapshot.standings[of.id] = of, standing(of, number % 130, 3)
        health = ("ok", "cooling", "off", name)[number % 4]
        route = RouteView(name, health, name, name, NOW_MS + MINUTE, 12, name, NOW_MS, 10, 10, CENT, CENT)
        upstream = UpstreamView(name, name, name, health, name, NOW_MS + MINUTE, 12, name, name, NOW_MS, (route,), 3)
        snapshot.upstreams[name] = replace(upstream, found=number % 5 == 4)
        snapshot.aliases[name] = AliasView(name, (f"{name}/{name}", name), CENT, CENT)
        key = KeyView(name, name, name, (name,), NOW_MS - DAY, None, False, NOW_MS, name)
        snapshot.keys[name] = replace(key, rates=(name,), networks=(name,), fallback=(name,))
        wallet = account(name, Unit.NANO_DOLLARS, Every.TOTAL, 0, AccountKind.WALLET, f"upstream {name}")
        snapshot.accounts[wallet.id] = dataclasses.replace(wallet, link=name)
        snapshot.balances[wallet.id] = BalanceView(wallet.id, NOW_MS, 5, 5, 5, True, name, name)
        snapshot.raises[number] = Grant(
            number, GrantKind.RAISE, of.id, standing(of, 0).cycle.start_ms, 7, NOW_MS, name, name, NOW_MS + MINUTE
        )
        snapshot.in_doubt[number] = DoubtView(number, name, name, name, NOW_MS, ((of.id, 5),))
        view = exchange(number, name, ago=(len(names) - number) * 1_000, key=name, project=name, client=name)
        view.id = f"{number:03d}{name}"
        view.attempts = [
            attempt(name, name, started=900, held=CENT, code=name or "code", message=name),
            settled(name, name, started=800, usage=Usage(10, 5), cost=CENT, first=7, paid=(of.id, name)),
        ]
        if number % 3:
            outcome = list(Outcome)[number % 6]
            ended(view, outcome, 700, status=500, code=name, message=name, finish=name)
        snapshot.exchanges[view.id] = view
        snapshot.alerts[name] = Alert(name, AlertKind.USED, list(Urgency)[number % 3], name, NOW_MS)
    return snapshot
