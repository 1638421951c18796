"""What `bursar doctor` says of the service: whether a proxy runs, by whom, and whether it is of this version."""

from collections.abc import Iterator

from bursar.cli.findings import Finding, note, problem, well
from bursar.cli.service_state import Found
from bursar.contract.commands import Status


def service(found: Found, status: Status | None) -> Iterator[Finding]:
    """How the service is. `status` is what the running proxy says of itself, None where it is not understood."""
    installed = found.phase not in ("absent", "unknown")
    for each in found.problems:
        yield problem("service", each)
    if status is not None and status.broken:
        yield problem("service", f"{status.broken}; all of it: bursar config check")
    elif status is not None and status.problems:
        yield problem("service", f"the running proxy has a problem: {status.problems[0]}")
    elif found.answering is None and not found.problems:
        yield note("service", _how_to_start(found.phase, installed=installed))
    elif not found.problems:
        by = "by the service" if found.answering == found.process else "started by hand"
        yield well("service", f"running at {found.url}, process {found.answering}, {by}")


def _how_to_start(phase: str, *, installed: bool) -> str:
    if installed:
        return f"it is installed and {phase}; start it: bursar service start"
    return "no proxy is running; start one with `bursar serve`, or in the background: bursar service install"
