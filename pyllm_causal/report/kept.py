"""The last answer on this machine, for `report --last`."""

from __future__ import annotations

import json
from pathlib import Path

from ..analysis import Answer
from ..errors import InputError, SettingsError
from ..settings import NAME, write_private


def keep(answer: Answer) -> None:
    """Keep `answer` as the last one, for this user's eyes only. Where that cannot be done, nothing is kept."""
    path = place()
    if path is None or answer.status == "error":
        return
    try:
        write_private(path, json.dumps(answer.model_dump(mode="json"), ensure_ascii=True))
    except SettingsError:
        return


def last() -> Path:
    """The file with the answer kept last. Raises `InputError` where there is none."""
    path = place()
    if path is None or not path.exists():
        raise InputError(
            "No answer has been kept on this machine yet.", "Ask something first, or name a file with an answer."
        )
    return path


def place() -> Path | None:
    """The file of the last answer; None where the system names no folder for this user."""
    import platformdirs

    try:
        path = Path(platformdirs.user_data_path(NAME, appauthor=False)) / "last.json"
    except RuntimeError:  # there is no home
        return None
    return path if path.is_absolute() else None
