"""`python -m bursar_tui [--plain] [--theme NAME] [--config FILE]`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bursar.contract.places import places
from bursar.domain.clock import SystemClock
from bursar_tui.link import door_at, watch_at


def main(arguments: Sequence[str] | None = None) -> int:
    """Attach to the proxy of this user and show what it does, until the user leaves; the exit status."""
    parser = argparse.ArgumentParser(prog="bursar watch", description="Watch the proxy: calls, cost, what is left.")
    parser.add_argument("--plain", action="store_true", help="print a line for each event instead")
    parser.add_argument("--theme", help="dark, light, terminal, or one of Textual's themes")
    parser.add_argument("--config", type=Path, help="the configuration file of the proxy to attach to")
    chosen = parser.parse_args(arguments)
    where, clock = places(chosen.config), SystemClock()
    if chosen.plain:
        from bursar_tui.plain import run

        return run(watch_at(where), clock, sys.stdout)
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        parser.error("this needs a terminal; --plain prints a line for each event instead")

    # Only here, because it takes ten times as long to load as all the above.
    from bursar_tui.app import BursarApp
    from bursar_tui.terminal import native_colours, theme_for

    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]  # set to nothing is not set (no-color.org); Textual would turn all grey
    native = native_colours(os.environ)
    theme = chosen.theme or theme_for(os.environ, native=native)
    app = BursarApp(watch_at(where), door_at(where), str(where.admin_socket), clock, native=native)
    if theme not in app.available_themes:
        parser.error(f"there is no theme {theme!a}; there are {', '.join(app.available_themes)}")
    app.theme = theme
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    raise SystemExit(main())
