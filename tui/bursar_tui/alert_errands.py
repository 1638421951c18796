"""Alert errands: what is asked of the proxy about alerts, and what is said of the answer."""

from bursar.contract.alerts import AlertsDismissed, AlertsTried, dismiss_alerts, try_alerts
from bursar_tui.errands import Errand
from bursar_tui.words import counted


def dismissing(cause: str) -> Errand[AlertsDismissed]:
    """Take the alert of a cause down; without a cause, all."""

    def said(answer: AlertsDismissed) -> str:
        return f"{counted(answer.count, 'alert')} taken down." if answer.count else "It stood no longer."

    ask = dismiss_alerts(cause)
    return Errand("Taking down …", lambda proxy: proxy.ask(ask), said)


def trying() -> Errand[AlertsTried]:
    """Send a test by every way."""

    def said(answer: AlertsTried) -> str:
        if not answer.ways:
            return "Alerts are shown here alone; [alerts] in the settings may name other ways."
        ways = " ".join(f"{way.name}: {way.problem.rstrip('.') if way.problem else 'sent'}." for way in answer.ways)
        return ways if _arrived(answer) else f"It is shown here alone. {ways}"

    return Errand(
        "Sending a test …",
        lambda proxy: proxy.ask(try_alerts()),
        said,
        well=lambda answer: _arrived(answer) and not any(way.problem and way.where for way in answer.ways),
    )


def _arrived(answer: AlertsTried) -> bool:
    """Whether it went out by any way, where there is one."""
    return not answer.ways or not all(way.problem for way in answer.ways)
