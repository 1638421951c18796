"""Where: the folders in which programs of this user keep their settings, on each system."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Where:
    """This machine and this user, as far as settings are looked for; `system` is that of `sys.platform`."""

    system: str = sys.platform
    home: Path = field(default_factory=Path.home)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def is_windows(self) -> bool:
        """Whether settings are where Windows keeps them."""
        return self.system == "win32"

    def named(self, variable: str) -> Path | None:
        """The folder or file that a variable names, if it does."""
        text = self.environ.get(variable)
        return Path(text).expanduser() if text else None

    @property
    def dot_config(self) -> Path:
        """`~/.config`, for programs that use it on every system."""
        return self.named("XDG_CONFIG_HOME") or self.home / ".config"

    @property
    def roaming(self) -> Path:
        """Where Windows keeps what goes with a user from machine to machine."""
        return self.named("APPDATA") or self.home / "AppData" / "Roaming"
