"""JSON in and out at the local door: commands read strictly, answers, and every refusal as a Problem."""

import logging
from typing import TypeVar, cast

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from bursar.contract.codec import encode
from bursar.contract.commands import Problem
from bursar.contract.configuration import FileProblem
from bursar.domain.refusals import (
    BadRequest,
    InvalidParameter,
    LedgerUnavailable,
    Refusal,
    UnknownEndpoint,
    WrongMethod,
)
from bursar.doorkeeper.body import read_body
from bursar.storage.store import StoreUnavailable

logger = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 1024 * 1024
BODY_S = 10.0

T = TypeVar("T")


async def read_command(request: web.Request, kind: type[T], *, most_bytes: int = LARGEST_BODY_BYTES) -> T:
    """The command in the body. Raises BadRequest for what is no JSON, InvalidParameter for what is no such command."""
    body = await read_body(request, most_bytes=most_bytes, time_s=BODY_S)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"not understood: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("the body is not JSON") from None
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def integer(request: web.Request, name: str) -> int | None:
    """A whole number of the query, or None where it is not given. Raises InvalidParameter for anything else."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InvalidParameter(f"{name} must be a whole number", param=name) from None


def say(value: object, status: int = 200) -> web.Response:
    """An answer of the contract."""
    return web.Response(status=status, body=encode(value), content_type="application/json")


def problem(refusal: Refusal) -> bytes:
    """A refusal as the local door puts it."""
    problems = refusal.detail.get("problems", ())
    return encode(Problem(refusal.code, refusal.message, cast(tuple[FileProblem, ...], problems)))


def refuse(refusal: Refusal) -> web.Response:
    """A refusal, answered."""
    return web.Response(status=refusal.status, body=problem(refusal), content_type="application/json")


@web.middleware
async def answer_in_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every no, aiohttp's own and bugs of ours included, as a Problem."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refuse(refusal)
    except web.HTTPNotFound:
        return refuse(UnknownEndpoint("there is no such command; are both of the same version?"))
    except web.HTTPMethodNotAllowed:
        return refuse(WrongMethod("the command exists, but not with this method"))
    except StoreUnavailable as error:
        return refuse(LedgerUnavailable(f"the ledger cannot be read or written: {error.reason}"))
    except Exception:
        logger.exception("a command failed by a bug of ours")
        return refuse(Refusal("the proxy failed; its log says why"))
