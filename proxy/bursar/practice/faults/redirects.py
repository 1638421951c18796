"""Faults that are redirects, two of them to an origin where the key has no business."""

from bursar.practice.faults.fault import Fault, Mark, Play, Stage

WHERE = "redirects"


def _to(status: int, *, elsewhere: bool) -> Play:
    async def play(stage: Stage) -> None:
        origin = stage.state.other_origin_url if elsewhere else ""
        location = f"Location: {origin}{stage.visit.path}\r\n".encode()
        stage.refuse(status, b"", b"", location)

    return play


def _fault(name: str, does: str, play: Play) -> Fault:
    return Fault(f"fault-{name}", WHERE, Mark.CLEAN, Mark.CLEAN, does, play)


FAULTS = (
    _fault("redirect-307", "redirects to another origin with 307: method and body go along", _to(307, elsewhere=True)),
    _fault("redirect-302", "redirects to another origin with 302", _to(302, elsewhere=True)),
    _fault("redirect-loop", "redirects to itself with 308, for ever", _to(308, elsewhere=False)),
)
