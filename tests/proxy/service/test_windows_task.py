"""The task is the one that is kept, and follows the rules that Task Scheduler's schema ([MS-TSCH] 2.3) has for it."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bursar.service.program import Program
from bursar.service.windows_task import quoted, task, windowless

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

Rule = Callable[[str], bool]


def whole(least: int, most: int) -> Rule:
    return lambda text: text.isascii() and text.isdigit() and least <= int(text) <= most


def matching(pattern: str) -> Rule:
    return lambda text: re.fullmatch(pattern, text, re.S) is not None


TRUTH = matching("true|false")
DURATION = matching(r"P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
RULES: dict[str, Rule] = {
    "Task/RegistrationInfo/Description": matching(".*"),
    "Task/RegistrationInfo/URI": matching(r"\\.+"),
    "Task/Triggers/LogonTrigger/Enabled": TRUTH,
    "Task/Triggers/LogonTrigger/UserId": matching(".+"),
    "Task/Principals/Principal/UserId": matching(".+"),
    "Task/Principals/Principal/LogonType": matching("S4U|Password|InteractiveToken|InteractiveTokenOrPassword"),
    "Task/Principals/Principal/RunLevel": matching("LeastPrivilege|HighestAvailable"),
    "Task/Settings/MultipleInstancesPolicy": matching("Parallel|Queue|IgnoreNew|StopExisting"),
    "Task/Settings/DisallowStartIfOnBatteries": TRUTH,
    "Task/Settings/StopIfGoingOnBatteries": TRUTH,
    "Task/Settings/AllowHardTerminate": TRUTH,
    "Task/Settings/StartWhenAvailable": TRUTH,
    "Task/Settings/RunOnlyIfNetworkAvailable": TRUTH,
    "Task/Settings/AllowStartOnDemand": TRUTH,
    "Task/Settings/Enabled": TRUTH,
    "Task/Settings/Hidden": TRUTH,
    "Task/Settings/RunOnlyIfIdle": TRUTH,
    "Task/Settings/WakeToRun": TRUTH,
    "Task/Settings/ExecutionTimeLimit": DURATION,
    "Task/Settings/Priority": whole(0, 10),
    # From a minute to 31 days, and up to 255 times.
    "Task/Settings/RestartOnFailure/Interval": matching(r"PT([1-9]|[1-5]\d)M"),
    "Task/Settings/RestartOnFailure/Count": whole(1, 255),
    "Task/Actions/Exec/Command": matching(".{1,260}"),
    "Task/Actions/Exec/Arguments": matching(".{1,8191}"),
    "Task/Actions/Exec/WorkingDirectory": matching(".{1,260}"),
}
"""What we use of the schema: each element with the rule for its text."""

ATTRIBUTES = {"Task": {"version"}, "Task/Principals/Principal": {"id"}, "Task/Actions": {"Context"}}
BRANCHES = {each.rpartition("/")[0] for each in RULES} | {"Task", "Task/Triggers", "Task/Principals", "Task/Actions"}


def faults(element: ElementTree.Element, at: str = "") -> list[str]:
    """Every element that is not of the schema, is there twice, or has a text or an attribute that may not be."""
    place = f"{at}/{element.tag.removeprefix(SPACE)}".lstrip("/")
    found = [place] if not element.tag.startswith(SPACE) else []
    found += [f"{place}@{name}" for name in element.attrib if name not in ATTRIBUTES.get(place, set())]
    names = [child.tag for child in element]
    found += [f"{place}/{name} twice" for name in set(names) if names.count(name) > 1]
    if place in RULES:
        found += [f"{place}: {element.text}"] if not RULES[place](element.text or "") or len(element) else []
    elif place not in BRANCHES or (element.text or "").strip():
        found.append(place)
    return found + [fault for child in element for fault in faults(child, place)]


@pytest.fixture
def on_windows(program: Program) -> Program:
    home = "C:\\Users\\ada\\AppData\\Local"
    config, data = Path(f"{home}\\bursar\\config.toml"), Path(f"{home}\\Bursar Data")
    where = replace(program.places, config_file=config, data_dir=data)
    return replace(program, python=Path("C:\\Program Files\\Bursar\\python.exe"), places=where)


def read(text: str) -> ElementTree.Element:
    # As Windows reads the file: in the encoding that its first line says.
    return ElementTree.fromstring(text.encode("utf-16"))  # noqa: S314 - our own


def test_it_is_the_one_that_is_kept(golden: Callable[[str, str], None], on_windows: Program) -> None:
    golden("task.xml", task(on_windows, "DESK\\ada"))


def test_it_follows_the_schema(on_windows: Program, odd: Program) -> None:
    for program in (on_windows, odd):
        root = read(task(program, "DESK\\ada & co"))
        assert faults(root) == []
        assert root.get("version") == "1.2"
        principal, actions = root.find(f"{SPACE}Principals/{SPACE}Principal"), root.find(f"{SPACE}Actions")
        assert principal is not None
        assert actions is not None
        assert principal.get("id") == actions.get("Context")


def test_the_checks_notice_what_is_wrong(on_windows: Program) -> None:
    text = task(on_windows, "DESK\\ada")
    for right, wrong in (("PT1M", "PT1S"), ("IgnoreNew", "Ignore"), ("<Count>5", "<Count>0"), ("Hidden>", "Hiden>")):
        assert faults(read(text.replace(right, wrong))) != [], wrong


def test_what_says_where_things_are_goes_along(odd: Program) -> None:
    root = read(task(odd, "ada"))
    arguments = root.findtext(f"{SPACE}Actions/{SPACE}Exec/{SPACE}Arguments") or ""
    script = unquoted(arguments)[-1]
    said = {node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant)}
    assert {"BURSAR_HOME", odd.environment["BURSAR_HOME"], "serve", str(odd.places.config_file)} <= said


@pytest.mark.parametrize("word", ["plain", "a b", "", 'say "x"', "end\\", "C:\\a b\\", 'odd\\"', '\\\\"', "tab\there"])
def test_words_are_quoted_as_windows_takes_them_apart(word: str) -> None:
    assert unquoted(f"first {quoted(word)} last") == ["first", word, "last"]


def test_the_python_has_no_window() -> None:
    assert windowless("C:\\x\\python.exe") == "C:\\x\\pythonw.exe"
    assert windowless("C:\\x\\pypy.exe") == "C:\\x\\pypy.exe"


def unquoted(line: str) -> list[str]:
    """A command line as CommandLineToArgvW takes it apart, after its documentation."""
    words: list[str] = []
    word, inside, begun, slashes = "", False, False, 0
    for letter in [*line, " "]:
        if letter == "\\":
            slashes, begun = slashes + 1, True
            continue
        if letter == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += letter
            else:
                inside = not inside
            slashes, begun = 0, True
            continue
        word, slashes = word + "\\" * slashes, 0
        if letter in " \t" and not inside:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + letter, True
    return words
