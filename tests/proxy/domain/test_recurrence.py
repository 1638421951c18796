"""Recurrences: cycles from an anchor or from first use meet without a gap, never drift, and survive every clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.cycle import HOUR_MS, Cycle, Every
from bursar.domain.recurrence import Anchor, Recurrence, cycle_from, months_later, recurrence_of

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"]
DATED = [
    "month from 31st",
    "month from 12th",
    "quarter from 2024-11-30",
    "year from 2024-02-29",
    "30 days from 2024-05-31",
]
ALL_ZONES = sorted(available_timezones())
instants = st.integers(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * 1000, int(datetime(2036, 1, 1, tzinfo=UTC).timestamp()) * 1000
)
recurrences = st.builds(
    lambda every, count, day: Recurrence(every, Anchor(count, day.isoformat())),
    st.sampled_from([Every.HOUR, Every.DAY, Every.WEEK, Every.MONTH]),
    st.integers(1, 40),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)


def cycle(recurrence: Recurrence, now_ms: int, zone: str, latest: Cycle | None = None) -> Cycle:
    assert recurrence.anchor is not None
    return cycle_from(recurrence.every, recurrence.anchor, now_ms, ZoneInfo(zone), latest)


def end_of(found: Cycle) -> int:
    assert found.end_ms is not None
    return found.end_ms


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", DATED)
def test_ten_years_of_cycles_meet_and_begin_on_the_anchors_day(text: str, zone: str) -> None:
    """Leap days, months without a 31st, and every change of the clocks between 2024 and 2034."""
    recurrence = recurrence_of(text)
    now_ms, count = at("2024-03-01T12:00:00", zone), 0
    assert recurrence.anchor is not None
    day = date.fromisoformat(recurrence.anchor.date).day
    while now_ms < at("2034-03-01T12:00:00", zone):
        found = cycle(recurrence, now_ms, zone)
        assert found.holds(now_ms)
        assert cycle(recurrence, found.start_ms, zone) == cycle(recurrence, end_of(found) - 1, zone) == found
        start = local(found.start_ms, zone)
        assert start.hour * 60 + start.minute <= 60, "midnight, or the instant of a change that skips it"
        if recurrence.every is Every.MONTH:
            assert start.day == min(
                day, (months_later(start.date().replace(day=1), 1) - start.date()).days + start.day - 1
            )
        now_ms, count = end_of(found), count + 1
    assert count == {1: 121, 3: 41, 12: 11, 30: 123}[recurrence.anchor.count]


@given(recurrences, instants, st.sampled_from(ALL_ZONES))
def test_every_instant_lies_in_one_cycle_and_the_next_begins_where_it_ends(
    recurrence: Recurrence, now_ms: int, zone: str
) -> None:
    found = cycle(recurrence, now_ms, zone)
    assert found.holds(now_ms)
    assert cycle(recurrence, found.start_ms, zone) == found
    assert cycle(recurrence, end_of(found), zone).start_ms == found.end_ms


@given(st.integers(1, 500), instants, st.lists(st.integers(-10 * HOUR_MS, 400 * HOUR_MS), max_size=20))
def test_from_first_use_a_cycle_is_as_long_as_stated_and_none_opens_twice(
    hours: int, start_ms: int, moves: list[int]
) -> None:
    recurrence = Recurrence(Every.HOUR, Anchor(hours))
    latest, now_ms = cycle(recurrence, start_ms, "Europe/Berlin"), start_ms
    for move in moves:
        now_ms += move
        found = cycle(recurrence, now_ms, "Europe/Berlin", latest)
        assert end_of(found) - found.start_ms == hours * HOUR_MS
        assert found == latest or found.start_ms == now_ms >= end_of(latest)
        latest = found


def test_the_31st_is_the_last_day_of_a_short_month_and_the_31st_again_after_it() -> None:
    starts = [
        local(cycle(recurrence_of("month from 31st"), at(f"2028-{m:02d}-15T00:00:00"), "UTC").start_ms, "UTC")
        for m in range(2, 8)
    ]
    assert [f"{start:%m-%d}" for start in starts] == ["01-31", "02-29", "03-31", "04-30", "05-31", "06-30"]


def test_a_year_from_a_leap_day_begins_on_the_28th_in_other_years() -> None:
    recurrence = recurrence_of("year from 2024-02-29")
    found = cycle(recurrence, at("2027-06-01T00:00:00"), "UTC")
    assert found == Cycle(at("2027-02-28T00:00:00"), at("2028-02-29T00:00:00"))


def test_hours_are_counted_as_they_pass_and_days_as_the_calendar_has_them() -> None:
    """In Berlin the clock is put forward in the night to 29 March 2026."""
    noon = at("2026-03-28T12:00:00", "Europe/Berlin")
    day = cycle(recurrence_of("1 day from 2026-03-01"), noon + 24 * HOUR_MS, "Europe/Berlin")
    assert end_of(day) - day.start_ms == 23 * HOUR_MS
    used = cycle(recurrence_of("24 hours from first use"), noon, "Europe/Berlin")
    assert local(end_of(used), "Europe/Berlin").hour == 13


def test_a_month_from_first_use_ends_at_the_same_local_time() -> None:
    used = cycle(recurrence_of("month from first use"), at("2026-03-05T09:30:00", "Europe/Berlin"), "Europe/Berlin")
    assert local(end_of(used), "Europe/Berlin").isoformat() == "2026-04-05T09:30:00+02:00"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("month", "month"),
        ("total", "total"),
        ("month from 1st", "month from 1st"),
        ("Month from 22nd", "month from 22nd"),
        ("month from 2026-01-31", "month from 31st"),
        ("quarter from 2026-01-31", "quarter from 2026-01-31"),
        ("3 months from 2026-01-31", "quarter from 2026-01-31"),
        ("2 years from 2026-01-31", "2 years from 2026-01-31"),
        ("30 days from 2026-05-01", "30 days from 2026-05-01"),
        ("5 hours from first use", "5 hours from first use"),
        ("week from first use", "week from first use"),
    ],
)
def test_words_are_read_and_written_alike(text: str, written: str) -> None:
    assert str(recurrence_of(text)) == written
    assert recurrence_of(written) == recurrence_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fortnight",
        "quarter",
        "5 hours",
        "month from 32nd",
        "week from 3rd",
        "0 days from 2026-01-01",
        "total from first use",
        "month from",
        "5 hours from noon",
        "9999999 days from 2026-01-01",
        "x days from 2026-01-01",
    ],
)
def test_what_is_no_recurrence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        recurrence_of(text)
