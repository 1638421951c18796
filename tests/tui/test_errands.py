"""Errands: what comes of each is told in a sentence, whatever happens; one of a screen's own is silent."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from tui.attached import attached
from tui.stage import shut

from bursar.contract.commands import SpendReport
from bursar.contract.way_in import NoAnswer
from bursar_tui.errands import Door, Errand, OpenDoor, run
from bursar_tui.link import door_at

Told = list[tuple[str, bool | None]]


def asks(doing: str) -> Errand[SpendReport]:
    return Errand(doing, lambda proxy: proxy.spend("key"), lambda report: f"{report.by} it is.")


async def test_what_is_done_and_what_came_of_it() -> None:
    async with attached("") as hands:
        told: Told = []
        await run(asks("Asking …"), door_at(hands.proxy.places), lambda said, *, well: told.append((said, well)))
        assert told == [("Asking …", None), ("key it is.", True)]


async def test_a_refusal_is_its_sentence() -> None:
    async with attached("") as hands:
        told: Told = []
        errand = Errand("", lambda proxy: proxy.clear_upstream("nobody"), str)
        loud = Errand("Clearing …", errand.work, str)
        for each in (errand, loud):
            await run(each, door_at(hands.proxy.places), lambda said, *, well: told.append((said, well)))
        assert told == [("Clearing …", None), ('There is no upstream "nobody".', False)]


@asynccontextmanager
async def silent() -> AsyncGenerator[Door, None]:
    raise NoAnswer
    yield


@pytest.mark.parametrize(("door", "words"), [(shut, "bursar serve"), (silent, "does not answer")])
async def test_nobody_there_and_no_answer(door: OpenDoor, words: str) -> None:
    told: Told = []
    await run(asks("Asking …"), door, lambda said, *, well: told.append((said, well)))
    assert told[-1][1] is False
    assert words in told[-1][0]
    await run(asks(""), door, lambda said, *, well: told.append((said, well)))
    assert len(told) == 2


async def test_good_news_and_bad_news_are_told_apart() -> None:
    async with attached("") as hands:
        told: Told = []
        errand = Errand(
            "…",
            lambda proxy: proxy.check_upstream("main"),
            lambda answer: answer.name,
            well=lambda answer: not answer.ok,
        )
        await run(errand, door_at(hands.proxy.places), lambda said, *, well: told.append((said, well)))
        assert told[-1] == ("main", False)
