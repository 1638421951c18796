"""Marks: every state has a glyph and a word of its own, and every glyph is one column wide."""

import unicodedata

from rich.cells import cell_len
from tui.snapshots import attempt, exchange

from bursar.domain.exchange import Outcome
from bursar_tui.marks import MEANINGS, OUTCOMES, TURNING, exchange_mark, health_mark
from bursar_tui.widgets.account_bar import AVAILABLE, HELD, SETTLED
from bursar_tui.widgets.charts import EIGHTHS

GLYPHS = (
    {mark.glyph for mark, _ in MEANINGS} | set(TURNING) | set(EIGHTHS) | {SETTLED, HELD, AVAILABLE} | set("↳▲●✗…·≈─")
)


def test_every_outcome_has_its_mark_and_its_meaning() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert {mark.word for mark in OUTCOMES.values()} <= {mark.word for mark, _ in MEANINGS}
    assert len({mark.word for mark, _ in MEANINGS}) == len(MEANINGS)


def test_no_glyph_is_wide_or_a_picture() -> None:
    for glyph in GLYPHS:
        assert cell_len(glyph) == 1, glyph
        assert unicodedata.east_asian_width(glyph) not in "WF", glyph
        assert not 0x1F000 <= ord(glyph) <= 0x1FAFF, glyph


def test_a_call_on_its_way() -> None:
    view = exchange(1, "fast", ago=1_000)
    assert exchange_mark(view).word == "waiting"
    view.attempts.append(attempt("main", "small", started=900))
    assert exchange_mark(view).word == "asking"
    view.completion_tokens = 5
    assert exchange_mark(view).word == "live"
    view.attempts[-1].code = "upstream_timeout"
    assert exchange_mark(view).word == "waiting"


def test_health_in_words() -> None:
    assert [health_mark(health).word for health in ("ok", "cooling", "off", "unheard-of")] == [
        "ok",
        "cooling",
        "off",
        "unheard-of",
    ]
