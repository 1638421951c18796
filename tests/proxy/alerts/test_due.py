"""What is due: each thing once for its cause and cycle, the highest level alone, and never a storm of what comes and
goes. The decider is played whole afternoons, as chance has it, and remembered through restarts."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.alerts.due import LONGEST_REST_MS, MEMORY_MS, REST_MS, Cause, Due, Said, Sight, dismissed, due
from bursar.domain.alert import AlertKind, Urgency

NOW = 1_790_000_000_000
DAILY = Cause("account:cap:daily", AlertKind.USED, 0, Urgency.NOTE, "said", cycle_ms=NOW, granted=100)
DOWN = Sight((Cause("upstream:main", AlertKind.UPSTREAM, 1, Urgency.WARNING, "main is down"),))
WELL = Sight(well={"upstream:main": "main is well"})


class Played:
    """A decider that is asked again and again, and remembers by way of the disk."""

    def __init__(self) -> None:
        self.said: dict[str, Said] = {}
        self.now_ms = NOW

    def sees(self, sight: Sight, after_ms: int = 0) -> Due:
        self.now_ms += after_ms
        found = due(sight, self.said, self.now_ms)
        self.said = msgspec.json.decode(msgspec.json.encode(found.said), type=dict[str, Said])
        return found

    def used(self, level: int, *, cycle_ms: int = NOW, granted: int = 100, after_ms: int = 0) -> list[str]:
        """What is said where so much is used: the causes."""
        cause = replace(DAILY, level=level, cycle_ms=cycle_ms, granted=granted)
        return [alert.cause for alert in self.sees(Sight((cause,)), after_ms).alerts]


@given(st.lists(st.tuples(st.sampled_from((0, 50, 80, 95, 100)), st.integers(0, 3)), max_size=60))
def test_each_level_is_said_once_in_each_cycle(steps: list[tuple[int, int]]) -> None:
    """Use only grows within a cycle, whatever the order in which it is looked at."""
    play, cycle, used, said = Played(), 0, 0, list[tuple[int, int]]()
    for level, more in steps:
        if more == 3:
            cycle, used = cycle + 1, 0
        used = max(used, level)
        if play.used(used, cycle_ms=NOW + cycle):
            said.append((cycle, used))
        assert not play.used(used, cycle_ms=NOW + cycle), "asked again at once"
    assert len(said) == len(set(said))
    assert said == sorted(said)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2 * REST_MS)), min_size=1, max_size=400))
def test_what_comes_and_goes_is_no_storm(steps: list[tuple[bool, int]]) -> None:
    """However an upstream flaps: down and back are said in turn, and ever more rarely."""
    play, said = Played(), list[tuple[int, bool]]()
    for down, after_ms in steps:
        said += [(play.now_ms, alert.over) for alert in play.sees(DOWN if down else WELL, after_ms).alerts]
    assert [over for _, over in said] == [place % 2 == 1 for place in range(len(said))]
    rest_ms = REST_MS
    for (down_ms, _), (over_ms, _) in zip(said[::2], said[1::2], strict=False):
        assert over_ms - down_ms >= rest_ms
        rest_ms = min(2 * rest_ms, LONGEST_REST_MS)


@given(st.lists(st.sampled_from((0, 50, 80, 95, 100)), max_size=30), st.integers(0, 29))
def test_a_restart_repeats_nothing(levels: list[int], at: int) -> None:
    """The memory goes through the disk at each step: one that goes on and one that starts anew say the same."""
    play, used = Played(), 0
    for place, level in enumerate(levels):
        used = max(used, level)
        play.used(used)
        if place == at:
            other = Played()
            other.said = dict(play.said)
            assert not other.used(used)


def test_a_jump_is_one_alert_the_highest() -> None:
    play = Played()
    assert not play.used(0)
    assert play.used(95) == ["account:cap:daily"]
    assert play.said["account:cap:daily"].level == 95
    assert not play.used(95)
    assert play.used(100)


def test_more_granted_is_said_of_again_where_it_is_used_up_again() -> None:
    play = Played()
    assert play.used(100)
    found = play.sees(Sight((replace(DAILY, level=50, granted=200),)))
    assert (found.alerts, found.ended) == ((), ("account:cap:daily",))
    assert not play.used(50, granted=200)
    assert play.used(80, granted=200)
    assert play.used(100, granted=100), "the raise has ended"


def test_a_grant_that_leaves_nothing_to_say_is_forgotten() -> None:
    play = Played()
    assert play.used(80)
    assert not play.used(0, granted=1000)
    assert not play.said
    assert play.used(50, granted=1000)


def test_a_new_cycle_takes_the_alert_down_and_begins_afresh() -> None:
    play = Played()
    assert play.used(100)
    assert play.sees(Sight((replace(DAILY, cycle_ms=NOW + 1),))).ended == ("account:cap:daily",)
    assert play.used(50, cycle_ms=NOW + 1)


def test_a_cycle_that_is_over_is_shown_no_longer_and_a_clock_set_back_says_nothing() -> None:
    play = Played()
    assert play.used(100)
    assert play.sees(Sight((DAILY,))).ended == ("account:cap:daily",)
    assert not play.used(100)
    assert not play.said["account:cap:daily"].standing


def test_back_is_said_once_it_has_stayed_away() -> None:
    play = Played()
    assert [alert.sentence for alert in play.sees(DOWN).alerts] == ["main is down"]
    assert not play.sees(WELL).alerts
    assert not play.sees(WELL, REST_MS - 1).alerts
    found = play.sees(WELL, 1)
    assert [(alert.sentence, alert.over) for alert in found.alerts] == [("main is well", True)]
    assert found.ended == ("upstream:main",)
    assert not play.sees(WELL, MEMORY_MS).alerts
    assert not play.said


def test_of_what_nobody_knows_nothing_is_said() -> None:
    """After a restart an upstream counts as well, and nobody has asked it anything yet."""
    play = Played()
    play.sees(DOWN)
    unsure = Sight(unsure=frozenset({"upstream:main"}))
    for _ in range(5):
        found = play.sees(unsure, REST_MS)
        assert (found.alerts, found.ended) == ((), ())
    assert not play.sees(DOWN).alerts


def test_what_is_not_there_any_more_goes_without_a_word() -> None:
    play = Played()
    play.sees(DOWN)
    play.sees(Sight())
    found = play.sees(Sight(), REST_MS)
    assert (found.alerts, found.ended) == ((), ("upstream:main",))


def test_another_hold_in_doubt_is_another_alert() -> None:
    def doubt(newest: int) -> Sight:
        return Sight((Cause("doubt", AlertKind.DOUBT, newest, sentence="in doubt"),))

    play = Played()
    assert play.sees(doubt(7)).alerts
    assert not play.sees(doubt(7)).alerts
    assert not play.sees(doubt(5)).alerts, "one of two is resolved"
    assert play.sees(doubt(9)).alerts


@pytest.mark.parametrize("level", [50, 100])
def test_dismissed_is_not_said_again(level: int) -> None:
    play = Played()
    play.used(level)
    play.said = dismissed(play.said, ["account:cap:daily", "account:cap:unknown"])
    assert not play.said["account:cap:daily"].standing
    assert not play.used(level)
    assert not play.sees(Sight((replace(DAILY, level=level),))).ended
