"""Makes proxy/bursar/tokens/data/*.tiktoken.gz, the vocabularies that are shipped: run by hand, with the network.

    python .ci/make_vocabulary.py

tiktoken fetches its vocabularies from the network at first use, which a proxy that promises to stay on this machine
must not do. They are taken from a package that carries them (any carrier will do: the SHA-256 is tiktoken's own, and
is checked), and compressed with gzip, because a raw text file would be damaged by line-ending conversion, and with
neither name nor time in its header, so that two runs give the same bytes.
"""

import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CARRIER = "llama-index-core==0.14.25"
FOLDER = "llama_index/core/_static/tiktoken_cache/"
# name: (the file's name in the carrier, which is the SHA-1 of the address tiktoken would fetch; SHA-256 of its content)
VOCABULARIES = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
TARGET = Path(__file__).parents[1] / "proxy/bursar/tokens/data"


def main() -> None:
    """Fetches the carrier with pip, checks both vocabularies and writes them."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, CARRIER]
        subprocess.run([sys.executable, "-m", *fetch], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            for name, (member, expected) in VOCABULARIES.items():
                content = wheel.read(FOLDER + member)
                found = hashlib.sha256(content).hexdigest()
                if found != expected:
                    raise SystemExit(f"{name}: its SHA-256 is {found}, but should be {expected}")
                target = TARGET / f"{name}.tiktoken.gz"
                target.write_bytes(gzip.compress(content, 9, mtime=0))
                print(f"{target}: {len(content):,} bytes in {target.stat().st_size:,}")


if __name__ == "__main__":
    main()
