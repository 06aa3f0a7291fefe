"""What a person knows before a search, from flags and a file: `--knowledge`, `--tier`, `--require`, `--forbid`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

KNOWN = ("tier", "require", "forbid")  # flags that are parts of the field `knowledge`
_LARGEST = 1_000_000  # characters of a file


def gathered(
    knowledge: str | None = None, tier: Sequence[str] = (), require: Sequence[str] = (), forbid: Sequence[str] = ()
) -> dict[str, Any]:
    """The field `knowledge` of a query: the file's with the flags' added. Raises `QueryError`."""
    out: dict[str, Any] = {"tiers": (), "required": (), "forbidden": ()}
    if knowledge is not None:
        out |= _file(knowledge)
    tiers = [tuple(part for part in (name.strip() for name in one.split(",")) if part) for one in tier]
    if tiers and out["tiers"]:
        from ..errors import QueryError

        raise QueryError("The tiers are given twice, by --tier and in the file.", "Give them once: their order counts.")
    return {
        "tiers": tuple(tiers) or out["tiers"],
        "required": (*out["required"], *(_pair("require", text) for text in require)),
        "forbidden": (*out["forbidden"], *(_pair("forbid", text) for text in forbid)),
    }


def _file(path: str) -> dict[str, Any]:
    import json

    from pydantic import ValidationError

    from ..errors import QueryError
    from ..query import Knowledge

    hint = 'It holds, for example, {"tiers": [["age"], ["quit"]], "required": [["age", "quit"]], "forbidden": []}.'
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise QueryError("The file of --knowledge is too large.", "A million characters are enough for any table.")
        return Knowledge.model_validate(json.loads(text)).model_dump()
    except FileNotFoundError:
        raise QueryError(f"There is no file {path!r}.", "Check the path of --knowledge.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"The file {path!r} cannot be read ({type(error).__name__}).", hint) from None
    except (ValueError, RecursionError, ValidationError):
        raise QueryError(f"The file {path!r} does not hold knowledge in the form that is needed.", hint) from None


def _pair(flag: str, text: str) -> tuple[str, str]:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 2 or not all(parts):
        from ..errors import QueryError

        raise QueryError(
            f"--{flag} {text!r} is not a pair A:B of a cause and its effect.",
            f"Write --{flag} smoking:weight. Names with a colon go into the file of --knowledge.",
        )
    return parts[0], parts[1]
