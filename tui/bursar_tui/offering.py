"""Offering: what can be done on the screen in view, for the command palette: the keys of the screen in words."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from bursar_tui.screens.screen import LiveScreen
from bursar_tui.tabs import TABS
from bursar_tui.widgets.footer import key_name


def offered(app: App[Any], screen: Screen[Any] | None) -> Iterator[SystemCommand]:
    """Each thing that its keys do now, found by what it does and by the command that does the same in a shell."""
    if not isinstance(screen, LiveScreen):
        return
    title = next((tab.title for tab in TABS if tab.name == screen.TAB), screen.TAB)
    active = {key_name(each.binding.key): each for each in screen.active_bindings.values() if each.enabled}
    for key, what, command in screen.commands:
        for each in filter(None, map(active.get, key.split())):
            if each.node is not app:
                named = each.binding.description if " " in key else what
                do = partial(app.run_action, each.binding.action, each.node)
                yield SystemCommand(f"{title}: {named}", command, do)
