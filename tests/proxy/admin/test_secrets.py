"""Keys come in at the local door and none goes out; each no says what to do."""

from pathlib import Path
from typing import Any

import pytest
from fakes.running import Running, running_proxy

from bursar.contract.accounts import Ask
from bursar.contract.client import AdminClient
from bursar.contract.secrets import SHUT, SetSecret, Unlock, secret_places, setting_secret, unlocking
from bursar.contract.way_in import Refused
from bursar.secrets.sealed_file import SealedFile

CANARY = "sk-canary-0123456789"
PASSPHRASE = "a canary's long passphrase"
UPSTREAMS = """
[upstreams.shut]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "sealed:shut"
[upstreams.variable]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "env:NOT_SET_ANYWHERE"
[upstreams.filed]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "file:key"
"""


async def told_no(client: AdminClient, ask: Ask[Any]) -> tuple[str, str]:
    """The code and the sentence of a refusal."""
    with pytest.raises(Refused) as refused:
        await client.ask(ask)
    return refused.value.problem.code, refused.value.problem.message


async def health(proxy: Running, name: str) -> str:
    return proxy.daemon.feed.snapshot.upstreams[name].health


async def test_a_key_is_kept_once_the_sealed_file_is_open_and_is_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_proxy(tmp_path, UPSTREAMS) as proxy, AdminClient(proxy.places) as client:
        assert (await client.ask(secret_places())).sealed == "absent"
        assert (await told_no(client, setting_secret("shut", CANARY)))[0] == SHUT
        assert "no sealed file yet" in (await told_no(client, unlocking(PASSPHRASE)))[1]
        assert "at least 10" in (await told_no(client, unlocking("short", new=True)))[1]
        assert (await client.ask(unlocking(PASSPHRASE, new=True))).sealed == "absent"  # the first key makes it
        kept = await client.ask(setting_secret("shut", f"Bearer {CANARY}\n"))
        assert kept.reference == "sealed:shut"
        assert await health(proxy, "shut") == "ok"
        found = await client.ask(secret_places())
        assert found.sealed == "open"
        assert [(each.reference, each.used_by) for each in found.places] == [
            ("sealed:shut", ("upstream shut",)),
            ("env:NOT_SET_ANYWHERE", ("upstream variable",)),
            ("file:key", ("upstream filed",)),
        ]
        assert [
            each.reason and next(word for word in ("is not set", "cannot be read") if word in each.reason)
            for each in found.places
        ] == ["", "is not set", "cannot be read"]
        assert SealedFile(proxy.places.sealed_file, lambda _: PASSPHRASE).get("shut") == CANARY
    assert "canary" not in caplog.text


async def test_each_no_says_what_to_do_and_nothing_of_the_key(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, UPSTREAMS) as proxy, AdminClient(proxy.places) as client:
        for upstream, code, sentence in (
            ("nobody", "upstream_not_found", "There is no upstream"),
            ("variable", "secret_not_kept", "bursar secret move variable"),
            ("filed", "secret_not_kept", "put the new one there"),
            ("main", "secret_not_kept", "bursar config set upstreams.main.secret"),
        ):
            no = await told_no(client, setting_secret(upstream, CANARY))
            assert no[0] == code
            assert sentence in no[1]
            assert "canary" not in no[1]
        no = await told_no(client, setting_secret("shut", f"{CANARY} and more"))
        assert no[0] == "invalid_parameter"
        assert "canary" not in no[1]


async def test_a_file_that_appears_is_taken_up_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar.daemon.missing_keys.LOOK_S", 0.02)
    async with running_proxy(tmp_path, UPSTREAMS) as proxy:
        feed, since = proxy.daemon.feed, proxy.daemon.feed.seq
        assert await health(proxy, "filed") == "off"
        key = tmp_path / "key.new"
        key.write_text(CANARY)
        key.chmod(0o600)
        key.replace(tmp_path / "key")
        await feed.wait_for(lambda event: feed.snapshot.upstreams["filed"].health == "ok", since)


async def test_a_file_that_holds_no_key_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar.daemon.missing_keys.LOOK_S", 0.005)
    (tmp_path / "key").write_text("this is no key")
    (tmp_path / "key").chmod(0o600)
    async with running_proxy(tmp_path, UPSTREAMS) as proxy:
        before = proxy.daemon.in_force.assembly
        seen = {id(before)}
        kept = [before]
        for _ in range(40):
            await proxy.models()
            kept.append(proxy.daemon.in_force.assembly)
            seen.add(id(kept[-1]))
        assert len(seen) <= 3  # once for it, and once for what was found on this machine


def test_commands_with_a_secret_do_not_show_it() -> None:
    for command in (SetSecret(CANARY), Unlock(PASSPHRASE), setting_secret("main", CANARY)):
        assert "canary" not in repr(command) + str(command)
    assert SetSecret(CANARY).__rich_repr__() == []
