"""The desktop's notifications, by the program that each system has for them; what is said is data, never a script."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bursar.alerts.program import started
from bursar.alerts.way import WayFailed
from bursar.contract.shown import shown
from bursar.domain.alert import Alert, Urgency

LONGEST_S = 5.0
_TITLE = "Bursar"
_LONGEST = 300

_URGENCIES = {Urgency.NOTE: "low", Urgency.WARNING: "normal", Urgency.URGENT: "critical"}

_APPLE = (
    "-e",
    "on run said",
    "-e",
    "display notification (item 2 of said) with title (item 1 of said)",
    "-e",
    "end run",
)

_WINDOWS = """\
$null = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent('ToastText02')
$texts = $toast.GetElementsByTagName('text')
$null = $texts.Item(0).AppendChild($toast.CreateTextNode($env:BURSAR_TITLE))
$null = $texts.Item(1).AppendChild($toast.CreateTextNode($env:BURSAR_TEXT))
$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
$note = [Windows.UI.Notifications.ToastNotification]::new($toast)
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($note)
"""
"""The text comes in variables of its environment and goes into nodes of text, so that nothing in it is ever read as
code or markup. The application is PowerShell itself, since a program without an installed shortcut may show none."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """The desktop of this user; `program` is what shows notifications there."""

    program: str
    platform: str = sys.platform

    @property
    def name(self) -> str:
        return "desktop"

    @property
    def where(self) -> str:
        return shown(self.program)

    async def send(self, alert: Alert) -> None:
        argv, more = self.command(alert)
        await started(argv, b"", LONGEST_S, more)

    def command(self, alert: Alert) -> tuple[tuple[str, ...], dict[str, str]]:
        """What is started, and what is added to its environment."""
        text = shown(alert.sentence)
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        if self.platform == "darwin":
            return (self.program, *_APPLE, _TITLE, text), {}
        if self.platform == "win32":
            options = ("-NoProfile", "-NonInteractive", "-WindowStyle", "Hidden", "-Command", _WINDOWS)
            return (self.program, *options), {"BURSAR_TITLE": _TITLE, "BURSAR_TEXT": text}
        # The body may be read as markup (freedesktop.org, Desktop Notifications 1.2, "Markup"), and notify-send
        # itself takes a backslash for the beginning of an escape.
        body = escape(text, quote=False).replace("\\", "\\\\")
        named = ("--app-name", _TITLE, "--urgency", _URGENCIES[alert.urgency], "--")
        return (self.program, *named, _TITLE, body), {}


def desktop(environ: Mapping[str, str] | None = None, platform: str = sys.platform, path: str | None = None) -> Desktop:
    """The desktop of this session. Raises WayFailed with the reason where there is none."""
    environ = os.environ if environ is None else environ
    program = {"darwin": "osascript", "win32": "powershell"}.get(platform, "notify-send")
    if platform not in ("darwin", "win32") and not _has_bus(environ):
        raise WayFailed("There is no desktop session here.")
    found = shutil.which(program, path=path if path is not None else environ.get("PATH"))
    if found is None:
        package = " (Debian and Ubuntu have it in libnotify-bin)" if program == "notify-send" else ""
        raise WayFailed(f"The desktop cannot be told: {program} is not installed{package}.")
    return Desktop(found, platform)


def _has_bus(environ: Mapping[str, str]) -> bool:
    """Whether there is a session's bus, at which a desktop may listen."""
    if environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    folder = environ.get("XDG_RUNTIME_DIR")
    return bool(folder) and (Path(folder or "") / "bus").exists()
