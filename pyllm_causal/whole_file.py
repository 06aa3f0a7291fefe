"""Writing a file in one go: a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path

LONGEST = 1.0  # seconds; a half-written file that nobody touched for longer was left by a program that was killed


def write_whole(path: Path, text: str, mode: int = 0o644, errors: str = "strict") -> None:
    """Write `text` as UTF-8 beside `path`, then put it in its place. `errors`: what happens to letters that no file can hold.

    Raises `OSError`, or `UnicodeEncodeError` where `errors` is strict; nothing is left behind then. What a killed program
    left behind is cleared away by the next write of a file of this name.
    """
    prefix = f".{path.stem[:50]}-"
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="\n") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    clear_leftovers(path.parent, prefix)


def clear_leftovers(folder: Path, prefix: str = ".") -> None:
    """Take away what killed programs left in `folder`, unless another one may be writing it at this moment."""
    ours = re.compile(re.escape(prefix) + r"(.*-)?[a-z0-9_]{8}\.tmp")
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # tidying up is no reason to fail
        for entry in entries:
            if not ours.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                continue
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > LONGEST:
                Path(entry.path).unlink(missing_ok=True)
