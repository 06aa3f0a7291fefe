"""Recorded replies: a run that can be repeated byte for byte without a key or a network.

One JSON file a call, `<folder>/<step>.json` (further calls of a step: `<step>.2.json`, …), and all of them once more in
`provenance.language.recordings` of the answer, so that one answer file alone can be replayed. Each is held against a
fingerprint of prompt, schema, messages, model and settings, so that a stale recording is loud and says what changed.
Headers, keys and the environment are never written.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import ModelError, RecordingError
from ..settings import Settings, scrub
from ..whole_file import write_whole
from .client import Call, Client, Reply, Request, Scripted

VERSION = 1
LARGEST = 1_000_000
LARGEST_ANSWER = 50_000_000
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
    return {name: hash_of(value) for name, value in parts.items()}


def fingerprint(parts: dict[str, str]) -> str:
    """SHA-256 over the parts' own fingerprints."""
    return hash_of({name: parts[name] for name in PARTS})


def hash_of(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def named(step: str, call: int) -> str:
    """The file name of one call of a step. Raises `RecordingError`."""
    if not _STEP.fullmatch(step):
        raise RecordingError(f"{step!r} is not a name of a step.", "")
    return f"{step}.json" if call == 1 else f"{step}.{call}.json"


def record_of(
    request: Request, origin: Origin, *, reply: Reply | None = None, failure: ModelError | None = None
) -> Recording:
    """The recording of a filled request: its fingerprint, and what came back without anything that looks like a key."""
    parts = fingerprints(request)
    if reply is not None:
        cost = reply.cost if reply.cost is not None and math.isfinite(reply.cost) else None
        reply = reply.model_copy(update={"text": scrub(reply.text), "model": scrub(reply.model), "cost": cost})
    fault = None if failure is None else Failure(message=scrub(failure.message), hint=scrub(failure.hint))
    return Recording(
        version=VERSION,
        step=request.step,
        origin=origin,
        model=scrub(request.model or ""),
        fingerprint=fingerprint(parts),
        parts=parts,
        settings={"temperature": request.temperature, "max_tokens": request.max_tokens, "seed": request.seed},
        reply=reply,
        failure=fault,
    )


class Recorder:
    """Wraps a client and writes every call down, failures included. `last` is the latest recording."""

    def __init__(self, client: Client, folder: str | Path, origin: Origin = "live") -> None:
        self.folder = Path(folder)
        self.settings: Settings = getattr(client, "settings", Settings())
        self.last: Recording | None = None
        self._client = client
        self._origin: Origin = origin
        self.calls: list[Call] = []
        self._count: Counter[str] = Counter()

    def complete(self, request: Request) -> Reply:
        """The client's reply, written to a file on the way. Raises `ModelError`, `RecordingError`."""
        request = request.filled(self.settings)
        self._count[request.step] += 1
        path = self.folder / named(request.step, self._count[request.step])
        try:
            reply = self._client.complete(request)
        except ModelError as error:
            self.last = record_of(request, self._origin, failure=error)
            write(path, self.last)
            raise
        self.last = record_of(request, self._origin, reply=reply)
        write(path, self.last)
        reply = self.last.reply or reply
        self.calls.append(Call.of(request.step, reply, file=path.name, origin=self._origin))
        return reply


def write(path: Path, recording: Recording) -> None:
    """Write one recording atomically. Raises `RecordingError`."""
    text = json.dumps(recording.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text, errors="replace")
    except OSError as error:
        raise RecordingError(
            f"The recording {path.name} cannot be written ({error.strerror or 'file error'}).",
            "Choose a folder that you may write to.",
        ) from None


class Replayer:
    """Answers from recordings alone; needs no model, key or network.

    `source` is a folder made with --record, or one answer document that holds its recordings.
    """

    def __init__(self, source: str | Path, settings: Settings | None = None) -> None:
        self.source = Path(source)
        self.settings = settings or Settings()
        self.last: Recording | None = None
        self.calls: list[Call] = []
        self._count: Counter[str] = Counter()
        self._held = of_answer(self.source) if self.source.is_file() else None
        if self._held is None and not self.source.is_dir():
            raise RecordingError(
                f"There is no folder of recordings at {str(source)!r}.", "Make one with --record DIR and a model."
            )

    def recorded(self, step: str) -> bool:
        """Whether there is a recording of `step`."""
        name = named(step, 1)
        return name in self._held if self._held is not None else (self.source / name).is_file()

    def complete(self, request: Request) -> Reply:
        """The recorded reply. Raises `RecordingError`, or the recorded `ModelError`."""
        self._count[request.step] += 1
        name = named(request.step, self._count[request.step])
        recording = self._find(name)
        if recording.step != request.step:
            raise RecordingError(f"{name} was recorded for the step {recording.step!r}.", _AGAIN)
        request = request.model_copy(
            update={
                "model": request.model or recording.model,
                **{
                    field: recording.settings.get(field)
                    for field in ("temperature", "max_tokens", "seed")
                    if getattr(request, field) is None
                },
            }
        )
        parts = fingerprints(request)
        changed = [part for part in PARTS if parts[part] != recording.parts.get(part)]
        if changed or fingerprint(parts) != recording.fingerprint:
            said = " and ".join(SAYS[part] for part in changed) or "the fingerprint itself"
            raise RecordingError(f"The recording {name} is out of date: {said} changed since.", _AGAIN)
        self.last = recording
        if recording.failure is not None:
            raise ModelError(recording.failure.message, recording.failure.hint)
        if recording.reply is None:
            raise RecordingError(f"The recording {name} holds no reply.", _AGAIN)
        reply = recording.reply
        self.calls.append(Call.of(request.step, reply, file=name, origin=recording.origin))
        return reply

    def _find(self, name: str) -> Recording:
        if self._held is None:
            return read(self.source / name)
        if name not in self._held:
            raise RecordingError(f"There is no recording {name} in {self.source.name!r}.", _AGAIN)
        return validated(self._held[name], name)


class Keeper:
    """Wraps any client and keeps every call in memory, for the answer document. Writes nothing."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.kept: dict[str, Recording] = {}
        self.settings: Settings = getattr(client, "settings", Settings())
        self._from = len(getattr(client, "calls", ()))
        self._count: Counter[str] = Counter()

    @property
    def calls(self) -> list[Call]:
        """The calls since this keeper began."""
        calls: list[Call] = getattr(self.client, "calls", [])
        return calls[self._from :]

    @property
    def recorded(self) -> Callable[[str], bool] | None:
        """That of a replayer, or None."""
        return getattr(self.client, "recorded", None)

    def complete(self, request: Request) -> Reply:
        """The client's reply. Raises what the client raises."""
        self._count[request.step] += 1
        name = named(request.step, self._count[request.step])
        filled = request.filled(self.settings)
        origin: Origin = "authored" if isinstance(self.client, Scripted) else "live"
        try:
            reply = self.client.complete(request)
        except ModelError as error:
            self.kept[name] = getattr(self.client, "last", None) or record_of(filled, origin, failure=error)
            raise
        self.kept[name] = getattr(self.client, "last", None) or record_of(filled, origin, reply=reply)
        return reply

    def document(self) -> dict[str, Any]:
        """Every recording by its file name, as JSON."""
        return {name: recording.model_dump(mode="json") for name, recording in self.kept.items()}


_AGAIN = "Record it again with --record DIR and a model."
SAYS = {
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
    return validated(document, path.name)


def validated(document: Any, name: str) -> Recording:
    """A recording from its JSON. Raises `RecordingError`."""
    if isinstance(document, dict) and document.get("version", VERSION) != VERSION:
        raise RecordingError(f"The recording {name} is of another version.", _AGAIN)
    try:
        return Recording.model_validate(document)
    except ValidationError:
        raise RecordingError(f"{name} is not one of our recordings.", _AGAIN) from None


def of_answer(path: Path) -> dict[str, Any]:
    """The recordings inside an answer document, by file name. Raises `RecordingError`."""
    hint = "Give an answer made with --json and a model, or a folder made with --record DIR."
    try:
        large = path.stat().st_size > LARGEST_ANSWER
        document = {} if large else json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RecordingError(f"The file {path.name!r} with the recordings cannot be read.", hint) from None
    except (ValueError, RecursionError):
        raise RecordingError(f"The file {path.name!r} holds no recordings.", hint) from None
    for part in ("provenance", "language", "recordings"):
        document = document.get(part) if isinstance(document, dict) else None
    if not isinstance(document, dict) or not document:
        raise RecordingError(f"The file {path.name!r} holds no recordings.", hint)
    return document
