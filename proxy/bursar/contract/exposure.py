"""Exposure at the local door: a public host under which others reach the public door while a connection lasts."""

import msgspec


class Expose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /exposures: answer to a public host too, for as long as the connection of this request is open.

    `host` is what requests from outside name as their Host, `program` what carries them here. `keys` are the names of
    the client keys that are accepted from there; no other is. The answer is an ExposureView as a line of JSON, then an
    empty line now and then; whoever closes the connection, or dies, ends the exposure.
    """

    host: str
    keys: tuple[str, ...]
    program: str = ""


class ExposureView(msgspec.Struct, frozen=True):
    """One public host that is answered to now, by which program it comes, and which client keys are accepted there."""

    host: str
    keys: tuple[str, ...]
    program: str
    since_ms: int
