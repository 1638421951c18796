"""Keys: issued and shown once, limited, disabled, rotated and revoked at a real proxy."""

import base64
import re

import pytest
from tui.attached import Hands, attached
from tui.money import spent, wealthy
from tui.snapshots import empty
from tui.stage import staged

from bursar.contract.commands import KeyIssued
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.key_shown import KeyShown
from bursar_tui.screens.keys import Keys

CAP = '[caps.daily]\nusd = "5.00"\nevery = "day"\n[caps.laptop-day]\nkey = "laptop"\nusd = "2.00"\nevery = "day"\n'


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press("4")
        screen = stage.app.screen
        assert isinstance(screen, Keys)
        await stage.until(lambda: stage.app.focused is not None and stage.text)
        screen.take_spend(spent())
        await stage.comes_to(f"keys-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "downs"), [("limited", 1), ("capped", 2), ("expired", 3)])
async def test_one_opened(name: str, downs: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("4", *["down"] * downs, "enter")
        await stage.comes_to(f"keys-{name}-100x34")


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("4")
        await stage.comes_to("keys-empty-80x24")


async def test_the_form() -> None:
    async with staged(wealthy()) as stage:
        await stage.press("4", "n", *"ci2", "tab", "tab", "tab", *"small-*", "tab", *"60/fortnight")
        await stage.comes_to("keys-new-80x24")


async def test_a_key_is_issued_shown_once_and_copied_by_the_terminal() -> None:
    async with attached(CAP) as hands:
        await hands.press("4", "n", *"ci", "tab", *"3usd/day 1000requests/hour", "tab", *"website", "tab", *"fast")
        await hands.press("tab", *"60/min")
        await hands.press("tab", *"4", "tab", *"127.0.0.0/8", "tab", *"4k", "tab", *"other", "tab", *"30d")
        await hands.sees("--expires 30d")
        assert "bursar key issue ci --cap 3.00usd/day --cap 1000requests/hour" in hands.text
        await hands.press("enter")
        await hands.until(lambda: isinstance(hands.app.screen, KeyShown))
        await hands.sees("is not shown again")
        shown = re.search(r"bk-[A-Za-z0-9]{40}", hands.text)
        assert shown is not None
        key, caps = hands.snapshot.keys["ci"], hands.snapshot.accounts
        assert (caps["cap:ci-day"].limit, caps["cap:ci-requests-hour"].limit) == (3_000_000_000, 1_000)
        assert (key.project, key.models, key.rates, key.parallel) == ("website", ("fast",), ("60/min",), 4)
        assert (key.networks, key.max_tokens, key.fallback) == (("127.0.0.0/8",), 4_000, ("other",))
        assert key.expires_ms is not None
        assert abs(key.expires_ms - hands.app.seen.now_ms - 30 * 86_400_000) < 60_000
        assert (await hands.proxy.chat(key=shown[0])).status == 200
        await hands.press("enter", "c")
        assert hands.app.clipboard == shown[0]
        await hands.sees("OSC 52")
        await hands.press("escape")
        await hands.until(lambda: isinstance(hands.app.screen, Keys))
        screen = hands.app.screen
        assert isinstance(screen, Keys)
        assert shown[0] not in hands.text
        assert "ci" in hands.text
        await hands.until(lambda: screen.list.cursor_id == "ci")


async def test_a_copy_is_handed_to_the_terminal_and_to_nobody_else() -> None:
    async with staged(wealthy(), recorded=True) as stage:
        stage.app.push_screen(KeyShown(KeyIssued("x", "bk-" + "s" * 40), "http://127.0.0.1:4141/v1"))
        await stage.pilot.pause()
        before = "".join(stage.written)
        assert "\x1b]52;" not in before
        await stage.press("c")
        handed = re.findall(r"\x1b\]52;c;([^\x07\x1b]*)[\x07\x1b]", "".join(stage.written))
        assert [base64.b64decode(each).decode() for each in handed] == ["bk-" + "s" * 40]


async def test_a_key_is_limited_disabled_enabled_rotated_and_revoked() -> None:
    async with attached(CAP) as hands:
        await hands.press("4")
        await hands.press("e", "tab", "tab", "tab", *"1/hour", "enter")
        await hands.sees("Key laptop has other limits.")
        assert hands.snapshot.keys["laptop"].rates == ("1/hour",)
        await hands.sees("1 request per hour")
        await hands.press("e", "tab", "tab", "tab", "ctrl+u")
        await hands.sees("bursar key set laptop --rate none")
        await hands.press("enter")
        await hands.until(lambda: hands.snapshot.keys["laptop"].rates == ())
        await hands.press("d")
        await hands.sees("⊘ disabled")
        assert (await hands.proxy.chat()).status in (401, 403)
        await hands.press("d")
        await hands.sees("Key laptop is accepted again.")
        assert (await hands.proxy.chat()).status == 200
        await hands.until(lambda: "⊘ disabled" not in hands.text)
        await rotate_and_revoke(hands)


async def test_the_caps_of_a_key_are_changed_and_taken_away_in_one_line() -> None:
    async with attached(CAP) as hands:
        await hands.press("4", "e", "ctrl+u", *"5usd/day 9ktokens/week")
        await hands.sees("bursar config set caps.laptop-day.usd 5.00")
        await hands.press("enter")
        await hands.until(lambda: "cap:laptop-tokens-week" in hands.snapshot.accounts)
        assert hands.snapshot.accounts["cap:laptop-day"].limit == 5_000_000_000
        await hands.sees("9,000 of 9,000")
        await hands.press("e", "ctrl+u", *"5usd/day")
        await hands.sees("bursar cap remove laptop-tokens-week")
        await hands.press("ctrl+u", *"5usd/fortnight")
        await hands.sees("must be one of")
        await hands.press("ctrl+u", "enter")
        await hands.until(lambda: list(hands.snapshot.accounts) == ["cap:daily"])


async def test_content_is_kept_once_a_key_says_so_and_is_deleted_from_here() -> None:
    async with attached("") as hands:
        await hands.press("4", "e", *["tab"] * 9, *"yes")
        await hands.sees("bursar key set laptop --keep-content")
        await hands.press("enter")
        await hands.until(lambda: hands.snapshot.keys["laptop"].keep_content)
        await hands.sees("laptop ¶")
        await hands.sees("prompts and answers are kept for 14 days")
        await hands.press("x")
        await hands.sees("What was kept of its calls stays")
        await hands.press("escape")
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        folder = hands.proxy.places.data_dir / "content"
        await hands.press("e", *["tab"] * 9, "ctrl+u", *"no", "enter")
        await hands.sees("f deletes it now")
        await hands.sees("bytes on disk yet")
        await hands.press("f")
        await hands.sees("bursar content forget --key laptop")
        await hands.press("enter")
        await hands.sees("Deleted: ")
        await hands.until(lambda: not folder.exists() or not list(folder.rglob("*.text")))


async def rotate_and_revoke(hands: Hands) -> None:
    """The end of a key's life."""
    former = hands.proxy.key
    await hands.press("o", "enter")
    await hands.until(lambda: isinstance(hands.app.screen, KeyShown))
    shown = re.search(r"bk-[A-Za-z0-9]{40}", hands.text)
    assert shown is not None
    for each in (former, shown[0]):
        assert (await hands.proxy.chat(key=each)).status == 200
    await hands.press("escape", "x")
    assert isinstance(hands.app.screen, Confirm)
    await hands.press("enter")
    assert "laptop" in hands.snapshot.keys
    await hands.press("x", "y")
    await hands.sees("Key laptop is not accepted any more.")
    await hands.sees("No key yet")
    assert (await hands.proxy.chat(key=shown[0])).status == 401


async def test_what_a_key_spent_and_its_caps_are_seen() -> None:
    async with attached(CAP) as hands:
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        await hands.press("4")
        await hands.sees("in 30 days, 1 call")
        await hands.sees("laptop-day")


async def test_a_name_that_is_taken_is_refused_by_the_proxy() -> None:
    async with attached(CAP) as hands:
        await hands.press("4", "n", *"laptop", "enter")
        await hands.sees('There is a key "laptop" already')
        assert isinstance(hands.app.screen, Keys)
