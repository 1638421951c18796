"""The list of models."""

from typing import Any

from bursar.practice.faults.table import FAULTS
from bursar.practice.models import LISTED


async def test_models_and_faults_are_listed(ask: Any) -> None:
    listed = (await ask.get("/v1/models")).json
    assert listed["object"] == "list"
    assert [entry["id"] for entry in listed["data"]] == [*LISTED, *FAULTS]
    assert all(
        entry["object"] == "model" and set(entry) == {"id", "object", "created", "owned_by"} for entry in listed["data"]
    )


async def test_a_subscription_key_sees_more(ask: Any) -> None:
    listed = (await ask.get("/v1/models", "Authorization: Bearer sk-sub-practice")).json
    assert all({"multiplier", "tier", "context_length"} < set(entry) for entry in listed["data"])


async def test_a_model_is_shown_by_any_of_its_names(ask: Any) -> None:
    for name in ("practice-small", "practice-tokens-77", "practice-embedding-7", "fault-500"):
        assert (await ask.get(f"/v1/models/{name}")).json["id"] == name
    assert (await ask.get("/v1/models/practice%2Dsmall")).json["id"] == "practice-small"
    answer = await ask.get("/v1/models/gpt-4o")
    assert (answer.status, answer.json["error"]["code"]) == (404, "model_not_found")
