"""Content: a call's prompt and answer read from the list of calls, drawn literally, and deleted."""

import json

from fakes.running import Running
from tui.attached import Hands, attached
from tui.hostile import corpus

from bursar_tui.screens.calls import Calls
from bursar_tui.screens.content import Content


async def keeping(hands: Hands) -> str:
    """A key that has content kept."""
    return (await hands.proxy.daemon.keys.issue("agent", keep_content=True))[1]


async def asked(proxy: Running, key: str, *texts: str) -> str:
    """A call that says these texts; its id."""
    messages = [{"role": "user", "content": text} for text in texts]
    body = json.dumps({"model": "fast", "messages": messages}).encode()
    answered = await proxy.post("/chat/completions", body, key=key)
    assert answered.status == 200
    await proxy.settled()
    return answered.headers["x-bursar-exchange"]


async def test_a_call_is_read_and_its_content_deleted() -> None:
    async with attached("") as hands:
        key = await keeping(hands)
        await asked(
            hands.proxy,
            key,
            "What is a canary good for?",
            *(text.encode("utf-8", "ignore").decode() for text in corpus()),
        )
        await hands.press("2")
        await hands.sees("1 in view")
        await hands.press("c")
        await hands.until(lambda: isinstance(hands.app.screen, Content))
        await hands.sees("What is a canary good for?")
        assert "\x1b" not in hands.text
        await hands.press("x")
        await hands.sees("bursar content forget --id")
        await hands.press("y")
        await hands.sees("Prompt and answer of the call are deleted.")
        await hands.until(lambda: isinstance(hands.app.screen, Calls))
        await hands.press("enter", "c")
        await hands.sees("No content of")


async def test_hostile_text_is_drawn_as_it_is_written() -> None:
    async with attached("", size=(160, 50)) as hands:
        key = await keeping(hands)
        await asked(hands.proxy, key, "[bold red]not red[/] \x1b[2J\x1b]0;owned\x07 \u202eturned")
        await hands.press("2")
        await hands.sees("1 in view")
        await hands.press("c")
        await hands.sees("[bold red]not red[/] ␛[2J␛]0;owned␇ \\u202eturned")


async def test_a_call_whose_key_keeps_nothing_says_so() -> None:
    async with attached("") as hands:
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        await hands.press("2")
        await hands.sees("1 in view")
        await hands.press("c")
        await hands.sees("is kept: its key does not say so")
