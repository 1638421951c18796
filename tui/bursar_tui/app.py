"""The App: its screens and global keys; hands what is seen to the screen in view."""

import traceback
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from rich.text import Text
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from bursar.contract.shown import shown
from bursar.contract.snapshot import Snapshot
from bursar.domain.clock import Clock
from bursar_tui.errands import Errand, OpenDoor, run
from bursar_tui.link import Watch
from bursar_tui.messages import LinkLost, SnapshotChanged
from bursar_tui.on_this_machine import OnThisMachine
from bursar_tui.posting import Posting
from bursar_tui.running import Runner
from bursar_tui.screens.dialog import Dialog
from bursar_tui.screens.screen import LiveScreen
from bursar_tui.seen import Attachment, Seen, Tie, Told, moves, zone_of
from bursar_tui.starting import Starter
from bursar_tui.tabs import OFFLINE, TABS
from bursar_tui.themes import THEMES, Palette, palette_of

TICK_S = 1.0
TOLD_MS = 12_000
"""How long it is said what came of an errand."""

SLOW_TICKS = 15
"""After so many seconds the rest is looked at too: what resets, what runs out, whether a new day has begun."""

T = TypeVar("T")


@runtime_checkable
class Thrifty(Protocol):
    """A driver that leaves out what the terminal shows already."""

    def forget(self) -> None: ...


