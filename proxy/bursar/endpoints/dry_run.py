"""`x-bursar-dry-run: 1`: says what would become of a call, in place of making it."""

from aiohttp import web

from bursar.assembly import Assembly
from bursar.contract.codec import encode
from bursar.domain.refusals import InvalidParameter
from bursar.ledger.ledger import Ledger
from bursar.pipeline.call import Call
from bursar.pipeline.explain import explain

DRY_RUN = "x-bursar-dry-run"
_EXPLAINED = "/chat/completions"
_NO = frozenset({"", "0", "false", "no"})


def is_dry_run(request: web.Request) -> bool:
    """Whether nothing may be sent."""
    said = request.headers.get(DRY_RUN)
    return said is not None and said.strip().lower() not in _NO


def check_dry_run(request: web.Request) -> None:
    """Raises InvalidParameter where only an explanation is asked for of what cannot be explained: nothing is sent."""
    if is_dry_run(request) and request.method == "POST" and not request.path.endswith(_EXPLAINED):
        raise InvalidParameter(f"{DRY_RUN} explains POST /v1{_EXPLAINED} alone; nothing was sent.", param=DRY_RUN)


async def explained(call: Call, assembly: Assembly, ledger: Ledger) -> web.Response:
    """The explanation, as the local door gives it, too."""
    return web.Response(body=encode(await explain(call, assembly, ledger)), content_type="application/json")
