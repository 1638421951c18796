"""A statement on paper, by reportlab, which is loaded only here. The same statement gives the same bytes."""

from collections.abc import Iterator, Sequence
from io import BytesIO

from reportlab.lib import colors  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4, landscape  # type: ignore[import-untyped]
from reportlab.lib.styles import getSampleStyleSheet  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from bursar.cli.statement_tables import Accounts, Table, period, tables_of
from bursar.contract.shown import shown
from bursar.contract.statements import MonthStatement

_ROWS_A_TABLE = 200
"""The layout of one table takes time that grows with the square of its rows."""

_FONT, _BOLD, _SIZE = "Helvetica", "Helvetica-Bold", 7
_LONGEST_CELL = 48


def pdf_of(statement: MonthStatement, accounts: Accounts) -> bytes:
    """The whole document."""
    buffer = BytesIO()
    title = f"Statement {statement.month}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        title=title,
        author="Bursar",
        invariant=1,
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=15 * mm,
        bottomMargin=15 * mm,
    )
    styles = getSampleStyleSheet()
    story: list[Flowable] = [Paragraph(title, styles["Title"]), Paragraph(period(statement), styles["Normal"])]
    for table in tables_of(statement, accounts):
        story += [Spacer(1, 5 * mm), Paragraph(table.title, styles["Heading2"]), *_parts(table)]
    document.build(story, onFirstPage=_number, onLaterPages=_number)
    return buffer.getvalue()


def _parts(table: Table) -> Iterator[Flowable]:
    """A table in parts, under one head, all with the same widths."""
    rows = [tuple(map(_cell, row)) for row in table.rows]
    widths = _widths([table.heads, *rows])
    style = TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), _FONT, _SIZE),
            ("FONT", (0, 0), (-1, 0), _BOLD, _SIZE),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            *(("ALIGN", (place, 0), (place, -1), "RIGHT") for place in table.numbers),
        ]
    )
    for start in range(0, len(rows), _ROWS_A_TABLE):
        part = LongTable([table.heads, *rows[start : start + _ROWS_A_TABLE]], colWidths=widths, repeatRows=1)
        part.setStyle(style)
        part.hAlign = "LEFT"
        yield part


def _cell(text: str) -> str:
    """A text as the standard fonts can show it: what is not Latin-1 becomes a question mark."""
    visible = shown(text).encode("latin-1", "replace").decode("latin-1")
    return visible if len(visible) <= _LONGEST_CELL else f"{visible[: _LONGEST_CELL - 3]}..."


def _widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Columns as wide as their widest cell, all narrower where they would not fit the page."""
    widths = [max(len(row[place]) for row in rows) * _SIZE * 0.56 + 8 for place in range(len(rows[0]))]
    page = float(landscape(A4)[0] - 30 * mm)
    factor = min(1.0, page / sum(widths))
    return [width * factor for width in widths]


def _number(canvas: object, document: object) -> None:
    """The page's number at its foot."""
    page = f"{getattr(document, 'page', 0)}"
    canvas.setFont(_FONT, _SIZE)  # type: ignore[attr-defined]
    canvas.drawRightString(landscape(A4)[0] - 15 * mm, 8 * mm, page)  # type: ignore[attr-defined]
