"""The banner tells of a proxy of another version, and which of the two is to be started again."""

from tui.snapshots import NOW_MS, ZONE, empty

from bursar import __version__
from bursar_tui.seen import Attachment, Seen, Tie
from bursar_tui.widgets.banner import problems


def sentences(version: str = __version__, run: str = "r1") -> list[str]:
    snapshot = empty()
    snapshot.version, snapshot.run = version, run
    seen = Seen(snapshot, NOW_MS, Attachment(Tie.LIVE, NOW_MS, "here"), ZONE)
    return [sentence for _, _, sentence in problems(seen)]


def test_another_version_is_told() -> None:
    assert sentences() == []
    (older,) = sentences(version="0.0.1")
    assert "is version 0.0.1, this program is version" in older
    assert "bursar service restart" in older
    (newer,) = sentences(version="99.0.0")
    assert f"this program is version {__version__}: start this program again" in newer


def test_before_a_proxy_has_said_anything_there_is_nothing_to_tell() -> None:
    assert sentences(run="", version="") == []
