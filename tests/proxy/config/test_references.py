"""Every place that names a secret is known, and what a person means by a name."""

from pathlib import Path

from bursar.config.load import parse
from bursar.config.references import named, uses
from bursar.domain.secret_reference import reference_of

CONFIG = b"""
[upstreams.main]
kind = "openai"
secret = "sealed:vendor"
[upstreams.local]
kind = "ollama"
[upstreams.spare]
kind = "openrouter"
secret = "keyring:vendor"
[plans.monthly]
upstream = "main"
requests = 100
every = "month"
models = ["*"]
secret = "file:/run/plan"
[alerts]
webhook_secret = "keyring:sign"
"""


def test_all_of_them_with_whose_they_are_and_where_they_stand() -> None:
    config = parse(CONFIG, Path("config.toml"), environ={})
    assert [(str(use.reference), use.who, use.key) for use in uses(config)] == [
        ("sealed:vendor", "upstream main", ("upstreams", "main", "secret")),
        ("keyring:vendor", "upstream spare", ("upstreams", "spare", "secret")),
        ("file:/run/plan", "plan monthly", ("plans", "monthly", "secret")),
        ("keyring:sign", "the alerts' webhook", ("alerts", "webhook_secret")),
    ]


def test_a_name_is_an_upstreams_first_and_then_that_of_the_one_secret() -> None:
    config = parse(CONFIG, Path("config.toml"), environ={})
    assert named(config, "main") == reference_of("sealed:vendor")
    assert named(config, "sign") == reference_of("keyring:sign")
    assert named(config, "vendor") is None  # there are two
    assert named(config, "local") is None
    assert named(config, "sealed:vendor") is None  # already in full
