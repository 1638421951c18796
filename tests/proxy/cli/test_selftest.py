"""`bursar selftest`: the user's own chains, every route replaced; a table of what was seen; a judge that can say no."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bursar.cli.selftest_cases import Case, Chain, cases_of, chains_of, configuration, quick
from bursar.cli.selftest_verdict import Answered, Saw, judge
from bursar.config.load import parse
from bursar.config.schema import Config, Kind
from bursar.domain.route import Continue
from bursar.practice.faults.table import FAULTS

OWN = """
[upstreams.main]
kind = "openai"
secret = "keyring:there-is-none"
[upstreams.here]
kind = "ollama"
[aliases.fast]
routes = ["main/gpt-4.1-mini", "here/qwen3"]
[aliases.also]
routes = ["main/gpt-4.1", "here/llama"]
[aliases.solo]
routes = ["main/gpt-4.1"]
[aliases.twice]
routes = ["main/a", "main/b"]
continue = "verify"
[caps.nothing]
usd = "0"
every = "day"
[limits]
max_attempts = 3
retry_after_s = 0
"""

CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
ERROR = b'{"error":{"message":"It broke.","type":"upstream_error","code":"upstream_broken","param":null}}'
BREAK = CHUNK + b"data: " + ERROR + b"\n\n"
DONE = b"data: [DONE]\n\n"
PLAIN = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'


def own() -> Config:
    return parse(OWN.encode(), Path("config.toml"), environ={})


def case(fault: str, *, stream: bool = True, routes: int = 1, continued: Continue = Continue.OFF) -> Case:
    kinds = (Kind.OPENAI,) * routes
    return Case("it", FAULTS[fault], Chain(("it",), kinds, tuple("ab")[:routes], continued, 4), stream)


def test_it_runs_against_the_user_s_own_chains(bursar: Callable[..., Any], config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text(OWN)
    ran = bursar("selftest", "fast", "solo", "--quick", "--json")
    assert ran.status == 0, [each for each in ran.json["cases"] if not each["right"]] + ran.json["problems"]
    cases = ran.json["cases"]
    assert {tuple(each["aliases"]) for each in cases} == {("fast",), ("solo",)}
    seen = {(each["aliases"][0], each["fault"], each["stream"]): each["saw"] for each in cases}
    assert seen["fast", "fault-error-first", True] == "the whole answer"
    assert seen["solo", "fault-error-first", True] == "503 model_overloaded"
    assert seen["solo", "fault-error-mid", True].startswith("a part, then ")
    assert ran.json["problems"] == []
    # Neither its ledger nor anything else of the user's was touched.
    assert list(config_file.parent.iterdir()) == [config_file]


def test_the_table_says_it_in_a_line_for_each(bursar: Callable[..., Any], config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text(OWN)
    ran = bursar("selftest", "solo", "--quick")
    assert ran.status == 0
    [line] = [line for line in ran.out.splitlines() if "fault-error-mid" in line and "stream" in line]
    assert line.startswith("✓")
    assert "mid" in line
    assert "as they should be; nothing is held" in ran.out.splitlines()[-1]


def test_what_cannot_be_tested_is_said(bursar: Callable[..., Any], config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text(OWN)
    ran = bursar("selftest", "fats")
    assert (ran.status, ran.out) == (2, "")
    assert 'There is no alias "fats"; there is fast, also' in ran.err
    config_file.write_text('[upstreams.here]\nkind = "ollama"\n')
    assert "no alias to test" in bursar("selftest").err
    config_file.write_text("[aliases.x]\n")
    assert "routes is missing" in bursar("selftest").err


def test_chains_that_are_alike_are_tested_once() -> None:
    config = own()
    chains = chains_of(config, list(config.aliases.values()))
    assert [chain.aliases for chain in chains] == [("fast", "also"), ("solo",), ("twice",)]
    assert [chain.has_second for chain in chains] == [True, False, True]


def test_nobody_but_the_practice_upstream_is_asked() -> None:
    config = own()
    cases = list(cases_of(chains_of(config, list(config.aliases.values())), list(FAULTS.values())))
    text = configuration(config, cases, "http://127.0.0.1:9/v1")
    built = parse(text.encode(), Path("config.toml"), environ={})
    assert {each.base_url for each in built.upstreams.values()} == {"http://127.0.0.1:9/v1"}
    assert {each.kind for each in built.upstreams.values()} == {Kind.OPENAI, Kind.OLLAMA}
    assert "there-is-none" not in text
    assert (built.limits.max_attempts, built.limits.retry_after_s) == (3, 0)
    assert not built.discovery.models
    # No two cases share an upstream, so that no fault is left out for the one before.
    used = [{route.upstream for route in alias.routes} for alias in built.aliases.values()]
    assert sum(map(len, used)) == len(set().union(*used))
    assert built.aliases["2/fault-500/plain"].continue_ is Continue.VERIFY
    assert [route.model for route in built.aliases["0/fault-500/plain"].routes] == ["fault-500", "practice-tokens-60"]


def test_a_few_faults_are_of_every_place() -> None:
    few = quick(FAULTS.values())
    assert {fault.where for fault in few} == {fault.where for fault in FAULTS.values()}
    assert len(few) < len(FAULTS) / 2


@pytest.mark.parametrize(
    ("answered", "saw"),
    [
        (Answered(200, CHUNK + LAST + DONE), Saw.WHOLE),
        (Answered(200, BREAK, broken=True), Saw.BREAK),
        (Answered(502, ERROR), Saw.ERROR),
        (Answered(200, CHUNK + DONE), Saw.WRONG),
        (Answered(200, CHUNK + LAST), Saw.WRONG),
        (Answered(200, CHUNK + LAST + DONE + DONE), Saw.WRONG),
        (Answered(200, CHUNK + LAST + DONE + CHUNK), Saw.WRONG),
        (Answered(200, CHUNK, broken=True), Saw.WRONG),
        (Answered(200, BREAK), Saw.WRONG),
        (Answered(200, BREAK + DONE, broken=True), Saw.WRONG),
        (Answered(200, LAST + BREAK, broken=True), Saw.WRONG),
        (Answered(200, b'data: {"error":{"message":"x"}}\n\n', broken=True), Saw.WRONG),
        (Answered(200, b"data: {\n\n" + DONE), Saw.WRONG),
        (Answered(200, PLAIN), Saw.WRONG),
        (Answered(200, b""), Saw.WRONG),
        (Answered(502, b"<html>"), Saw.WRONG),
        (Answered(500, b'{"error":"x"}'), Saw.WRONG),
        (Answered(problem="nothing: it hangs"), Saw.WRONG),
    ],
)
def test_what_a_client_sees_of_a_stream(answered: Answered, saw: Saw) -> None:
    verdict = judge(case("fault-usage-absurd"), answered, b"sk-secret")
    assert verdict.saw is saw
    assert verdict.right is (saw is Saw.WHOLE or (saw is not Saw.WRONG and verdict.case.fault.mark == "soft"))


@pytest.mark.parametrize(
    ("answered", "saw"),
    [
        (Answered(200, PLAIN), Saw.WHOLE),
        (Answered(200, PLAIN, broken=True), Saw.WRONG),
        (Answered(200, PLAIN.replace(b'"stop"', b"null")), Saw.WRONG),
        (Answered(200, b'{"choices":[]}'), Saw.WRONG),
        (Answered(200, CHUNK + LAST + DONE), Saw.WRONG),
        (Answered(502, ERROR), Saw.ERROR),
    ],
)
def test_what_a_client_sees_of_a_plain_answer(answered: Answered, saw: Saw) -> None:
    assert judge(case("fault-500", stream=False), answered, b"sk-secret").saw is saw


WHOLE, NO, BROKEN = Answered(200, CHUNK + LAST + DONE), Answered(502, ERROR), Answered(200, BREAK, broken=True)


@pytest.mark.parametrize(
    ("name", "routes", "answered", "right"),
    [
        ("fault-500", 1, NO, True),
        ("fault-500", 1, WHOLE, False),
        ("fault-500", 2, WHOLE, True),
        ("fault-500", 2, NO, False),
        ("fault-500", 1, BROKEN, False),
        ("fault-422-detail", 2, NO, True),
        ("fault-crlf", 1, WHOLE, True),
        ("fault-crlf", 1, NO, False),
        ("fault-close-midstream", 1, BROKEN, True),
        ("fault-close-midstream", 1, WHOLE, False),
        ("fault-close-midstream", 2, NO, False),
        ("fault-slow-first", 1, NO, True),
        ("fault-slow-first", 2, NO, False),
    ],
)
def test_what_is_right_depends_on_the_fault_and_the_chain(
    name: str, routes: int, answered: Answered, right: bool
) -> None:
    assert judge(case(name, routes=routes), answered, b"sk-secret").right is right


def test_the_upstream_s_key_is_never_right_to_see() -> None:
    body = msgspec.json.encode({"error": {"message": "sk-secret", "type": "a", "code": "b", "param": None}})
    assert not judge(case("fault-401-echo-key"), Answered(401, body), b"sk-secret").right
