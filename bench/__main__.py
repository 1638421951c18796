"""`python3 bench`: measures Bursar beside a direct call and a bare pass-through; makes .venv when needed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """The exit code: 0 when all was measured, 1 when an answer was wrong, 2 when there is nothing to run in."""
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        # By its path, because two programs called __main__ cannot import one another.
        spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "proxy" / "__main__.py")
        assert spec is not None
        assert spec.loader is not None
        bootstrap = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(bootstrap)
        code = int(bootstrap.ready())
        return code or int(bootstrap.run([str(bootstrap.PYTHON), str(ROOT / "bench"), *sys.argv[1:]]))
    # In place of this folder, whose files would hide others of the same names.
    sys.path[:1] = [str(ROOT), str(ROOT / "proxy"), str(ROOT / "tui")]
    from bench.run import main as run

    return run()


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
