"""Every action: each key is explained by the screen and by the papers, with a command that is there, and the other way
round each command has its place in the interface or a reason why not."""

import argparse
import importlib
import os
import pkgutil
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.binding import Binding, BindingType
from textual.dom import DOMNode

import bursar_tui
from bursar.cli.main import COMMANDS
from bursar_tui.app import BursarApp
from bursar_tui.screens.alerts import AlertList
from bursar_tui.screens.connect import ConnectPage, CursorPage
from bursar_tui.screens.offline import Offline
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.screens.secrets import SecretList
from bursar_tui.screens.service import ServicePage
from bursar_tui.tabs import TABS
from bursar_tui.widgets.footer import key_name

PAPER = Path(__file__).resolve().parents[2] / "docs" / "terminal.md"
BEGIN, END = "<!-- keys: written by tests/tui/test_actions.py -->\n", "<!-- end of keys -->"

WAYS = frozenset(
    {"move", "page", "jump", "pick", "open", "shut", "close", "leave", "dismiss", "filter", "unfilter", "to_list"}
    | {"every", "hurry", "out", "type", "scroll_up", "scroll_down", "page_up", "page_down", "scroll_home", "scroll_end"}
    | {"focus_next", "focus_previous"}
)
"""Ways to get about: they change what is seen and nothing else."""

ANSWERS = frozenset(
    {"take", "accept", "submit", "newline", "save", "problem", "compare", "carry", "add", "take_out", "end"}
)
"""What is done within a dialog that an action of a screen has opened; the dialog shows the command."""

EVERYWHERE = frozenset({"go", "command_palette", "help", "alerts", "toggle_theme", "quit", "start", "copy", "redraw"})
"""Of the interface itself, or of what it does while there is no proxy."""

PLACEHOLDERS = {
    "NUMBER": "1",
    "DATE": "2026-01-31",
    "KIND": "openai",
    "CAUSE": "upstream:main",
    "N": "200",
    "…": "main/small",
}


def live_screens() -> list[LiveScreen]:
    """One of each."""
    return [tab.open() for tab in TABS]


def actions_of(kind: type[DOMNode]) -> Iterator[tuple[str, str]]:
    """Each key and what it calls, without the arguments, of what a class itself binds."""
    bindings: list[BindingType] = vars(kind).get("BINDINGS", [])
    for each in bindings:
        assert isinstance(each, Binding)
        assert each.description, f"{kind.__name__}: {each.key} says not what it does"
        for key in each.key.split(","):
            yield key_name(key), each.action.partition("(")[0].rpartition(".")[2]


