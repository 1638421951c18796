"""Makes the pictures of the README from the real screens: `python .ci/make_pictures.py [FOLDER]` (default: docs).

They are drawn from a hand-made state at a fixed instant, so that they change only when a screen does.
"""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("proxy", "tui", "tests")]

from tui.money import spent, wealthy  # noqa: E402 - found by the line above
from tui.snapshots import busy  # noqa: E402
from tui.stage import staged  # noqa: E402

from bursar.contract.snapshot import Snapshot  # noqa: E402
from bursar_tui.screens.keys import Keys  # noqa: E402

PICTURES = {
    "overview": (busy, "dark", (120, 36), []),
    "overview-light": (busy, "light", (120, 36), []),
    "calls": (busy, "dark", (160, 32), ["2", "down", "down", "down", "down", "down"]),
    "budgets": (wealthy, "dark", (160, 32), ["3", "down", "down"]),
    "keys": (wealthy, "dark", (160, 28), ["4", "down"]),
    "upstreams": (wealthy, "dark", (160, 30), ["5", "down", "down"]),
}

_FONT_FACES = re.compile(r"\s*@font-face\s*\{.*?\}", re.DOTALL)
_FONTS = 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'


async def draw(state: Callable[[], Snapshot], theme: str, size: tuple[int, int], keys: list[str]) -> str:
    """One screen as SVG, after some keys."""
    async with staged(state(), size, theme=theme) as stage:
        await stage.press(*keys)
        if isinstance(stage.app.screen, Keys):
            stage.app.screen.take_spend(spent())
            await stage.pilot.pause()
        return stage.app.export_screenshot(title="bursar watch")


def freestanding(svg: str) -> str:
    """The picture without fonts from the network: with whatever monospaced one the reader has."""
    svg = _FONT_FACES.sub("", svg).replace("Fira Code", "ui-monospace")
    svg = re.sub(r"font-family:\s*[^;]*monospace[^;]*;", f"font-family: {_FONTS};", svg)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    if re.search(r"url\(\s*[\"']?https?:|href\s*=\s*[\"']https?:", svg):
        raise SystemExit("the picture asks the network for something")
    return svg


def main() -> None:
    """Write all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for name, (state, theme, size, keys) in PICTURES.items():
        svg = freestanding(asyncio.run(draw(state, theme, size, keys)))
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