class BursarApp(OnThisMachine):
    """The terminal UI over one proxy, which `watch` follows, `door` commands and `where` names."""

    CSS_PATH = "app.tcss"
    TITLE = "bursar"
    ALLOW_SELECT = False
    MODES = {tab.name: tab.open for tab in (*TABS, OFFLINE)}
    DEFAULT_MODE = TABS[0].name
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(tab.key, f"go('{tab.name}')", tab.title, show=False) for tab in TABS),
        Binding("ctrl+p", "command_palette", "commands"),
        Binding("question_mark,f1", "help", "help"),
        Binding("exclamation_mark", "alerts", "alerts", show=False),
        Binding("t", "toggle_theme", "theme", show=False),
        Binding("q", "quit", "quit"),
        Binding("ctrl+l", "redraw", "draw again", show=False),
        Binding("ctrl+c", "quit", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        watch: Watch,
        door: OpenDoor,
        where: str,
        clock: Clock,
        *,
        theme: str = "dark",
        native: bool = False,
        starter: Starter | None = None,
        runner: Runner | None = None,
    ) -> None:
        super().__init__(runner, ansi_color=True if native else None)
        self._link = Posting(watch, self.post_message)
        self._door = door
        self._starter = starter
        self._starting = False
        self._told: Told | None = None
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._attachment = Attachment(Tie.CONNECTING, clock.now_ms(), where)
        self._tab = TABS[0].name
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self._ticks = 0
        self.unsaved = ""
        """What was typed and is kept nowhere yet, as a sentence: the end of the program would lose it."""
        self._inked = ""
        self._palette = palette_of(self.current_theme)

    @property
    def palette(self) -> Palette:
        """How roles look under the present theme."""
        if self._inked != self.theme:
            self._inked, self._palette = self.theme, palette_of(self.current_theme)
        return self._palette

    def on_mount(self) -> None:
        """Start to follow once the first picture is there."""
        self.theme_changed_signal.subscribe(self, self._repaint)
        self.call_after_refresh(self._follow)
        self.set_interval(TICK_S, self._tick)

    def _follow(self) -> None:
        self.run_worker(self._link.run(), name="link")

    def on_snapshot_changed(self, message: SnapshotChanged) -> None:
        """Something happened at the proxy; after a time without one, back to where the user was."""
        self._snapshot = message.snapshot
        if self.current_mode == OFFLINE.name:
            self.action_go(self._tab)
        self.present()

    def on_link_restored(self) -> None:
        """The proxy answers; what it says follows."""
        self._attachment = Attachment(Tie.LIVE, self._clock.now_ms(), self._attachment.where)

    def on_link_lost(self, message: LinkLost) -> None:
        """The proxy does not answer: what was known stays on screen, and where nothing was, what to do is said."""
        now_ms, was = self._clock.now_ms(), self._attachment
        since_ms = was.since_ms if was.tie is Tie.LOST else now_ms
        retry_ms = now_ms + int(message.pause_s * 1000)
        self._attachment = Attachment(Tie.LOST, since_ms, was.where, message.reason, retry_ms)
        if self._snapshot is None and self.current_mode != OFFLINE.name:
            self.switch_mode(OFFLINE.name)
        self.present()

    def on_resize(self) -> None:
        """Whatever the terminal did with what was on it, all of it is drawn again, also where its size is as before."""
        self.action_redraw()

    def action_redraw(self) -> None:
        """Draw everything again: what another program wrote over it is gone."""
        if isinstance(self._driver, Thrifty):
            self._driver.forget()
        self.screen.refresh()

    def present(self) -> None:
        """Show what is seen now on the screen in view, and on what lies under a dialog."""
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen | Dialog):
                screen.again()

    @property
    def seen(self) -> Seen:
        """What there is to see at this instant."""
        now_ms = self._clock.now_ms()
        snapshot = self._snapshot or Snapshot("", "", now_ms, "", now_ms)
        return Seen(snapshot, max(now_ms, snapshot.now_ms), self._attachment, zone_of(snapshot), self._told)

    def send(self, errand: Errand[T]) -> None:
        """Ask the proxy for something; what comes of it is told above the footer."""
        self.run_worker(run(errand, self._door, self.tell), name="errand", group="errands")

    @property
    def door(self) -> OpenDoor:
        """How the proxy is asked for what is told while it happens."""
        return self._door

    def tell(self, sentence: str, *, well: bool | None) -> None:
        """Say what came of an errand."""
        self._told = Told(sentence, well, self._clock.now_ms() + TOLD_MS)
        self.present()

    def untell(self) -> None:
        """Say no longer what came of it."""
        self._told = None
        self.present()

    def _tick(self) -> None:
        """Clocks move: each second where one that counts seconds is in view, else now and then."""
        self._ticks += 1
        if self._told is not None and self._told.well is not None and self._told.until_ms <= self._clock.now_ms():
            self._told = None
            self.present()
        if self._ticks % SLOW_TICKS == 0 or moves(self.seen):
            self.present()

    def _repaint(self, theme: Theme) -> None:
        del theme
        for widget in self.screen.walk_children(with_self=True):
            widget.refresh()

    def action_go(self, name: str) -> None:
        """To another screen; to the one in view: out of what was opened on it."""
        self._tab = name
        if self._snapshot is None and self.current_mode == OFFLINE.name:
            return
        if name == self.current_mode:
            while len(self.screen_stack) > 1:
                self.pop_screen()
            if isinstance(self.screen, LiveScreen):
                self.screen.shut()
        else:
            self.switch_mode(name)

    def action_hurry(self) -> None:
        """Ask the proxy again now."""
        self._link.hurry()

    @property
    def can_start(self) -> bool:
        """Whether there is no proxy, and one may be started from here now."""
        return self._starter is not None and not self._starting and self._attachment.tie is Tie.LOST

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is started twice."""
        del parameters
        return action != "start" or self.can_start

    def action_start(self) -> None:
        """Start the proxy, and attach to it."""
        if self._starter is not None and self.can_start:
            self._starting = True
            self.screen.refresh_bindings()
            self.run_worker(self._start(self._starter), name="start", group="start")

    async def _start(self, starter: Starter) -> None:
        self.tell("Starting the proxy…", well=None)
        try:
            begun = await starter.start()
        finally:
            self._starting = False
        self.tell(begun.sentence, well=begun.well)
        self.screen.refresh_bindings()
        self._link.hurry()

    def action_help(self) -> None:
        """What the keys do and what the signs mean."""
        from bursar_tui.screens.help import Help

        commands = self.screen.commands if isinstance(self.screen, LiveScreen) else ()
        self.push_screen(Help(commands))

    def action_alerts(self) -> None:
        """What was said without being asked and still stands."""
        from bursar_tui.alert_errands import dismissing, trying
        from bursar_tui.screens.alerts import AlertList, Wish

        if isinstance(self.screen, ModalScreen):
            return

        def granted(wish: Wish | None) -> None:
            if wish is not None and wish.test:
                self.send(trying())
            elif wish is not None:
                self.send(dismissing(wish.cause))

        seen = self.seen
        self.push_screen(AlertList(tuple(seen.snapshot.alerts.values()), seen.zone), granted)

    async def action_quit(self) -> None:
        """Leave; where something would be lost, once that is confirmed, or asked for twice."""
        from bursar_tui.screens.confirm import Confirm

        lost = [self.unsaved] if self.unsaved else []
        lost += [f"{title} runs, and ends with this program." for title in self.going_on]
        if not lost or isinstance(self.screen, Confirm):
            self.exit()
            return
        command = "bursar config edit" if self.unsaved else "bursar watch"
        self.push_screen(Confirm("Quit all the same?", lost, command), self._quit)

    def _quit(self, sure: bool | None) -> None:
        if sure:
            self.exit()

    def action_toggle_theme(self) -> None:
        """From dark to light and back."""
        self.theme = "light" if self.current_theme.dark else "dark"

    def _fatal_error(self) -> None:
        """A fault of ours ends the program with the lines of code that led to it, not with the values in them:
        among those may be a key."""
        trace = "\n".join(shown(line) for line in traceback.format_exc().splitlines())
        self.panic(Text(f"{trace}\n\nThis is a fault of Bursar's terminal interface; the proxy itself goes on."))

    def get_system_commands(self, screen: Screen[Any] | None = None) -> Iterable[SystemCommand]:
        """What the command palette offers: what the screen in view does, and what is the same on all of them."""
        from bursar_tui.offering import offered

        yield from offered(self, screen)
        for tab in TABS:
            yield SystemCommand(tab.title, f"Go to {tab.title}", partial(self.action_go, tab.name))
        yield from self.machine_commands()
        yield SystemCommand("Theme", "Choose among all themes", self.action_change_theme)
        yield SystemCommand("Alerts", "What stands; take it down, or try whether it arrives", self.action_alerts)
        yield SystemCommand("Help", "What the keys do and what the signs mean", self.action_help)
        yield SystemCommand("Connect again", "Ask the proxy again now", self.action_hurry)
        if self.can_start:
            yield SystemCommand("Start the proxy", "It goes on when you leave: bursar serve", self.action_start)
        yield SystemCommand("Quit", "Leave; the proxy goes on", self.action_quit)
