"""Changes to YAML files, with the user's comments and order kept, by ruamel.yaml, which is loaded only here."""

import io
from collections.abc import Callable
from typing import Any

from bursar.cli.connecting.client import CannotWrite

_WIDTH = 4096
"""No line of the user's is broken anew."""


def changed(text: str, change: Callable[[Any], None]) -> str:
    """The text of a YAML mapping as a change to it leaves it. Raises CannotWrite."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise CannotWrite(
            "changing a YAML file and keeping its comments needs one more package: pip install 'bursar[connect]'; "
            "or enter by hand what `bursar connect` prints without --write"
        ) from None
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2) if _indents_lists(text) else yaml.indent(mapping=2, sequence=2)
    try:
        document = yaml.load(text)
        if not isinstance(document, dict):
            raise CannotWrite("the file is no YAML mapping")
        change(document)
        out = io.StringIO()
        yaml.dump(document, out)
    except YAMLError as error:
        raise CannotWrite(f"the file is no YAML that can be read ({type(error).__name__})") from None
    return out.getvalue()


def _indents_lists(text: str) -> bool:
    """Whether the file sets its lists in below their names."""
    below = False
    for line in text.splitlines():
        if line.lstrip().startswith("- "):
            if below:
                return line.startswith(" ")
        elif line.strip() and not line.lstrip().startswith("#"):
            below = line.rstrip().endswith(":") and not line.startswith(" ")
    return True
