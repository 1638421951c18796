"""`continue` of an alias: its words, its default, and what is worth knowing of it."""

from pathlib import Path

import pytest

from bursar.config.load import parse
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.domain.route import Continue
from bursar.routing.router import Router


def read(alias: str) -> Config:
    text = '[upstreams.main]\nkind = "openai"\n[upstreams.other]\nkind = "ollama"\n' + alias
    return parse(text.encode(), Path("config.toml"), environ={})


@pytest.mark.parametrize(("line", "meant"), [("", "off"), *((f'continue = "{word}"', word) for word in Continue)])
def test_it_is_off_unless_said_otherwise(line: str, meant: str) -> None:
    config = read(f'[aliases.fast]\nroutes = ["main/a", "other/b"]\n{line}\n')
    assert config.aliases["fast"].alias().continued is Continue(meant)
    assert not any("nowhere to go on" in note for note in config.notes)


def test_another_word_is_named_with_those_there_are() -> None:
    with pytest.raises(BrokenConfig) as broken:
        read('[aliases.fast]\nroutes = ["main/a"]\ncontinue = "verfy"\n')
    [problem] = broken.value.problems
    assert 'aliases.fast.continue must be one of "off", "verify", "prefill"' in str(problem)
    assert 'Did you mean "verify"?' in str(problem)


def test_the_field_s_own_name_is_no_setting() -> None:
    with pytest.raises(BrokenConfig) as broken:
        read('[aliases.fast]\nroutes = ["main/a"]\ncontinue_ = "verify"\n')
    assert 'did you mean "continue"?' in str(broken.value)


def test_with_one_route_it_is_worth_a_note() -> None:
    config = read('[aliases.fast]\nroutes = ["main/a"]\ncontinue = "verify"\n')
    assert 'The alias "fast" has one route, so a cut answer has nowhere to go on.' in config.notes


def test_the_alias_that_a_name_fits_says_it() -> None:
    config = read(
        '[aliases.fast]\nroutes = ["main/a", "other/b"]\ncontinue = "verify"\n'
        '[aliases."main/*"]\nroutes = ["main/*", "other/b"]\ncontinue = "prefill"\n'
        '[aliases."*"]\nroutes = ["other/c", "main/b"]\ncontinue = "verify"\n'
    )
    router = Router({name: each.alias() for name, each in config.aliases.items()}, config.upstreams)
    asked = ("fast", "main/x", "other/x", "anything")
    assert [router.continued(name).value for name in asked] == ["verify", "prefill", "off", "verify"]
