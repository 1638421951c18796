"""The configuration by the local door of a real proxy: read, checked, changed whole, and never over somebody else's."""

import asyncio
import hashlib
import logging
from pathlib import Path

import pytest
from fakes.running import Running, configuration, proxy_with, running_proxy

from bursar.contract import configuration as door
from bursar.contract.accounts import Ask
from bursar.contract.client import AdminClient
from bursar.contract.configuration import CheckConfiguration, Edit, Put, PutTable, TakeOut
from bursar.contract.events import ConfigurationLoaded, ConfigurationRejected
from bursar.contract.questions import Questions
from bursar.contract.way_in import Refused
from bursar.practice.server import practice_server

CAP = '\n[caps.daily]   # what I can afford\nusd = "5.00"   # dollars\nevery = "day"\n'


def digest(proxy: Running) -> str:
    return hashlib.sha256(proxy.places.config_file.read_bytes()).hexdigest()


async def test_the_file_its_etag_and_every_setting_are_told(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        found = await client.ask(door.configuration())
        assert found.text == proxy.places.config_file.read_text()
        assert found.path == str(proxy.places.config_file)
        assert found.etag == found.in_force == digest(proxy) == proxy.daemon.feed.snapshot.configuration.etag
        assert (found.problems, proxy.daemon.feed.snapshot.configuration.sentence) == ((), "")
        port = next(each for each in found.settings if (each.section, each.key) == ("server", "port"))
        assert (port.kind, port.default, port.allowed) == ("number", "4141", "a whole number from 0 to 65535")
        assert port.meaning.startswith("The port to listen on")
        state = next(each for each in found.settings if (each.section, each.key) == ("plans", "state"))
        assert (state.kind, state.once, state.choices[:2]) == ("choice", False, ("active", "suspended"))


async def test_a_text_is_checked_and_nothing_is_changed(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        before = proxy.places.config_file.read_bytes()
        bad = CheckConfiguration("[server]\nprot = 1\nport = true\n")
        found = (await client.ask(door.check(bad))).problems
        assert [(each.line, each.key, each.nearest) for each in found] == [
            (2, "server.prot", "port"),
            (3, "server.port", ""),
        ]
        assert (found[1].found, found[1].allowed) == ("true", "a whole number from 0 to 65535")
        assert (await client.ask(door.check(CheckConfiguration("[server]\nport = 1\n")))).problems == ()
        torn = (await client.ask(door.check(CheckConfiguration("[server\n")))).problems
        assert (torn[0].line, torn[0].column) == (1, 8)
        assert proxy.places.config_file.read_bytes() == before


async def test_edits_are_checked_as_if_they_were_made(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:

        async def problems(*edits: Edit) -> list[str]:
            return [each.sentence for each in (await client.ask(door.check(CheckConfiguration(None, edits)))).problems]

        assert await problems(Put("caps.daily.usd", "7")) == []
        assert await problems(Put(("caps", "daily", "usd"), "much")) == [
            'caps.daily.usd must be an amount in US dollars as text, such as "5.00", not "much".'
        ]
        assert await problems(TakeOut("caps.weekly")) == ["caps.weekly is not in the file."]
        assert await problems(Put("caps.daily.usd", None)) == [
            "caps.daily.usd cannot be set to null; to remove it is another edit."
        ]
        assert await problems(Put("caps..usd", 1)) != []


async def test_an_edit_keeps_comments_and_is_in_force_at_once(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        before = proxy.places.config_file.read_text()
        etag = digest(proxy)
        edits = (Put("caps.daily.usd", "7.00"), Put(("aliases", "fast", "routes"), ["main/a", "main/b"]))
        written = await client.ask(door.edit(etag, *edits))
        assert (written.etag, written.problems) == (digest(proxy), ())
        assert proxy.places.config_file.read_text() == before.replace("5.00", "7.00").replace(
            '["main/practice-small"]', '["main/a", "main/b"]'
        )
        snapshot = proxy.daemon.feed.snapshot
        assert snapshot.accounts["cap:daily"].limit == 7_000_000_000
        assert snapshot.aliases["fast"].routes == ("main/a", "main/b")
        assert snapshot.configuration.etag == written.etag
        table = {"requests": 5, "every": "week"}
        written = await client.ask(door.edit(written.etag, PutTable("caps.daily", table), TakeOut("aliases.fast")))
        assert proxy.daemon.feed.snapshot.accounts["cap:daily"].limit == 5
        assert proxy.daemon.feed.snapshot.aliases == {}
        assert "# what I can afford" in proxy.places.config_file.read_text()


async def test_the_whole_text_is_written_or_nothing(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        text, etag = proxy.places.config_file.read_text(), digest(proxy)
        written = await client.ask(door.replace(etag, text + '\n# ünd so\n[caps.w]\nusd = "1"\nevery = "week"\n'))
        assert written.etag == digest(proxy)
        assert "cap:w" in proxy.daemon.feed.snapshot.accounts
        with pytest.raises(Refused) as no:
            await client.ask(door.replace(written.etag, text + "[serve]\nx = 1\n[limits]\nstall_s = 0\n"))
        assert (no.value.status, no.value.problem.code) == (422, "configuration_broken")
        assert len(no.value.problem.problems) >= 1
        assert digest(proxy) == written.etag
        with pytest.raises(Refused) as no:
            await client.ask(door.edit(written.etag, Put("caps.w.usd", "8"), Put("caps.w.evry", "x")))
        assert [each.nearest for each in no.value.problem.problems] == ["every"]
        with pytest.raises(Refused) as no:
            await client.ask(door.edit(written.etag, TakeOut("caps.nothing")))
        assert (no.value.status, no.value.problem.code) == (422, "edit_impossible")
        assert digest(proxy) == written.etag


async def test_of_two_who_change_it_at_once_one_is_told(tmp_path: Path) -> None:
    async with (
        running_proxy(tmp_path, CAP) as proxy,
        AdminClient(proxy.places) as one,
        AdminClient(proxy.places) as two,
    ):
        etag = (await one.ask(door.configuration())).etag

        asks = [client.ask(door.edit(etag, Put("caps.daily.usd", usd))) for client, usd in ((one, "1"), (two, "2"))]
        came = await asyncio.gather(*asks, return_exceptions=True)
        [no] = [each for each in came if isinstance(each, Refused)]
        assert (no.status, no.problem.code) == (412, "configuration_changed")
        assert "changed" in no.problem.message
        assert f'usd = "{2 if came[0] is no else 1}"' in proxy.places.config_file.read_text()


async def test_a_write_must_say_what_it_is_meant_for(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAP) as proxy:
        questions = Questions(proxy.places)
        ask = door.edit("", Put("caps.daily.usd", "1"))
        for tags, status in (((), 428), ((("If-Match", "W/" + door.entity_tag(digest(proxy))),), 428)):
            bare = Ask(ask.method, ask.path, ask.answer, ask.body, headers=tags)
            with pytest.raises(Refused) as no:
                await asyncio.to_thread(questions.ask, bare)
            assert (no.value.status, no.value.problem.code) == (status, "if_match_required")
        with pytest.raises(Refused) as no:
            await asyncio.to_thread(questions.ask, ask)
        assert no.value.status == 412
        anything = Ask(ask.method, ask.path, ask.answer, ask.body, headers=(("If-Match", "*"),))
        assert (await asyncio.to_thread(questions.ask, anything)).etag == digest(proxy)


async def test_a_broken_file_leaves_the_old_in_force_and_says_so_until_it_is_repaired(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bursar.daemon.in_force.LOOK_AT_FILE_S", 0.02)
    monkeypatch.setattr("bursar.daemon.in_force.SETTLE_S", 0.01)
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        feed, file = proxy.daemon.feed, proxy.places.config_file
        right, since = file.read_text(), feed.seq
        file.write_text(right + "[caps.daily.x]\n[serve]\n")
        await feed.wait_for(lambda event: isinstance(event, ConfigurationRejected), since)
        view = feed.snapshot.configuration
        assert view.sentence.startswith("The new configuration is not in force: ")
        assert view.sentence.endswith(" (and 1 more)")
        assert (view.etag != view.file_etag, view.file_etag) == (True, digest(proxy))
        status = await client.status()
        assert status.broken == view.sentence
        assert "the one before stays in force" in caplog.text
        found = await client.ask(door.configuration())
        assert (len(found.problems), found.etag == found.in_force) == (2, False)
        assert (await proxy.chat()).status == 200
        # What is found on this machine, meanwhile, does not mend the file.
        await proxy.daemon.in_force.take_found({})
        assert feed.snapshot.configuration.sentence == view.sentence
        with pytest.raises(Refused) as no:
            await client.ask(door.edit(found.in_force, Put("caps.daily.usd", "6")))
        assert no.value.status == 412
        caplog.set_level(logging.INFO)
        since = feed.seq
        file.write_text(right + "\n# mended\n")
        await feed.wait_for(lambda event: isinstance(event, ConfigurationLoaded), since)
        assert feed.snapshot.configuration == door.ConfigurationView(digest(proxy), digest(proxy))
        assert (await client.status()).broken == ""
        assert "problems of the configuration are gone" in caplog.text


async def test_a_file_that_is_gone_takes_nothing_out_of_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar.daemon.in_force.LOOK_AT_FILE_S", 0.02)
    monkeypatch.setattr("bursar.daemon.in_force.SETTLE_S", 0.01)
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        feed, file = proxy.daemon.feed, proxy.places.config_file
        content, since = file.read_bytes(), feed.seq
        file.unlink()
        await feed.wait_for(lambda event: isinstance(event, ConfigurationRejected), since)
        assert "the file is gone" in feed.snapshot.configuration.sentence
        assert (await proxy.chat()).status == 200
        found = await client.ask(door.configuration())
        assert (found.text, found.etag) == ("", "")
        written = await client.ask(door.replace("", content.decode()))
        assert file.read_bytes() == content
        assert feed.snapshot.configuration == door.ConfigurationView(written.etag, written.etag)


async def test_a_write_is_taken_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar.daemon.in_force.LOOK_AT_FILE_S", 0.01)
    monkeypatch.setattr("bursar.daemon.in_force.SETTLE_S", 0.0)
    async with running_proxy(tmp_path, CAP) as proxy, AdminClient(proxy.places) as client:
        feed, since = proxy.daemon.feed, proxy.daemon.feed.seq
        await client.ask(door.edit(digest(proxy), Put("caps.daily.usd", "6")))
        proxy.places.config_file.write_text(proxy.places.config_file.read_text() + "# more\n")
        last = digest(proxy)
        await feed.wait_for(lambda event: isinstance(event, ConfigurationLoaded) and event.etag == last, since)
        loaded = list(feed.events_after(since))
        assert sum(isinstance(event, ConfigurationLoaded) for event in loaded) == 2


async def test_a_key_that_cannot_be_had_is_a_problem_of_what_is_in_force(tmp_path: Path) -> None:
    async with practice_server(speed=0) as practice:
        text = configuration(practice, upstream='secret = "env:NOT_THERE_AT_ALL"')
        async with proxy_with(tmp_path, text, practice) as proxy:
            snapshot = proxy.daemon.feed.snapshot
            assert "has no key" in snapshot.problems[0]
            assert snapshot.configuration.sentence == ""
