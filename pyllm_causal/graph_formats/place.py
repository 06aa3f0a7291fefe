"""The line on which a part of a JSON document stands, so that an error can point at it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def line_of(text: str, path: Sequence[int | str]) -> int:
    """The line (from 1) of the value at `path` in valid JSON `text`; of the last part that is there."""
    at = _after_space(text, 0)
    for part in path:
        found = _child(text, at, part)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _child(text: str, at: int, part: int | str) -> int | None:
    """Where the member `part` of the object or list at `at` starts, or None."""
    if text[at] not in "{[":
        return None
    listed = text[at] == "["
    at, position = _after_space(text, at + 1), 0
    while at < len(text) and text[at] not in "]}":
        key: int | str = position
        if not listed:
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)  # past the colon
        if key == part:
            return at
        _, at = _DECODER.raw_decode(text, at)
        at = _after_space(text, at)
        if text[at] == ",":
            at = _after_space(text, at + 1)
        position += 1
    return None


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
