"""The way in leads to this user's own proxy, and to no door that another user has put in its place."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

COME_IN = """
import os, socket, sys
from pathlib import Path
from bursar.contract.places import Places
from bursar.contract.way_in import NotRunning, way_in
root = Path(sys.argv[1])
owner, comer, kind = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
places = Places(root / "config.toml", root / "data", root / "run", root / "log")
places.runtime_dir.mkdir(exist_ok=True)
if kind == "socket":
    place = places.admin_socket
    held = socket.socket(socket.AF_UNIX)
    held.bind(str(place))
else:
    place = places.admin_token
    place.write_text(sys.argv[5])
place.chmod(0o666)
os.chown(place, owner, owner)
os.setgid(comer)
os.setuid(comer)
try:
    print(way_in(places).url)
except NotRunning as error:
    print(error)
"""
DOOR = json.dumps({"url": "http://127.0.0.1:9", "token": "t"})
NOBODY, SOMEBODY = 65534, 65533


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become two other users")
@pytest.mark.parametrize("kind", ["socket", "token"])
@pytest.mark.parametrize(
    ("owner", "comer", "let_in"),
    [(NOBODY, NOBODY, True), (SOMEBODY, NOBODY, False), (0, NOBODY, True), (SOMEBODY, 0, True)],
)
def test_a_door_of_another_user_is_not_knocked_at(kind: str, owner: int, comer: int, let_in: bool) -> None:
    with TemporaryDirectory(prefix="bursar-") as folder:
        Path(folder).chmod(0o755)
        words = [sys.executable, "-c", COME_IN, folder, str(owner), str(comer), kind, DOOR]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run(words, env=environ, capture_output=True, text=True, check=True, timeout=60).stdout
    if let_in:
        assert said.strip() == ("http://bursar" if kind == "socket" else "http://127.0.0.1:9")
    else:
        assert "is another user's" in said
