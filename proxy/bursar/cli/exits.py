"""Exit statuses of every command, and the exception that ends one with a sentence."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit status means; documented by `bursar --help`."""

    OK = 0
    PROBLEM = 1
    WRONG_USE = 2
    NOT_RUNNING = 3
    TAKEN = 4
    UNUSABLE = 5
    INTERRUPTED = 130


class Failed(Exception):
    """A command cannot do what was asked; the message is one or more lines for a person."""

    def __init__(self, message: str, status: Exit = Exit.PROBLEM) -> None:
        super().__init__(message)
        self.status = status
