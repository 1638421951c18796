"""Connect: a program is pointed at the proxy: what would be written, then it is, and its first call is awaited."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

from textual.binding import Binding
from textual.screen import Screen

from bursar.contract.snapshot import ExchangeView, Snapshot
from bursar_tui.deed import Deed
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import exchange_mark
from bursar_tui.on_this_machine import CURSORS_TUNNEL
from bursar_tui.running import Run
from bursar_tui.saying import exposed
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import CommandRun, Key, Stage
from bursar_tui.screens.form import Field, Form
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seer
from bursar_tui.typed import words_of
from bursar_tui.words import money

CURSOR = "cursor"
_NEW = "new"


class Owner(Protocol):
    """The app, as far as a program is connected from it."""

    def push_screen(self, screen: Screen[Any], callback: Callable[[Any], None] | None = None) -> object: ...

    def running(self, title: str) -> Run | None: ...


@dataclass(frozen=True, slots=True)
class Program:
    """One that `bursar connect` knows, as it lists it."""

    name: str
    title: str
    file: str
    there: bool
    connected: bool
    writes: bool

    @property
    def about(self) -> str:
        """Its row in the list."""
        if self.name == CURSOR:
            return "by a tunnel, since its servers make the calls"
        state = "connected; " if self.connected else "found; " if self.there else ""
        home = str(Path.home())
        file = f"~{self.file.removeprefix(home)}" if self.file.startswith(home) else self.file
        return f"{state}{file or 'what to enter'}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said beside the program: texts as they were typed, empty where the usual is meant."""

    model: str = ""
    cap: str = ""
    project: str = ""
    path: str = ""
    key: str = ""
    """The name of its key."""
    new_key: bool = False
    by_hand: bool = False

    def options(self) -> tuple[str, ...]:
        """The same as options of the command."""
        path = str(Path(self.path).expanduser()) if self.path else ""
        said = (("--model", self.model), ("--project", self.project), ("--path", path), ("--name", self.key))
        pairs = tuple(word for option, text in said if text for word in (option, text))
        caps = tuple(word for text in words_of(self.cap) for word in ("--cap", text))
        return (*pairs, *caps, *(("--new-key",) if self.new_key else ()))


def choose(owner: Owner, found: Any) -> None:
    """Ask which program; `found` is what `bursar connect --json` says."""
    programs = [
        Program(each["name"], each["title"], each["file"] or "", each["there"], each["connected"], each["writes"])
        for each in found["clients"]
    ]
    programs.sort(key=lambda each: (not each.connected, not each.there))
    tunnels = tuple(str(each["name"]) for each in found["tunnels"])
    options = [Option(each, each.title, each.about, f"bursar connect {each.name}") for each in programs]

    def chosen(program: Program | None) -> None:
        if program is None:
            return
        if program.name == CURSOR:
            _open_cursor(owner, program, tunnels)
        else:
            owner.push_screen(ConnectPage(program))

    about = "Each gets a key of its own. Nothing is changed before you have seen it."
    owner.push_screen(Choice("Connect which program?", about, options), chosen)


