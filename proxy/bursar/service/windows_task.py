"""The task of Windows' Task Scheduler, as XML (the schema of [MS-TSCH] 2.3, version 1.2)."""

import io
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

from bursar.service.program import Program

NAME = "Bursar"
_SPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def task(program: Program, user: str) -> str:
    """The task of `user` (as `DOMAIN\\name`): starts when they log on, without a window, and again after a failure.

    The environment of a task cannot be set, so what says where things are goes into the command line.
    """
    root = ElementTree.Element("Task", {"version": "1.2", "xmlns": _SPACE})
    about = _child(root, "RegistrationInfo")
    _child(about, "Description", "Bursar, the proxy that holds AI tools to a budget")
    _child(about, "URI", f"\\{NAME}")
    logon = _child(_child(root, "Triggers"), "LogonTrigger")
    _child(logon, "Enabled", "true")
    _child(logon, "UserId", user)
    principal = _child(_child(root, "Principals"), "Principal", id="Author")
    _child(principal, "UserId", user)
    _child(principal, "LogonType", "InteractiveToken")
    _child(principal, "RunLevel", "LeastPrivilege")
    _settings(_child(root, "Settings"))
    execute = _child(_child(root, "Actions", Context="Author"), "Exec")
    command, arguments = _run_by(program)
    _child(execute, "Command", command)
    _child(execute, "Arguments", arguments)
    _child(execute, "WorkingDirectory", str(program.places.data_dir))
    ElementTree.indent(root)
    written = io.StringIO()
    ElementTree.ElementTree(root).write(written, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{written.getvalue()}\n'


def windowless(python: str) -> str:
    """The same Python without a console window, which lies beside it."""
    path = PureWindowsPath(python)
    return str(path.with_name("pythonw.exe")) if path.name.lower() == "python.exe" else python


def _settings(settings: ElementTree.Element) -> None:
    for name, value in (
        ("MultipleInstancesPolicy", "IgnoreNew"),
        ("DisallowStartIfOnBatteries", "false"),
        ("StopIfGoingOnBatteries", "false"),
        ("AllowHardTerminate", "true"),
        ("StartWhenAvailable", "true"),
        ("RunOnlyIfNetworkAvailable", "false"),
        ("AllowStartOnDemand", "true"),
        ("Enabled", "true"),
        ("Hidden", "false"),
        ("RunOnlyIfIdle", "false"),
        ("WakeToRun", "false"),
        ("ExecutionTimeLimit", "PT0S"),  # no limit
        ("Priority", "5"),  # as a program in the foreground; 7, the default, is below that
    ):
        _child(settings, name, value)
    again = _child(settings, "RestartOnFailure")
    _child(again, "Interval", "PT1M")  # the shortest that is allowed
    _child(again, "Count", "5")


def _run_by(program: Program) -> tuple[str, str]:
    """The program to run and its arguments, as one text that Windows takes apart again."""
    python, *words = program.command
    if not program.environment:
        return windowless(python), " ".join(map(quoted, words))
    # Set by the very Python that runs it: a shell in between would show its window.
    told = "; ".join(f"os.environ[{name!r}] = {value!r}" for name, value in sorted(program.environment.items()))
    after = words[words.index("bursar") + 1 :]
    script = f"import os, sys; {told}; from bursar.cli.main import main; sys.exit(main({after!r}))"
    return windowless(python), f"-P -c {quoted(script)}"


def quoted(word: str) -> str:
    """A word as the C runtime of Windows reads it back (CommandLineToArgvW)."""
    if word and not set(word) & set(' \t"'):
        return word
    made, slashes = '"', 0
    for letter in word:
        if letter == "\\":
            slashes += 1
            continue
        made += "\\" * (slashes * 2 + 1 if letter == '"' else slashes) + letter
        slashes = 0
    return made + "\\" * (slashes * 2) + '"'


def _child(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, name, attributes)
    made.text = text
    return made


def path(data_dir: Path) -> Path:
    """Where the task is kept as it was registered; Windows has a copy of its own."""
    return data_dir / "service" / "bursar-task.xml"
