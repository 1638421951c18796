"""Words: each text has one number, on disk or not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bursar.storage.sqlite.migrate import migrate, shipped_steps
from bursar.storage.sqlite.words import Words


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, shipped_steps())
        yield connection


def insert(connection: sqlite3.Connection, words: Words) -> None:
    connection.executemany("INSERT INTO word (id, text) VALUES (?, ?)", words.fresh)
    words.keep()


def test_a_text_keeps_its_number(connection: sqlite3.Connection) -> None:
    words = Words(connection)
    numbers = [words[text] for text in ("a", "", "b", "a")]
    assert numbers[0] == numbers[3]
    assert len(set(numbers)) == 3
    insert(connection, words)
    again = Words(connection)
    assert [again[text] for text in ("b", "", "a")] == [numbers[2], numbers[1], numbers[0]]
    assert again.fresh == []


def test_words_that_were_not_kept_are_fresh_again(connection: sqlite3.Connection) -> None:
    words = Words(connection)
    kept = words["kept"]
    insert(connection, words)
    assert words["lost"] != kept
    words.drop()
    other = words["other"]
    assert words["kept"] == kept
    lost = words["lost"]
    assert words.fresh == [(other, "other"), (lost, "lost")]
    insert(connection, words)


def test_any_number_of_words_can_come(connection: sqlite3.Connection) -> None:
    words = Words(connection)
    numbers = {}
    for batch in range(25):
        for number in range(1000):
            text = f"agent/{batch}.{number}"
            numbers[text] = words[text]
        insert(connection, words)
    assert len(set(numbers.values())) == 25_000
    assert all(words[text] == number for text, number in numbers.items())
    assert words.fresh == []
