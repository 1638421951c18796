"""Manner form: to whom is talked in the playground, and what goes along with every question."""

from collections.abc import Sequence

from bursar_tui.conversation import Manner
from bursar_tui.screens.form import Field
from bursar_tui.typed import count

HOTTEST = 2.0


def manner_fields(manner: Manner) -> list[Field]:
    """The lines of the form, as it stands now."""
    return [
        Field("alias or route", manner.model, "fast, or upstream/model"),
        Field("system prompt", manner.system, "Answer in one sentence."),
        Field("longest answer", "" if manner.max_tokens is None else str(manner.max_tokens), "tokens: 400, 4k"),
        Field("temperature", "" if manner.temperature is None else f"{manner.temperature:g}", "from 0 to 2"),
        Field("project", manner.project, "whose budget is asked, if any"),
    ]


def read_manner(typed: Sequence[str]) -> tuple[Manner, str]:
    """What was typed, and the command that asks so. Raises ValueError with a sentence."""
    model, system, longest, heat, project = typed
    if not model:
        raise ValueError("Say to whom: an alias, or upstream/model.")
    manner = Manner(model, system, count(longest) if longest else None, _heat(heat) if heat else None, project)
    return manner, manner.command


def _heat(text: str) -> float:
    try:
        heat = float(text)
    except ValueError:
        heat = -1.0
    if not 0 <= heat <= HOTTEST:
        raise ValueError(f"A temperature is from 0 to {HOTTEST:g}.")
    return heat
