"""Studies on disk: one JSON file each, written whole, so that a killed program loses nothing that was answered.

Sessions of the chat live in the user's own data folder (`XDG_DATA_HOME` on Linux), readable by nobody else.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..analysis import Answer
from ..errors import DataError
from ..language.read import Reading
from ..settings import NAME, write_private
from .ledger import Ledger

FROZEN = ConfigDict(frozen=True, extra="forbid")

LARGEST = 200_000_000
MOST_SAID = 500
MOST_SESSIONS = 2_000  # looked through for the latest


class Source(BaseModel):
    """The table a study is about: where it was read from (None: it came from memory) and what it was then."""

    model_config = FROZEN
    path: str | None = None
    name: str
    rows: int
    fingerprint: str


class Kept(BaseModel):
    """A study as it stands in a file. `said` are the latest lines that a person typed, for going back to them."""

    model_config = FROZEN
    version: Literal[1] = 1
    started: str
    changed: str
    data: Source
    describe: str | dict[str, Any] | None = None
    seed: int = 0
    ledger: Ledger = Field(default_factory=Ledger)
    answers: tuple[Answer, ...] = ()
    main: tuple[int, ...] = ()  # places in `answers` of those that were asked for, looks in passing left out
    pending: Reading | None = None
    said: tuple[str, ...] = ()


def now() -> str:
    """The time in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def folder() -> Path:
    """Where sessions are kept. Raises `DataError` where this user has no such place."""
    import platformdirs

    try:
        path = Path(platformdirs.user_data_path(NAME, appauthor=False)) / "sessions"
    except RuntimeError:
        raise DataError("There is no home folder to keep sessions in.", "Set XDG_DATA_HOME to a folder.") from None
    return path


def new_place() -> Path:
    """A file name for a new session: by time, and by process where two begin in one second."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    return folder() / f"{stamp}-{os.getpid()}.json"


def write(path: Path, kept: Kept, private: bool = False) -> None:
    """Write a study in one go. Raises `DataError`; `SettingsError` for a private file."""
    from ..whole_file import write_whole

    text = kept.model_dump_json(indent=1, exclude_defaults=True)
    if private:
        write_private(path, text + "\n")
        return
    try:
        write_whole(path, text + "\n", errors="replace")
    except OSError as error:
        raise DataError(
            f"The study cannot be written to {path.name!r} ({error.strerror or 'file error'}).",
            "Choose a folder that you may write to.",
        ) from None


def read(path: Path) -> Kept:
    """A study from its file. Raises `DataError`."""
    hint = "Give a file that was written by Study.save or /save."
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path.name!r} is too large to be a study.", hint)
        return Kept.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"The study {path.name!r} cannot be read ({error.strerror or 'file error'}).", hint) from None
    except ValidationError:
        raise DataError(f"{path.name!r} is not a study, or one of another version.", hint) from None


def sessions() -> list[Path]:
    """The kept sessions, latest first; leftovers of a killed program are cleared away."""
    from ..whole_file import clear_leftovers

    place = folder()
    if not place.is_dir():
        return []
    clear_leftovers(place)
    found: list[tuple[float, Path]] = []
    for entry in os.scandir(place):
        if entry.name.endswith(".json") and entry.is_file():
            found.append((entry.stat().st_mtime, Path(entry.path)))
    return [path for _, path in sorted(found, reverse=True)[:MOST_SESSIONS]]


def last_session(data: str | Path | None = None, fingerprint: str | None = None) -> Path | None:
    """The latest session, or the latest about the file `data` (by its place, else by what is in it); None without one."""
    wanted = None if data is None else str(Path(data).resolve())
    alike = None
    for path in sessions():
        try:
            kept = read(path)
        except DataError:
            continue
        if data is None or kept.data.path == wanted:
            return path
        if alike is None and fingerprint is not None and kept.data.fingerprint == fingerprint:
            alike = path
    return alike