class ConnectPage(CommandRun):
    """What would be written or entered; then it is, a call is made as the program makes it, and its own is awaited."""

    commands: tuple[Command, ...] = (
        Command("y", "write it into its file and make a call in its manner", "bursar connect cline --write"),
        Command("h", "what to enter by hand in place of that", "bursar connect cline"),
        Command("o", "another model, a cap, a project, another file", "bursar connect cline --write --model ALIAS"),
        Command("k", "another key in place of the one there is", "bursar connect cline --write --new-key"),
        Command("u", "put its file back as it was", "bursar connect cline --undo"),
    )
    BINDINGS = [
        Binding("h", "by_hand", "by hand"),
        Binding("o", "options", "options"),
        Binding("k", "new_key", "new key"),
        Binding("u", "undo", "undo"),
    ]

    def __init__(self, program: Program, wishes: Wishes | None = None) -> None:
        self.program = program
        self.wishes = wishes or Wishes(by_hand=not (program.writes and program.file))
        self._undoing = False
        self._before: frozenset[str] = frozenset()
        self._awaits = False
        self._came: ExchangeView | None = None
        super().__init__(deed_of(program, self.wishes))

    @property
    def key_name(self) -> str:
        """The name of its key."""
        return self.wishes.key or self.program.name

    # --- what is done ----------------------------------------------------------------------------------

    def _with(self, wishes: Wishes) -> None:
        self.wishes, self._undoing, self._awaits, self._came = wishes, False, False, None
        self.take(deed_of(self.program, wishes))

    def action_by_hand(self) -> None:
        """What to enter, in place of writing it; or the other way round."""
        self._with(replace(self.wishes, by_hand=not self.wishes.by_hand))

    def action_new_key(self) -> None:
        """Another key in place of the one there is; or not."""
        self._with(replace(self.wishes, new_key=not self.wishes.new_key))

    def action_options(self) -> None:
        """All that can be said beside."""
        fields = [
            Field("model", self.wishes.model, '"default", else the first alias'),
            Field("cap of its key", self.wishes.cap, "none; else 3usd/day 20usd/month"),
            Field("project", self.wishes.project, "none"),
            Field("file", self.wishes.path, self.program.file or "none; else one such as .env"),
            Field("name of its key", self.wishes.key, self.program.name),
        ]
        title = f"Connect {self.program.title}"
        self.app.push_screen(Form(title, "What is left empty is as is usual.", fields, self._read), self._chosen)

    def _read(self, typed: Sequence[str]) -> tuple[Wishes, str]:
        model, cap, project, path, key = typed
        by_hand = self.wishes.by_hand and not path
        wishes = Wishes(model, cap, project, path, key, self.wishes.new_key, by_hand)
        return wishes, deed_of(self.program, wishes).command

    def _chosen(self, wishes: Wishes | None) -> None:
        if wishes is not None:
            self._with(wishes)

    def action_undo(self) -> None:
        """What putting it back would change; `y` does it."""
        self._undoing = True
        words = ("connect", self.program.name, "--undo")
        first, about = (*words, "--dry-run"), "What would be put back:"
        title = f"Connect {self.program.title}"
        self.take(Deed(title, words, about, first, differs=True, unshown=("--yes",)))

    # --- what is seen ----------------------------------------------------------------------------------

    def ended(self, run: Run) -> None:
        """It is written, and a call in its manner has been made: from now on its own are awaited."""
        if self.stage is Stage.OVER and self.deed.words[:1] == ("connect",) and run.status == 0 and not self._undoing:
            said = "\n".join(each.text for each in run.lines)
            known = self._snapshot.exchanges
            self._before = frozenset(each for each in known if each in said or known[each].key == self.key_name)
            self._awaits = True

    @property
    def _snapshot(self) -> Snapshot:
        return cast(Seer, self.app).seen.snapshot

    def again(self) -> None:
        """Something happened at the proxy: maybe the call that is awaited."""
        if not (self._awaits and self._look_for_calls()):
            return
        self.redraw()

    def _look_for_calls(self) -> bool:
        """Whether there is anything new of a call of its own."""
        said = "\n".join(each.text for each in self.run_.lines) if self.run_ is not None else ""
        for each in reversed(self._snapshot.exchanges.values()):
            if each.key == self.key_name and each.id not in self._before and each.id not in said:
                self._came = each
                return True
        return False

    def notes(self) -> list[Line]:
        """Whether its own first call has come."""
        if not self._awaits:
            return super().notes()
        title = self.program.title
        if self._came is None:
            return [BLANK, line(Piece(f"◌ waiting for the first call of {title} itself …", Role.ACCENT)), BLANK]
        call, mark = self._came, exchange_mark(self._came)
        words = f"{mark.glyph} arrived: {call.client or title} asked for {call.alias}, {mark.word}"
        cost = f", {money(call.cost_nano)}" if call.outcome is not None else ""
        return [BLANK, line(Piece(f"{words}{cost}", mark.role)), BLANK]

    def keys(self) -> list[Key]:
        """What can be done about it now."""
        keys = super().keys()
        if self.stage not in (Stage.ASKING, Stage.OVER):
            return keys
        last = keys.pop()
        if self.stage is Stage.ASKING:
            keys = [("y", self._does(), "screen.accept")]
        offers = (("o", "options", "options"), ("h", self._other(), "by_hand"), ("k", self._keyed(), "new_key"))
        for key, words, action in (*offers, ("u", "undoes it", "undo")):
            if self.check_action(action, ()):
                keys.append((key, words, f"screen.{action}"))
        return [*keys, last]

    def _does(self) -> str:
        if self._undoing:
            return "puts it back"
        return "issues the key and makes a call" if self.wishes.by_hand else "writes it and makes a call"

    def _other(self) -> str:
        return "have it written" if self.wishes.by_hand else "by hand"

    def _keyed(self) -> str:
        return "keep its key" if self.wishes.new_key else "new key"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        still = self.stage is not Stage.DOING and not self._awaits
        match action:
            case "options":
                return still
            case "by_hand":
                return still and self.program.writes and bool(self.program.file or self.wishes.path)
            case "new_key":
                return still and not self._undoing and self.key_name in self._snapshot.keys
            case "undo":
                written = self._awaits and not self.wishes.by_hand
                return (still or written) and not self._undoing and (self.program.connected or written)
            case "end":
                return False
            case _:
                return super().check_action(action, parameters)


