"""The papers of the project, as a test sees them: their fenced blocks, their links, and the commands they name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PAPERS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^(?:<!-- *(?P<mark>[^>]*?) *-->\n)?```(?P<language>\S*)\n(?P<text>.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
_INLINE = re.compile(r"`bursar ([a-z][^`\n]*)`")
_HEADING = re.compile(r"^#+ +(.+)$", re.M)


@dataclass(frozen=True)
class Block:
    """One fenced block: what the comment above it says, the language it is in, its text, and its line."""

    paper: Path
    line: int
    mark: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.paper.name}:{self.line}"


def blocks(paper: Path, *languages: str) -> list[Block]:
    """The blocks of a paper, of these languages or of all."""
    text = paper.read_text("utf-8")
    found = [
        Block(paper, text.count("\n", 0, each.start()) + 1, each["mark"] or "", each["language"], each["text"])
        for each in _FENCE.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


def commands(block: Block) -> Iterator[str]:
    """The commands of a block, each with the lines that continue it."""
    for command in block.text.replace("\\\n", " ").splitlines():
        if command.strip() and not command.lstrip().startswith("#"):
            yield command.strip()


def prose(paper: Path) -> str:
    """A paper without its blocks."""
    return _FENCE.sub("", paper.read_text("utf-8"))


def links(paper: Path) -> list[str]:
    """The links of a paper that stay within the project."""
    return _LINK.findall(prose(paper))


def named_commands(paper: Path) -> list[list[str]]:
    """The words of every command of ours that a paper names in its prose."""
    return [text.split() for text in _INLINE.findall(prose(paper))]


def anchors(paper: Path) -> set[str]:
    """What the headings of a paper can be linked by."""
    return {_anchor(heading) for heading in _HEADING.findall(prose(paper))}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
