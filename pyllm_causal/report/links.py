"""The words of an answer about what causes what: a draft to criticise, never an effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis import Certainty
from ..wording import columns_text, count, join, safe
from .text import fill, item, sure

MOST_LISTED = 15
Links = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Told:
    """What the text is made from. edges: those of the answer; `known`, `drawn`, `notes`: sentences."""

    edges: Links
    outcome: str | None
    columns: int
    rows: int
    certainty: Certainty
    aside: Sequence[tuple[str, str]]
    known: Sequence[str]
    drawn: Sequence[str]
    notes: Sequence[str]
    hidden: Sequence[str]


def sentence(edge: Mapping[str, Any]) -> str:
    """One link in words, with how often it was seen."""
    cause, effect, mark = safe(edge["cause"], 40), safe(edge["effect"], 40), edge["mark"]
    if edge["support"] == "known":
        return f"{cause} affects {effect}, as you say."
    if mark == "→":
        said = f"{cause} may affect {effect}"
    elif mark == "↔":
        said = f"{cause} and {effect} go together, perhaps only because something that is not in the table causes both"
    else:
        said = f"{cause} and {effect} are linked, and the data cannot tell which way"
    return f"{said}{_seen(edge)}."


def _pair(edge: Mapping[str, Any]) -> str:
    """A link without direction where the heading says so already."""
    return f"{safe(edge['cause'], 40)} — {safe(edge['effect'], 40)}{_seen(edge)}"


def _seen(edge: Mapping[str, Any]) -> str:
    of, times = edge["resamples"], edge["times"]
    if not of or edge["frequency"] is None:
        return ""
    way = f", this way in {edge['this_way']}" if edge["mark"] == "→" and edge["this_way"] < times else ""
    return f" (seen in {times} of {of} resamples{way})"


def headline(told: Told) -> str:
    """One sentence that is the whole answer."""
    edges = [e for e in told.edges if e["support"] != "seldom"]
    if told.outcome is not None:
        return _about(told.outcome, edges)
    if not edges:
        return f"No two of these {count(told.columns)} columns are clearly linked to each other directly."
    arrows = [e for e in edges if e["mark"] == "→"]
    many = "1 direct link" if len(edges) == 1 else f"{count(len(edges))} direct links"
    if not arrows:
        return f"I found {many} between these {count(told.columns)} columns, and the data tell the direction of none."
    which = "all of them" if len(arrows) == len(edges) else f"{count(len(arrows))} of them"
    if len(edges) == 1:
        which = "it"
    return f"I found {many} between these {count(told.columns)} columns; for {which} the data suggest which may cause which."


def _about(outcome: str, edges: Links) -> str:
    name = safe(outcome, 40)
    into = [e["cause"] for e in edges if e["effect"] == outcome and e["mark"] == "→"]
    either = _either(outcome, edges)
    if into:
        also = (
            f"; {join(either[:3])} {_is(either)} linked to it as well, but which way the data cannot tell"
            if either
            else ""
        )
        return f"{columns_text(into, 5)} may affect {name} directly{also}."
    if either:
        return f"{columns_text(either, 5)} {_is(either)} linked to {name} directly, but the data cannot tell which way."
    out = [e["effect"] for e in edges if e["cause"] == outcome and e["mark"] == "→"]
    if out:
        return f"Nothing in this table clearly points to {name}; it may itself affect {columns_text(out, 5)}."
    return f"Nothing in this table is clearly linked to {name} directly."


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _either(outcome: str, edges: Links) -> list[str]:
    return [
        e["effect"] if e["cause"] == outcome else e["cause"]
        for e in edges
        if outcome in (e["cause"], e["effect"]) and e["mark"] != "→"
    ]


def text(told: Told) -> str:
    """The whole plain text."""
    blocks = [fill(headline(told))]
    edges = [e for e in told.edges if e["support"] != "seldom"]
    if told.outcome is not None:
        near = [e for e in edges if told.outcome in (e["cause"], e["effect"])]
        blocks += _groups(near, told.outcome)
        rest = [e for e in edges if e not in near]
        if rest:
            blocks.append(_listed("The other links", rest))
    else:
        strong = [e for e in edges if e["support"] in ("well", "known", "unknown")]
        blocks.append(_listed("Links that are seen again and again", [e for e in strong if e["mark"] == "→"]))
        lines = [{**e, "sentence": _pair(e)} for e in strong if e["mark"] == "—"]
        blocks.append(_listed("Linked, but the data cannot tell which causes which", lines))
        blocks.append(_listed("Perhaps both caused by something hidden", [e for e in strong if e["mark"] not in "→—"]))
        blocks.append(_listed("Less certain", [e for e in edges if e["support"] == "some"]))
    seldom = [e for e in told.edges if e["support"] == "seldom"]
    if seldom:
        pairs = [f"{safe(e['cause'], 40)} and {safe(e['effect'], 40)}" for e in seldom[:5]]
        more = f", and {count(len(seldom) - 5)} more" if len(seldom) > 5 else ""
        blocks.append(
            fill(f"Found once, but in fewer than half of the resamples, so not built on: {'; '.join(pairs)}{more}.")
        )
    if edges:
        blocks.append("\n".join(["What could fool this", *(item("·", h) for h in told.hidden)]))
    blocks.append("\n".join(sure(told.certainty, False, "")))
    if told.known:
        blocks.append("\n".join(["What you know", *(item("·", k) for k in told.known)]))
    if told.drawn:
        blocks.append("\n".join(["What you had drawn", *(item("·", d) for d in told.drawn)]))
    blocks.append("\n".join(["What this rests on", *(item(" ", n) for n in (*told.notes, *_aside(told.aside)))]))
    blocks.append(_next(told, edges))
    return "\n\n".join(b for b in blocks if b)


def _groups(near: Links, outcome: str) -> list[str]:
    name = safe(outcome, 40)
    return [
        _listed(f"What may affect {name}", [e for e in near if e["effect"] == outcome and e["mark"] == "→"]),
        _listed(f"Linked to {name}, either way", [e for e in near if e["mark"] != "→"]),
        _listed(f"What {name} may affect", [e for e in near if e["cause"] == outcome and e["mark"] == "→"]),
    ]


def _listed(title: str, edges: Links) -> str:
    if not edges:
        return ""
    lines = [title, *(item("·", e["sentence"]) for e in edges[:MOST_LISTED])]
    if len(edges) > MOST_LISTED:
        lines.append(item(" ", f"… and {count(len(edges) - MOST_LISTED)} more; --json lists them all."))
    return "\n".join(lines)


def _aside(aside: Sequence[tuple[str, str]]) -> list[str]:
    if not aside:
        return []
    named = [f"{safe(name, 40)} ({reason})" for name, reason in aside[:6]]
    more = f" and {count(len(aside) - 6)} others" if len(aside) > 6 else ""
    return [f"Not looked at: {'; '.join(named)}{more}."]


def _next(told: Told, edges: Links) -> str:
    arrows = [e for e in edges if e["mark"] == "→"]
    if told.outcome is not None:
        arrows = [e for e in arrows if e["effect"] == told.outcome] or arrows
    lines = ["Next"]
    if arrows:
        cause, effect = safe(arrows[0]["cause"], 40), safe(arrows[0]["effect"], 40)
        lines.append(item(" ", f"Ask how large one effect is: “Does {cause} change {effect}?”"))
    about = told.outcome if told.outcome is not None else arrows[0]["effect"] if arrows else None
    if about is not None:
        lines.append(item(" ", f"Ask how much each cause matters: “What drives {safe(about, 40)}?”"))
    draw = "Draw, change and sign the picture: ask with --json > answer.json, then pyllm-causal graph draw answer.json."
    strike = (
        "Strike out what cannot be, for example --forbid A:B, --require A:B or --tier EARLIER,COLUMNS, and ask again."
    )
    lines += [item(" ", draw), item(" ", strike)]
    return "\n".join(lines)
