"""`GET /v1/models`: the practice models and the faults, with the extras that a subscription's key sees at Apertis."""

from typing import Any

import msgspec

from bursar.practice.faults.fault import FAULT_MODEL
from bursar.practice.faults.table import FAULTS
from bursar.practice.models import LISTED, chat_model, embedding_model
from bursar.practice.refuse import unknown_model
from bursar.practice.visit import Visit

CREATED = 1_767_225_600
"""2026-01-01, when every practice model came into the world."""
SUBSCRIPTION_KEY = "sk-sub-"


def list_models(visit: Visit) -> None:
    """All of them."""
    data = [_entry(name, visit.key) for name in (*LISTED, *FAULTS)]
    visit.wire.answer(200, msgspec.json.encode({"object": "list", "data": data}))


def show_model(visit: Visit, name: str) -> None:
    """One of them, also one that is not listed. Raises Declined (404)."""
    if name not in FAULTS and chat_model(name) is None and embedding_model(name) is None:
        raise unknown_model(name)
    visit.wire.answer(200, msgspec.json.encode(_entry(name, visit.key)))


def _entry(name: str, key: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": name, "object": "model", "created": CREATED, "owned_by": "practice"}
    if key.startswith(SUBSCRIPTION_KEY):
        model = chat_model(name) or embedding_model(name)
        entry |= {
            "multiplier": 1.0,
            "tier": "standard",
            "context_length": model.window if model else FAULT_MODEL.window,
        }
    return entry
