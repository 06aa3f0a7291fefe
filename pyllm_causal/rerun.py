"""An answer made again from its own provenance, and what differs: the table, the versions, the numbers, the words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from .analysis import Answer, Effect
from .answer_file import query_of, seed_of
from .wording import columns_text, count, number, safe

if TYPE_CHECKING:
    from .data import Table
    from .pipeline import Progress

DIGITS = 9  # to which two numbers count as the same: other machines add up in another order
Numbers = dict[str, float | None]


class Rerun(BaseModel):
    """An answer beside the one made again.

    same: the table, the effect with its interval, the certainty, the verdict of every check and the words are the same.
    differs: one sentence a difference that matters; notes: what is different and changed nothing.
    apart: (new effect less old) in standard errors of the old one, on the log scale for ratios; None without both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    same: bool
    differs: tuple[str, ...]
    notes: tuple[str, ...]
    old: Numbers | None
    new: Numbers | None
    apart: float | None
    answer: Answer


def rerun(
    answer: Answer,
    data: str | Path | Table,
    *,
    recordings: str | Path | None = None,
    describe: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Rerun:
    """Make an answer again with its query, seed and simulations on `data`, and say what differs.

    `recordings` is the answer's own file: where it holds the replies of a model, they are replayed, so that the words come out
    again too. `describe` is what the columns mean, where that was given. Raises `AnswerError` for an answer without a query, and
    whatever `analyse` raises where the query cannot be carried out on this table (a column that is gone, say).
    """
    from .data import Table
    from .errors import QueryError

    query_of(answer)
    table = Table.read(data, describe=describe)
    gone = _gone(answer, table)
    if gone:
        raise QueryError(
            f"The answer was made from columns that this table does not have: {columns_text(gone)}.",
            "Give the table that it was made from.",
        )
    new, notes, replayed = _again(answer, table, recordings, workers, progress)
    differs = [*_tables(answer, table), *_numbers(answer, new), *_verdicts(answer, new)]
    if replayed or not _worded(answer):
        if not differs and answer.text != new.text:
            differs.append("The numbers are the same, and the words are not.")
    else:
        notes.append("The words of a model were not made again; the numbers do not depend on them.")
    notes += _versions(answer, new)
    return Rerun(
        same=not differs,
        differs=tuple(differs),
        notes=tuple(notes),
        old=_shown(answer.effect),
        new=_shown(new.effect),
        apart=_apart(answer.effect, new.effect),
        answer=new,
    )


def _again(
    answer: Answer, table: Table, recordings: str | Path | None, workers: int | None, progress: Progress | None
) -> tuple[Answer, list[str], bool]:
    """(the answer made again, notes, whether the replies of a model were replayed)."""
    from .errors import CausalError
    from .pipeline import analyse, ask

    told = answer.provenance
    query, simulations = query_of(answer), told.get("simulations")
    how: dict[str, Any] = {
        "seed": seed_of(answer),
        "simulations": simulations if isinstance(simulations, int) and 20 <= simulations <= 10_000 else None,
        "checks": told.get("checks") is not False, "workers": workers, "progress": progress,
    }  # fmt: skip
    notes: list[str] = []
    if recordings is not None and query.question and _recorded(answer):
        from .language.recording import Replayer

        try:
            found = ask(query.question, table, client=Replayer(recordings), **how)
        except CausalError as error:
            notes.append(f"The replies of the model could not be replayed: {safe(error.message, 200)}")
        else:
            if found.provenance.get("query") == told["query"]:
                return found, notes, True
            notes.append("The recorded replies lead to another query today; the recorded query was used.")
    if told.get("partial"):
        notes.append("The answer's checks were cut short; all of them were made now.")
    return analyse(query, table, **how), notes, False


def _recorded(answer: Answer) -> bool:
    language = answer.provenance.get("language")
    return isinstance(language, dict) and bool(language.get("recordings"))


def _worded(answer: Answer) -> bool:
    """Whether a question was read and put into words, beyond what `analyse` writes."""
    return isinstance(answer.provenance.get("language"), dict)


def _gone(answer: Answer, table: Table) -> list[str]:
    used = _used(answer)
    return [name for name in used if name not in table.names]


def _used(answer: Answer) -> dict[str, str]:
    told = answer.provenance.get("data")
    used = told.get("used") if isinstance(told, dict) else None
    return {str(k): str(v) for k, v in used.items()} if isinstance(used, dict) else {}


def _tables(answer: Answer, table: Table) -> list[str]:
    """What differs in the table: rows, columns, and which of the columns that were used."""
    told = answer.provenance.get("data")
    if not isinstance(told, dict) or told.get("fingerprint") == table.fingerprint:
        return []
    parts = []
    rows, columns = told.get("rows"), told.get("columns")
    if isinstance(rows, int) and rows != len(table):
        parts.append(f"{count(rows)} rows then, {count(len(table))} now")
    if isinstance(columns, int) and columns != len(table.names):
        more = len(table.names) - columns
        parts.append(f"{abs(more)} column{'s' * (abs(more) != 1)} {'more' if more > 0 else 'fewer'}")
    changed = [name for name, digest in _used(answer).items() if table.digest(name) != digest]
    if changed:
        parts.append(f"other values in {columns_text(changed)}")
    elif _used(answer):
        parts.append("the columns that were used are the same")
    return [f"The table is another one: {'; '.join(parts) if parts else 'its fingerprint differs'}."]


def _numbers(old: Answer, new: Answer) -> list[str]:
    out = []
    if old.status != new.status:
        out.append(f"It was {_plain(old.status)}, and is {_plain(new.status)} now.")
        return [*out, *([f"Now: {' '.join(new.headline.split())}"] if new.headline else [])]
    if old.method != new.method:
        out.append(f"The method was {safe(old.method)}, and is {safe(new.method)} now.")
    out += [
        f"What it says of {words} was otherwise."
        for field, words in _OTHERS.items()
        if not _equal(getattr(old, field), getattr(new, field))
    ]
    before, after = _shown(old.effect), _shown(new.effect)
    if (before is None) != (after is None):
        out.append("There was an effect, and is none now." if after is None else "There was no effect, and is one now.")
    elif before is not None and after is not None and not all(_alike(before[k], after[k]) for k in before):
        apart = _apart(old.effect, new.effect)
        how = f", {number(abs(apart))} of a standard error apart" if apart is not None else ""
        out.append(f"The effect was {_text(before)}, and is {_text(after)} now{how}.")
    return out


_OTHERS = {
    "association": "the table", "arms": "the other comparisons", "edges": "the arrows", "attribution": "the shares of the causes",
    "counterfactual": "the row", "bounds": "the bounds",
}  # fmt: skip


def _equal(one: Any, other: Any) -> bool:
    """Whether two parts of an answer are the same, numbers to the digits that count."""
    if isinstance(one, BaseModel) and isinstance(other, BaseModel):
        return _equal(one.model_dump(), other.model_dump())
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, (int, float)) and isinstance(other, (int, float)) and _alike(float(one), float(other))
    return bool(one == other)


