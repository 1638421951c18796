"""Cycles: every instant lies in exactly one, in every zone, across every change of its clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.cycle import FOREVER, Cycle, Every, cycle_at, later_of

DAY_MS = 86_400_000
ZONES = sorted(available_timezones())
STEPS = [Every.HOUR, Every.DAY, Every.WEEK, Every.MONTH]
instants = st.integers(
    int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1000, int(datetime(2035, 1, 1, tzinfo=UTC).timestamp()) * 1000
)


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@given(every=st.sampled_from(STEPS), now_ms=instants, zone=st.sampled_from(ZONES))
def test_an_instant_lies_in_its_cycle_and_cycles_meet(every: Every, now_ms: int, zone: str) -> None:
    cycle = cycle_at(every, now_ms, ZoneInfo(zone))
    assert cycle.holds(now_ms)
    assert cycle.end_ms is not None
    following = cycle_at(every, cycle.end_ms, ZoneInfo(zone))
    assert following.start_ms == cycle.end_ms
    assert cycle_at(every, cycle.start_ms, ZoneInfo(zone)) == cycle
    assert cycle_at(every, cycle.end_ms - 1, ZoneInfo(zone)) == cycle


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Africa/Cairo", "Pacific/Apia"])
def test_there_is_one_cycle_a_local_day_also_without_a_midnight(zone: str) -> None:
    """Ten years of days in zones whose clocks change at midnight."""
    now_ms, days = at("2015-01-01", zone), 0
    while now_ms < at("2025-01-01", zone):
        cycle = cycle_at(Every.DAY, now_ms, ZoneInfo(zone))
        assert cycle.end_ms is not None
        assert 22 * 3_600_000 <= cycle.end_ms - cycle.start_ms <= 26 * 3_600_000
        now_ms, days = cycle.end_ms, days + 1
    assert days == 3653


@pytest.mark.parametrize(
    ("every", "now", "start", "end"),
    [
        (Every.HOUR, "2026-11-21T10:59:59", "2026-11-21T10:00:00", "2026-11-21T11:00:00"),
        (Every.DAY, "2026-11-21T23:59:59", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        (Every.WEEK, "2026-11-22T12:00:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        (Every.MONTH, "2028-02-29T00:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        (Every.MONTH, "2026-12-31T23:00:00", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_where_cycles_begin_and_end(every: Every, now: str, start: str, end: str, zone: str) -> None:
    assert cycle_at(every, at(now, zone), ZoneInfo(zone)) == Cycle(at(start, zone), at(end, zone))


def test_a_total_never_ends() -> None:
    assert cycle_at(Every.TOTAL, 5, UTC) == FOREVER
    assert FOREVER.holds(10**18)


def test_a_clock_set_back_opens_no_cycle_again() -> None:
    yesterday, today = Cycle(0, DAY_MS), Cycle(DAY_MS, 2 * DAY_MS)
    assert later_of(today, yesterday) == today
    assert later_of(yesterday, today) == today
    assert later_of(None, today) == today


def test_a_day_of_the_change_is_an_hour_shorter() -> None:
    cycle = cycle_at(Every.DAY, at("2026-03-29T12:00:00", "Europe/Berlin"), ZoneInfo("Europe/Berlin"))
    assert cycle.end_ms is not None
    assert timedelta(milliseconds=cycle.end_ms - cycle.start_ms) == timedelta(hours=23)