def everything_bound() -> list[type[DOMNode]]:
    """Every class of the interface that binds keys."""
    found = []
    for module in pkgutil.walk_packages(bursar_tui.__path__, "bursar_tui."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        found += [
            each
            for each in vars(loaded).values()
            if isinstance(each, type) and issubclass(each, DOMNode) and each.__module__ == module.name
        ]
    return [each for each in found if vars(each).get("BINDINGS")]


def commands_of(kind: type[DOMNode]) -> list[Command]:
    return list(getattr(kind, "commands", ()))


@pytest.mark.parametrize("kind", everything_bound(), ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type[DOMNode]) -> None:
    told = {key for each in commands_of(kind) for key in each.key.split()}
    known = WAYS | ANSWERS | (EVERYWHERE if kind is BursarApp or not commands_of(kind) else frozenset())
    by_action: dict[str, set[str]] = {}
    for key, action in actions_of(kind):
        by_action.setdefault(action, set()).add(key)
    untold = {action: keys for action, keys in by_action.items() if not keys & told and action not in known}
    assert not untold, f"{kind.__name__} says in `commands` nothing of {untold}"


def test_no_key_is_explained_that_is_not_there() -> None:
    own = {"enter", "esc"}
    """Of the lists within."""
    for screen in live_screens():
        keys = {key for key, _ in actions_of(type(screen))} | own
        for each in screen.commands:
            assert set(each.key.split()) <= keys, f"{screen.TAB}: {each}"


def parser_of(name: str) -> argparse.ArgumentParser:
    """What a command takes."""
    parser = argparse.ArgumentParser(prog=name, exit_on_error=False)
    importlib.import_module(f"bursar.cli.{COMMANDS[name].module}").arguments(parser, name)
    return parser


def verbs_of(parser: argparse.ArgumentParser) -> list[str]:
    """The verbs of a command, without those that are another word for one."""
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            return list({id(way): verb for verb, way in reversed(each.choices.items())}.values())
        if each.dest == "verb":
            return list(each.choices or ())
    return []


def spelled_out(command: str) -> Iterator[list[str]]:
    """What somebody would type: each alternative, with something in place of what is left open."""
    words = shlex.split(command.partition(" | ")[0].replace("'", ""))
    for place, word in enumerate(words):
        if "|" in word:
            for each in word.split("|"):
                if each != "…":
                    yield from spelled_out(" ".join([*words[:place], each, *words[place + 1 :]]))
            return
    yield [PLACEHOLDERS.get(word, word) for word in words]


PAGES: dict[str, tuple[str, Sequence[Command]]] = {
    "offline": ("Without a proxy", Offline.commands),
    "alerts": ("Alerts, on every screen by `!`", AlertList.commands),
    "connect": ("Connect a program, by `c` on Keys, or `^p`", (*ConnectPage.commands, *CursorPage.commands)),
    "service": ("Service, by `b` on Overview, or `^p`", ServicePage.commands),
    "secrets": ("Keys of upstreams, by `w` on Upstreams", SecretList.commands),
}
"""What is no tab, but has keys that do something: its heading in the paper."""

ALL = [(screen.TAB, each) for screen in live_screens() for each in screen.commands]
ALL += [(name, each) for name, (_, commands) in PAGES.items() for each in commands]


@pytest.mark.parametrize(("tab", "command"), ALL, ids=lambda each: each if isinstance(each, str) else each.key)
def test_every_command_that_a_screen_names_is_there(
    tab: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in spelled_out(command.command):
        assert words[0] == "bursar", f"{tab}: {command}"
        assert words[1] in COMMANDS, f"{tab}: {command}"
        try:
            parser_of(words[1]).parse_args(words[2:])
        except (SystemExit, argparse.ArgumentError) as error:
            raise AssertionError(f"{tab}: {' '.join(words)}: {error} {capsys.readouterr().err}") from None


def written() -> str:
    """The part of the paper that the screens themselves write."""
    lines = []
    told = [(tab.title, tuple(screen.commands)) for tab, screen in zip(TABS, live_screens(), strict=True)]
    for title, commands in (*told, *PAGES.values()):
        lines += [f"**{title}**", "", "| key | what it does | command |", "|---|---|---|"]
        for key, what, command in commands:
            keys = " ".join(f"`{each}`" for each in key.split())
            does = command.removeprefix("bursar ").replace("|", "\\|")
            lines.append(f"| {keys} | {what} | `{does}` |")
        lines.append("")
    return "\n".join(lines)


def test_the_paper_says_what_the_screens_say() -> None:
    text = PAPER.read_text("utf-8")
    before, rest = text.split(BEGIN)
    keys, after = rest.split(END)
    if os.environ.get("BURSAR_PICTURES") == "remake":
        PAPER.write_text(f"{before}{BEGIN}\n{written()}\n{END}{after}", "utf-8")
        keys = f"\n{written()}\n"
    assert keys == f"\n{written()}\n", "BURSAR_PICTURES=remake writes it anew"


def placed() -> dict[str, str]:
    """Each command of the paper's table, and where it says that this is."""
    part = PAPER.read_text("utf-8").partition("## Commands")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.+) \|$", part, re.M)
    return {name: where for names, where in rows for name in re.findall(r"`([^`]+)`", names)}


def test_every_command_has_its_place_or_a_reason_why_not() -> None:
    there = set()
    for name in COMMANDS:
        verbs = verbs_of(parser_of(name))
        there |= {f"{name} {verb}" for verb in verbs} or {name}
    assert set(placed()) == there


@pytest.mark.parametrize(("command", "where"), placed().items())
def test_the_place_of_a_command_is_one_that_there_is(command: str, where: str) -> None:
    titles = [tab.title for tab in TABS]
    if where.split(",")[0].split(";")[0] in titles:
        assert not where.startswith("in the shell alone")
        return
    assert ":" in where or where.startswith(("`!`", "`^p`", "the interface", *titles)), f"{command}: {where}"


FOR_THE_SHELL = frozenset({"init", "watch", "demo", "practice"})
"""What is no use within the interface: what opens it, what runs in the foreground, and what asks before it can."""

SEEN = frozenset(
    {"status", "usage", "log", "key list", "key show", "alias list", "cap list", "plan list", "wallet list"}
    | {
        "counting",
        "content list",
        "doubt list",
        "alerts list",
        "upstream list",
        "prices",
        "config show",
        "config check",
        "config path",
    }
)
"""What a screen shows all the time, without being asked."""

BY_A_FORM = {
    "plan set": "plan add",
    "plan add": "cap set",
    "wallet add": "cap set",
    "alias add": "alias move",
}
"""What is done in the dialog of a key whose command is another: all that can be stated of a table is in its form."""


def test_every_command_is_for_the_shell_alone_or_done_by_a_key_or_seen() -> None:
    """No command can be added without a place in the interface, or a reason that stands here."""
    named = {command for _, each in ALL for words in spelled_out(each.command) for command in _names(words)}
    everything = {f"{name} {verb}".rstrip() for name in COMMANDS for verb in verbs_of(parser_of(name)) or [""]}
    assert everything >= FOR_THE_SHELL | SEEN | set(BY_A_FORM)
    done = named | FOR_THE_SHELL | SEEN | set(BY_A_FORM)
    assert not everything - done, f"no key does {sorted(everything - done)}, and no reason says why"
    alone = {name for name, where in placed().items() if where.startswith("in the shell alone")}
    assert alone <= FOR_THE_SHELL, "the paper says of more that it is for the shell alone"


def _names(words: list[str]) -> tuple[str, str]:
    """A command by its first word, and with its verb."""
    return words[1], " ".join(words[1:3])


CHANGES = re.compile(
    r" (issue|set|disable|enable|rotate|revoke|raise|undo|remove|reset|top-up|correct|settle|release)$"
)
"""Verbs that change something at the proxy."""


def test_what_changes_something_is_a_key_of_the_screen_that_is_named() -> None:
    titles = {tab.title: tab.name for tab in TABS}
    named: dict[str, set[str]] = {name: set() for name in (*titles.values(), *PAGES)}
    for tab, each in ALL:
        named[tab] |= {" ".join(words[1:3]) for words in spelled_out(each.command)}
    for command, where in placed().items():
        place = titles.get(where)
        if place is not None and CHANGES.search(command) and command not in BY_A_FORM:
            assert command in named[place], f"no key of {where} names bursar {command}"
