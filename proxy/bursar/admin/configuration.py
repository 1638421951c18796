"""/configuration: the user's file at the local door: read, checked, and changed whole or not at all."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from bursar.admin.context import CONTEXT, AdminContext
from bursar.admin.wire import read_command, say
from bursar.config import edit
from bursar.config.described import described
from bursar.config.document import CannotEdit
from bursar.config.edit import ConfigChanged
from bursar.config.load import parse
from bursar.config.problems import BrokenConfig, Problem
from bursar.config.schema import Config
from bursar.contract.configuration import (
    CheckConfiguration,
    ConfigurationChecked,
    ConfigurationFile,
    ConfigurationWritten,
    EditConfiguration,
    FileProblem,
    ReplaceConfiguration,
    entity_tag,
)
from bursar.domain.refusals import (
    BrokenConfiguration,
    ConfigurationChanged,
    ImpossibleEdit,
    MatchRequired,
    UnknownEndpoint,
)

LARGEST_TEXT_BYTES = 8 * 1024 * 1024
"""A file of 4 MiB, the largest that is read, also where JSON escapes much of it."""

_TAG = re.compile(r'(?:^|,)\s*"([^"]*)"\s*(?=,|$)')


async def get_configuration(request: web.Request) -> web.Response:
    """The file as it is now, what is wrong with it, and all settings."""
    context = request.app[CONTEXT]
    in_force = context.feed.snapshot.configuration.etag
    found = await asyncio.to_thread(_found, _file(context), in_force)
    answer = say(found)
    answer.headers["ETag"] = entity_tag(found.etag)
    return answer


async def check_configuration(request: web.Request) -> web.Response:
    """What would be wrong with a text, or with the file after some edits; nothing is changed."""
    command = await read_command(request, CheckConfiguration, most_bytes=LARGEST_TEXT_BYTES)
    return say(await asyncio.to_thread(_checked, _file(request.app[CONTEXT]), command))


async def put_configuration(request: web.Request) -> web.Response:
    """Write the whole text and put it in force."""
    match = _match(request)
    command = await read_command(request, ReplaceConfiguration, most_bytes=LARGEST_TEXT_BYTES)
    return await _write(request, lambda file: edit.replace_whole(file, command.text.encode(), if_match=match))


async def edit_configuration(request: web.Request) -> web.Response:
    """Change single keys and tables, and put the outcome in force."""
    match = _match(request)
    command = await read_command(request, EditConfiguration)
    return await _write(request, lambda file: edit.make(file, command.edits, if_match=match))


ROUTES = (
    web.get("/configuration", get_configuration, allow_head=False),
    web.put("/configuration", put_configuration),
    web.post("/configuration/check", check_configuration),
    web.post("/configuration/edits", edit_configuration),
)


async def _write(request: web.Request, write: Callable[[Path], Config]) -> web.Response:
    """Write whole or not at all, then reload."""
    context = request.app[CONTEXT]
    try:
        config = await asyncio.to_thread(write, _file(context))
    except BrokenConfig as broken:
        rest = f" (and {len(broken.problems) - 1} more problems)" if len(broken.problems) > 1 else ""
        raise BrokenConfiguration(
            f"{broken.problems[0].sentence.rstrip('.')}{rest}; nothing was changed",
            detail={"problems": tuple(map(file_problem, broken.problems))},
        ) from None
    except ConfigChanged as error:
        raise ConfigurationChanged(f"{error}; nothing was overwritten") from None
    except CannotEdit as error:
        raise ImpossibleEdit(f"{error}; nothing was changed") from None
    answer = say(ConfigurationWritten(config.digest, await context.reload()))
    answer.headers["ETag"] = entity_tag(config.digest)
    return answer


def _found(file: Path, in_force: str) -> ConfigurationFile:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = None
    except OSError as error:
        unread = FileProblem(f"the file cannot be read ({error.strerror or type(error).__name__}).")
        return ConfigurationFile(str(file), "", "", in_force, (unread,), settings=described())
    problems, notes = _judged(content, file)
    text = (content or b"").decode("utf-8-sig", "replace")
    etag = "" if content is None else hashlib.sha256(content).hexdigest()
    return ConfigurationFile(str(file), text, etag, in_force, problems, notes, described())


def _checked(file: Path, command: CheckConfiguration) -> ConfigurationChecked:
    try:
        text = command.text if command.text is not None else edit.text_of(file)
        content = edit.with_edits(text, command.edits).encode()
    except BrokenConfig as broken:
        return ConfigurationChecked(tuple(map(file_problem, broken.problems)))
    except CannotEdit as error:
        return ConfigurationChecked((FileProblem(f"{error}."),))
    return ConfigurationChecked(*_judged(content, file))


def _judged(content: bytes | None, file: Path) -> tuple[tuple[FileProblem, ...], tuple[str, ...]]:
    try:
        return (), parse(content, file, environ={}).notes
    except BrokenConfig as broken:
        return tuple(map(file_problem, broken.problems)), ()


def file_problem(problem: Problem) -> FileProblem:
    """A problem as the contract has it."""
    return FileProblem(
        problem.sentence,
        problem.key,
        problem.line,
        problem.column,
        problem.found,
        problem.allowed,
        problem.nearest,
    )


def _match(request: web.Request) -> str | None:
    """The ETag that a write is meant for; None where it is meant for any. Raises MatchRequired."""
    text = ",".join(request.headers.getall("If-Match", ())).strip()
    if text == "*":
        return None
    tags = _TAG.findall(text)
    if len(tags) != 1:
        raise MatchRequired(
            "say in If-Match which text the change is meant for: the one ETag that GET /configuration gave"
        )
    return str(tags[0])


def _file(context: AdminContext) -> Path:
    """The configuration file. Raises UnknownEndpoint where this door has none."""
    if context.config_file is None:
        raise UnknownEndpoint("there is no configuration behind this door")
    return context.config_file
