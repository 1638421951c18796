"""Makes the pictures of the papers from the real screens: `python .ci/make_pictures.py [FOLDER]` (default: docs).

There is one of each screen that has a tab, so that a new screen is among them by itself. They are drawn from a
hand-made state at a fixed instant, so that they change only when a screen does.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("proxy", "tui", "tests")]

from msgspec import structs  # noqa: E402 - found by the line above
from tui.money import spent, wealthy  # noqa: E402
from tui.screens import test_usage  # noqa: E402
from tui.screens.test_log import talking  # noqa: E402
from tui.screens.test_settings import TEXT, a_file  # noqa: E402
from tui.snapshots import busy  # noqa: E402
from tui.stage import Stage, staged  # noqa: E402

from bursar.contract.log_line import Level  # noqa: E402
from bursar.contract.playground import Ended  # noqa: E402
from bursar.contract.snapshot import Snapshot  # noqa: E402
from bursar.domain.exchange import Outcome  # noqa: E402
from bursar.domain.usage import Usage  # noqa: E402
from bursar_tui.ink import Role  # noqa: E402
from bursar_tui.screens.keys import Keys  # noqa: E402
from bursar_tui.screens.playground import Playground, ended_words  # noqa: E402
from bursar_tui.screens.settings import Settings  # noqa: E402
from bursar_tui.stated import stated  # noqa: E402
from bursar_tui.tabs import TABS  # noqa: E402

Answer = Callable[[Stage], Awaitable[object]]
"""What the proxy would answer to what the screen asks of it."""


async def nothing(stage: Stage) -> None:
    """Screens that ask nothing."""
    del stage


async def spend_of_keys(stage: Stage) -> None:
    """What each key has spent."""
    if isinstance(stage.app.screen, Keys):
        stage.app.screen.take_spend(spent())


async def a_month(stage: Stage) -> None:
    """What thirty days have cost, without the hostile name that the tests bring."""
    test_usage.MODELS = tuple(model for model in test_usage.MODELS if model[0][0].isalpha())
    await test_usage.to_usage(stage)


def a_good_day() -> Snapshot:
    """A proxy that has said nothing of faults of its own."""
    snapshot = talking()
    for said in list(snapshot.log):
        if said.level is Level.ERROR:
            snapshot.log.remove(said)
    return snapshot


async def a_configuration(stage: Stage) -> None:
    """A file without a fault."""
    if isinstance(stage.app.screen, Settings):
        stage.app.screen.take(stated(a_file(TEXT.replace('"five"', '"5.00"'))))


ASKED = "Why does SELECT count(*) take so long on a large table?"
ANSWERED = """\
Because every row has to be visited: rows may be visible to one transaction and not to another, so no
counter could be right for all of them. What helps:

- an index-only scan over the smallest index there is
- an estimate, where that will do: SELECT reltuples FROM pg_class WHERE relname = 'calls'
- a counter of your own, which a trigger keeps"""


async def a_conversation(stage: Stage) -> None:
    """A question and its answer, as they would have come."""
    screen = stage.app.screen
    if not isinstance(screen, Playground):
        return
    say = screen.transcript.say
    screen.conversation.begin(ASKED, 0, stage.clock.now_ms())
    for text, role in (("you", Role.KEY), (ASKED, Role.TEXT), ("", Role.TEXT), ("fast", Role.KEY)):
        say(text, role)
    for text in ANSWERED.splitlines():
        say(text)
    used = Usage(24, 96)
    end = Ended("x", Outcome.COMPLETE, "stop", upstream="openai", model="gpt-5.1-mini", usage=used, settled=True)
    figures = {"cost_nano": 198_000, "paid_by": ("cap:daily",), "first_ms": 402, "tokens_per_s": 88.0}
    for sentence in ended_words(structs.replace(end, **figures)):
        say(f"✓ {sentence}", Role.MUTED)
    screen.transcript.cut(len(screen.transcript.blocks))
    screen.again()


@dataclass(frozen=True)
class Scene:
    """What is seen on a screen, and the keys that are pressed there."""

    state: Callable[[], Snapshot] = wealthy
    size: tuple[int, int] = (160, 32)
    keys: tuple[str, ...] = ()
    answer: Answer = nothing
    theme: str = "dark"


SCENES = {
    "overview": Scene(busy, (120, 36)),
    "calls": Scene(busy, keys=("down",) * 5),
    "budgets": Scene(keys=("down",) * 2),
    "keys": Scene(size=(160, 28), keys=("down",), answer=spend_of_keys),
    "upstreams": Scene(size=(160, 30), keys=("down",) * 2),
    "playground": Scene(busy, (120, 26), answer=a_conversation),
    "usage": Scene(busy, (160, 40), keys=("left",), answer=a_month),
    "settings": Scene(keys=("down",) * 2, answer=a_configuration),
    "log": Scene(a_good_day, (140, 28)),
}
"""By the name of the tab; a tab without one has the scene that suits any."""

_FONT_FACES = re.compile(r"\s*@font-face\s*\{.*?\}", re.DOTALL)
_FONTS = 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'


async def draw(tab: str, scene: Scene) -> str:
    """One screen as SVG."""
    async with staged(scene.state(), scene.size, theme=scene.theme) as stage:
        stage.app.action_go(tab)
        await stage.pilot.pause()
        await scene.answer(stage)
        await stage.press(*scene.keys)
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
    pictures = {tab.name: (tab.name, SCENES.get(tab.name, Scene())) for tab in TABS}
    pictures["overview-light"] = ("overview", Scene(busy, (120, 36), theme="light"))
    for name, (tab, scene) in pictures.items():
        svg = freestanding(asyncio.run(draw(tab, scene)))
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
