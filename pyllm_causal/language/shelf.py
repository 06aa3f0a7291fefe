"""What lies in a folder of recordings: which are sound, which are out of date and why, which may go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..errors import InternalError, RecordingError
from . import prompts
from .recording import SAYS, Recording, fingerprint, hash_of, named, read

State = Literal["good", "out of date", "unused", "damaged"]
DEEPEST = 2


class Kept(BaseModel):
    """One file: what is in it, and whether it can still be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Path
    state: State
    why: str = ""
    step: str = ""
    model: str = ""
    origin: str = ""
    written: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    failed: bool = False


def kept(folder: Path) -> list[Kept]:
    """Every recording in `folder` and the folders in it, held against today's prompts. Raises `RecordingError`."""
    if not folder.is_dir():
        raise RecordingError(f"There is no folder at {str(folder)!r}.", "Make one with --record DIR and a model.")
    return [_judge(path) for path in sorted(_files(folder, DEEPEST))]


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and depth > 1 and not path.is_symlink():
            yield from _files(path, depth - 1)
        elif path.suffix == ".json" and not path.name.startswith("."):
            yield path


def _judge(path: Path) -> Kept:
    try:
        recording = read(path)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    except RecordingError as error:
        return Kept(path=path, state="damaged", why=error.message)
    except OSError:
        return Kept(path=path, state="damaged", why="it cannot be read")
    state, why = stale(recording, path)
    reply = recording.reply
    return Kept(
        path=path,
        state=state,
        why=why,
        step=recording.step,
        model=recording.model,
        origin=recording.origin,
        written=written,
        tokens_in=reply.tokens_in if reply else None,
        tokens_out=reply.tokens_out if reply else None,
        failed=recording.failure is not None,
    )


def stale(recording: Recording, path: Path) -> tuple[State, str]:
    """What can be told without the question and the table: the seal, the prompt file, and the place in the order."""
    if set(recording.parts) != set(SAYS) or fingerprint(recording.parts) != recording.fingerprint:
        return "damaged", "its fingerprint does not match its parts: it was changed by hand"
    if (recording.reply is None) == (recording.failure is None):
        return "damaged", "it holds no reply"
    try:
        if hash_of(prompts.digest(recording.step)) != recording.parts["prompt"]:
            return "out of date", f"{SAYS['prompt']} ({recording.step}.md) changed since"
    except InternalError:
        return "out of date", f"there is no step {recording.step!r} any more"
    step, _, place = path.stem.partition(".")
    call = int(place) if place.isdigit() else 1
    if step != recording.step or path.name != named(recording.step, call):
        return "unused", f"it is a recording of {recording.step} under another name"
    if call > 1 and not path.with_name(named(step, call - 1)).is_file():
        return "unused", f"the call before it ({named(step, call - 1)}) is missing"
    return "good", ""


def remove(items: list[Kept]) -> int:
    """Delete these files; returns how many went. Only what can be read as a recording of ours is ever deleted."""
    gone = 0
    for item in items:
        if item.state == "damaged" or not item.step:
            continue
        try:
            item.path.unlink()
        except OSError as error:
            raise RecordingError(
                f"{item.path.name} cannot be removed ({error.strerror or 'file error'}).", "Check its permissions."
            ) from None
        gone += 1
    return gone
