"""The fixed words of the chat: what can be said, lists to choose from, and file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis import Answer
from ..query import Query
from ..wording import count, gist, safe
from .line import ABOUT
from .names import label
from .parse import Stage
from .utterance import Passing

if TYPE_CHECKING:
    from ..data import Table
    from ..profile import Profile
    from ..study import Study
    from .picture import Row

MOST_COLUMNS = 40


def welcome(study: Study) -> str:
    """The first words."""
    model = (
        "No language model is set: I understand plain phrases, and ask with numbers where I cannot tell."
        if study.client is None
        else "Only column names, types and rounded ranges are sent to the model."
        if study.share == "profile"
        else "Only column names are sent to the model."
        if study.share == "names"
        else "Column names, types, ranges and the commoner values are sent to the model."
    )
    return (
        f"{safe(study.table.profile.name)}: {count(len(study.table))} rows, {len(study.table.names)} columns. {model}\n"
        "Ask a question, such as “does A change B?”. /help says what else, /columns lists the columns, /quit ends."
    )


def nothing(stage: Stage) -> str:
    """What to do after an empty line."""
    if stage == "start":
        return "Ask a question, such as “does A change B?”. /columns lists what is in the file."
    if stage == "review":
        return "Enter = work it out · or say what to change, or ask something else (/picture shows the picture)."
    return "Ask on: “only women”, “how could this be wrong?”, “in simpler words”, a new question, or /help."


def aside(kind: Passing, stage: Stage, table: str) -> str:
    """What to say to a line that is no step."""
    if kind == "early" and stage == "review":
        return "That comes after the answer: press Enter to have it worked out, then say it again."
    if kind == "early":
        return "There is no answer yet to go on from. Ask a question first, such as “does A change B?”."
    if kind == "row":
        return (
            "That looks like a row of a table. I read tables from files: save it as one, then: pyllm-causal chat FILE"
        )
    if kind == "file":
        return f"This chat is about {safe(table, 100)}. For another table: /quit, then: pyllm-causal chat FILE"
    return nothing(stage)


def review(rows: Sequence[Row], query: Query) -> str:
    """What can be said of a picture, with an example out of it."""
    asked = (query.treatment, query.outcome)
    own = [r for r in rows if r.arrows() != [asked]]
    number = own[-1].number if own else 1
    effect = label(str(query.outcome), query)
    return f"Enter = looks right · or say what to change, e.g. “drop {number}”, “diet drives {effect}”, “why {number}?”"


def after(answer: Answer) -> str:
    """What to go on with."""
    if answer.status == "answered":
        return (
            "Go on: “how could this be wrong?” · “why?” · “in simpler words” · “only women” · “what if A isn't a cause of B?”"
            " · /compare · /report"
        )
    if answer.status == "not_identified":
        return "Go on: “why?” · change the picture · ask something else."
    return "Go on: ask something else · /help"


def help_lines(unknown: str = "") -> list[str]:
    """What can be said, by example."""
    lines = [f"There is no command /{safe(unknown, 30)}."] if unknown and unknown.casefold() not in ABOUT else []
    lines += [
        "Ask:       does quitting smoking make people gain weight?",
        "Picture:   Enter (looks right) · drop 3 · flip 2 · why 1? · diet drives weight · age is not a cause of quitting ·",
        "           hidden cause: stress affects quitting and weight · sign as NAME",
        "Follow up: only women · people over 50 · what if exercise isn't a cause of quitting? · in percent · as a ratio ·",
        "           how could this be wrong? · why? · which checks failed? · in simpler words · more",
        "Commands:  " + " · ".join(f"/{name} {meaning}" for name, meaning in ABOUT.items()),
        "Ctrl-C stops a computation, Ctrl-D ends; everything answered is kept (go on with --continue).",
    ]
    return lines


def column(name: str, description: str) -> str:
    """A column in a menu."""
    told = gist(description)
    return f"{safe(name, 60)}" + (f" ({told})" if told else "")


_KINDS = {"yes_no": "yes/no", "count": "whole number", "time": "date or time"}


def columns(profile: Profile, wanted: str, width: int) -> list[str]:
    """The columns, those that hold `wanted` where it is given; at most forty."""
    found = [c for c in profile.columns if wanted.casefold() in f"{c.name} {c.description or ''}".casefold()]
    if not found:
        return [f"  No column holds “{safe(wanted, 40)}”."]
    wide = min(max(len(safe(c.name, 30)) for c in found[:MOST_COLUMNS]), 30)
    out = []
    for c in found[:MOST_COLUMNS]:
        gaps = f"{round(100 * c.missing / c.rows)}% missing" if c.rows and 100 * c.missing >= c.rows else ""
        said = " · ".join(p for p in (_KINDS.get(c.kind, c.kind), safe(c.description or "", 80), gaps) if p)
        line = f"  {safe(c.name, 30):<{wide}}  {said}"
        out.append(line if len(line) <= width else line[: width - 1] + "…")
    if len(found) > MOST_COLUMNS:
        out.append(f"  … and {len(found) - MOST_COLUMNS} more: /columns WORD shows those that hold a word.")
    return out


def file_name(query: Query | None, table: Table) -> str:
    """A short name for a file about a question: table, treatment and outcome, letters and digits only."""
    parts = [re.sub(r"\.\w{1,8}$", "", table.profile.name)]
    if query is not None:
        parts += [query.words.get("treatment") or query.treatment or "", query.outcome or ""]
    words = [re.sub(r"[^a-z0-9]+", "-", p.casefold()).strip("-")[:30] for p in parts]
    return "-".join(w for w in words if w)[:80] or "study"
