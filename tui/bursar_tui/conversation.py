"""Conversation: what was said in the playground, to whom and how, and what is sent along with the next question."""

import shlex
from dataclasses import dataclass, field, replace

from bursar.contract.playground import Began, Ended, Holding, Message, Opened, PlaygroundLine, SoFar, Talk, Text
from bursar.contract.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Manner:
    """To whom is talked, and how: an alias or `upstream/model`, and what goes along with every question."""

    model: str = ""
    system: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    project: str = ""

    @property
    def command(self) -> str:
        """The command that asks in this manner."""
        words = ["bursar", "ask", self.model or "ALIAS", "TEXT"]
        if self.system:
            words += ["--system", self.system]
        if self.max_tokens is not None:
            words += ["--max-tokens", str(self.max_tokens)]
        if self.temperature is not None:
            words += ["--temperature", f"{self.temperature:g}"]
        if self.project:
            words += ["--project", self.project]
        return " ".join(map(shlex.quote, words))


@dataclass(slots=True)
class Turn:
    """One question and what came of it. `first_block` is where it stands in the transcript; `cancelled` is set until
    it is known what was paid.
    """

    asked: str
    first_block: int
    started_ms: int
    exchange_id: str = ""
    answer: list[str] = field(default_factory=list)
    route: str = ""
    instead_of: str = ""
    held_nano: int = 0
    cost_nano: int = 0
    tokens: int = 0
    ended: Ended | None = None
    cancelled: bool = False

    @property
    def text(self) -> str:
        """The answer, as far as it came."""
        return "".join(self.answer)

    def hear(self, heard: PlaygroundLine) -> None:
        """One line of what came of it."""
        match heard:
            case Opened():
                self.exchange_id = heard.exchange_id
            case Holding():
                self.held_nano, self.route = heard.held_nano, f"{heard.upstream}/{heard.model}"
            case Began():
                self.route, self.instead_of = f"{heard.upstream}/{heard.model}", heard.fallback_from
            case Text():
                self.answer.append(heard.text)
            case SoFar():
                self.tokens, self.cost_nano, self.held_nano = heard.completion_tokens, heard.cost_nano, heard.held_nano
            case Ended():
                self.ended = heard
            case _:
                pass


class Conversation:
    """The turns so far, and the manner of the next."""

    def __init__(self) -> None:
        self.manner = Manner()
        self.turns: list[Turn] = []

    @property
    def last(self) -> Turn | None:
        """The turn at the end."""
        return self.turns[-1] if self.turns else None

    def settle_on(self, snapshot: Snapshot) -> None:
        """Talk to the first alias as long as nobody has said to whom."""
        if not self.manner.model:
            named = (name for name in snapshot.aliases if "*" not in name)
            self.manner = replace(self.manner, model=next(named, ""))

    def talk(self, text: str) -> Talk:
        """The next question, with all that was answered before it; what got no answer is left out."""
        messages = [Message("system", self.manner.system)] if self.manner.system else []
        for turn in self.turns:
            if turn.text:
                messages += [Message("user", turn.asked), Message("assistant", turn.text)]
        messages.append(Message("user", text))
        manner = self.manner
        return Talk(manner.model, tuple(messages), manner.max_tokens, manner.temperature, manner.project)

    def begin(self, asked: str, first_block: int, now_ms: int) -> Turn:
        """A new turn."""
        self.turns.append(Turn(asked, first_block, now_ms))
        return self.turns[-1]
