"""`python3 tests`: makes .venv when needed, then runs the whole gate: the checks, told in order, and then the tests.

It ends with the first check that fails. `python3 tests <pytest arguments>` runs pytest alone, with them; paths are
those seen from the root of the checkout.
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
    """The exit code of the first check that fails, or pytest's; 2 when there is no environment to run it in."""
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
    # The tests are compiled once for all processes that run them: each by itself, that takes most of a minute.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    python = str(bootstrap.PYTHON)
    arguments = sys.argv[1:]
    if not arguments:
        code = checked(
            {
                "Format": [python, "-m", "ruff", "format", "--check", "."],
                "Lint": [python, "-m", "ruff", "check", "."],
                "Types": [python, "-m", "mypy"],
                "Imports": [*bootstrap.installed("lint-imports"), "--no-logo"],
                "Tests can be read": [python, "-m", "pytest", "--collect-only", "-q"],
            }
        )
        if code != 0:
            return code
        print("\n== Tests", flush=True)
        arguments = ON_EVERY_CORE
    return int(bootstrap.run([python, "-m", "pytest", *arguments]))


def checked(checks: dict[str, list[str]]) -> int:
    """Run checks side by side, as each uses one core, and tell of them in their order; the first exit code but 0."""
    running = {
        title: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for title, command in checks.items()
    }
    try:
        for title, process in running.items():
            print(f"\n== {title}", flush=True)
            said, _ = process.communicate()
            # Of one that is content the last line is enough.
            sys.stdout.buffer.write(said if process.returncode != 0 else said.strip().rpartition(b"\n")[2] + b"\n")
            sys.stdout.flush()
            if process.returncode != 0:
                print(f"\n{title}: failed. Nothing after it is told or run.", file=sys.stderr)
                return process.returncode
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
