"""What a person gives beside options: a query document, a description, what may be shared; keys pasted by mistake go."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def query_document(path: str) -> dict[str, Any]:
    """The query in a JSON file, or on standard input for `-`. Raises `QueryError`."""
    from ..errors import QueryError

    hint = "`pyllm-causal schema query` prints every field."
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise QueryError(f"The query file {path!r} cannot be read ({error.strerror or 'not text'}).", hint) from None
    except UnicodeDecodeError:
        raise QueryError(f"The query file {path!r} is not text.", hint) from None
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise QueryError(f"The query file {path!r} is not valid JSON ({error.msg} at {where}).", hint) from None
    except (ValueError, RecursionError):
        raise QueryError(
            f"The query file {path!r} is nested too deeply, or holds a number with thousands of digits.", hint
        ) from None
    if not isinstance(document, dict):
        raise QueryError("The query must be one JSON object.", hint)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a key that stands there twice would silently win over the first."""
    from ..errors import QueryError

    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise QueryError(f"The query says {twice!r} twice.", "Keep one of the two.")
    return found


def describe(given: str | None) -> str | None:
    """The description: the text itself, or that of `@FILE`. Raises `DataError`."""
    from ..errors import DataError

    if given is None or not given.startswith("@"):
        return given and without_keys(given)
    try:
        return without_keys(Path(given[1:]).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"The description file {given[1:]!r} cannot be read.", "Give --describe @FILE or the text itself."
        ) from None


def without_keys(text: str) -> str:
    """`text` without keys that were pasted into it: they must not come back in an answer, a recording or a traceback."""
    from ..settings import scrub

    return scrub(text)


def share(how: str | None) -> str:
    """What a model may see: as asked for here, else as the settings say, else the profile."""
    from ..errors import SettingsError

    if how is None:
        from ..settings import load

        return load().share
    if how not in ("names", "profile", "levels"):
        raise SettingsError(f"--share {how!r} is unknown.", "Say names, profile or levels.")
    return how
