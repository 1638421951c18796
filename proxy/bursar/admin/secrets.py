"""GET /secrets, POST /secrets/unlock and /upstreams/{name}/secret: keys come in here, and none goes out."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import read_command, say
from bursar.contract.secrets import SecretKept, SetSecret, Unlock
from bursar.domain.refusals import UnknownEndpoint
from bursar.upstreams.secret_care import SecretCare


async def list_secrets(request: web.Request) -> web.Response:
    """Where the keys are, and which cannot be had."""
    return say(await _care(request).places())


async def unlock_secrets(request: web.Request) -> web.Response:
    """Open the sealed file. Raises SecretNotKept."""
    care, command = _care(request), await read_command(request, Unlock)
    return say(await care.unlock(command.passphrase, new=command.new))


async def set_secret(request: web.Request) -> web.Response:
    """Keep a key, and have it in force. Raises as `SecretCare.keep` does."""
    care, command = _care(request), await read_command(request, SetSecret)
    return say(SecretKept(str(await care.keep(request.match_info["name"], command.secret))))


def _care(request: web.Request) -> SecretCare:
    care = request.app[CONTEXT].secrets
    if care is None:
        raise UnknownEndpoint("this proxy keeps no keys")
    return care


ROUTES = (
    web.get("/secrets", list_secrets, allow_head=False),
    web.post("/secrets/unlock", unlock_secrets),
    web.post("/upstreams/{name}/secret", set_secret),
)
