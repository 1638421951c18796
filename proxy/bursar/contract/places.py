"""Where things are on this machine: configuration, data, runtime sockets, logs."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP = "bursar"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one installation. Nothing is created by asking."""

    config_file: Path
    data_dir: Path
    runtime_dir: Path
    log_dir: Path

    @property
    def database(self) -> Path:
        """The ledger's file."""
        return self.data_dir / "ledger.sqlite3"

    @property
    def listed_models(self) -> Path:
        """What upstreams listed last, kept for the next start."""
        return self.data_dir / "listed-models.json"

    @property
    def sealed_file(self) -> Path:
        """The keys of upstreams on a machine without a keyring, sealed by a passphrase."""
        return self.data_dir / "secrets.sealed"

    @property
    def admin_socket(self) -> Path:
        """The local door, where Unix sockets exist."""
        return self.runtime_dir / "admin.sock"

    @property
    def admin_token(self) -> Path:
        """Address and token of the local door, where they do not: one JSON object, mode 0600."""
        return self.runtime_dir / "admin.json"


def places(config: Path | None = None) -> Places:
    """The places of this user: all under `BURSAR_HOME` where it is set, else where the platform keeps such things.

    `config`, else `BURSAR_CONFIG`, names the configuration file.
    """
    named = config or (Path(os.environ["BURSAR_CONFIG"]) if os.environ.get("BURSAR_CONFIG") else None)
    home = os.environ.get("BURSAR_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Places(named or root / "config.toml", root / "data", root / "run", root / "log")
    folders = platformdirs.PlatformDirs(APP, appauthor=False)
    runtime = Path(folders.user_runtime_dir) if os.environ.get("XDG_RUNTIME_DIR") else folders.user_state_path / "run"
    return Places(
        named or folders.user_config_path / "config.toml",
        folders.user_data_path,
        runtime,
        folders.user_log_path,
    )
