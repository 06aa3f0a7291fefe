"""Where every number of the text comes from: spans of the text, each with the field of the answer that it renders.

Found by looking, not by trust: a number of the text is claimed by a field only where that field rounds to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..analysis import Answer, Claim
from ..wording import safe

ORDER = (
    "effect", "difference", "arms", "estimates", "decision", "unadjusted", "bounds", "association", "attribution", "counterfactual", "edges",
    "experiment", "sample", "diagnostics", "refutations", "certainty", "contested", "pictures", "next_question", "estimand", "why_not",
    "would_help",
)  # fmt: skip
MOST_FIELDS = 20_000
MOST_DEEP = 8

_NEVER_SHOWN = ("effect.level", "unadjusted.level", "difference.level", ".std_error", ".p_value", "association.level")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]\d)|\d+(?:\.\d+)?(?:e[+\-−]?\d+)?")
_EITHER = re.compile(r"\d(?:[\d.,\u202f]*\d)?")  # where a comma may be the decimal mark
_LEVEL = re.compile(r"(?:= |\bat |rather than |\bfrom |\bto )$")
_PER = re.compile(r"\b(?:of|in|Of|von|Von|cada|Sur|Su)(?: de| the)? $")


@dataclass(frozen=True)
class _Field:
    path: str
    value: float | int | str
    text: str | None = None  # a string is matched as it is


def claims_of(answer: Answer, language: str | None = None) -> tuple[Claim, ...]:
    """Every number of `answer.text` that a field accounts for, in order. `language` other than English: numbers with a
    decimal comma are understood too."""
    text = answer.text
    if not text:
        return ()
    query = answer.provenance.get("query")
    query = query if isinstance(query, dict) else {}
    numbers = list(_numbers(answer, query))
    strings = list(_strings(answer, query))
    found = _names(text, query)
    taken = [(c.start, c.end) for c in found]
    levels = [f for f in numbers if f.path.startswith("provenance.query.")] + [f for f in strings if "by_arm" in f.path]
    abroad = language not in (None, "en")
    for token in (_EITHER if abroad else _NUMBER).finditer(text):
        if any(start < token.end() and token.start() < end for start, end in taken):
            continue
        before = text[max(0, token.start() - 14) : token.start()].replace("\n", " ")
        if token[0] == "100" and _PER.search(before):
            found.append(Claim(start=token.start(), end=token.end(), text="100", field="per", value=100))
            continue
        fields = [*levels, *numbers] if _LEVEL.search(before) else numbers
        claim = _claimed(token, fields, abroad) or _told(token, strings)
        if claim is not None:
            found.append(claim)
    return tuple(sorted(found, key=lambda c: c.start))


def _claimed(token: re.Match[str], fields: list[_Field], abroad: bool) -> Claim | None:
    """The first field that is this number or rounds to it: at the last digit shown, or else at a coarser place, since
    numbers that stand together are rounded alike."""
    for parse in (_parse, _parse_comma) if abroad else (_parse,):
        read = parse(token[0])
        if read is None:
            continue
        shown, places = read
        digits = len(str(int(shown)))
        coarse, coarsest = (min(places, k - digits) if shown >= 10 else places for k in (2, 1))
        effects = [f for f in fields if f.path.endswith((".value", ".low", ".high"))]
        for to, among in ((None, fields), (places, fields), (coarse, fields), (coarsest, effects)):
            for field in among:
                for factor in (1, 100):
                    if rounds_to(field, shown, to, factor):
                        start, end = token.span()
                        return Claim(
                            start=start, end=end, text=token[0], field=field.path, value=field.value, factor=factor
                        )
    return None


def rounds_to(field: _Field, shown: float, places: int | None, factor: int) -> bool:
    """Whether the field's size, times `factor`, is `shown`: exactly (`places` None), or rounded at `places` decimals."""
    value = field.value
    if field.text is not None:
        return factor == 1 and field.text.replace(",", "") == f"{shown:g}"
    if isinstance(value, (bool, str)) or not math.isfinite(value) or (factor == 100 and abs(value) > 1):
        return False
    off = abs(abs(value) * factor - shown)
    if places is None:
        return off == 0
    if places < 0 and round(shown, places) != shown:
        return False  # rounded to tens it would end in a zero
    return off <= 0.5 * 10.0**-places * (1 + 1e-9)


