"""Recorded replies: a run that can be repeated byte for byte without a key or a network.

One JSON file a call, `<folder>/<step>.json` (further calls of a step: `<step>.2.json`, …). Each is held against a
fingerprint of prompt, schema, messages, model and settings, so that a stale recording is loud and says what changed.
Headers, keys and the environment are never written.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import ModelError, RecordingError
from ..settings import Settings, scrub
from .client import Call, Client, Reply, Request

VERSION = 1
LARGEST = 1_000_000
Origin = Literal["live", "authored"]
PARTS = ("prompt", "schema", "messages", "model", "settings")

_STEP = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Failure(BaseModel):
    """A call that failed, so that a replay takes the same way round it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    message: str
    hint: str = ""


class Recording(BaseModel):
    """One call as it stands in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    version: Literal[1]
    step: str
    origin: Origin
    model: str
    fingerprint: str
    parts: dict[str, str]
    settings: dict[str, float | int | None] = Field(default_factory=dict)
    reply: Reply | None = None
    failure: Failure | None = None


def fingerprints(request: Request) -> dict[str, str]:
    """SHA-256 of every part of a filled request."""
    settings = {"temperature": request.temperature, "max_tokens": request.max_tokens, "seed": request.seed}
    parts: dict[str, Any] = {
        "prompt": request.prompt,
        "schema": request.response_schema,
        "messages": [m.model_dump() for m in request.messages],
        "model": request.model or "",
        "settings": settings,
    }
    return {name: _hash(value) for name, value in parts.items()}


def fingerprint(parts: dict[str, str]) -> str:
    """SHA-256 over the parts' own fingerprints."""
    return _hash({name: parts[name] for name in PARTS})


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _path(folder: Path, step: str, call: int) -> Path:
    if not _STEP.fullmatch(step):
        raise RecordingError(f"{step!r} is not a name of a step.", "")
    return folder / (f"{step}.json" if call == 1 else f"{step}.{call}.json")


class Recorder:
    """Wraps a client and writes every call down, failures included."""

    def __init__(self, client: Client, folder: str | Path, origin: Origin = "live") -> None:
        self.folder = Path(folder)
        self.settings: Settings = getattr(client, "settings", Settings())
        self._client = client
        self._origin: Origin = origin
        self.calls: list[Call] = []
        self._count: Counter[str] = Counter()

    def complete(self, request: Request) -> Reply:
        """The client's reply, written to a file on the way. Raises `ModelError`, `RecordingError`."""
        request = request.filled(self.settings)
        self._count[request.step] += 1
        path = _path(self.folder, request.step, self._count[request.step])
        try:
            reply = self._client.complete(request)
        except ModelError as error:
            failure = Failure(message=scrub(error.message), hint=scrub(error.hint))
            write(path, request, self._origin, failure=failure)
            raise
        cost = reply.cost if reply.cost is not None and math.isfinite(reply.cost) else None
        reply = reply.model_copy(update={"text": scrub(reply.text), "cost": cost})
        write(path, request, self._origin, reply=reply)
        self.calls.append(Call.of(request.step, reply, file=path.name, origin=self._origin))
        return reply


def write(
    path: Path, request: Request, origin: Origin, *, reply: Reply | None = None, failure: Failure | None = None
) -> None:
    """Write one recording atomically. Raises `RecordingError`."""
    parts = fingerprints(request)
    recording = Recording(
        version=VERSION,
        step=request.step,
        origin=origin,
        model=request.model or "",
        fingerprint=fingerprint(parts),
        parts=parts,
        settings={"temperature": request.temperature, "max_tokens": request.max_tokens, "seed": request.seed},
        reply=reply,
        failure=failure,
    )
    text = json.dumps(recording.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RecordingError(
            f"The recording {path.name} cannot be written ({error.strerror or 'file error'}).",
            "Choose a folder that you may write to.",
        ) from None


class Replayer:
    """Answers from recordings alone; needs no model, key or network."""

    def __init__(self, folder: str | Path, settings: Settings | None = None) -> None:
        self.folder = Path(folder)
        self.settings = settings or Settings()
        self.calls: list[Call] = []
        self._count: Counter[str] = Counter()
        if not self.folder.is_dir():
            raise RecordingError(
                f"There is no folder of recordings at {str(folder)!r}.", "Make one with --record DIR and a model."
            )

    def complete(self, request: Request) -> Reply:
        """The recorded reply. Raises `RecordingError`, or the recorded `ModelError`."""
        self._count[request.step] += 1
        path = _path(self.folder, request.step, self._count[request.step])
        recording = read(path)
        if recording.step != request.step:
            raise RecordingError(f"{path.name} was recorded for the step {recording.step!r}.", _AGAIN)
        request = request.model_copy(
            update={
                "model": request.model or recording.model,
                **{
                    name: recording.settings.get(name)
                    for name in ("temperature", "max_tokens", "seed")
                    if getattr(request, name) is None
                },
            }
        )
        parts = fingerprints(request)
        changed = [name for name in PARTS if parts[name] != recording.parts.get(name)]
        if changed or fingerprint(parts) != recording.fingerprint:
            said = " and ".join(_SAYS[name] for name in changed) or "the fingerprint itself"
            raise RecordingError(f"The recording {path.name} is out of date: {said} changed since.", _AGAIN)
        if recording.failure is not None:
            raise ModelError(recording.failure.message, recording.failure.hint)
        if recording.reply is None:
            raise RecordingError(f"The recording {path.name} holds no reply.", _AGAIN)
        reply = recording.reply
        self.calls.append(Call.of(request.step, reply, file=path.name, origin=recording.origin))
        return reply


_AGAIN = "Record it again with --record DIR and a model."
_SAYS = {
    "prompt": "the prompt file",
    "schema": "the form of the reply",
    "messages": "the question, the table's columns or their description",
    "model": "the model",
    "settings": "the model's settings",
}


def read(path: Path) -> Recording:
    """One recording from its file. Raises `RecordingError`."""
    try:
        if not path.is_file():
            raise RecordingError(f"There is no recording {path.name} in {str(path.parent)!r}.", _AGAIN)
        if path.stat().st_size > LARGEST:
            raise RecordingError(f"The recording {path.name} is larger than 1 MB; it is not ours.", _AGAIN)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RecordingError(f"The recording {path.name} cannot be read.", "Check its permissions.") from None
    except (ValueError, RecursionError):
        raise RecordingError(f"The recording {path.name} is damaged.", _AGAIN) from None
    if isinstance(document, dict) and document.get("version", VERSION) != VERSION:
        raise RecordingError(f"The recording {path.name} is of another version.", _AGAIN)
    try:
        return Recording.model_validate(document)
    except ValidationError:
        raise RecordingError(f"{path.name} is not one of our recordings.", _AGAIN) from None
