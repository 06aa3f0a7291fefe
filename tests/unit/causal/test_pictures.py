"""The answer under other plausible pictures: which are tried, what they say, what is asked next, and what it costs in certainty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Answer
from pyllm_causal.causal.picture_changes import changes
from pyllm_causal.data import Table
from pyllm_causal.pipeline import analyse, parse_query
from pyllm_causal.report.picture import robustness_text


def simpson(n: int = 4000, seed: int = 0) -> pd.DataFrame:
    """c raises t and lowers y so much that the plain comparison has the wrong sign: the effect of t is +1."""
    rng = np.random.default_rng(seed)
    c = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-2.0 * c))).astype(int)
    d = rng.normal(size=n)
    return pd.DataFrame({"c": c, "d": d, "t": t, "y": t - 2.0 * c + d + rng.normal(size=n)})


def edge(cause: str, effect: str, **more: Any) -> dict[str, Any]:
    return {"cause": cause, "effect": effect, **more}


def answered(edges: list[Any], frame: pd.DataFrame | None = None, **more: Any) -> Answer:
    graph = {"edges": edges, "unmeasured": more.pop("unmeasured", [])}
    query = {"treatment": "t", "outcome": "y", "graph": graph, **more}
    return analyse(query, simpson() if frame is None else frame, simulations=20)


def test_a_turned_arrow_that_turns_the_answer_is_named() -> None:
    answer = answered([edge("c", "t", confidence="likely"), ("c", "y"), ("t", "y"), ("d", "y")])
    pictures = answer.pictures
    assert pictures is not None and answer.effect is not None and answer.unadjusted is not None
    assert answer.effect.value == pytest.approx(1.0, abs=0.2) and answer.unadjusted.value < 0
    lost = [a for a in pictures.alternatives if a.keeps is False]
    assert [a.edge for a in lost] == [("c", "t")] and "c is caused by t" in lost[0].change
    assert "c is caused by t" in pictures.verdict and pictures.kept < pictures.of
    kept = [a for a in pictures.alternatives if a.effect is not None and a.keeps]
    assert len(kept) == pictures.kept and len(lost) == pictures.of - pictures.kept
    # the figure is that of the comparison which the other picture asks for
    frame = simpson()
    expected = analyse({"treatment": "t", "outcome": "y", "adjust_for": ["d"]}, frame, checks=False).effect
    plain = analyse({"treatment": "t", "outcome": "y", "adjust_for": []}, frame, checks=False).effect
    assert lost[0].effect is not None and expected is not None and plain is not None
    near = {(): plain, ("d",): expected}[lost[0].adjust_for]
    assert lost[0].effect.value == pytest.approx(near.value, abs=1e-6)
    assert pictures.verdict in answer.text.replace("\n    ", " ")


def test_a_sure_arrow_and_one_against_time_are_not_turned() -> None:
    sure = answered([edge("c", "t", confidence="sure"), edge("c", "y", confidence="sure"), ("t", "y"), ("d", "y")])
    assert sure.pictures is not None and not any(a.keeps is False for a in sure.pictures.alternatives)
    frame = simpson().rename(columns={"c": "age"})
    dated = answered([edge("age", "t", confidence="likely"), ("age", "y"), ("t", "y")], frame)
    assert dated.pictures is not None
    assert not any("age is caused" in a.change for a in dated.pictures.alternatives)


def test_equivalent_pictures_are_walked_and_cost_a_level_only_where_nobody_vouches() -> None:
    """c → t, c → y, t → y joins all three: no table tells which way c and t point."""
    drafted = [edge(a, b, source="model") for a, b in (("c", "t"), ("c", "y"), ("t", "y"))]
    by_model = answered(drafted, sources={"graph": "model"})
    by_hand = answered([("c", "t"), ("c", "y"), ("t", "y")])
    for answer in (by_model, by_hand):
        assert answer.pictures is not None
        assert any(a.equivalent and a.keeps is False for a in answer.pictures.alternatives), answer.pictures
    assert by_model.certainty is not None and by_hand.certainty is not None
    assert any("turns the answer round" in d for d in by_model.certainty.down)
    assert not any("turns the answer round" in d for d in by_hand.certainty.down)
    assert by_model.certainty.level == "very_low" and by_hand.certainty.level == "low"


def test_members_of_the_class_are_equivalent_by_skeleton_and_colliders() -> None:
    query = parse_query(
        {
            "treatment": "t",
            "outcome": "y",
            "graph": {"edges": [("a", "b"), ("b", "c"), ("c", "t"), ("e", "t"), ("t", "y")]},
        }
    )
    rng = np.random.default_rng(0)
    table = Table.read(pd.DataFrame({n: rng.normal(size=50) for n in "abcety"}))
    members = [c for c in changes(query, table) if c.kind == "equivalent"]

    def shape(pairs: list[tuple[str, str]]) -> tuple[Any, Any]:
        skeleton = {frozenset(p) for p in pairs}
        colliders = {
            (frozenset((a, b)), m)
            for a, m in pairs
            for b, k in pairs
            if m == k and a < b and frozenset((a, b)) not in skeleton
        }
        return skeleton, colliders

    assert query.graph is not None
    assert len(members) == 2  # a ← b ← c and a ← b → c; whatever touches t would make or unmake a collider
    assert all(shape(m.graph.pairs()) == shape(query.graph.pairs()) for m in members)
    assert all(m.graph.cycle() is None for m in members)


def test_a_hidden_cause_is_counted_apart_and_never_as_kept() -> None:
    answer = answered([("c", "t"), ("c", "y"), ("t", "y")])
    assert answer.pictures is not None
    hidden = [a for a in answer.pictures.alternatives if a.kind == "hidden"]
    assert [a.edge for a in hidden] == [("t", "y")] and hidden[0].effect is None and hidden[0].keeps is None
    assert answer.pictures.untold == 1 and "cannot be told" in answer.pictures.beyond
    assert all(a.effect is not None for a in answer.pictures.alternatives if a.keeps is not None)


def test_an_instrument_hangs_on_what_no_table_tests() -> None:
    rng = np.random.default_rng(1)
    n = 3000
    z, u = (rng.random(n) < 0.5).astype(int), rng.normal(size=n)
    t = z + u + rng.normal(size=n)
    frame = pd.DataFrame({"z": z, "t": t, "y": 0.5 * t + u + rng.normal(size=n)})
    answer = answered(
        [("z", "t"), ("t", "y")], frame, unmeasured=[{"name": "u", "affects": ["t", "y"]}],
        design={"kind": "instrument", "instruments": ["z"]},
    )  # fmt: skip
    assert answer.pictures is not None
    assert "z affects y directly" in answer.pictures.beyond
    assert {a.edge for a in answer.pictures.alternatives if a.effect is None} == {("z", "y")}


def test_the_next_question_is_the_unreviewed_arrow_that_moves_most() -> None:
    edges = [edge(a, b, source="model") for a, b in (("c", "t"), ("c", "y"), ("d", "t"), ("d", "y"))] + [edge("t", "y")]
    frame = simpson()
    rng = np.random.default_rng(3)
    frame["d"] = 0.3 * frame["t"] + rng.normal(size=len(frame))
    answer = answered(edges, frame, sources={"graph": "model"})
    asked = answer.next_question
    assert asked is not None and asked.edge == ("c", "t") and asked.moves_to is not None
    assert asked.moves_to.value < 0 < answer.effect.value  # type: ignore[union-attr]
    assert asked.sentence in answer.text.replace("\n    ", " ") and "Next" in answer.text
    signed = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": edges}})
    assert signed.graph is not None
    query = signed.model_copy(update={"graph": signed.graph.sign("Ann", "2026-01-01")})
    assert analyse(query, frame, simulations=20).next_question is None


def test_the_same_table_gives_the_same_verdict_and_what_is_not_tried_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyllm_causal.causal.pictures.ANSWERS", ((1_000, 9), (10**9, 2)))
    names = ["x1", "x2", "x3"]
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({name: rng.normal(size=2000) for name in names})
    frame["t"] = (rng.random(2000) < 1 / (1 + np.exp(-frame[names].sum(axis=1)))).astype(int)
    frame["y"] = frame["t"] + frame[names].sum(axis=1) + rng.normal(size=2000)
    edges = [edge(name, end, confidence="likely") for name in names for end in ("t", "y")] + [edge("t", "y")]
    first, second = (answered(edges, frame).pictures for _ in range(2))
    assert first == second and first is not None
    assert (first.of, first.untried) == (2, 1) and "1 more were not tried" in first.verdict
    small = answered(edges, frame.head(900)).pictures
    assert small is not None and (small.of, small.untried) == (3, 0)


def test_the_page_reads_well() -> None:
    answer = answered([edge("c", "t", confidence="likely"), ("c", "y"), ("t", "y"), ("d", "y")])
    page = robustness_text(answer)
    assert "As drawn: 0.95 higher" in page and "✗ If c is caused by t, not the other way round:" in page
    assert "? If something that is not in the table drives both t and y: cannot be told" in page
    assert answer.pictures is not None and answer.pictures.verdict in page.replace("\n", " ")
    bare = analyse({"treatment": "t", "outcome": "y", "adjust_for": ["c"]}, simpson(), checks=False)
    assert "No picture" in robustness_text(bare)
