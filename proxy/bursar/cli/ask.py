"""`bursar ask`: talk to an alias or a route; the answer comes as it is written, and Ctrl-C cancels it."""

import argparse
import sys
import time
from contextlib import closing

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.contract.commands import AttemptRow
from bursar.contract.playground import (
    LONGEST_TALK_BYTES,
    Began,
    Ended,
    GaveWay,
    Message,
    Opened,
    PlaygroundLine,
    Reasoning,
    Talk,
    Text,
)
from bursar.contract.questions import Questions
from bursar.contract.shown import shown_text
from bursar.contract.way_in import Refused
from bursar.domain.exchange import Outcome
from bursar.domain.money import usd

DESCRIPTION = """\
Talk to an alias, or to UPSTREAM/MODEL, through the running proxy. It is paid for and held to budgets like any call,
under the name "playground": a cap with key = "playground" is for these calls alone. Nothing of the text is kept.

examples:
  bursar ask fast "Why is the sky blue?"
  bursar ask fast --system "Answer in one line." --max-tokens 100 < question.txt
  git diff | bursar ask fast --system "Write a commit message." -
  bursar ask fast "Hello" --json         a line for each thing that happens; money in nano-dollars

The answer goes to standard output; what it cost, and what went wrong, to standard error. Ctrl-C cancels the call and
says what was paid. The exit status is 1 where there is no whole answer, 130 where it was cancelled.
"""

SETTLED_S = 3.0
"""How long it is waited for the ledger to say what a cancelled call cost."""
_LOOK_S = 0.05


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("model", metavar="ALIAS", help="an alias, or upstream/model")
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="what to ask; `-` or nothing: read it from standard input"
    )
    parser.add_argument("--system", metavar="S", help="a system prompt")
    parser.add_argument("--max-tokens", type=_count, metavar="N", help="the most tokens that the answer may take")
    parser.add_argument("--temperature", type=_heat, metavar="T", help="from 0 to 2")
    parser.add_argument("--project", default="", metavar="NAME", help="ask for this project")
    parser.add_argument("--reasoning", action="store_true", help="show what the model thinks, on standard error")
    parser.add_argument("--json", action="store_true", help="print every line of the answer as JSON")


def run(options: argparse.Namespace) -> int:
    """Ask, and print what comes."""
    talk = Talk(options.model, _messages(options), options.max_tokens, options.temperature, options.project)
    asked = _Asked(as_json=options.json, reasoning=options.reasoning)
    with asking(places_of(options)) as proxy:
        try:
            with closing(proxy.talk(talk)) as lines:
                for line in lines:
                    asked.take(line)
        except KeyboardInterrupt:
            asked.cancelled(proxy)
            return Exit.INTERRUPTED
        except BaseException:
            asked.end_line()
            raise
    return Exit.OK if asked.whole else Exit.PROBLEM


class _Asked:
    """What came of one question so far. The text goes out as it comes, made harmless."""

    def __init__(self, *, as_json: bool, reasoning: bool) -> None:
        self._json = as_json
        self._reasoning = reasoning
        self._exchange = ""
        self._at_start = True
        self._thinking = False
        self.whole = False

    def take(self, line: PlaygroundLine) -> None:
        """One thing that happened."""
        if isinstance(line, Opened):
            self._exchange = line.exchange_id
        if isinstance(line, Ended):
            self.whole = line.outcome is Outcome.COMPLETE
        if self._json:
            say_json(line)
            sys.stdout.flush()
            return
        match line:
            case Text():
                self._write(line.text)
            case Reasoning() if self._reasoning:
                self._think(line.text)
            case GaveWay():
                self.end_line()
                complain(f"{line.upstream}/{line.model} gave way: {line.message}")
            case Began() if line.fallback_from:
                complain(f"Answered by {line.upstream}/{line.model} in place of {line.fallback_from}.")
            case Ended():
                self.end_line()
                _complain_end(line)
            case _:
                pass

    def cancelled(self, proxy: Questions) -> None:
        """Say what was paid, once the ledger has it."""
        self.end_line()
        if not self._exchange:
            complain("Cancelled before anything was asked.")
            return
        rows = _settled(proxy, self._exchange)
        if rows:
            cost = usd(sum(row.cost_nano for row in rows))
            tokens = sum(row.usage.completion_tokens for row in rows)
            complain(f"Cancelled. {tokens:,} tokens of the answer had come; {cost} was paid.")
        else:
            complain(f"Cancelled. What it cost is not on disk yet: bursar log --id {self._exchange}")

    def end_line(self) -> None:
        """What follows is no part of the text."""
        if self._thinking:
            print(file=sys.stderr, flush=True)
        if not self._at_start:
            print(flush=True)
        self._at_start, self._thinking = True, False

    def _write(self, text: str) -> None:
        if self._thinking:
            self.end_line()
        if text:
            print(shown_text(text), end="", flush=True)
            self._at_start = text.endswith("\n")

    def _think(self, text: str) -> None:
        print(shown_text(text), end="", file=sys.stderr, flush=True)
        self._thinking = True


def _complain_end(ended: Ended) -> None:
    """What it cost, and why it is not whole where it is not."""
    if ended.message:
        complain(ended.message)
    elif ended.finish_reason == "length":
        complain("It was cut at its limit of tokens.")
    if not ended.settled:
        return
    used = f"{ended.usage.prompt_tokens:,} tokens in, {ended.usage.completion_tokens:,} out"
    paid = usd(ended.cost_nano) if ended.priced else "no price"
    by = f" ({', '.join(ended.paid_by)})" if ended.paid_by else ""
    times = f"first token after {ended.first_ms:,} ms" if ended.first_ms is not None else ""
    if ended.tokens_per_s is not None:
        times += f", {ended.tokens_per_s:,.0f} tokens/s"
    complain(f"{ended.upstream}/{ended.model}: {used}, {paid}{by}; {times}")


def _settled(proxy: Questions, exchange_id: str) -> tuple[AttemptRow, ...]:
    """The records of a call that was cancelled; none where they do not come in time."""
    until = time.monotonic() + SETTLED_S
    while time.monotonic() < until:
        try:
            return tuple(attempt.row for attempt in proxy.exchange(exchange_id).attempts)
        except Refused:
            time.sleep(_LOOK_S)
    return ()


def _messages(options: argparse.Namespace) -> tuple[Message, ...]:
    text = options.text if options.text not in (None, "-") else _from_input()
    if not text.strip():
        raise Failed("There is nothing to ask: name a TEXT, or write it to standard input.", Exit.WRONG_USE)
    system = (Message("system", options.system),) if options.system else ()
    return (*system, Message("user", text))


def _from_input() -> str:
    """All of standard input, as far as one call may hold."""
    if sys.stdin.isatty():
        complain("Type what to ask, then Ctrl-D on a line of its own.")
    content = sys.stdin.buffer.read(LONGEST_TALK_BYTES)
    if len(content) == LONGEST_TALK_BYTES:
        raise Failed(f"One call may hold {LONGEST_TALK_BYTES // 1024**2} MiB of text at most.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Failed("What was read from standard input is no UTF-8 text.") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a whole number above 0, please")
    return int(text)


def _heat(text: str) -> float:
    try:
        heat = float(text)
    except ValueError:
        heat = -1.0
    if not 0 <= heat <= 2:
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a number from 0 to 2, please")
    return heat
