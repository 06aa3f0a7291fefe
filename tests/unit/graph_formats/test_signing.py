"""A signature holds for exactly what was signed; who stands behind a picture; notes; the list; differences; the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.causal.graph_verdict import verdict
from pyllm_causal.data import Table
from pyllm_causal.errors import GraphError
from pyllm_causal.graph import Edge, Graph, Unmeasured
from pyllm_causal.graph_formats import GraphFile, noted, render, reused, save
from pyllm_causal.graph_formats.difference import Change, between
from pyllm_causal.graph_formats.listing import review

AT = "2026-11-24T13:00:00+00:00"
DRAFT = Graph(
    edges=(
        Edge(cause="quit", effect="weight", reason="your question"),
        Edge(cause="age", effect="quit", reason="older people quit more", confidence="sure", source="data"),
        Edge(cause="age", effect="weight", reason="older people quit more", confidence="sure", source="data"),
        Edge(cause="diet", effect="weight", confidence="unsure", source="model"),
    ),
    unmeasured=(Unmeasured(name="scare", affects=("quit", "weight"), source="model"),),
)
SIGNED = DRAFT.sign("Ann", AT)


def changed(graph: Graph, **fields: Any) -> Graph:
    first, *rest = graph.edges
    return graph.model_copy(update={"edges": (first.model_copy(update=fields), *rest)})


def test_a_signature_holds_until_anything_is_changed() -> None:
    assert DRAFT.signed_by is None and SIGNED.signed_by == "Ann"
    for graph in (
        changed(SIGNED, effect="age2"), changed(SIGNED, reason="other"), changed(SIGNED, confidence="sure"),
        changed(SIGNED, source="data"), changed(SIGNED, note="new"), SIGNED.model_copy(update={"edges": SIGNED.edges[1:]}),
        SIGNED.model_copy(update={"unmeasured": ()}), SIGNED.model_copy(update={"reviewed_by": "Bob"}),
        SIGNED.model_copy(update={"reviewed_at": "2027-01-01"}), SIGNED.model_copy(update={"signature": None}),
        SIGNED.with_edge("x", "quit"), SIGNED.without("age", "quit"),
    ):  # fmt: skip
        assert graph.signed_by is None
    turned = SIGNED.model_copy(update={"edges": SIGNED.edges[::-1]})
    assert turned.signed_by == "Ann"  # the order says nothing
    assert SIGNED.without("age", "quit").reviewed_by is None  # an edit takes the name off


def test_a_signed_graph_is_the_persons_and_the_drawing_keeps_its_sources() -> None:
    assert DRAFT.drawn_by() == "model" and SIGNED.drawn_by() == "you"
    assert [e.source for e in SIGNED.edges] == [e.source for e in DRAFT.edges]
    assert Graph.of(("a", "b")).drawn_by() == "you"
    assert Graph(edges=(*Graph.of(("a", "b")).edges, Edge(cause="c", effect="b", source="data"))).drawn_by() == "data"


def test_reuse(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    save(GraphFile(graph=SIGNED, roles={"selected": ("clinic",)}), path)
    fields, remarks = reused(path)
    assert fields == {"graph": SIGNED, "sources": {"graph": "you"}, "selected_on": ("clinic",)} and not remarks
    save(GraphFile(graph=DRAFT), path)
    fields, remarks = reused(path)
    assert fields["sources"] == {"graph": "model"} and "Nobody has reviewed" in remarks[0]
    save(GraphFile(graph=changed(SIGNED, confidence="sure")), path)
    fields, remarks = reused(path)
    assert fields["sources"] == {"graph": "model"} and fields["graph"].reviewed_by is None
    assert "changed afterwards: the signature no longer holds" in remarks[0]


def test_notes_find_their_arrow_whatever_the_names() -> None:
    file = GraphFile(graph=Graph.of(("a", "b"), ("a", "b: c"), ("x -> y", "z")))
    file = noted(file, ["a -> b: plain", "a -> b: c: longer", "x -> y → z: odd"])
    assert [e.note for e in file.graph.edges] == ["plain", "longer", "odd"]
    with pytest.raises(GraphError, match="no arrow for the note") as caught:
        noted(file, ["a -> bb: ?"])
    assert "'a -> b'" in caught.value.hint


def test_the_list_is_for_people() -> None:
    file = noted(
        GraphFile(graph=DRAFT, question="Does it?", left_out={"wt82": "it comes after"}), ["age -> quit: Smith\n2019"]
    )
    lines = render(file, "text").split("\n")
    assert lines[0] == "  Does it?"
    assert lines[1].split() == ["1", "quit", "──▶", "weight", "your", "question"]
    assert lines[2].split("  ")[1:3] == [" 2", "age ──▶ quit, weight"] and lines[2].endswith("sure, drawn by rule")
    assert lines[3].strip() == "note: age ──▶ quit: Smith 2019"
    assert any(line.strip().startswith("?  not in the table: scare ──▶ quit, weight") for line in lines)
    assert "     wt82: it comes after" in lines and "Nobody has reviewed the picture" in lines[-2]
    assert review(SIGNED) == "Ann reviewed the picture of causes on 2026-11-24; nothing was changed since."
    assert "no longer holds" in review(changed(SIGNED, note="x"))


def test_a_list_obeys_no_name() -> None:
    text = render(GraphFile(graph=Graph.of(("\x1b[31mred\n9  fake ──▶ line", "b\u202e"))), "text")
    assert "\x1b" not in text and "\u202e" not in text and not any(line.startswith("9") for line in text.split("\n"))


def test_differences() -> None:
    assert between(DRAFT, SIGNED).same and between(DRAFT, DRAFT).lines() == ["The two graphs say the same."]
    after = Graph(
        edges=(
            Edge(cause="quit", effect="weight"),
            Edge(cause="quit", effect="age"),
            Edge(cause="age", effect="weight", confidence="likely"),
            Edge(cause="sex", effect="weight"),
        ),
        unmeasured=(Unmeasured(name="genes", affects=("weight",)),),
    )
    found = between(DRAFT, after)
    assert found.flipped == (("quit", "age"),)
    assert set(found.added) == {("sex", "weight"), ("genes", "weight")}
    assert set(found.dropped) == {("diet", "weight"), ("scare", "quit"), ("scare", "weight")}
    assert found.confidence == (Change(cause="age", effect="weight", before="sure", after="likely"),)
    assert (found.hidden_added, found.hidden_dropped) == (("genes",), ("scare",)) and len(found.lines()) == 8
    assert "− scare ──▶ quit, weight" in found.lines()


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(4)
    n = 600
    z, u, a = (rng.normal(size=n) for _ in range(3))
    t = z + u + a + rng.normal(size=n)
    m = t + rng.normal(size=n)
    y = m + u + a + rng.normal(size=n)
    late = y + t + rng.normal(size=n)
    return Table.read(pd.DataFrame({"z": z, "a": a, "t": t, "m": m, "y": y, "late": late}))


def test_the_verdict_names_what_is_held_fixed_and_what_the_table_contradicts(table: Table) -> None:
    found = verdict(Graph.of(("a", "t"), ("a", "y"), ("t", "y")), table, "t", "y")
    assert found.identified and found.adjust_for == ("a",) and "compare rows alike in a" in found.sentence
    hidden = {"u": ["t", "y"]}
    found = verdict(Graph.of(("a", "t"), ("a", "y"), ("t", "y"), unmeasured=hidden), table, "t", "y")
    assert not found.identified and found.would_help
    found = verdict(Graph.of(("z", "t"), ("t", "y"), unmeasured=hidden), table, "t", "y")
    assert found.strategy == "instrument" and "through z" in found.sentence
    found = verdict(Graph.of(("a", "t"), ("a", "y"), ("t", "m"), ("m", "y"), unmeasured=hidden), table, "t", "y")
    assert found.strategy == "front_door" and found.adjust_for == ()
    # the picture says that `late` is a cause of the outcome alone; the table shows that it goes with the treatment
    found = verdict(Graph.of(("a", "t"), ("a", "y"), ("t", "y"), ("late", "y")), table, "t", "y")
    assert found.fit is not None and found.fit.verdict == "failed" and "late" in found.fit.observed


def test_what_a_graph_lacks_is_named(table: Table) -> None:
    with pytest.raises(GraphError, match="says nothing about 'm' and 'late'"):
        verdict(Graph.of(("a", "t")), table, "m", "late")
    with pytest.raises(GraphError, match="'tt' is not a column") as caught:
        verdict(Graph.of(("tt", "y")), table, "t", "y")
    assert "unmeasured" in caught.value.hint
