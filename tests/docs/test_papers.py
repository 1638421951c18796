"""What the papers show is true: every command runs, every configuration is right, every link leads somewhere."""

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import socket
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from docs.papers import PAPERS, ROOT, Block, anchors, blocks, commands, links, named_commands
from docs.reader import Reader
from fakes.commands import home

from bursar.cli.main import COMMANDS, main

LANGUAGES = ("sh", "toml", "json", "yaml", "python", "text")

OTHERS = "another program's"
"""The mark of a configuration that is not ours."""

NOT_RUN = "not run: "
"""The mark, with the reason, of commands that a test cannot run."""

RUNNING = ("python3 tests",)
"""What is running already when this is read."""

BEGINNING = [ROOT / "README.md"]
"""Read by somebody who has nothing yet."""

TRIED = ROOT / "docs" / "budgets.md"
"""Sets up a practice of its own."""

SET_UP = [paper for paper in PAPERS if paper not in (*BEGINNING, TRIED)]
"""Read by somebody who has set up Bursar and runs it."""

FIRST_CALL = (
    "bursar init --name main",
    "bursar serve",
    "KEY=$(bursar key issue first)",
    'curl -s http://127.0.0.1:4141/v1/chat/completions -H "Authorization: Bearer $KEY" '
    "-H 'Content-Type: application/json' "
    '-d \'{"model": "default", "messages": [{"role": "user", "content": "Hello."}]}\'',
)
"""What such a reader has done before."""

UPSTREAMS = "".join(
    f'[upstreams.{name}]\nkind = "openai_compatible"\nbase_url = "https://{name}.example.com"\n'
    for name in ("main", "local", "spare")
)
"""What a part of a configuration is a part of."""

_YAML_LINE = re.compile(r"(  )*(- )?(-$|[\w./-]+:( .+)?$|[^:]+$)")


def of_all(*languages: str) -> list[Block]:
    return [block for paper in PAPERS for block in blocks(paper, *languages)]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.skipif(os.name != "posix", reason="the papers show a POSIX shell")
@pytest.mark.skipif(shutil.which("curl") is None, reason="the papers show curl")
@pytest.mark.parametrize("papers", [BEGINNING, [TRIED], SET_UP], ids=["beginning", "tried", "set up"])
def test_every_command_runs(papers: list[Path], tmp_path: Path) -> None:
    with ExitStack() as stack:
        reader = Reader(stack.enter_context(home(tmp_path)), stack, free_port(), free_port())
        if papers is SET_UP:
            for command in FIRST_CALL:
                ran = reader.do(command)
                assert ran is None or '"error"' not in ran.output, ran.output
        promises = {command: promise for paper in papers for command, promise in promised(paper)}
        for block in (block for paper in papers for block in blocks(paper, "sh")):
            if block.mark.startswith(NOT_RUN):
                continue
            for command in commands(block):
                if command in RUNNING:
                    continue
                ran = reader.do(command)
                assert ran is None or ran.status == 0, f"{block}: {ran.command} says {ran.status}:\n{ran.output}"
                assert ran is None or '"error"' not in ran.output, f"{block}: {ran.command}:\n{ran.output}"
                if ran is not None and command in promises:
                    assert missing(promises[command], json.loads(ran.output)) == [], f"{block}: {ran.output}"
        for ended in reader.end():
            assert ended.status in (0, 130), f"{ended.command} says {ended.status}:\n{ended.output}"


def promised(paper: Path) -> list[tuple[str, object]]:
    """The commands of a paper whose JSON is shown in the very next block, with what is shown."""
    each = blocks(paper)
    return [
        (next(commands(before)), json.loads(after.text))
        for before, after in pairwise(each)
        if (before.language, after.language) == ("sh", "json") and "--json" in next(commands(before))
    ]


def missing(shown: object, real: object, at: str = "") -> list[str]:
    """What is shown and not there, or is of another kind there. Lists are compared by their first items."""
    match shown, real:
        case dict(), dict():
            lost = [f"{at}.{key}" for key in shown if key not in real]
            return lost + [
                each for key in shown if key in real for each in missing(shown[key], real[key], f"{at}.{key}")
            ]
        case list(), list():
            return missing(shown[0], real[0], f"{at}[]") if shown and real else [at] if shown and not real else []
    return [] if shown is None or real is None or type(shown) is type(real) else [at]


