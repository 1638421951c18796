"""`python -m bursar_tui [--plain | --web [--port N] [--open]] [--theme NAME] [--config FILE]`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bursar.contract.places import places
from bursar.domain.clock import SystemClock
from bursar_tui.hangup import end_with
from bursar_tui.link import door_at, watch_at


def main(arguments: Sequence[str] | None = None) -> int:
    """Attach to the proxy of this user and show what it does, until the user leaves; the exit status."""
    parser = argparse.ArgumentParser(prog="bursar watch", description="Watch the proxy: calls, cost, what is left.")
    parser.add_argument("--plain", action="store_true", help="print a line for each event instead")
    parser.add_argument("--web", action="store_true", help="serve it to a browser on this machine instead")
    parser.add_argument("--port", type=int, default=0, help="with --web: the port; by default a free one")
    parser.add_argument("--open", action="store_true", help="with --web: open the browser too")
    parser.add_argument("--in-tab", action="store_true", help=argparse.SUPPRESS)  # what --web starts for each tab
    parser.add_argument("--theme", help="dark, light, terminal, or one of Textual's themes")
    parser.add_argument("--config", type=Path, help="the configuration file of the proxy to attach to")
    chosen = parser.parse_args(arguments)
    if chosen.plain and chosen.web:
        parser.error("--plain and --web are two ways to watch; choose one")
    if (chosen.port or chosen.open) and not chosen.web:
        parser.error("--port and --open go with --web")
    if chosen.web:
        return _served(chosen)
    where, clock = places(chosen.config), SystemClock()
    if chosen.plain:
        from bursar_tui.plain import run

        end_with(sys.stdout.fileno())

        return run(watch_at(where), clock, sys.stdout)
    if not (chosen.in_tab or _in_terminal()):
        parser.error("this needs a terminal; --plain prints a line for each event instead")

    if not chosen.in_tab:
        end_with(sys.stdin.fileno())
    # Only here, because it takes ten times as long to load as all the above.
    from bursar_tui.app import BursarApp
    from bursar_tui.running import Runner
    from bursar_tui.starting import Starter
    from bursar_tui.terminal import native_colours, theme_for

    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]  # set to nothing is not set (no-color.org); Textual would turn all grey
    native = native_colours(os.environ)
    theme = chosen.theme or theme_for(os.environ, native=native)
    app = BursarApp(
        watch_at(where),
        door_at(where),
        str(where.admin_socket),
        clock,
        native=native,
        starter=Starter(where, chosen.config),
        runner=Runner(chosen.config, os.environ),
    )
    if theme not in app.available_themes:
        parser.error(f"there is no theme {theme!a}; there are {', '.join(app.available_themes)}")
    app.theme = theme
    if chosen.in_tab:
        from bursar_tui.web.driver import TabDriver

        app.driver_class = TabDriver
    elif os.name == "posix":
        from bursar_tui.thrifty_driver import thrift_for

        thrift_for(app)
    app.run()
    return app.return_code or 0


def _in_terminal() -> bool:
    """Whether a picture can be drawn here: Windows alone has terminals that do not say what they are."""
    kind = os.environ.get("TERM", "" if os.name == "posix" else "windows")
    return all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)) and kind not in ("", "dumb", "unknown")


def _served(chosen: argparse.Namespace) -> int:
    """In the browser: what is served starts this program again for each tab."""
    from bursar_tui.web.command import run

    passed = [] if chosen.theme is None else ["--theme", chosen.theme]
    passed += [] if chosen.config is None else ["--config", str(chosen.config)]
    return run(
        passed, chosen.port, opens=chosen.open, themed=chosen.theme is not None or bool(os.environ.get("NO_COLOR"))
    )


if __name__ == "__main__":
    raise SystemExit(main())
