"""A log of everything that was sent to a language model, kept on this machine for whoever sent it.

JSON lines in the user's state folder, without keys, bounded: at five megabytes the file moves aside and the one before
it goes. `PYLLM_CAUSAL_SENT_LOG=off` (or --no-log) switches it off. A log that cannot be written is said and stops nothing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..settings import NAME, PREFIX, Settings, scrub
from .client import Call, Client, Reply, Request

VARIABLE = PREFIX + "SENT_LOG"
LARGEST = 5_000_000
_OFF = frozenset(("off", "no", "none", "0", "false"))


def place(environment: Mapping[str, str] | None = None) -> Path | None:
    """The file of the log; None when it is switched off."""
    env = os.environ if environment is None else environment
    if env.get(VARIABLE, "").strip().casefold() in _OFF:
        return None
    from platformdirs import user_state_path

    return user_state_path(NAME, appauthor=False) / "sent.jsonl"


class Logged:
    """Wraps a live client and writes down every request before it is sent."""

    def __init__(self, client: Client, path: Path) -> None:
        self.path = path
        self.settings: Settings = getattr(client, "settings", Settings())
        self._client = client
        self._said = False

    @property
    def calls(self) -> list[Call]:
        """The calls that the client answered."""
        calls: list[Call] = getattr(self._client, "calls", [])
        return calls

    def complete(self, request: Request) -> Reply:
        """The client's reply; the request is in the log first. Raises `ModelError`."""
        request = request.filled(self.settings)
        try:
            write(self.path, entry(request, self.settings))
        except OSError as error:
            if not self._said:
                self._said = True
                logging.getLogger("pyllm_causal").warning(
                    "What is sent to the model could not be written to the log (%s).", error.strerror or "file error"
                )
        return self._client.complete(request)


def logged(client: Client, wanted: bool = True) -> Client:
    """`client` with its log, unless `wanted` is False or the environment switches it off."""
    path = place() if wanted else None
    return client if path is None else Logged(client, path)


def entry(request: Request, settings: Settings) -> dict[str, Any]:
    """One line of the log: when, to whom, and every word that was sent."""
    host = urlsplit(settings.api_base).netloc if settings.api_base else ""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "to": scrub(host or (request.model or "").partition("/")[0]),
        "model": scrub(request.model or ""),
        "step": request.step,
        "messages": [{"role": m.role, "content": scrub(m.content)} for m in request.messages],
        "schema": json.loads(scrub(json.dumps(request.response_schema))) if request.response_schema else None,
    }


def write(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line, for the owner's eyes only. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LARGEST:
        os.replace(path, path.with_suffix(".1.jsonl"))
    data = (json.dumps(line, ensure_ascii=True) + "\n").encode("ascii")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        if end and os.lseek(handle, end - 1, os.SEEK_SET) >= 0 and os.read(handle, 1) != b"\n":
            data = b"\n" + data  # a killed program left half a line: it must not swallow this one
        os.write(handle, data)
    finally:
        os.close(handle)


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Every line that can be read, oldest first."""
    for file in (path.with_suffix(".1.jsonl"), path):
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict):
                    yield found


def clear(path: Path) -> int:
    """Delete the log; returns how many files went. Raises `OSError`."""
    files = [f for f in (path.with_suffix(".1.jsonl"), path) if f.is_file()]
    for file in files:
        file.unlink()
    return len(files)
