"""Faults that say no under a status of 200."""

import msgspec

from bursar.practice.faults.fault import Fault, Mark, Play, Stage
from bursar.practice.wire import JSON_TYPE, STREAM_TYPE

WHERE = "200 that is a no"
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"


def _json(value: object) -> Play:
    """Plays one object."""
    body = msgspec.json.encode(value)

    async def play(stage: Stage) -> None:
        stage.refuse(200, body)

    return play


async def page(stage: Stage) -> None:
    stage.refuse(200, _PAGE, b"text/html; charset=utf-8")


async def nothing(stage: Stage) -> None:
    stage.refuse(200, b"", STREAM_TYPE if stage.stream else JSON_TYPE)


async def cut_short(stage: Stage) -> None:
    stage.refuse(200, stage.body[: len(stage.body) // 2])


async def no_choices(stage: Stage) -> None:
    answer = msgspec.json.decode(stage.body)
    answer.pop("choices", None)
    answer.pop("data", None)
    stage.refuse(200, msgspec.json.encode(answer))


def _fault(name: str, does: str, play: Play) -> Fault:
    return Fault(f"fault-{name}", WHERE, Mark.CLEAN, Mark.CLEAN, does, play)


_ERROR = {"message": "The upstream is having trouble.", "type": "server_error", "param": None, "code": "upstream_error"}

FAULTS = (
    _fault("200-html", "answers 200 with an HTML page", page),
    _fault("200-empty", "answers 200 with nothing", nothing),
    _fault("200-error", "answers 200 with a top-level `error`", _json({"error": _ERROR})),
    _fault(
        "200-success-false",
        "answers 200 with `success: false`",
        _json({"success": False, "message": "Insufficient balance"}),
    ),
    _fault(
        "200-code-401",
        "answers 200 with `code: 401`, as Aporto does for a wrong key",
        _json({"code": 401, "msg": "You do not have access permissions"}),
    ),
    _fault("200-cut-json", "answers 200 with JSON that is cut short", cut_short),
    _fault("200-no-choices", "answers 200 with an object that has no `choices`", no_choices),
)
