"""Parts: JSON from outside with its media taken out, its secrets blotted out, and no more text than may be kept."""

import re
from collections.abc import Callable
from typing import Any

from bursar.contract.content import MEDIA, MediaItem

_LEAST_MEDIA = 128
"""What is shorter is text, whatever it looks like."""
_DATA_URL = re.compile(r"data:([\w.+-]{1,64}/[\w.+-]{1,64})?(?:;[\w.+=-]{1,64})*;base64,", re.ASCII)
_FIELDS = frozenset({"data", "file_data", "b64_json", "partial_image_b64"})
"""Where media stands as bare base64: sound, files, images (OpenAI API reference)."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\r\n-]+", re.ASCII)
_LOOKED_AT = 1024
_SCALAR = 8
"""What a number, a truth or an empty list counts as."""


class Parts:
    """Takes values in, the most important first, until `most_text` letters and `most_media` letters of base64 are in.

    `clean` takes keys out of a text. `media` are what `take` put references for, each with its data, or without it
    where there was no room. `shortened` says that something was cut or left out.
    """

    def __init__(self, most_text: int, most_media: int, clean: Callable[[str], str]) -> None:
        self.room = most_text
        self._media_room = most_media
        self._clean = clean
        self.media: list[MediaItem] = []
        self.shortened = False

    def take(self, value: object, field: str = "", beside: str = "") -> Any:
        """The value as it is kept. `field` is its name in an object, `beside` the type or format that stands there."""
        if isinstance(value, str):
            return self._text(value, field, beside)
        if isinstance(value, list):
            return [self.take(each, field, beside) for each in value if self._has_room()]
        if isinstance(value, dict):
            kind = next((value[name] for name in ("format", "media_type") if isinstance(value.get(name), str)), "")
            taken = {}
            for name, each in value.items():
                if self._has_room():
                    self.room -= len(name)
                    taken[self._clean(name[:256])] = self.take(each, name, kind)
            return taken
        self.room -= _SCALAR
        return value

    def _text(self, text: str, field: str, beside: str) -> str:
        if len(text) >= _LEAST_MEDIA:
            url = _DATA_URL.match(text)
            if url is not None:
                return self._set_aside(url[1] or "", text[url.end() :])
            if field in _FIELDS and _BASE64.fullmatch(text, 0, _LOOKED_AT):
                return self._set_aside(beside, text)
        text = self._clean(text)
        if len(text) > self.room:
            text, self.shortened = text[: max(0, self.room)], True
        self.room -= len(text) + _SCALAR
        return text

    def _set_aside(self, kind: str, data: str) -> str:
        kind = kind[:100]
        if len(data) > self._media_room:
            self.media.append(MediaItem(kind, len(data), missing="it is above the limit of one call"))
        else:
            self._media_room -= len(data)
            self.media.append(MediaItem(kind, len(data), data=data))
        return f"{MEDIA}{len(self.media) - 1}"

    def _has_room(self) -> bool:
        if self.room <= 0:
            self.shortened = True
        return self.room > 0
