"""ServiceFile: a file by which the supervisor knows the service; written whole or not at all."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """Where it is, what is in it, and that as text for people."""

    path: Path
    content: bytes
    text: str

    @property
    def is_there(self) -> bool:
        """Whether exactly this is on disk."""
        try:
            return self.path.read_bytes() == self.content
        except OSError:
            return False

    def write(self) -> None:
        """Put it there. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
                file.write(self.content)
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)
