"""Playground: talk to an alias or a route, see tokens and cost as they come, cancel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.worker import Worker

from bursar.contract.playground import Ended, GaveWay, PlaygroundLine, Reasoning, Talk, Text
from bursar.contract.shown import shown_text
from bursar.domain.exchange import Outcome
from bursar_tui.conversation import Conversation, Manner, Turn
from bursar_tui.errands import OpenDoor
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import OUTCOMES
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.dialog import Said
from bursar_tui.screens.form import Form
from bursar_tui.screens.manner_form import manner_fields, read_manner
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen
from bursar_tui.talking import talk
from bursar_tui.widgets.answering import Answering, Whom
from bursar_tui.widgets.prompt import LONGEST_TEXT, Prompt
from bursar_tui.widgets.transcript import Transcript
from bursar_tui.words import counted, milliseconds, money, tokens

_WHILE_OUT = frozenset({"type", "pick_model", "options", "retry", "clear", "copy"})
_MOST_OFFERED = 9


class Owner(Protocol):
    """The app, as far as this screen knows it."""

    @property
    def door(self) -> OpenDoor: ...

    @property
    def seen(self) -> Seen: ...

    def tell(self, sentence: str, *, well: bool | None) -> None: ...


class Playground(LiveScreen):
    """What is typed goes into the prompt; Escape leads out of it to the keys, and cancels what is being answered."""

    TAB = "playground"
    AUTO_FOCUS = "Prompt"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (9, "-low"), (16, "-high")]
    BINDINGS = [
        Binding("escape", "out", "to the keys"),
        Binding("i,enter", "type", "type"),
        Binding("m", "pick_model", "model"),
        Binding("o", "options", "options"),
        Binding("r", "retry", "again"),
        Binding("c", "copy", "copy"),
        Binding("x", "clear", "new"),
    ]
    commands: Sequence[Command] = (
        Command("enter", "send; ^j begins a new line", "bursar ask ALIAS TEXT"),
        Command(
            "esc", "cancel, as ^C does in a shell; else out of the line, to the other keys", "bursar ask ALIAS TEXT"
        ),
        Command("m", "talk to another alias", "bursar ask ALIAS TEXT"),
        Command("o", "route, system prompt, limits", "bursar ask ALIAS TEXT --system S --max-tokens N"),
        Command("r", "ask the last question again", "bursar ask ALIAS TEXT"),
        Command("c", "copy the last answer (OSC 52)", "bursar ask ALIAS TEXT | CLIPBOARD"),
        Command("x", "a new conversation", "bursar ask ALIAS TEXT"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.conversation = Conversation()
        self.transcript = Transcript()
        self.prompt = Prompt()
        self._whom = Whom(self.conversation)
        self._answering = Answering(lambda: self._turn, self._hint)
        self._turn: Turn | None = None
        self._worker: Worker[None] | None = None

    def body(self) -> ComposeResult:
        """Whom, what was said, how it stands, what is typed."""
        yield self._whom
        yield self.transcript
        yield self._answering
        with Horizontal(id="prompt"):
            yield Said([line(Piece("›", Role.KEY))])
            yield self.prompt

    @property
    def owner(self) -> Owner:
        """The app."""
        return cast(Owner, self.app)

    @property
    def typing(self) -> bool:
        """Whether keys go into the prompt."""
        return self.focused is self.prompt

    def show(self, seen: Seen) -> None:
        """What the proxy announces of a call that was cancelled is told too."""
        if seen.known:
            self.conversation.settle_on(seen.snapshot)
        super().show(seen)
        self.transcript.teach(self._teaching(seen))
        self._tell_paid(seen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are typed while the prompt has the keys."""
        del parameters
        if action in _WHILE_OUT:
            return not self.typing
        return action != "out" or self.typing or self._turn is not None

    def on_descendant_focus(self) -> None:
        """Other keys work now."""
        self.refresh_bindings()
        self.again()

    # --- keys -------------------------------------------------------------------------------------

    def action_out(self) -> None:
        """Cancel what is being answered; else out of the prompt."""
        if self._turn is not None:
            self._cancel()
        elif self.typing:
            self.set_focus(self.transcript)

    def action_type(self) -> None:
        """Back to the prompt."""
        self.set_focus(self.prompt)

    def action_pick_model(self) -> None:
        """Choose among the aliases; any other name is one of the options."""
        names = [name for name in self.owner.seen.snapshot.aliases if "*" not in name][:_MOST_OFFERED]
        if not names:
            self.action_options()
            return
        routes = {name: alias.routes for name, alias in self.owner.seen.snapshot.aliases.items()}
        options = [
            Option(name, name, ", ".join(routes[name]), replace(self.conversation.manner, model=name).command)
            for name in names
        ]
        self.app.push_screen(Choice("Talk to", "Any other alias, or upstream/model: o", options), self._talk_to)

    def action_options(self) -> None:
        """Whom and how, all of it."""
        form = Form(
            "Talk to", "What goes along with every question", manner_fields(self.conversation.manner), read_manner
        )
        self.app.push_screen(form, self._in_manner)

    def action_retry(self) -> None:
        """Ask the last question again; its answer is let go."""
        turn = self.conversation.last
        if turn is None or self._turn is not None:
            return
        self.conversation.turns.pop()
        self.transcript.cut(turn.first_block)
        self._ask(turn.asked)

    def action_clear(self) -> None:
        """A new conversation."""
        if self._turn is not None:
            self._cancel()
        self.conversation.turns.clear()
        self.transcript.cut(0)
        self.again()

    def action_copy(self) -> None:
        """Hand the last answer to the terminal's clipboard."""
        answered = [turn for turn in self.conversation.turns if turn.text]
        if not answered:
            self.owner.tell("There is no answer to copy yet.", well=False)
            return
        text = shown_text(answered[-1].text)
        self.app.copy_to_clipboard(text)
        self.owner.tell(f"{counted(len(text), 'character')} handed to the terminal (OSC 52).", well=True)

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if self._turn is not None:
            self.owner.tell("An answer is being written; esc cancels it.", well=False)
        elif not self.conversation.manner.model:
            self.owner.tell("Say to whom first: esc, then o.", well=False)
        elif message.text.strip():
            self.prompt.clear()
            self._ask(message.text)

    @on(Prompt.TooLong)
    def _too_long(self, message: Prompt.TooLong) -> None:
        self.owner.tell(
            f"Nothing was taken: {message.length:,} characters are more than the {LONGEST_TEXT:,} that fit here. "
            f"Ask longer ones from the shell: bursar ask {self.conversation.manner.model or 'ALIAS'} - < FILE",
            well=False,
        )

    # --- one turn ---------------------------------------------------------------------------------

    def _ask(self, text: str) -> None:
        command, transcript = self.conversation.talk(text), self.transcript
        turn = self._turn = self.conversation.begin(text, len(transcript.blocks), self.owner.seen.now_ms)
        if turn.first_block:
            transcript.say("")
        transcript.say("you", Role.KEY)
        transcript.say(shown_text(text))
        transcript.say("")
        transcript.say(self.conversation.manner.model, Role.KEY)
        transcript.follow()
        self._worker = self.run_worker(self._answered(turn, command), name="talk", group="talk")
        self._changed()

    async def _answered(self, turn: Turn, command: Talk) -> None:
        problem = await talk(command, self.owner.door, lambda heard: self._hear(turn, heard))
        if problem:
            self.transcript.say(f"✗ {problem}", Role.BAD)
        self._turn = None
        self._changed()

    def _hear(self, turn: Turn, heard: PlaygroundLine) -> None:
        """One line of the answer."""
        turn.hear(heard)
        match heard:
            case GaveWay():
                self.transcript.say(f"↳ {heard.upstream}/{heard.model} gave way: {heard.message}", Role.WARN)
            case Text():
                self._goes_on("answers", heard.text, Role.TEXT)
            case Reasoning():
                self._goes_on("thinks", heard.text, Role.MUTED)
            case Ended():
                mark = OUTCOMES[heard.outcome]
                for sentence in ended_words(heard):
                    self.transcript.say(f"{mark.glyph} {sentence}", mark.role if heard.message else Role.MUTED)
            case _:
                self._answering.redraw()

    def _goes_on(self, does: str, text: str, role: Role) -> None:
        """More of the answer, or of what comes before it; where one follows the other, a word says which it is."""
        last = self.transcript.blocks[-1] if self.transcript.blocks else None
        if last is not None and last.role is not role and (role is Role.MUTED or last.goes_on):
            self.transcript.say(f"({does})", Role.MUTED)
        self.transcript.go_on(text, role, code=role is Role.TEXT)

    def _cancel(self) -> None:
        """Hang up: the call ends at once, at the upstream too, and what came of it is paid."""
        turn, self._turn = self._turn, None
        if turn is None or self._worker is None:
            return
        self._worker.cancel()
        turn.cancelled = True
        self.transcript.say(f"{OUTCOMES[Outcome.LEFT].glyph} cancelled", Role.MUTED)
        self._changed()

    def _tell_paid(self, seen: Seen) -> None:
        """What a cancelled call cost, once the ledger says so."""
        turn = self.conversation.last
        if turn is None or not turn.cancelled:
            return
        view = seen.snapshot.exchanges.get(turn.exchange_id)
        if view is not None and view.outcome is not None and any(each.quality for each in view.attempts):
            turn.cancelled = False
            self.transcript.grow(f", {counted(view.completion_tokens, 'token')} had come, {money(view.cost_nano)} paid")

    def _changed(self) -> None:
        self.refresh_bindings()
        self.again()

    def _talk_to(self, model: str | None) -> None:
        if model is not None:
            self._in_manner(replace(self.conversation.manner, model=model))

    def _in_manner(self, manner: Manner | None) -> None:
        if manner is not None:
            self.conversation.manner = manner
        self.set_focus(self.prompt)
        self._changed()

    def _hint(self) -> Line:
        turns = len(self.conversation.turns)
        if not turns:
            return BLANK
        return line(
            Piece(f"{counted(turns, 'question')} so far; what was answered goes along with the next", Role.MUTED)
        )

    def _teaching(self, seen: Seen) -> list[Line]:
        if not self.conversation.manner.model:
            return [
                line(Piece("No alias to talk to yet.", Role.STRONG)),
                BLANK,
                line(Piece("  bursar config edit", Role.ACCENT), Piece("   adds [aliases.NAME]", Role.MUTED)),
                line(Piece("  esc, then o        ", Role.KEY), Piece("  names a route: upstream/model", Role.MUTED)),
            ]
        return [
            line(Piece("Talk to it.", Role.STRONG), Piece(" Each question is a call like any other:", Role.MUTED)),
            line(Piece("it is held to your budgets and paid for, and nothing of its text is kept.", Role.MUTED)),
            BLANK,
            line(Piece("  enter  ", Role.KEY), Piece("sends", Role.MUTED)),
            line(
                Piece("  ^j     ", Role.KEY),
                Piece("begins a new line; so does shift+enter in some terminals", Role.MUTED),
            ),
            line(Piece("  esc    ", Role.KEY), Piece("cancels an answer; else leads to the other keys", Role.MUTED)),
        ]


def ended_words(ended: Ended) -> list[str]:
    """How an answer ended and what it cost, a sentence each."""
    words = [ended.message] if ended.message else []
    if not ended.settled:
        return words or [OUTCOMES[ended.outcome].word]
    paid = money(ended.cost_nano) if ended.priced else "no price"
    parts = [
        "cut at its limit" if ended.finish_reason == "length" and not ended.message else "",
        f"{tokens(ended.usage.prompt_tokens)} in, {tokens(ended.usage.completion_tokens)} out",
        f"{paid} by {', '.join(each.replace(':', ' ', 1) for each in ended.paid_by)}" if ended.paid_by else paid,
        f"first token {milliseconds(ended.first_ms)}" if ended.first_ms is not None else "",
        f"{ended.tokens_per_s:,.0f} tokens/s" if ended.tokens_per_s is not None else "",
        f"{ended.upstream}/{ended.model}",
    ]
    return [*words, " · ".join(part for part in parts if part)]
