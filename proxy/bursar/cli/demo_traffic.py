"""The traffic of `bursar demo`: a thread for each client application, asking until it is told to stop."""

import http.client
import json
import threading
from collections.abc import Mapping
from itertools import cycle
from urllib.parse import urlsplit

from bursar.cli.demo_scene import CAST, PROMPTS, Part

_ANSWER_S = 30.0
_AFTER_NO_S = 6.0
"""How long a client whose budget is used up waits before it asks again."""


class Traffic:
    """What all of the cast ask for, at the proxy at `base_url`, each with its own key."""

    def __init__(self, base_url: str, keys: Mapping[str, str]) -> None:
        self._stop = threading.Event()
        parts = urlsplit(base_url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, f"{parts.path}/chat/completions"
        # Daemons, so that an answer that never ends cannot keep the demo from ending.
        self._threads = [
            threading.Thread(target=self._play, args=(part, keys[part.key], place), name=part.key, daemon=True)
            for place, part in enumerate(CAST)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask for nothing more; what runs is left to end with the proxy."""
        self._stop.set()

    def _play(self, part: Part, key: str, place: int) -> None:
        aliases, pauses, prompts = cycle(part.aliases), cycle(part.pauses_s), cycle(PROMPTS[place:] + PROMPTS[:place])
        messages: list[dict[str, str]] = []
        self._stop.wait(place * 0.7)
        while not self._stop.is_set():
            messages = [*messages[-6:], {"role": "user", "content": next(prompts)}]
            try:
                status, answer = self._ask(part, key, next(aliases), messages)
            except (OSError, http.client.HTTPException):
                status, answer = 0, ""
            if answer:
                messages.append({"role": "assistant", "content": answer})
            self._stop.wait(_AFTER_NO_S if status == 402 else next(pauses))

    def _ask(self, part: Part, key: str, alias: str, messages: list[dict[str, str]]) -> tuple[int, str]:
        """One call, read to its end; the status, and the text of a plain answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_ANSWER_S)
        body = {"model": alias, "messages": messages, "stream": part.stream}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": part.program}
        try:
            connection.request("POST", self._path, json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if part.stream or response.status != 200:
            return response.status, ""
        return response.status, str(json.loads(content)["choices"][0]["message"]["content"])
