"""`bursar counting`: by which factors tokens are counted, for each model family at an upstream, and how surely."""

import argparse

from bursar.cli.exits import Exit
from bursar.cli.output import say, say_json, say_prose, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.domain.calibration import Calibration, Factor, plain
from bursar.metering.calibrations import LEAST_PAIRS

DESCRIPTION = """\
By which factors tokens are counted. Vendors have vocabularies of their own, and few are public: a text is counted in
tokens of OpenAI's, and multiplied. The factor of each model family at an upstream is learned from the usage that is
reported there, and shown with its error, within which nineteen of twenty calls are. Holds go by a higher one.

examples:
  bursar counting
  bursar counting --json      factors and errors in thousandths
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    with asking(places_of(options)) as proxy:
        calibrations = proxy.counting()
    if options.json:
        say_json(calibrations)
        return Exit.OK
    if not calibrations:
        say("No alias leads to a model, and nothing was learned of any.")
        return Exit.OK
    heads = ("at", "family", "prompts", "held by", "from", "answers", "held by", "from")
    say_table(heads, map(_row, calibrations), right=(3, 6))
    say()
    say_prose(
        "So many of the vendor's tokens is one of ours. With ± it was learned from that many of the latest calls; "
        f"without, it is what counting begins with, until {LEAST_PAIRS} calls have told more."
    )
    for each in calibrations:
        if each.left_out:
            many = "1 report was" if each.left_out == 1 else f"{each.left_out:,} reports were"
            say_prose(f"{each.key}: {many} not believed, being far from any count of the text.")
    return Exit.OK


def _row(each: Calibration) -> tuple[str, ...]:
    return (each.upstream, each.family, *_side(each.prompt), *_side(each.answer))


def _side(factor: Factor) -> tuple[str, str, str]:
    calls = f"{factor.calls} calls" if factor.is_learned else f"{factor.calls} of {LEAST_PAIRS}"
    return str(factor), plain(factor.held), calls
