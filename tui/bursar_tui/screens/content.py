"""Content: what one call asked and was answered, where its key has that kept; all of it shown literally."""

from functools import partial
from typing import cast

from textual.app import App, ComposeResult
from textual.binding import Binding

from bursar.contract.content import CallContent, content_of, forgetting, media_words, passages, state_of
from bursar_tui.errands import Errand
from bursar_tui.ink import Line, Piece, Role
from bursar_tui.screens.browser import Sender
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.widgets.transcript import Transcript


class Content(LiveScreen):
    """One call's prompt and answer; it belongs to the screen on which it was opened."""

    AUTO_FOCUS = "Transcript"
    commands = (Command("x", "delete what is kept of this call", "bursar content forget --id ID"),)
    BINDINGS = [Binding("x", "forget", "forget"), Binding("escape,backspace", "close", "back")]

    def __init__(self, content: CallContent, tab: str) -> None:
        self.TAB = tab
        super().__init__()
        self.content = content
        self._text = Transcript()

    def body(self) -> ComposeResult:
        """Whose it is, and the text."""
        yield WhoseCall(self.content)
        yield self._text

    def on_mount(self) -> None:
        """Everything that was said, from its beginning."""
        super().on_mount()
        state = state_of(self.content)
        if state:
            self._text.say(state, Role.WARN)
        for number, item in enumerate(self.content.media):
            self._text.say(media_words(number, item), Role.MUTED)
        for passage in passages(self.content):
            if passage.who:
                self._text.say(f"\n{passage.who}", Role.MUTED)
            self._text.say(passage.text, Role.TEXT if passage.who else Role.MUTED, code=True)
        self._text.call_after_refresh(self._text.scroll_home, animate=False)

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.app.pop_screen()

    def action_forget(self) -> None:
        """Delete it, once that is confirmed."""
        exchange_id = self.content.exchange_id
        lost = ["Prompt and answer of this call are deleted. What it used and cost stays in the history."]
        self.app.push_screen(
            Confirm("Delete this?", lost, f"bursar content forget --id {exchange_id}"),
            partial(self._forget, exchange_id),
        )

    def _forget(self, exchange_id: str, sure: bool | None) -> None:
        if sure:
            cast(Sender, self.app).send(
                Errand(
                    "Deleting it …",
                    lambda proxy: proxy.ask(forgetting(exchange_id=exchange_id)),
                    lambda _: "Prompt and answer of the call are deleted.",
                    lambda _: self.action_close() if self.is_current else None,
                )
            )


class WhoseCall(Panel):
    """Whose call it was."""

    DEFAULT_CSS = """
    WhoseCall { padding: 0 1; }
    """

    def __init__(self, content: CallContent) -> None:
        super().__init__()
        self._content = content

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """`Content  of laptop, 1g6xk5v7zq0w3m ─────`."""
        del seen, height
        detail = f"of {self._content.key}, {self._content.exchange_id}"
        return [heading("Content", (Piece(detail, Role.MUTED),), width)]


def content_errand(app: App[None], exchange_id: str, tab: str) -> Errand[CallContent]:
    """Ask for the content of one call, and open it; a sentence says why there is none."""
    return Errand(
        "Reading what was asked and answered …",
        lambda proxy: proxy.ask(content_of(exchange_id)),
        lambda _: "",
        lambda content: app.push_screen(Content(content, tab)),
    )
