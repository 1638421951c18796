"""Tabs: the screens there are, in the order of their keys. A new screen is a file in screens/ and a line here."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bursar_tui.screens.screen import LiveScreen


@dataclass(frozen=True, slots=True)
class Tab:
    """One screen: its name, its title, and the class in `bursar_tui/screens/NAME.py` that draws it."""

    name: str
    title: str
    screen: str

    @property
    def key(self) -> str:
        """The digit that leads there: its place in the list, 0 for the tenth."""
        return str((TABS.index(self) + 1) % 10)

    def open(self) -> "LiveScreen":
        """The screen itself; its module is loaded when it is first looked at."""
        module = importlib.import_module(f"bursar_tui.screens.{self.name}")
        return cast("LiveScreen", getattr(module, self.screen)())


TABS = (
    Tab("overview", "Overview", "Overview"),
    Tab("calls", "Calls", "Calls"),
    Tab("budgets", "Budgets", "Budgets"),
    Tab("keys", "Keys", "Keys"),
    Tab("upstreams", "Upstreams", "UpstreamBrowser"),
    Tab("models", "Models", "Models"),
    Tab("playground", "Playground", "Playground"),
    Tab("usage", "Usage", "Usage"),
    Tab("settings", "Settings", "Settings"),
    Tab("log", "Log", "Log"),
)

OFFLINE = Tab("offline", "Offline", "Offline")
"""Where the app is while there is no proxy to attach to; no key leads there."""
