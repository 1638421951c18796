"""Told: what a page says of its tab beside keys: how large it is, whether it is looked at."""

import msgspec


class Opens(msgspec.Struct, tag="opens", forbid_unknown_fields=True, frozen=True):
    """The first message: a terminal of this size, on a page that is dark or light."""

    columns: int
    rows: int
    dark: bool


class Resizes(msgspec.Struct, tag="resizes", forbid_unknown_fields=True, frozen=True):
    """The terminal has another size now."""

    columns: int
    rows: int


class Shows(msgspec.Struct, tag="shows", forbid_unknown_fields=True, frozen=True):
    """Whether the tab is in view."""

    visible: bool


Told = Opens | Resizes | Shows

_MOST_COLUMNS, _MOST_ROWS = 500, 200
_decoder: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Opens | Resizes | Shows)


def told(text: str) -> Told:
    """One message. Raises ValueError for anything else."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def size_of(message: Opens | Resizes) -> tuple[int, int]:
    """Columns and rows within what can be drawn, whatever the page says."""
    return min(max(message.columns, 1), _MOST_COLUMNS), min(max(message.rows, 1), _MOST_ROWS)
