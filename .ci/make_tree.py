"""Brings the tree in docs/architecture.md up to date: `python .ci/make_tree.py`; exits with 1 if it was not.

Each file has the first sentence of its docstring. The order of folders and files is that of the document, so arrange
it there by hand; what is new comes last in its folder, and a new folder last of all.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- the tree: .ci/make_tree.py -->\n```text\n", "```\n"
SOURCES = ("proxy/bursar", "tui/bursar_tui")
WIDTH = 24


def present() -> dict[str, dict[str, str]]:
    """Every folder with its source files, each with its sentence."""
    folders: dict[str, dict[str, str]] = {}
    for source in SOURCES:
        for file in sorted((ROOT / source).rglob("*.py")):
            if file.name != "__init__.py":
                folder = file.parent.relative_to(ROOT).as_posix() + "/"
                folders.setdefault(folder, {})[file.name] = sentence(file)
    return folders


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring, on one line."""
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=[.])\s", first)[0]


def arranged(lines: list[str], folders: dict[str, dict[str, str]]) -> list[str]:
    """The lines of the tree, in the order of `lines`, with what is there and nothing else."""
    heads = {line.split()[0]: line for line in lines if line and not line.startswith(" ")}
    known: dict[str, list[str]] = {}
    folder = ""
    for line in lines:
        if line and not line.startswith(" "):
            folder = line.split()[0]
        elif line.strip():
            known.setdefault(folder, []).append(line.split()[0])
    made: list[str] = []
    for folder in [*(each for each in heads if each in folders), *(each for each in folders if each not in heads)]:
        files = folders[folder]
        names = [name for name in known.get(folder, []) if name in files]
        names += [name for name in files if name not in names]
        made += ["", heads.get(folder, folder)] if made else [heads.get(folder, folder)]
        made += [f"  {name:<{WIDTH}} {files[name]}".rstrip() for name in names]
    return made


def main() -> int:
    """Write the document anew where it is not up to date."""
    text = DOCUMENT.read_text("utf-8")
    before, rest = text.split(BEGIN, 1)
    tree, after = rest.split(END, 1)
    made = "\n".join(arranged(tree.splitlines(), present())) + "\n"
    if made == tree:
        return 0
    DOCUMENT.write_text(before + BEGIN + made + END + after, "utf-8")
    print("docs/architecture.md was brought up to date")
    return 1


if __name__ == "__main__":
    sys.exit(main())
