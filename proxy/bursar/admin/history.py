"""GET /history and GET /spend: what was used, record by record and in sums."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import integer, say
from bursar.domain.refusals import InvalidParameter
from bursar.storage.store import Only, SpendBy

MOST_ROWS = 500


async def history(request: web.Request) -> web.Response:
    """A page of usage records, newest first: `before` (the last page's `next`), `limit` (1 to 500)."""
    limit = integer(request, "limit") or 50
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidParameter(f"limit must be from 1 to {MOST_ROWS}", param="limit")
    try:
        return say(await request.app[CONTEXT].statement.history(request.query.get("before"), limit))
    except ValueError as error:
        raise InvalidParameter(str(error), param="before") from None


async def spend(request: web.Request) -> web.Response:
    """What was settled, by `by`, between `since_ms` and `until_ms` (the second excluded); `only` is HEADING=NAME."""
    since_ms, until_ms = integer(request, "since_ms"), integer(request, "until_ms")
    try:
        only = only_of(request.query.get("only"))
        return say(await request.app[CONTEXT].statement.spend(request.query.get("by", "day"), since_ms, until_ms, only))
    except ValueError as error:
        raise InvalidParameter(str(error)) from None


def only_of(text: str | None) -> Only | None:
    """What spend is restricted to, from `model=gpt-5`. Raises ValueError where there is no such heading."""
    if text is None:
        return None
    heading, _, name = text.partition("=")
    if heading not in list(SpendBy):
        raise ValueError(f"only is written HEADING=NAME; the headings are {', '.join(SpendBy)}")
    return Only(SpendBy(heading), name)
