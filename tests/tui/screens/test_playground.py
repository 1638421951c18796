"""Playground: asked, streamed, cancelled, asked again, copied and cleared, at a real proxy; and what is typed."""

import asyncio
from typing import cast

from textual import events
from tui.attached import Hands, attached
from tui.hostile import corpus
from tui.snapshots import busy, empty
from tui.stage import Stage, staged
from tui.test_hostile import harmless

from bursar.contract.playground import Text
from bursar.domain.exchange import Outcome
from bursar_tui.conversation import Manner
from bursar_tui.ink import Role
from bursar_tui.screens.choice import Choice
from bursar_tui.screens.form import Form
from bursar_tui.screens.overview import Overview
from bursar_tui.screens.playground import Playground
from bursar_tui.tabs import TABS
from bursar_tui.widgets.lines import strip_of
from bursar_tui.widgets.prompt import LONGEST_TEXT

CONFIG = """
[aliases.slow]
routes = ["main/practice-chunks-2000-rate-40"]
[aliases.falls]
routes = ["main/fault-500", "main/practice-small"]
[aliases.thinks]
routes = ["main/practice-reasoning"]
[aliases.breaks]
routes = ["main/fault-close-midstream"]
[prices."practice-*"]
input = "1"
output = "10"
[caps.daily]
usd = "5.00"
every = "day"
[caps.own]
key = "playground"
requests = 4
every = "day"
"""

KEY = str([tab.name for tab in TABS].index("playground") + 1)
"""The digit that leads there."""


def screen_of(stage: Stage) -> Playground:
    """The screen, which is in view."""
    assert isinstance(stage.app.screen, Playground)
    return stage.app.screen


async def ask(hands: Hands, text: str) -> None:
    """Type it, send it, and wait for its end."""
    turns = len(screen_of(hands).conversation.turns)
    await paste(hands, text)
    await hands.press("enter")
    await hands.until(lambda: len(screen_of(hands).conversation.turns) > turns)
    await hands.until(lambda: screen_of(hands)._turn is None)


async def paste(stage: Stage, text: str) -> None:
    """As the terminal hands over what is pasted."""
    assert stage.app.focused is not None
    stage.app.focused.post_message(events.Paste(text))
    await stage.pilot.pause()


async def test_a_conversation() -> None:
    async with attached(CONFIG) as hands:
        await hands.press(KEY)
        playground = screen_of(hands)
        assert playground.typing
        await ask(hands, "Why 12?")
        first = playground.conversation.turns[0]
        assert first.text
        assert first.ended is not None
        assert first.ended.settled
        await hands.sees("cap daily, cap own")
        await hands.sees(first.text.split()[-1])
        # What was said goes along with the next question.
        await ask(hands, "And q?")
        talk = playground.conversation.talk("x")
        assert [message.role for message in talk.messages] == ["user", "assistant", "user", "assistant", "user"]
        # Its record is the playground's own.
        (one, two) = await hands.proxy.records()
        assert (one.key, one.client, two.usage.prompt_tokens > one.usage.prompt_tokens) == (
            "playground",
            "playground",
            True,
        )
        # Another screen, and back: everything is where it was.
        await hands.press("escape", "1")
        assert isinstance(hands.app.screen, Overview)
        await hands.press(KEY)
        assert screen_of(hands) is playground
        await hands.sees("2 questions so far")
        # The last answer, copied.
        await hands.press("escape")
        await hands.press("c")
        assert hands.app.clipboard == playground.conversation.turns[1].text
        await hands.sees("OSC 52")
        # Again, and anew.
        await hands.press("r")
        await hands.until(lambda: playground._turn is None and len(playground.conversation.turns) == 2)
        assert playground.conversation.turns[1].asked == "And q?"
        assert hands.text.count("And q?") == 1
        await hands.press("x")
        assert playground.conversation.turns == []
        await hands.sees("Talk to it.")
        # What is thought is told apart by a word, and is no part of the answer.
        await hands.press("m", "4")
        await ask(hands, "Hi")
        assert hands.text.index("(thinks)") < hands.text.index("(answers)")
        await hands.press("escape", "c")
        assert hands.app.clipboard == playground.conversation.turns[0].text