def test_a_promise_that_is_broken_is_noticed() -> None:
    assert missing({"a": 1, "b": [{"c": None}]}, {"a": 2, "b": [{"c": 3, "d": 4}], "e": 5}) == []
    assert missing({"a": 1}, {"b": 1}) == [".a"]
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": "1"}]}) == [".a[].b"]
    assert missing({"a": [1]}, {"a": []}) == [".a"]


@pytest.mark.parametrize("block", [each for each in of_all("toml") if each.mark != OTHERS], ids=str)
def test_every_configuration_is_right(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BURSAR_HOME", str(tmp_path / "home"))
    file = tmp_path / "config.toml"
    file.write_text(block.text if "[upstreams." in block.text else UPSTREAMS + block.text)
    file.chmod(0o600)
    status = main(["config", "check", "--config", str(file)])
    assert status == 0, "".join(capsys.readouterr())


@pytest.mark.parametrize("block", of_all("toml", "json", "yaml", "python"), ids=str)
def test_every_block_can_be_read_by_what_it_is_for(block: Block) -> None:
    match block.language:
        case "toml":
            tomllib.loads(block.text)
        case "json":
            json.loads(block.text)
        case "python":
            compile(block.text, str(block), "exec")
        case "yaml":
            # No library of ours reads YAML; this is the part of it that we write.
            wrong = [line for line in block.text.splitlines() if not _YAML_LINE.fullmatch(line)]
            assert not wrong


def test_every_block_says_what_it_is() -> None:
    assert [f"{block}: {block.language}" for block in of_all() if block.language not in LANGUAGES] == []
    assert [str(block) for block in of_all("sh") if block.mark and not block.mark.startswith(NOT_RUN)] == []
    assert [str(block) for block in of_all("toml") if block.mark not in ("", OTHERS)] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    for link in links(paper):
        path, _, anchor = link.partition("#")
        target = (paper.parent / path).resolve() if path else paper
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_command_named_in_a_sentence_exists(paper: Path) -> None:
    for words in named_commands(paper):
        assert words[0] in COMMANDS, " ".join(words)
        parser = parser_of(words[0])
        for word in words[1:]:
            verbs = verbs_of(parser)
            if word in verbs:
                parser = verbs[word]
            elif word.startswith("--"):
                assert word in parser._option_string_actions, " ".join(words)
            else:
                assert not verbs, " ".join(words)


def parser_of(name: str) -> argparse.ArgumentParser:
    """What a command takes."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"bursar.cli.{COMMANDS[name].module}").arguments(parser, name)
    return parser


def verbs_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The verbs of a command, each with what it takes."""
    found = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return next((dict(each.choices) for each in found), {})


def test_the_tree_has_every_file_and_no_other() -> None:
    spec = importlib.util.spec_from_file_location("make_tree", ROOT / ".ci" / "make_tree.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    there = {folder + name for folder, files in maker.present().items() for name in files}
    tree = maker.DOCUMENT.read_text("utf-8").split(maker.BEGIN, 1)[1].split(maker.END, 1)[0]
    shown, folder = set(), ""
    for line in filter(None, tree.splitlines()):
        name = line.split()[0]
        if line.startswith(" "):
            shown.add(folder + name)
        else:
            folder = name
    assert shown == there, "run: python .ci/make_tree.py"


def test_the_papers_name_no_place_of_ours() -> None:
    for paper in PAPERS:
        assert not re.search(r"/(work|home|root|Users)/|/tmp/", paper.read_text("utf-8")), paper.name


def test_a_command_that_does_not_work_is_noticed(tmp_path: Path) -> None:
    """The reader itself: a wrong option, and a command that nobody wrote, end with a status that is not 0."""
    with ExitStack() as stack:
        reader = Reader(stack.enter_context(home(tmp_path)), stack, free_port(), free_port())
        for command in ("bursar status --jsonn", "bursar conjure"):
            ran = reader.do(command)
            assert ran is not None
            assert ran.status == 2, ran.output
        kept = reader.do("NAME=kept")
        told = reader.do('test "$NAME" = kept')
        assert (kept and kept.status, told and told.status) == (0, 0)
