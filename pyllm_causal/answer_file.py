"""Reading an answer document back from a file: untrusted JSON, held to a size and to the record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .analysis import Answer
from .errors import InputError
from .query import Query
from .wording import join, safe

LARGEST = 50_000_000  # bytes
_HINT = "Give an answer as `analyse` and `ask` print it with --json."


class AnswerError(InputError):
    """The file holds no answer that this version can use."""

    code = "answer"


def read_answer(path: str | Path) -> Answer:
    """The answer in a file (`-`: standard input). Raises `AnswerError`."""
    name = "The answer on standard input" if str(path) == "-" else f"The answer file {str(path)!r}"
    try:
        text = sys.stdin.read(LARGEST + 1) if str(path) == "-" else _text(Path(path), name)
    except OSError as error:
        raise AnswerError(f"{name} cannot be read ({error.strerror or 'not a file'}).", _HINT) from None
    except UnicodeDecodeError:
        raise AnswerError(f"{name} is not text.", _HINT) from None
    if len(text) > LARGEST:
        raise _too_large(name)
    try:
        document = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise AnswerError(f"{name} is not valid JSON ({error.msg} at line {error.lineno}).", _HINT) from None
    except (ValueError, RecursionError):
        raise AnswerError(f"{name} holds what JSON cannot, or is nested too deeply.", _HINT) from None
    return answer_of(document, name)


def answer_of(document: Any, name: str = "The answer") -> Answer:
    """The answer in a JSON document. Raises `AnswerError` that says what does not fit."""
    from pydantic import ValidationError

    if not isinstance(document, dict) or "status" not in document:
        raise AnswerError(f"{name} is no answer document: it has no `status`.", _HINT)
    try:
        return Answer.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
    except RecursionError:
        raise AnswerError(f"{name} is nested too deeply.", _HINT) from None
    unknown = [".".join(map(str, f["loc"])) for f in faults if f["type"] == "extra_forbidden"]
    made = _made_by(document)
    if unknown:
        many = len(unknown) > 1
        raise AnswerError(
            f"{name} has {'fields' if many else 'a field'} that this version does not know: {join(unknown[:5])}"
            + (" and others." if len(unknown) > 5 else "."),
            f"It was made by version {made}; use that one, or make the answer again." if made else _HINT,
        )
    first = faults[0]
    place = safe(".".join(map(str, first["loc"])))
    raise AnswerError(f"{name} does not fit the answer document: `{place}`: {safe(first['msg'], 120)}.", _HINT)


def query_of(answer: Answer) -> Query:
    """The query that an answer was made with. Raises `AnswerError` where it holds none that can be used."""
    from pydantic import ValidationError

    document = answer.provenance.get("query")
    if not isinstance(document, dict):
        raise AnswerError(
            "This answer holds no query, so it cannot be made again.",
            "Answers made with --json hold it under provenance.",
        )
    try:
        return Query.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = safe(".".join(map(str, first["loc"])))
        raise AnswerError(
            f"The query inside the answer cannot be used: `{place}`: {safe(first['msg'], 120)}.", _HINT
        ) from None


def seed_of(answer: Answer) -> int:
    """The seed of everything random in an answer."""
    seed = answer.provenance.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 else 0


def _made_by(document: dict[str, Any]) -> str:
    found: object = document
    for part in ("provenance", "versions", "pyllm_causal"):
        found = found.get(part) if isinstance(found, dict) else None
    return safe(found, 30) if isinstance(found, str) else ""


def _text(path: Path, name: str) -> str:
    if path.stat().st_size > LARGEST:
        raise _too_large(name)
    return path.read_text(encoding="utf-8-sig")


def _too_large(name: str) -> AnswerError:
    return AnswerError(f"{name} is larger than {LARGEST // 1_000_000} MB; it is not one of ours.", _HINT)


def _no_number(name: str) -> float:
    raise ValueError(name)