async def test_whom_and_how() -> None:
    async with attached(CONFIG) as hands:
        await hands.press(KEY, "escape", "m")
        assert isinstance(hands.app.screen, Choice)
        await hands.press("2")
        playground = screen_of(hands)
        assert playground.conversation.manner.model == "slow"
        assert playground.typing
        await hands.press("escape", "o")
        assert isinstance(hands.app.screen, Form)
        for text in ("main/practice-small", "Be brief", "7", "9"):
            await paste(hands, text)
            await hands.press("tab")
        await hands.sees("A temperature is from 0 to 2.")
        await hands.press("up", "home", "delete")
        await paste(hands, "0.5")
        await hands.press("tab")
        await paste(hands, "thesis")
        await hands.sees("bursar ask main/practice-small TEXT --system 'Be brief' --max-tokens 7")
        await hands.press("enter")
        await hands.sees("at most 7 tokens · temperature 0.5 · for thesis · system: Be brief")
        await ask(hands, "Hi")
        await hands.sees("cut at its limit")
        (record,) = await hands.proxy.records()
        assert (record.alias, record.project, record.usage.completion_tokens) == ("main/practice-small", "thesis", 7)
        assert playground.conversation.talk("x").messages[0].content == "Be brief"


async def test_escape_cancels_and_says_what_was_paid() -> None:
    async with attached(CONFIG) as hands:
        await hands.press(KEY, "escape", "m", "2", *"Go on", "enter")
        playground = screen_of(hands)
        await hands.until(lambda: playground.conversation.turns and playground.conversation.turns[0].tokens > 3)
        await hands.sees("esc cancels")
        await hands.sees("held $")
        # Another question waits, and so does the line.
        await hands.press(*"more", "enter")
        await hands.sees("An answer is being written; esc cancels it.")
        assert playground.prompt.text == "more"
        await hands.press("escape")
        await hands.sees("◁ cancelled")
        await hands.sees(" paid")
        (record,) = await hands.proxy.records()
        assert record.outcome is Outcome.LEFT
        async with asyncio.timeout(60):
            await hands.proxy.practice.tally.idle()
        assert playground.typing


async def test_what_goes_wrong_is_a_sentence() -> None:
    async with attached(CONFIG) as hands:
        await hands.press(KEY, "escape", "m", "3")
        await ask(hands, "Hi")
        await hands.sees("main/fault-500 gave way")
        assert screen_of(hands).conversation.turns[0].instead_of == "main/fault-500"
        await hands.press("escape", "m", "5")
        await ask(hands, "Hi")
        await hands.sees("ended its answer in the middle")
        await hands.press("escape", "o", *"no-such", "enter")
        await ask(hands, "Hi")
        await hands.sees("There is no model 'no-such'")
        await hands.press("escape", "m", "1")
        for _ in range(3):
            await ask(hands, "Hi")
        await hands.sees('cap "own" is used up')


async def test_a_proxy_that_goes_away_ends_an_answer_with_a_sentence() -> None:
    async with staged(busy()) as stage:
        await stage.press(KEY, *"Hi", "enter")
        # Its door is shut.
        await stage.until(lambda: "No proxy is running here" in stage.text)
        playground = screen_of(stage)
        assert playground._turn is None
        # What got no answer is not sent along.
        assert len(playground.conversation.talk("x").messages) == 1


