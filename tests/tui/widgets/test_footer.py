"""Footer: what is left out where room is short, and that help never is."""

import pytest
from tui.money import wealthy
from tui.stage import Stage, staged


def footer(stage: Stage) -> str:
    """The last line of the screen."""
    return stage.text.splitlines()[-1]


@pytest.mark.parametrize("key", ["3", "4", "6"])
@pytest.mark.parametrize("width", [80, 60, 40])
async def test_help_is_there_however_many_keys_a_screen_has(key: str, width: int) -> None:
    async with staged(wealthy(), (width, 24)) as stage:
        await stage.press(key)
        assert footer(stage).split()[0] == "enter"
        assert footer(stage).rstrip().endswith("? help")


async def test_what_is_the_same_everywhere_goes_first() -> None:
    async with staged(wealthy(), (120, 24)) as stage:
        await stage.press("4")
        every = footer(stage).split("   ")
        assert [each.split()[-1] for each in every[-3:]] == ["commands", "help", "quit"]
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        own = [each for each in every[:-3] if each in footer(stage)]
        assert own == every[: len(own)]
        assert "commands" not in footer(stage)
        assert "quit" not in footer(stage)
