"""Alerts: in the banner when they come, in a list that takes them down, tried; the same as the commands do."""

import pytest
from fakes.receiver import receiving
from tui.attached import attached
from tui.snapshots import MINUTE, NOW_MS, busy, empty
from tui.stage import staged

from bursar.contract.alerts import AlertsTried, WayTried
from bursar.contract.snapshot import Snapshot
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar_tui.alert_errands import trying


def alerted() -> Snapshot:
    """A proxy with three alerts standing."""
    snapshot = busy()
    for minutes, kind, urgency, cause, sentence in (
        (
            91,
            AlertKind.WALLET,
            Urgency.NOTE,
            "account:wallet:main",
            'Wallet "main" is low: $18.20 is left. Pay in, then: bursar wallet top-up 20 --wallet main',
        ),
        (
            12,
            AlertKind.UPSTREAM,
            Urgency.URGENT,
            "upstream:spare",
            "Upstream spare is down: it does not accept our credentials (401).",
        ),
        (
            2,
            AlertKind.USED,
            Urgency.WARNING,
            "account:cap:daily",
            'Cap "daily" is 82 % used: $4.12 of $5.00. It starts afresh on 2026-11-21 at 00:00.',
        ),
    ):
        snapshot.alerts[cause] = Alert(cause, kind, urgency, sentence, NOW_MS - minutes * MINUTE)
    return snapshot


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_the_list(size: tuple[int, int]) -> None:
    async with staged(alerted(), size) as stage:
        assert "Upstream spare is down" in stage.text, "the most urgent is in the banner, though another came later"
        await stage.press("exclamation_mark")
        await stage.comes_to(f"alerts-{size[0]}x{size[1]}")


async def test_nothing_stands() -> None:
    async with staged(empty()) as stage:
        await stage.press("exclamation_mark")
        await stage.comes_to("alerts-empty-80x24")
        await stage.press("x", "X", "down", "escape")
        assert "No alert stands" not in stage.text


async def test_the_keys_move_and_leave() -> None:
    async with staged(alerted()) as stage:
        await stage.press("exclamation_mark", "down")
        assert "bursar alerts dismiss upstream:spare" in stage.text
        await stage.press("up", "up")
        assert "bursar alerts dismiss account:wallet:main" in stage.text
        await stage.press("escape")
        assert "bursar alerts dismiss" not in stage.text


async def test_an_alert_comes_is_tried_and_is_taken_down() -> None:
    async with receiving() as receiver:
        extra = f'[alerts]\ndesktop = false\nwebhook = "{receiver.url}"\n[caps.few]\nrequests = 2\nevery = "day"\n'
        async with attached(extra) as hands:
            await hands.proxy.chat()
            await hands.sees('Cap "few" is 50 % used')
            await hands.press("exclamation_mark", "v")
            await hands.sees("webhook: sent.")
            await hands.press("exclamation_mark", "x")
            await hands.sees("1 alert taken down.")
            await hands.until(lambda: not hands.snapshot.alerts)
            await hands.until(lambda: 'Cap "few" is 50 % used' not in hands.text)
        assert {each["kind"] for each in receiver.said} == {"used", "test"}


@pytest.mark.parametrize(
    ("ways", "well", "said"),
    [
        ((), True, "Alerts are shown here alone; [alerts] in the settings may name other ways."),
        ((WayTried("webhook", "x"),), True, "webhook: sent."),
        ((WayTried("desktop", "", "None here."),), False, "It is shown here alone. desktop: None here."),
        ((WayTried("desktop", "", "None here."), WayTried("webhook", "x")), True, "desktop: None here. webhook: sent."),
        ((WayTried("command", "x", "no"), WayTried("webhook", "x")), False, "command: no. webhook: sent."),
    ],
)
def test_a_test_that_arrives_nowhere_is_not_said_to_be_well(ways: tuple[WayTried, ...], well: bool, said: str) -> None:
    errand, answer = trying(), AlertsTried(ways)
    assert errand.well is not None
    assert (errand.well(answer), errand.said(answer)) == (well, said)