def deed_of(program: Program, wishes: Wishes) -> Deed:
    """What connecting it comes to."""
    words = ("connect", program.name, *(() if wishes.by_hand else ("--write",)), *wishes.options())
    about = "What to enter:" if wishes.by_hand else "What would be written:"
    return Deed(
        f"Connect {program.title}",
        words,
        about,
        (*words, "--dry-run"),
        differs=not wishes.by_hand,
        goes_on=True,
        unshown=("--yes",),
    )


# --- Cursor: a tunnel, and the proxy exposed through it ------------------------------------------------------


class CursorPage(ConnectPage):
    """The tunnel runs, and the proxy is exposed through it, until `x` or the end of the interface."""

    commands = (Command("x", "end the tunnel, and the exposure with it", "bursar connect cursor --tunnel cloudflared"),)
    BINDINGS = [Binding("x", "end", "end the tunnel")]

    def __init__(self, program: Program, deed: Deed, key: str) -> None:
        super().__init__(program, Wishes(key=key, by_hand=True))
        self._tunnel = deed

    def start(self) -> None:
        """One that runs already is shown; there is one at most."""
        run = cast(Owner, self.app).running(CURSORS_TUNNEL)
        if run is None:
            self.take(self._tunnel)
            return
        self.deed, self.stage = self._tunnel, Stage.DOING
        self.follow(run)

    def redraw(self) -> None:
        """Calls are awaited as soon as it is exposed."""
        if not self._awaits and self.stage is Stage.DOING and self._host:
            known = self._snapshot.exchanges
            self._before = frozenset(each for each in known if known[each].key == self.key_name)
            self._awaits = True
        super().redraw()

    def again(self) -> None:
        """The exposure is seen here too."""
        if self._awaits:
            self._look_for_calls()
        self.redraw()

    @property
    def _host(self) -> str:
        return next(iter(self._snapshot.exposures), "")

    def notes(self) -> list[Line]:
        """What is exposed, before anything else."""
        views = self._snapshot.exposures.values()
        shown = [line(Piece(f"▲ {exposed(each)}", Role.BAD)) for each in views]
        if self.stage is Stage.OVER:
            return [BLANK, *shown, BLANK]
        return [BLANK, *shown, *super().notes()[1:]]

    def keys(self) -> list[Key]:
        """It is ended by a key of its own, and not by leaving the page."""
        if self.stage is Stage.DOING:
            return [("x", "ends the tunnel", "screen.end"), ("esc", "closes; it goes on", "screen.leave")]
        return CommandRun.keys(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be changed while it runs."""
        if action in ("options", "by_hand", "new_key", "undo"):
            return False
        return CommandRun.check_action(self, action, parameters)


def _open_cursor(owner: Owner, program: Program, tunnels: Sequence[str]) -> None:
    if owner.running(CURSORS_TUNNEL) is not None:
        owner.push_screen(CursorPage(program, Deed(CURSORS_TUNNEL, ("connect", CURSOR), goes_on=True), ""))
        return
    fields = [
        Field("tunnel program", tunnels[0] if tunnels else "", "none found: cloudflared, ngrok, tailscale"),
        Field("or its public name", "", "of a tunnel that you run yourself"),
        Field("model", "", '"default", else the first alias'),
        Field("it may spend", "2usd/day", "2usd/day"),
        Field("its key ends in", "7d", "7d, 12h"),
        Field("name of its key", "", CURSOR),
        Field("key", "", f"as it is; {_NEW}: another in place of the one there is"),
    ]
    about = "Cursor's servers make the calls, so strangers can reach /v1, with the one key that is for it."

    def chosen(made: tuple[Deed, str] | None) -> None:
        if made is not None:
            owner.push_screen(CursorPage(program, *made))

    owner.push_screen(Form("Connect Cursor by a tunnel", about, fields, _read_cursor), chosen)


def _read_cursor(typed: Sequence[str]) -> tuple[tuple[Deed, str], str]:
    """The tunnel that is wanted, and the command. Raises ValueError."""
    tunnel, host, model, cap, ends, name, key = typed
    if host:
        tunnel = ""
    if not (tunnel or host):
        raise ValueError("a tunnel program that is on this machine, or the public name of a tunnel of yours")
    if key not in ("", _NEW):
        raise ValueError(f"the key is as it is, or {_NEW}")
    said = (("--tunnel", tunnel), ("--host", host), ("--model", model), ("--expires", ends), ("--name", name))
    pairs = tuple(word for option, text in said if text for word in (option, text))
    caps = tuple(word for text in words_of(cap) for word in ("--cap", text))
    words = ("connect", CURSOR, *pairs, *caps, *(("--new-key",) if key else ()))
    deed = Deed(CURSORS_TUNNEL, words, goes_on=True, held=True, unshown=("--until-input-ends",))
    return (deed, name or CURSOR), deed.command
