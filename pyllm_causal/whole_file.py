"""Writing a file in one go: a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o644, errors: str = "strict") -> None:
    """Write `text` as UTF-8 beside `path`, then put it in its place. `errors`: what happens to letters that no file can hold.

    Raises `OSError`, or `UnicodeEncodeError` where `errors` is strict; nothing is left behind then.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:50]}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="\n") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
