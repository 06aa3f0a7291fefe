"""From an answer to the page that tells it: title, three messages, seven parts. Deterministic; no number is made here."""

from __future__ import annotations

from collections.abc import Mapping

from ..analysis import Answer
from ..errors import InputError
from ..wording import DOTS, LEVEL_WORDS, count, safe
from .blocks import sentences
from .chapters import answer as answering
from .chapters import assumed, expert, likeness, picture, repeat, sure
from .chapters.sure import FOOTER
from .chapters.telling import Telling
from .page import Page

CHAPTERS = (
    picture.chapter,
    answering.chapter,
    likeness.chapter,
    sure.chapter,
    assumed.chapter,
    expert.chapter,
    repeat.chapter,
)
LONG = 330  # letters of a key message; what is longer is cut at a sentence


def page_of(answer: Answer, script: str | None = None, meanings: Mapping[str, str] | None = None) -> Page:
    """The report on an answer. `meanings` describes columns. Raises `InputError` for an answer that is an error."""
    if answer.status == "error":
        said = answer.error.message if answer.error is not None else "it holds an error"
        raise InputError(f"There is no answer to report: {said}", "Mend what it says and ask again.")
    t = Telling(answer, script, meanings or {})
    sections = tuple(s for chapter in CHAPTERS if (s := chapter(t)) is not None)
    level = answer.certainty.level if answer.certainty is not None else None
    return Page(
        title=_title(t),
        about=_about(t),
        messages=tuple(_messages(t)),
        sections=sections,
        dots=DOTS[level] if level else "",
        sure=f"{LEVEL_WORDS[level]} certainty" if level else "",
        footer=FOOTER if level else "",
    )


def _title(t: Telling) -> str:
    asked = (t.query.question if t.query is not None else None) or t.answer.provenance.get("question")
    if isinstance(asked, str) and asked.strip():
        return safe(asked, 300)
    if t.query is not None and t.query.treatment and t.query.outcome:
        if t.query.kind == "association":
            return f"How do {t.treatment} and {t.outcome} go together?"
        return f"Does {t.treatment} change {t.outcome}?"
    return _of_a_model(t) or "A question about this table"


def _of_a_model(t: Telling) -> str:
    """The title of a question to a fitted picture, or about links; empty where it is another."""
    query = t.query
    if query is None:
        return ""
    if query.kind == "discovery":
        return f"What causes {t.outcome}?" if query.outcome else "What causes what?"
    if query.kind == "attribution" and query.compare:
        column, first, second = (safe(query.compare.get(k), 60) for k in ("column", "from", "to"))
        return f"Why does {t.outcome} differ between {column} = {first} and {second}?"
    if query.kind == "attribution":
        return f"What drives {t.outcome}?" if query.row is None else f"Why is {t.outcome} of one row so far out?"
    if query.kind == "counterfactual" and (query.changes or query.treatment):
        return f"What would {t.outcome} {'have been' if query.row is not None else 'be'} otherwise?"
    return f"Which single change would do most for {t.outcome}?" if query.kind == "counterfactual" else ""


def _about(t: Telling) -> str:
    data = t.answer.provenance.get("data")
    if not isinstance(data, dict):
        return ""
    rows = data.get("rows")
    return f"From {safe(data.get('name'), 120)}" + (f", {count(rows)} rows" if isinstance(rows, int) else "")


def _messages(t: Telling) -> list[str]:
    """At most three: the answer, its size or the reason for none, and what keeps it from being surer."""
    answer = t.answer
    out = [t.sentence(answer.headline)]
    if answer.status == "answered":
        out += [_cut(t.blocks.said[0].line(LONG))] if t.blocks.said else []
        if answer.certainty is not None:
            c = answer.certainty
            reason = (c.down or c.up or ("",))[0]
            out.append(_cut(f"{LEVEL_WORDS[c.level]} certainty" + (f": {_stopped(reason)}" if reason else ".")))
        return out[:3]
    if answer.status == "not_causal":
        return [*out, "This describes the table; it does not say that one thing changes another."]
    if answer.why_not:
        out.append(_cut(answer.why_not))
    if answer.would_help:
        out.append(_cut(f"What would help: {_stopped(answer.would_help[0])}"))
    return out[:3]


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _cut(text: str) -> str:
    """Whole sentences, as many as fit; at least the first."""
    kept = ""
    for sentence in sentences(text):
        if kept and len(kept) + len(sentence) > LONG:
            break
        kept = f"{kept} {sentence}".strip()
    return kept
