"""OnThisMachine: what the app does by running commands: about the machine, its programs, the proxy's process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import ModalScreen

from bursar_tui.deed import Deed
from bursar_tui.running import Run, Runner

CURSORS_TUNNEL = "Cursor's tunnel"
_NO_RUNNER = "Commands cannot be run from here; run it in a shell."


class OnThisMachine(App[None]):
    """An app that runs commands, and ends with none of them left behind."""

    def __init__(self, runner: Runner | None, **options: Any) -> None:
        super().__init__(**options)
        self._runner = runner
        self._runs: list[tuple[Deed, Run]] = []
        """What runs now, and what each is for."""

    def tell(self, sentence: str, *, well: bool | None) -> None:
        """Say what came of something."""
        raise NotImplementedError

    def untell(self) -> None:
        """Say no longer what was said last."""
        raise NotImplementedError

    # --- running ---------------------------------------------------------------------------------------

    def begin(self, deed: Deed, words: tuple[str, ...], *, asking: bool = False) -> Run | None:
        """Start a command of a deed: itself, or (`asking`) the one that only shows what it would do."""
        if self._runner is None:
            self.tell(_NO_RUNNER, well=False)
            return None
        if asking:
            run = self._runner.run(words)
        else:
            run = self._runner.run((*words, *deed.unshown), typed=deed.typed, held=deed.held, into=deed.into)
        self._runs.append((deed, run))
        self.run_worker(self._go(deed, run), name=deed.title, group="runs")
        return run

    async def _go(self, deed: Deed, run: Run) -> None:
        try:
            await run.go()
        finally:
            self._runs = [each for each in self._runs if each[1] is not run]
        if deed.goes_on and deed.words and run.heard is None:
            last = next((each.text for each in reversed(run.lines) if each.text.strip()), "")
            self.tell(f"{deed.title}: {last or 'done'}", well=run.status == 0)

    def running(self, title: str) -> Run | None:
        """What runs of this title and is to go on, if anything does."""
        return next((run for deed, run in self._runs if deed.title == title and deed.goes_on), None)

    @property
    def going_on(self) -> list[str]:
        """What runs and would end with this program, by title."""
        return [deed.title for deed, _ in self._runs if deed.goes_on]

    async def on_unmount(self) -> None:
        """Nothing that was started here outlives the interface."""
        for _, run in self._runs:
            run.end()
        for _, run in tuple(self._runs):
            await run.over.wait()

    def ask_bursar(self, words: tuple[str, ...], doing: str, then: Callable[[Any], object]) -> None:
        """Hand on what a command says as JSON; what it says against it is told."""
        if self._runner is None:
            self.tell(_NO_RUNNER, well=False)
            return
        if doing:
            self.tell(doing, well=None)
        self.run_worker(self._asked(self._runner, words, then), name="asked", group="asked")

    async def _asked(self, runner: Runner, words: tuple[str, ...], then: Callable[[Any], object]) -> None:
        asked = await runner.ask(words)
        try:
            found = json.loads(asked.out)
        except ValueError:
            said = asked.err.strip().splitlines()
            self.tell(said[-1] if said else f"It ended with {asked.status}.", well=False)
            return
        self.untell()
        then(found)

    # --- what is done ------------------------------------------------------------------------------------

    def do(self, deed: Deed) -> None:
        """Open the page of a deed."""
        from bursar_tui.screens.command_run import CommandRun

        self.push_screen(CommandRun(deed))

    def action_doctor(self) -> None:
        """Check everything that can be wrong."""
        from bursar_tui.paper_deeds import DOCTOR

        if not isinstance(self.screen, ModalScreen):
            self.do(DOCTOR)

    def action_service(self) -> None:
        """The proxy in the background."""
        from bursar_tui.screens.service import ServicePage

        if not isinstance(self.screen, ModalScreen):
            self.push_screen(ServicePage())

    def action_connect(self) -> None:
        """Point a program at the proxy."""
        if not isinstance(self.screen, ModalScreen):
            self.ask_bursar(("connect", "--json"), "Looking for programs …", self._choose_program)

    def _choose_program(self, found: Any) -> None:
        from bursar_tui.screens.connect import choose

        if not isinstance(self.screen, ModalScreen):
            choose(self, found)

    def action_end_tunnel(self) -> None:
        """End the tunnel that runs."""
        run = self.running(CURSORS_TUNNEL)
        if run is not None:
            run.end()

    def action_restore(self) -> None:
        """Go back to a backup of the ledger."""
        if not isinstance(self.screen, ModalScreen):
            self.ask_bursar(("restore", "--json"), "Looking for backups …", self._choose_backup)

    def _choose_backup(self, found: Any) -> None:
        from bursar_tui.screens.choice import Choice, Option

        if isinstance(self.screen, ModalScreen):
            return
        if not found:
            self.tell("There is no backup of the ledger yet; the first is made a minute after a start.", well=False)
            return
        options = [
            Option(
                each["backup"],
                Path(each["backup"]).stem,
                f"{each['bytes']:,} bytes, {each['state']}",
                f"bursar restore {each['backup']}",
            )
            for each in reversed(found[-9:])
        ]
        about = "The newest is the first. Nothing is done yet."
        self.push_screen(Choice("Go back to a backup of the ledger", about, options), self._restore)

    def _restore(self, backup: str | None) -> None:
        if backup is not None:
            asks = (
                "What was recorded since that backup is not in the ledger any more: calls, payments, keys.",
                "The ledger that is replaced is kept beside it under another name.",
                "No proxy may run meanwhile: the page Service stops it (^p, Service).",
            )
            self.do(Deed("Go back to a backup", ("restore", backup), asks=asks, goes_on=True))

    def machine_commands(self) -> Iterator[SystemCommand]:
        """What the command palette offers of all this."""
        yield SystemCommand("Connect a program", "Cline, Continue, Cursor, …: bursar connect NAME", self.action_connect)
        yield SystemCommand("Service", "The proxy in the background: bursar service …", self.action_service)
        yield SystemCommand("Doctor", "Check everything that can be wrong: bursar doctor", self.action_doctor)
        if self.running(CURSORS_TUNNEL) is not None:
            yield SystemCommand(CURSORS_TUNNEL, "It runs, and the proxy is exposed: end it", self.action_end_tunnel)
        yield SystemCommand("Go back to a backup", "Of the ledger: bursar restore", self.action_restore)
