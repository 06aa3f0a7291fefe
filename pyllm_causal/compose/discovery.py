"""What causes what, as an answer: links with their evidence, certainty, what to say of them and the picture, or why nothing can be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Certainty, Diagnosis
from ..graph import Edge, Graph
from ..wording import columns_text, count, join, safe

if TYPE_CHECKING:
    from ..causal.discovery.columns import Matrix, Ready
    from ..causal.discovery.edges import Seen
    from ..causal.discovery.environments import Settlement
    from ..causal.discovery.knowledge import Broken
    from ..causal.discovery.rule import Plan
    from ..causal.discovery.sites import Sites
    from ..causal.discovery.stability import Frequencies
    from ..data import Table
    from ..query import Query

WELL_DONE = 25  # resamples from which frequencies count for certainty


@dataclass(frozen=True)
class Result:
    """All that the answer is made from. cut: why less was done than planned; empty where nothing was cut."""

    made: Ready
    plan: Plan
    often: Frequencies
    links: Sequence[Seen]
    edges: Sequence[dict[str, Any]]
    broken: Sequence[Broken]
    cut: str
    limit: float
    sites: Sites | None = None
    settlement: Settlement | None = None


def refused(
    query: Query, table: Table, seed: int, seconds: dict[str, float], made: Ready, reason: str, helps: tuple[str, ...]
) -> Answer:
    """The answer where nothing can be told: why not, and what would help."""
    from ..report.text import fill, item
    from .provenance import provenance

    first = "We can't tell from this table what causes what."
    aside = [f"{safe(name)}: {why}" for name, why in made.aside[:12]]
    blocks = [first, fill(reason), "\n".join(["What would help:", *(item("·", h) for h in helps)])]
    if aside:
        blocks.append("\n".join(["Set aside", *(item("·", a) for a in aside)]))
    return Answer(
        status="not_identified", headline=first, text="\n\n".join(blocks), why_not=reason, would_help=helps, sample=made.sample,
        graph=None, diagnostics=(_set_aside(made),) if made.aside else (), provenance=provenance(query, table, seed, seconds),
    )  # fmt: skip


def listed(links: Sequence[Seen], matrix: Matrix, arrows: Any, until: float) -> list[dict[str, Any]]:
    """The links as the answer lists them."""
    from ..causal.discovery.edges import ENOUGH
    from ..causal.discovery.evidence import Evidence
    from ..report.links import sentence

    evidence = Evidence(matrix, arrows)
    out = []
    for one in links:
        first, second = one.link.arrow or one.link.pair
        known = one.resamples >= ENOUGH
        edge: dict[str, Any] = {
            "cause": matrix.names[first],
            "effect": matrix.names[second],
            "mark": "→" if one.link.arrow is not None else one.link.sign,
            "frequency": one.times / one.resamples if known else None,
            "resamples": one.resamples,
            "times": one.times,
            "direction_frequency": one.this_way / one.resamples if known and one.link.arrow is not None else None,
            "this_way": one.this_way,
            "support": one.support,
            "hidden": one.hidden,
            "evidence": evidence.of(first, second, until)
            | ({"direction": "changed from resample to resample"} if one.turned else {}),
            "source": "you" if one.support == "known" else "data",
        }
        out.append(edge | {"sentence": sentence(edge)})
    return out


def with_environments(
    edges: Sequence[dict[str, Any]], matrix: Matrix, settlement: Settlement, sites: Sites
) -> list[dict[str, Any]]:
    """The links with what the environments say of each."""
    from dataclasses import asdict

    from ..report.environments import said
    from ..report.links import sentence

    by_pair = {frozenset((matrix.names[f.a], matrix.names[f.b])): f for f in settlement.findings}
    told = {frozenset((matrix.names[a], matrix.names[b])) for a, b in settlement.told}
    out = []
    for edge in edges:
        pair = frozenset((edge["cause"], edge["effect"]))
        finding = by_pair.get(pair)
        if finding is None or edge["support"] == "known":
            out.append(edge)
            continue
        record = {k: v for k, v in asdict(finding).items() if k in ("verdict", "changes", "stable", "why_open")}
        record["log_odds"] = finding.log_odds if math.isfinite(finding.log_odds) else None
        record["certainty"] = "moderate" if finding.pair in settlement.moderate else "low"
        edge = edge | {"environments": record}
        if pair in told and edge["mark"] == "→":
            edge["sentence"] = sentence(edge | {"this_way": edge["times"]})
            edge["direction_frequency"] = edge["this_way"] = None  # resamples of the heap do not tell it
        if finding.verdict != "agrees" and edge["mark"] != "↔":
            edge["sentence"] += " " + said(edge, sites.column, len(sites.names))
        out.append(edge)
    return out


def composed(query: Query, table: Table, seed: int, seconds: dict[str, float], r: Result) -> Answer:
    """The answer from all that was found."""
    from ..report.links import Told, headline, text
    from .provenance import provenance

    certainty = _certainty(r)
    told = Told(
        edges=r.edges, outcome=query.outcome, columns=len(r.made.matrix.names), rows=len(r.made.rows), certainty=certainty,
        aside=r.made.aside, known=_kept(query, r.broken), drawn=_held_against(query, r.edges), notes=_notes(r),
        hidden=_fooled(r.edges),
    )  # fmt: skip
    graph = Graph(
        edges=tuple(
            Edge(
                cause=e["cause"],
                effect=e["effect"],
                reason=e["sentence"],
                confidence=_confidence(e),
                source=e["source"],
            )
            for e in r.edges
            if e["mark"] == "→" and e["support"] != "seldom"
        )
    )
    partial = {"partial": True} if r.cut else {}
    return Answer(
        status="answered",
        headline=headline(told),
        text=text(told),
        edges=tuple(r.edges),
        method=r.plan.engine,
        sample=r.made.sample,
        diagnostics=tuple(_diagnostics(r, query)),
        certainty=certainty,
        graph=graph,
        provenance=provenance(query, table, seed, seconds) | partial,
    )


def _confidence(edge: dict[str, Any]) -> Any:
    return {"known": "sure", "well": "likely"}.get(edge["support"], "unsure")


def _certainty(r: Result) -> Certainty:
    """Low at most: one table, nothing assigned, nobody has reviewed the picture."""
    up, down = (
        [],
        ["one table cannot tell a cause from a hidden reason behind both, and nobody has reviewed this picture"],
    )
    strong = [e for e in r.edges if e["support"] == "well"]
    enough = r.often.done >= WELL_DONE
    if enough and strong:
        up.append(f"{count(len(strong))} of {count(len(r.edges))} links were seen in at least four of five resamples")
    if not enough:
        down.append("links were looked for again too seldom to know how stable they are")
    if r.cut:
        down.append(r.cut)
    if r.broken:
        down.append("not everything that you know could be kept")
    level = "low" if enough and strong and not (r.cut.endswith("so far")) else "very_low"
    return Certainty(level=level, up=tuple(up), down=tuple(down))


def _kept(query: Query, broken: Sequence[Broken]) -> list[str]:
    given = query.knowledge
    if given is None:
        return []
    parts = [
        f"{count(len(group))} {name}{'' if len(group) == 1 else 's'}"
        for name, group in (
            ("tier", given.tiers),
            ("required arrow", given.required),
            ("forbidden arrow", given.forbidden),
        )
        if group
    ]
    if not parts:
        return []
    said = [f"You gave {join(parts)}; " + ("the result obeys all of it." if not broken else "this could not be kept:")]
    return said + [b.sentence for b in broken]


def _held_against(query: Query, edges: Sequence[dict[str, Any]]) -> list[str]:
    """What the data say to every arrow that a person drew."""
    if query.graph is None:
        return []
    by_pair = {frozenset((e["cause"], e["effect"])): e for e in edges if e["support"] != "seldom"}
    out = []
    for drawn in query.graph.edges:
        said = f"{safe(drawn.cause, 40)} → {safe(drawn.effect, 40)}"
        edge = by_pair.get(frozenset((drawn.cause, drawn.effect)))
        if edge is None:
            out.append(f"{said}: no direct link is seen in the data.")
        elif edge["mark"] != "→":
            out.append(f"{said}: linked in the data, which cannot tell which way.")
        elif edge["cause"] == drawn.cause:
            out.append(f"{said}: the data agree.")
        else:
            out.append(f"{said}: the data suggest the other way round.")
    return out


def _fooled(edges: Sequence[dict[str, Any]]) -> list[str]:
    looked = [e for e in edges if e["hidden"] != "unknown" and e["support"] != "seldom"]
    alone = [f"{safe(e['cause'], 40)} → {safe(e['effect'], 40)}" for e in looked if e["hidden"] == "not_alone"]
    out = [
        "The search takes for granted that nothing outside the table causes two of its columns. Any link, arrows included, may be "
        "due to something hidden."
    ]
    if looked:
        told = (
            f"Only {columns_text(alone, 6)} would not be due to that alone"
            if alone
            else "It could be behind every one of them"
        )
        out.append(
            f"A second search that allows for something hidden was made. {told}, as far as such a search can tell."
        )
    out.append(
        "An arrow says that one may act on the other when the rest stays as it is; it does not say how much. "
        "Treat the picture as a draft to criticise."
    )
    return out


def _of_environments(sites: Sites, settlement: Settlement | None, names: Sequence[str]) -> list[str]:
    """What to say about the environments."""
    from collections import Counter

    from ..report.environments import notes

    if settlement is None:
        few = f"{safe(sites.column, 40)} has fewer than two values with enough rows, so nothing could be compared."
        return [*sites.remarks, few]
    still: Counter[str] = Counter(f.why_open or "" for f in settlement.findings if f.verdict == "open")
    gone = [(names[f.a], names[f.b]) for f in settlement.findings if f.verdict == "gone"]
    return notes(sites.column, len(sites.names), sites.remarks, settlement.growth, still, gone)


def _notes(r: Result) -> list[str]:
    rows = (
        f"{count(r.made.sample.used)} of {count(r.made.sample.rows)} rows, {count(len(r.made.matrix.names))} columns."
    )
    out = [rows, *r.made.notes, r.plan.why]
    if r.sites is not None:
        out += _of_environments(r.sites, r.settlement, r.made.matrix.names)
    if r.often.done:
        out.append(
            f"Each resample is a search in another half of the rows, drawn at random; there were {count(r.often.done)}."
        )
    if r.cut:
        out.append(r.cut[:1].upper() + r.cut[1:] + ".")
    return out


def _set_aside(made: Ready) -> Diagnosis:
    named = "; ".join(f"{safe(name, 40)} ({why})" for name, why in made.aside[:20])
    return Diagnosis(
        name="set_aside",
        status="warning",
        finding=f"not looked at: {named}",
        figures={"columns": [n for n, _ in made.aside]},
    )


def _diagnostics(r: Result, query: Query) -> list[Diagnosis]:
    figures = {"engine": r.plan.engine, "columns": len(r.made.matrix.names), "expected_seconds": r.plan.seconds}
    out = [Diagnosis(name="search", status="ok", finding=r.plan.why, figures=figures)]
    resamples = {"resamples": r.often.done, "asked": r.often.asked}
    few = "" if r.often.done >= WELL_DONE else f"; from {WELL_DONE} on they tell how stable a link is"
    said = f"{r.often.done} of {r.often.asked} resamples were searched{few}"
    out.append(
        Diagnosis(
            name="resamples", status="ok" if r.often.done >= WELL_DONE else "warning", finding=said, figures=resamples
        )
    )
    if r.sites is not None:
        told = 0 if r.settlement is None else len(r.settlement.told)
        compared: dict[str, Any] = {
            "environments": len(r.sites.names),
            "directions": told,
            "growth": [] if r.settlement is None else [list(g) for g in r.settlement.growth],
        }
        said = f"{count(len(r.sites.names))} values of {safe(r.sites.column, 40)} tell {count(told)} directions"
        out.append(Diagnosis(name="environments", status="ok" if told else "warning", finding=said, figures=compared))
    cut = r.cut or "the search came to its end within the time limit"
    out.append(
        Diagnosis(
            name="time_limit",
            status="warning" if r.cut else "ok",
            finding=cut,
            figures={"seconds": r.limit, "reached": bool(r.cut)},
        )
    )
    if r.made.aside:
        out.append(_set_aside(r.made))
    out += [Diagnosis(name="missing_rows", status="warning", finding=note) for note in r.made.notes]
    if query.knowledge is not None:
        rules = [{"rule": b.rule, "cause": b.cause, "effect": b.effect, "why": b.sentence} for b in r.broken]
        finding = "all that was given is obeyed" if not rules else " ".join(b.sentence for b in r.broken)
        out.append(
            Diagnosis(name="knowledge", status="warning" if rules else "ok", finding=finding, figures={"broken": rules})
        )
    return out
