"""`python3 tests`: makes .venv when needed, then runs the whole gate in order and stops at the first failure.

`python3 tests <pytest arguments>` runs pytest alone, with them; paths are those seen from the root of the checkout.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ON_EVERY_CORE = ["-n", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal"]
"""How all tests are run: two at once for each core, since many wait for a process, a socket or a screen. A few named
ones start sooner without it."""


def main() -> int:
    """The exit code of the first step that fails, or pytest's; 2 when there is no environment to run it in."""
    # By its path, because two programs called __main__ cannot import one another.
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "proxy" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    code = int(bootstrap.ready())
    if code != 0:
        return code
    os.chdir(ROOT)
    python = str(bootstrap.PYTHON)
    arguments = sys.argv[1:]
    if not arguments:
        gate = {
            "Format": [python, "-m", "ruff", "format", "--check", "."],
            "Lint": [python, "-m", "ruff", "check", "."],
            "Types": [python, "-m", "mypy"],
            "Imports": [*bootstrap.installed("lint-imports"), "--no-logo"],
        }
        for title, command in gate.items():
            print(f"\n== {title}", flush=True)
            code = subprocess.run(command).returncode
            if code != 0:
                print(f"\n{title}: failed. Nothing after it was run.", file=sys.stderr)
                return code
        print("\n== Tests", flush=True)
        arguments = ON_EVERY_CORE
    return int(bootstrap.run([python, "-m", "pytest", *arguments]))


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
