"""`bursar selftest`: every fault of the practice upstream against the chains of one's own configuration."""

import argparse
import asyncio
import sys

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.selftest_cases import Chain, cases_of, chains_of, quick
from bursar.cli.selftest_play import Played, play
from bursar.cli.selftest_verdict import Verdict
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import AliasSettings, Config
from bursar.practice.faults.fault import Fault
from bursar.practice.faults.table import FAULTS

DESCRIPTION = """\
Play every fault there is against the chains of your configuration, and print what a client saw of each. A second proxy
and the practice upstream run for it on this machine, in a folder that is removed afterwards: no vendor is asked, and
nothing is billed. The first route of each alias is replaced by the fault, the others by healthy routes; times are
shortened. Aliases whose chains are alike are tested once.

examples:
  bursar selftest                 every alias, a few minutes at most
  bursar selftest fast --quick    one alias, a few faults
  bursar selftest --json          for scripts

marks: relay = the whole answer; clean = an error, or the whole answer from the next route; mid = a part, then an error;
soft = whichever of these is honest. The exit status is 1 where anything is not as it should be.
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("aliases", nargs="*", metavar="ALIAS", help="only these aliases")
    parser.add_argument("--quick", action="store_true", help="only a few of the faults")
    parser.add_argument("--failures", action="store_true", help="print only what is not as it should be")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--progress", action="store_true", help="say how far it is, also where that is no terminal")


def run(options: argparse.Namespace) -> int:
    """Play, and print."""
    config = _configuration(options)
    chains = chains_of(config, _aliases(config, options.aliases))
    faults = quick(FAULTS.values()) if options.quick else list(FAULTS.values())
    cases = list(cases_of(chains, faults))
    watched = options.progress or (sys.stderr.isatty() and not options.json)
    told = _Progress(len(cases), quiet=not watched)
    played = asyncio.run(play(config, cases, told.hear))
    told.end()
    if options.json:
        say_json(_fields(played))
    else:
        _print(played, chains, only_failures=options.failures)
    return Exit.OK if played.right else Exit.PROBLEM


def _configuration(options: argparse.Namespace) -> Config:
    try:
        return load(places_of(options).config_file)
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems))) from None


def _aliases(config: Config, names: list[str]) -> list[AliasSettings]:
    unknown = [name for name in names if name not in config.aliases]
    if unknown:
        known = ", ".join(config.aliases) or "none"
        raise Failed(f'There is no alias "{unknown[0]}"; there is {known}.', Exit.WRONG_USE)
    chosen = [alias for name, alias in config.aliases.items() if not names or name in names]
    if not chosen:
        raise Failed("The configuration has no alias to test. Add one: [aliases.NAME] routes = […].")
    return chosen


class _Progress:
    """How far it is, on standard error, where somebody watches."""

    def __init__(self, cases: int, *, quiet: bool) -> None:
        self._cases = cases
        self._quiet = quiet
        self._done = self._wrong = 0

    def hear(self, verdict: Verdict) -> None:
        """One more has ended."""
        self._done += 1
        self._wrong += not verdict.right
        if not self._quiet:
            wrong = f", {self._wrong} wrong" if self._wrong else ""
            print(f"\r{self._done} of {self._cases}{wrong}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if not self._quiet:
            print("\r\x1b[K" if sys.stderr.isatty() else "\n", end="", file=sys.stderr, flush=True)


def _print(played: Played, chains: list[Chain], *, only_failures: bool) -> None:
    for chain in chains:
        routes = f"{len(chain.kinds)} route" + ("s" if len(chain.kinds) > 1 else "")
        say(f"{', '.join(chain.aliases)}: {routes}, continue = {chain.continued.value}")
        shown = [each for each in played.verdicts if each.case.chain is chain and not (only_failures and each.right)]
        heads = ("", "fault", "asked for", "mark", "what the client saw", "s")
        if shown:
            say_table(heads, map(_row, shown), right=(5,))
        say()
    wrong = sum(not verdict.right for verdict in played.verdicts)
    for problem in played.problems:
        complain(f"✗ {problem}")
    right = len(played.verdicts) - wrong
    held = (
        "nothing is held, and all sums are right" if not played.problems else f"{len(played.problems)} other problems"
    )
    say(f"{right} of {len(played.verdicts)} as they should be; {held}; {played.took_s:.0f} s.")


def _row(verdict: Verdict) -> tuple[str, ...]:
    case = verdict.case
    form = "stream" if case.stream else "plain"
    return ("✓" if verdict.right else "✗", case.fault.name, form, _mark(case.fault, stream=case.stream)) + (
        verdict.words,
        f"{verdict.took_s:.1f}",
    )


def _mark(fault: Fault, *, stream: bool) -> str:
    mark = fault.mark if stream else fault.plain
    return mark.value if mark is not None else ""


def _fields(played: Played) -> dict[str, object]:
    return {
        "right": played.right,
        "took_s": round(played.took_s, 1),
        "problems": list(played.problems),
        "cases": [
            {
                "aliases": list(verdict.case.chain.aliases),
                "fault": verdict.case.fault.name,
                "does": verdict.case.fault.does,
                "stream": verdict.case.stream,
                "mark": _mark(verdict.case.fault, stream=verdict.case.stream),
                "saw": verdict.words,
                "right": verdict.right,
                "took_s": round(verdict.took_s, 3),
            }
            for verdict in played.verdicts
        ],
    }
