"""Bursar with everything on, in a home of its own: an upstream, an alias, own prices, three caps that apply, a key."""

import json
import subprocess
import sys
from pathlib import Path

from bench.asks import MODEL, UPSTREAM_MODEL
from bench.children import ROOT, Child, ChildFailed, environment

KEY = "bench"
CAPS = 3
REQUESTS_CAP = "cap:requests"
_COMMAND_S = 60.0

_CONFIG = """\
[server]
port = 0

[log]
level = "warning"

[upstreams.main]
kind = "openai_compatible"
base_url = "http://127.0.0.1:{port}/v1"
secret = "none"

[aliases.{alias}]
routes = ["main/{model}"]

[prices."main/{model}"]
input = "0.15"
output = "0.60"
cached_input = "0.075"

[caps.everything]
usd = "1000000.00"
every = "day"

[caps.key-tokens]
key = "{key}"
tokens = 900000000000
every = "day"

[caps.requests]
requests = 100000000
every = "hour"
"""


class BursarHome:
    """One installation in `folder`, in front of the source at `port`; issues its key when made. Raises ChildFailed."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        self.folder = folder
        self._environment = {"BURSAR_HOME": str(folder)}
        config = _CONFIG.format(port=port, alias=MODEL, model=UPSTREAM_MODEL, key=KEY)
        (folder / "config.toml").write_text(config, "utf-8")
        self.key = str(json.loads(self.run("key", "issue", KEY, "--json"))["key"])

    def serve(self) -> Child:
        """The proxy, not yet started."""
        return Child([sys.executable, "-m", "bursar", "serve"], self._environment)

    def run(self, *arguments: str) -> str:
        """What a command of Bursar says. Raises ChildFailed where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "bursar", *arguments],
            cwd=ROOT,
            env=environment(self._environment),
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
        )
        if done.returncode != 0:
            raise ChildFailed(f"bursar {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / "data" / "ledger.sqlite3"

    @property
    def ledger_bytes(self) -> int:
        """The size of all that the proxy keeps."""
        return sum(file.stat().st_size for file in (self.folder / "data").rglob("*") if file.is_file())
