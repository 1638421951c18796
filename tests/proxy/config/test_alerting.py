"""`[alerts]`: what may stand there, what is refused and said without showing it, and the quiet hours."""

from pathlib import Path

import pytest

from bursar.config.alerting import KINDS, AlertSettings, is_address
from bursar.config.load import parse
from bursar.config.problems import BrokenConfig
from bursar.domain.alert import AlertKind
from bursar.domain.secret_reference import SecretForm


def read(text: str) -> AlertSettings:
    return parse(f"[alerts]\n{text}\n".encode(), Path("config.toml"), environ={}).alerts


def test_what_may_stand_there() -> None:
    found = read(
        'kinds = ["wallet", "used"]\nlevels = [100, 80, 80]\ncommand = ["tell", "--loud"]\n'
        'webhook = "https://chat.example.com/hooks/T0P?x=1"\nwebhook_secret = "env:SIGN"\nquiet = "22:00-07:00"'
    )
    assert found.kinds == (AlertKind.USED, AlertKind.WALLET)
    assert found.levels == (80, 100)
    assert found.command == ("tell", "--loud")
    assert found.webhook_secret.form is SecretForm.ENV
    assert read("").kinds == KINDS
    assert AlertKind.TEST not in KINDS


@pytest.mark.parametrize(
    "line",
    [
        'kinds = ["test"]',
        'kinds = "used"',
        "levels = [0]",
        "levels = [101]",
        "levels = [50.5]",
        "levels = 80",
        'command = "tell --loud"',
        'command = [""]',
        'command = ["a\\u0000b"]',
        'quiet = "22-7"',
        'quiet = "24:00-07:00"',
    ],
)
def test_what_may_not(line: str) -> None:
    with pytest.raises(BrokenConfig, match="alerts."):
        read(line)


@pytest.mark.parametrize(
    "address",
    [
        "http://chat.example.com/T0P-S3CRET",
        "http://169.254.169.254/T0P-S3CRET",
        "http://127.0.0.1.evil.example/T0P-S3CRET",
        "https://user:T0P-S3CRET@example.com/",
        "https:///T0P-S3CRET",
        "ftp://example.com/T0P-S3CRET",
        "https://example.com/T0P S3CRET",
        "https://example.com\\\\@evil/T0P-S3CRET",
        "T0P-S3CRET",
    ],
)
def test_an_address_that_alerts_may_not_go_to_is_not_shown(address: str) -> None:
    with pytest.raises(BrokenConfig) as broken:
        read(f'webhook = "{address}"')
    assert "alerts.webhook must be an https address" in str(broken.value)
    assert "S3CRET" not in str(broken.value)


@pytest.mark.parametrize(
    "address", ["https://example.com/x", "http://127.0.0.1:9/x", "http://[::1]:9/x", "http://localhost/x"]
)
def test_addresses_that_they_may(address: str) -> None:
    assert is_address(address)
    assert read(f'webhook = "{address}"').webhook == address


@pytest.mark.parametrize("kept", ["keyring:hook", "env:HOOK", "file:hook.txt"])
def test_an_address_may_be_kept_like_a_key(kept: str) -> None:
    assert read(f'webhook = "{kept}"').webhook == kept


@pytest.mark.parametrize(
    ("quiet", "minutes", "others"),
    [
        ("22:00-07:00", (22 * 60, 0, 6 * 60 + 59), (7 * 60, 21 * 60 + 59, 12 * 60)),
        ("12:30-13:00", (750, 779), (749, 780, 0)),
        ("", (), (0, 720, 1439)),
        ("08:00-08:00", (), (480, 0)),
    ],
)
def test_the_quiet_hours(quiet: str, minutes: tuple[int, ...], others: tuple[int, ...]) -> None:
    settings = AlertSettings(quiet=quiet)
    assert all(settings.is_quiet(each) for each in minutes)
    assert not any(settings.is_quiet(each) for each in others)