async def test_the_keys_are_told_and_typed() -> None:
    async with staged(busy()) as stage:
        await stage.press(KEY)
        await stage.comes_to("playground-80x24")
        # Digits and letters that are keys elsewhere are typed here.
        await stage.press("1", "q", "t", "question_mark", "ctrl+j", "x")
        assert screen_of(stage).prompt.text == "1qt?\nx"
        for size in ((20, 5), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            await stage.until(lambda: "› 1qt?\n" in stage.text or "\n   x\n" in stage.text)
        await stage.press("f1")
        assert "bursar ask ALIAS TEXT" in stage.text
        await stage.press("escape", "escape")
        assert not screen_of(stage).typing
        for key in ("m model", "o options", "r again", "c copy", "x new"):
            assert key in stage.text
        await stage.press("c")
        assert "There is no answer to copy yet." in stage.text
        await stage.press("enter")
        assert screen_of(stage).typing
        await stage.press("escape", "1")
        assert isinstance(stage.app.screen, Overview)


async def test_without_an_alias_it_says_what_to_do() -> None:
    snapshot = empty()
    snapshot.aliases.clear()
    async with staged(snapshot) as stage:
        await stage.press(KEY, *"Hi", "enter")
        assert "No alias to talk to yet." in stage.text
        assert "Say to whom first: esc, then o." in stage.text
        await stage.press("escape", "m")
        assert isinstance(stage.app.screen, Form)


async def test_what_is_pasted_is_bounded_and_harmless() -> None:
    async with staged(busy(), recorded=True) as stage:
        await stage.press(KEY)
        prompt = screen_of(stage).prompt
        prompt.post_message(events.Paste("one\r\ntwo\rthree \x1b]52;c;aGk=\x07 \x9b2J [/red] \u202e"))
        await stage.until(lambda: "[/red]" in stage.text)
        assert prompt.text.startswith("one\ntwo\nthree ␛]52;c;aGk=␇")
        for text in ("x" * 5_000_000, "y\n" * LONGEST_TEXT):
            prompt.post_message(events.Paste(text))
            await stage.until(lambda: "Nothing was taken" in stage.text)
            assert "bursar ask fast - < FILE" in " ".join(stage.text.split())
            stage.app.tell("", well=True)
        stage.app._clipboard = "\x1b]0;title\x07"
        await stage.press("ctrl+v")
        assert "\x1b" not in prompt.text
        prompt.put("z" * (LONGEST_TEXT - len(prompt.text)))
        await stage.press("a", "b")
        assert len(prompt.text) == LONGEST_TEXT
        harmless(stage.written)


async def test_a_long_answer_is_folded_once_and_followed() -> None:
    async with staged(busy(), recorded=True) as stage:
        await stage.press(KEY)
        transcript = screen_of(stage).transcript
        for number in range(60_000):
            transcript.go_on(f" word{number % 97}", Role.TEXT, code=True)
        await stage.until(lambda: transcript.rows > 3_000)
        await stage.pilot.pause()
        assert transcript.scroll_y == transcript.max_scroll_y
        # What comes repaints what is in view, once, however long the whole is.
        stage.written.clear()
        transcript.go_on(" and more", Role.TEXT, code=True)
        await stage.until(lambda: stage.written)
        assert len("".join(stage.written)) < 4_000
        # Who scrolls up stays there.
        await stage.press("escape", "pageup")
        place = transcript.scroll_y
        assert place < transcript.max_scroll_y
        transcript.go_on("\nline" * 100, Role.TEXT, code=True)
        await stage.until(lambda: transcript.max_scroll_y > place + 100)
        assert transcript.scroll_y == place
        await stage.press("end")
        assert transcript.scroll_y == transcript.max_scroll_y
        rows = transcript.rows
        await stage.pilot.resize_terminal(20, 5)
        await stage.until(lambda: transcript.rows > rows)
        await stage.pilot.resize_terminal(80, 24)
        await stage.until(lambda: transcript.rows == rows)


async def test_whatever_a_model_says_is_drawn_literally() -> None:
    async with staged(busy(), (100, 30), recorded=True) as stage:
        await stage.press(KEY)
        playground = screen_of(stage)
        turn = playground.conversation.begin("x", 0, 0)
        for name in corpus():
            playground._hear(turn, Text(f"{name}\n"))
            playground.conversation.manner = Manner(name, name, project=name)
            for each in playground._whom.picture(stage.app.seen, 60, 0):
                harmless([segment.text for segment in strip_of(each, 60, playground._whom)])
        playground.again()
        await stage.until(lambda: playground.transcript.rows > len(corpus()))
        await stage.press("escape", "home", "pagedown", "end", "o", "escape", "escape")
        for size in ((40, 12), (20, 5), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        stage.app.screen.query_one("Transcript").scroll_home(animate=False)
        read = harmless(stage.written)
        assert "[bold red]x[/bold red]" in read
        cast(Playground, stage.app.screen).action_copy()
        assert "\x1b" not in stage.app.clipboard
