"""The commands that the screens show make the very change that the screens make."""

import shlex
import tomllib
from pathlib import Path

import pytest

from bursar.cli.main import main
from bursar.config import edit
from bursar.contract.configuration import Edit, Put, PutTable, TakeOut
from bursar_tui.config_commands import command_of

TEXT = """\
[upstreams.main]
kind = "ollama"
[upstreams.other]
kind = "lmstudio"
[aliases.fast]
routes = ["main/a"]
[caps.daily]
usd = "5.00"
every = "day"
[wallets.main]
upstream = "main"
[prices."main/a b"]
input = "1"
output = "2"
""".replace("a b", "a*")


@pytest.mark.parametrize(
    "change",
    [
        Put(("caps", "daily", "usd"), "7.00"),
        Put(("server", "port"), 4242),
        Put(("aliases", "fast", "routes"), ["main/a", "main/b"]),
        Put(("prices", "main/a*", "output"), "0.60"),
        Put(("upstreams", "main", "price_factors"), {"gpt-4*": "0.7"}),
        PutTable(("aliases", "slow"), {"routes": ["main/x", "main/y"], "continue": "verify"}),
        PutTable(("caps", "laptop"), {"key": "laptop", "usd": "2.50", "every": "week"}),
        PutTable(("caps", "odd"), {"requests": 5, "every": "30 days from 2026-05-31"}),
        PutTable(("caps", "both"), {"key": "a", "tokens": 1_000_000, "every": "month"}),
        PutTable(("plans", "p"), {"upstream": "main", "weighted_tokens": 5, "every": "month from 12th"}),
        PutTable(("plans", "q"), {"upstream": "main", "requests": 5, "every": "day", "state": "suspended"}),
        PutTable(("plans", "r"), {"upstream": "main", "requests": 5, "every": "day", "models": ["a-*", "b"]}),
        PutTable(("wallets", "w"), {"upstream": "other", "low": "15"}),
        PutTable(("upstreams", "far"), {"kind": "aporto", "secret": "env:KEY", "price_factor": "0.7"}),
        PutTable(
            ("upstreams", "free"), {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1", "free": True}
        ),
        PutTable(("prices", "main/b"), {"input": "1", "output": "2"}),
        TakeOut(("caps", "daily")),
        TakeOut(("wallets", "main")),
        TakeOut(("prices", "main/a*")),
        TakeOut(("caps", "daily", "usd")),
    ],
    ids=str,
)
def test_the_command_makes_the_change(change: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURSAR_HOME", str(tmp_path))
    file = tmp_path / "config.toml"
    file.write_text(TEXT)
    words = shlex.split(command_of((change,)))
    assert words[0] == "bursar"
    status = main(words[1:])
    wanted = tomllib.loads(edit.with_edits(TEXT, (change,)))
    if isinstance(change, TakeOut) and change.key[-1] == "usd":
        assert status == 1  # a cap without an amount is none
        assert file.read_text() == TEXT
    else:
        assert status == 0
        assert tomllib.loads(file.read_text()) == wanted


def test_several_changes_are_made_in_the_file() -> None:
    assert command_of((Put("a.b", 1), TakeOut("a.c"))) == "bursar config edit"
