"""The pictures of the README: made from the real screens, and asking nobody for anything."""

import re
import subprocess
import sys
from pathlib import Path

from bursar_tui.tabs import TABS

ROOT = Path(__file__).resolve().parents[2]


def test_they_stand_by_themselves(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / ".ci" / "make_pictures.py", tmp_path], check=True, timeout=120)
    pictures = {file.stem: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.svg")}
    assert set(pictures) == {"overview-light", *(tab.name for tab in TABS)}
    for picture in pictures.values():
        assert "@font-face" not in picture
        assert "url(http" not in picture
        assert "<script" not in picture
        assert len(set(re.findall(r">([^<>]+)</text>", picture))) > 20
    assert pictures["overview"] != pictures["overview-light"]
