"""The zone in which days begin is the configured one, else this machine's."""

import pytest
import tzlocal

from bursar.config.zone import zone_named


def test_a_named_zone() -> None:
    assert zone_named("Europe/Berlin").key == "Europe/Berlin"


def test_the_machines_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        tzlocal.reload_localzone()
        assert zone_named("local").key == "Asia/Kolkata"
    finally:
        monkeypatch.delenv("TZ")
        tzlocal.reload_localzone()
