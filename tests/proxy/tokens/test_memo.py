"""The bounded memory of counts: what was used last stays, and threads cannot break it."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from bursar.tokens.memo import Memo


def test_what_is_used_stays_and_what_is_not_goes() -> None:
    memo = Memo[int](10)
    memo.put("kept", 1)
    memo.put("lost", 2)
    for number in range(100):
        memo.put(number, number)
        assert memo.get("kept") == 1
    assert memo.get("lost") is None
    assert memo.get(99) == 99


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30))))
def test_it_is_bounded_keeps_the_newest_and_never_answers_wrong(steps: list[tuple[bool, int]]) -> None:
    memo, written = Memo[int](5), set()
    newest: list[int] = []
    for write, key in steps:
        if write:
            memo.put(key, key * key)
            written.add(key)
        elif memo.get(key) is None:
            continue
        assert memo.get(key) == key * key
        assert key in written
        newest = [each for each in newest if each != key][-4:] + [key]
        assert len(memo) <= 10
    assert [memo.get(key) for key in newest[-4:]] == [key * key for key in newest[-4:]]


def test_threads_only_ever_lose_entries() -> None:
    memo = Memo[int](50)

    def work(offset: int) -> bool:
        right = True
        for step in range(20_000):
            key = (step * 7 + offset) % 200
            found = memo.get(key)
            right = right and found in (None, -key)
            if found is None:
                memo.put(key, -key)
        return right

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))
    assert len(memo) <= 2 * 50 + 4
