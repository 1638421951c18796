"""Letting a request in: everything that is asked of one before a handler sees it, in one place."""

from aiohttp import web

from bursar.doorkeeper.examine import examine
from bursar.doorkeeper.keeper import facts_of
from bursar.endpoints.context import Context
from bursar.endpoints.cors import preflight
from bursar.endpoints.dry_run import DRY_RUN, check_dry_run
from bursar.endpoints.from_outside import EXPOSURE, narrowed


def let_in(request: web.Request, context: Context) -> web.Response | None:
    """Note under which exposure a request comes, if under any, without which no handler knows any key.

    Gives the answer to what no handler is asked for: a browser's question whether it may ask. Raises the refusal of
    whatever is not let in.
    """
    if DRY_RUN in request.headers:
        check_dry_run(request)
    exposures, hosts, facts = context.exposures, context.hosts(), facts_of(request)
    refusal = examine(facts, exposures.hosts(hosts) if exposures.live else hosts)
    if refusal is not None:
        raise refusal
    if not exposures.live:
        request[EXPOSURE] = None
        return None
    answer = preflight(request, exposures)
    if answer is None:
        request[EXPOSURE] = narrowed(request, facts, exposures)
    return answer
