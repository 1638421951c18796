"""requirements.lock: what a fresh clone installs, whatever index its machine asks."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", "").splitlines()
PINS = [Requirement(line.partition("--hash")[0]) for line in LINES if line and not line.startswith("#")]


def test_meets_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [Requirement(text) for text in [*project["dependencies"], *extras["dev"], *extras["pdf"]]]
    asked = [need for need in asked if need.name != project["name"]]
    pinned = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in PINS}
    unmet = [str(need) for need in asked if not need.specifier.contains(pinned.get(canonicalize_name(need.name), "0"))]
    assert unmet == [], "after a change of the dependencies, run the command at the head of requirements.lock"


def test_holds_exact_versions_with_hashes_and_names_no_place() -> None:
    for pin in PINS:
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), pin
        assert pin.url is None, pin
    for line in LINES:
        if line and not line.startswith("#"):
            assert "--hash=sha256:" in line, line
        assert "://" not in line
        assert not line.lstrip().startswith("-"), line