def _parse(text: str) -> tuple[float, int] | None:
    plain = text.replace(",", "").replace("−", "-")
    head, _, power = plain.partition("e")
    decimals = len(head.partition(".")[2]) - (int(power) if power else 0)
    try:
        return float(plain), decimals
    except ValueError:
        return None


def _parse_comma(text: str) -> tuple[float, int] | None:
    return _parse(re.sub(r"[.\u202f](?=\d{3})", "", text).replace(",", "."))


def _told(token: re.Match[str], strings: list[_Field]) -> Claim | None:
    """A number that the answer holds only inside a sentence of its own, such as a reason."""
    whole = re.compile(rf"(?<![\d.,]){re.escape(token[0])}(?![\d]|[.,]\d)")
    for field in strings:
        if whole.search(str(field.value)):
            start, end = token.span()
            return Claim(start=start, end=end, text=token[0], field=field.path, value=token[0])
    return None


def _names(text: str, query: dict[str, Any]) -> list[Claim]:
    """Names and values of the query that hold a digit, wherever the text has them."""
    known: dict[str, str] = {}
    for path, value in _walk(query, "provenance.query", 0):
        if isinstance(value, str) and re.search(r"\d", value) and not re.fullmatch(r"[\d.,]+", value):
            for limit in (200, 80, 60, 40):
                known.setdefault(safe(value, limit), path)
    found: list[Claim] = []
    for name in sorted(known, key=lambda n: -len(n)):
        spaced = r"\s+".join(map(re.escape, name.split()))
        for hit in re.finditer(rf"(?<!\w){spaced}(?!\w)", text):
            if not any(c.start < hit.end() and hit.start() < c.end for c in found):
                found.append(Claim(start=hit.start(), end=hit.end(), text=hit[0], field=known[name], value=name))
    return found


def _numbers(answer: Answer, query: dict[str, Any]) -> Iterator[_Field]:
    for path, value in _all(answer, query):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not path.endswith(_NEVER_SHOWN):
            yield _Field(path, value)
        elif isinstance(value, str) and path.startswith("provenance.query.") and re.fullmatch(r"[\d.,]+", value):
            yield _Field(path, value, value)
    for name in ("arms", "edges"):
        if (items := getattr(answer, name)) is not None:
            yield _Field(f"{name}.length", len(items))


def _strings(answer: Answer, query: dict[str, Any]) -> Iterator[_Field]:
    arms = answer.sample.by_arm if answer.sample is not None else {}
    for name in arms:
        label = name.rpartition(" = ")[2]
        yield _Field("sample.by_arm", label, label)
    for path, value in _all(answer, query):
        if isinstance(value, str) and re.search(r"\d", value):
            yield _Field(path, value)


def _all(answer: Answer, query: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    document = answer.model_dump(include={name for name in ORDER if name in Answer.model_fields})
    count = 0
    parts = [(name, document[name]) for name in ORDER if name in document]
    parts += [("provenance.query", query), ("provenance.columns", answer.provenance.get("columns"))]
    for name, part in parts:
        for item in _walk(part, name, 0):
            yield item
            count += 1
            if count > MOST_FIELDS:
                return


def _walk(part: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MOST_DEEP:
        return
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _walk(value, f"{path}.{key}", depth + 1)
    elif isinstance(part, (list, tuple)):
        for index, value in enumerate(part):
            yield from _walk(value, f"{path}.{index}", depth + 1)
    elif part is not None:
        yield path, part
