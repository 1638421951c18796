"""ServiceFile: a file by which the supervisor knows the service; written whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from bursar.whole_file import write_whole


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
        write_whole(self.path, self.content, 0o644)
