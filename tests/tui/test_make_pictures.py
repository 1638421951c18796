"""The pictures of the README: made from the real screens, and asking nobody for anything."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_they_stand_by_themselves(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / ".ci" / "make_pictures.py", tmp_path], check=True, timeout=120)
    pictures = {file.stem: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.svg")}
    assert set(pictures) == {"overview", "overview-light", "calls", "budgets", "keys", "upstreams"}
    for picture in pictures.values():
        assert "@font-face" not in picture
        assert "url(http" not in picture
        assert "<script" not in picture
        assert "laptop" in picture or "openai" in picture
    assert pictures["overview"] != pictures["overview-light"]
