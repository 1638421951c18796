"""The clients that `bursar connect` knows, by the name to ask for."""

from bursar.cli.connecting.aider import AIDER
from bursar.cli.connecting.client import Client
from bursar.cli.connecting.cline import CLINE
from bursar.cli.connecting.codex import CODEX
from bursar.cli.connecting.continue_dev import CONTINUE
from bursar.cli.connecting.cursor import CURSOR
from bursar.cli.connecting.openai_sdk import OPENAI
from bursar.cli.connecting.opencode import OPENCODE
from bursar.cli.connecting.zed import ZED

CLIENTS: dict[str, Client] = {
    client.name: client for client in (CURSOR, CLINE, CONTINUE, ZED, AIDER, CODEX, OPENCODE, OPENAI)
}
