"""OneLine: whatever is pasted, what stands in the line is short and acts on nothing."""

import pytest
from textual import events
from textual.widgets import Input
from tui.hostile import corpus
from tui.snapshots import busy
from tui.stage import Stage, staged
from tui.test_hostile import harmless

from bursar_tui.widgets.one_line import LONGEST_LINE


async def paste(stage: Stage, text: str) -> None:
    """As the terminal hands it over."""
    assert stage.app.focused is not None
    stage.app.focused.post_message(events.Paste(text))
    await stage.pilot.pause()


@pytest.mark.parametrize("keys", [("2", "slash"), ("4", "n")])
async def test_what_is_pasted(keys: tuple[str, ...]) -> None:
    async with staged(busy(), recorded=True) as stage:
        await stage.press(*keys)
        typed = stage.app.focused
        assert isinstance(typed, Input)
        await paste(stage, "x" * 5_000_000)
        assert typed.value == ""
        await stage.until(lambda: "Nothing was taken: 5,000,000 characters" in stage.text)
        await paste(stage, "\r\nfirst\x1b]52;c;aGk=\x07\nsecond\n" + "third\n" * 500_000)
        assert typed.value == "first␛]52;c;aGk=␇"
        for name in corpus()[::5]:
            typed.value = ""
            await paste(stage, name)
        typed.value = ""
        stage.app._clipboard = "\x1b[2J" + "y" * LONGEST_LINE
        await stage.press("ctrl+v")
        assert typed.value == ""
        harmless(stage.written)