def _verdicts(old: Answer, new: Answer) -> list[str]:
    out: list[str] = []
    if old.status != new.status:
        return out
    levels = [a.certainty.level if a.certainty else None for a in (old, new)]
    if levels[0] != levels[1]:
        out.append(f"The certainty was {_plain(levels[0])}, and is {_plain(levels[1])} now.")
    if old.provenance.get("partial"):
        return out
    then, now = ({r.check: r.verdict for r in a.refutations} for a in (old, new))
    for check in [*then, *(c for c in now if c not in then)]:
        if then.get(check) != now.get(check):
            out.append(
                f"The check {safe(check)} {_verdict(then.get(check), 'was')}, and {_verdict(now.get(check), 'is')} now."
            )
    return out


def _verdict(verdict: str | None, be: str) -> str:
    return f"{be} not made" if verdict is None else f"{be} {verdict}"


def _versions(old: Answer, new: Answer) -> list[str]:
    then, now = (a.provenance.get("versions") for a in (old, new))
    if not isinstance(then, dict) or not isinstance(now, dict):
        return []
    return [
        f"{safe(name)} was {safe(then.get(name, 'absent'), 30)}, and is {safe(now.get(name, 'absent'), 30)} now."
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]


def _shown(effect: Effect | None) -> Numbers | None:
    return None if effect is None else {"value": effect.value, "low": effect.low, "high": effect.high}


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 0.5 * 10.0 ** (1 - DIGITS) * max(abs(one), abs(other), 1e-300)


def _apart(old: Effect | None, new: Effect | None) -> float | None:
    """How far the effect has moved, in standard errors of the old one; ratios and percent by their logarithms."""
    import math

    if old is None or new is None or not old.std_error or old.scale != new.scale:
        return None
    if old.scale == "difference":
        return (new.value - old.value) / old.std_error
    ratios = [1 + e.value / 100 if e.scale == "percent" else e.value for e in (old, new)]
    return math.log(ratios[1] / ratios[0]) / old.std_error if min(ratios) > 0 else None


def _text(numbers: Numbers) -> str:
    value, low, high = numbers["value"], numbers["low"], numbers["high"]
    margin = "" if low is None or high is None else f" ({low:.6g} to {high:.6g})"
    return f"{value:.6g}{margin}"


def _plain(word: str | None) -> str:
    return "not graded" if word is None else word.replace("_", " ")
