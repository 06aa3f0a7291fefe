"""Broken analyses of real data: each is refused, an error that names the column, or graded very low, and one sentence says why.

Each is broken in a way that the graph, the descriptions or the data show. Beside them, the sound analyses of the same tables,
which none of it may touch.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import pyllm_causal
from pyllm_causal.causal.timing_order import late_columns
from pyllm_causal.data import Table
from pyllm_causal.errors import GraphError
from pyllm_causal.query import Query

FIXTURES = Path(__file__).parents[3] / "fixtures"
CASES = tomllib.loads((FIXTURES / "cases.toml").read_text("utf-8"))["case"]
CAUSES = ["sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"]
WEIGHT = {"treatment": "qsmk", "outcome": "wt82_71", "categorical": ["education", "exercise", "active"]}
TABLES: dict[str, Table] = {}


def table_of(name: str) -> Table:
    if name not in TABLES:
        told = (FIXTURES / "data" / f"{name}.describe.txt").read_text("utf-8")
        TABLES[name] = Table.read(FIXTURES / "data" / f"{name}.csv", describe=told)
    return TABLES[name]


def answer_of(name: str, **query: Any) -> pyllm_causal.Answer:
    return pyllm_causal.analyse(Query.model_validate(query), table_of(name), seed=0)


def graph(*pairs: tuple[str, str], **hidden: list[str]) -> dict[str, Any]:
    return {"edges": [list(p) for p in pairs], "unmeasured": [{"name": n, "affects": a} for n, a in hidden.items()]}


def both(*causes: str, treatment: str = "qsmk", outcome: str = "wt82_71") -> list[tuple[str, str]]:
    return [(c, effect) for c in causes for effect in (treatment, outcome)] + [(treatment, outcome)]


# ---- shown by the descriptions: very low -----------------------------------------------------------------------------

RECORDED_LATE = {
    "a proxy of the outcome after the treatment": (
        "nhefs",
        {**WEIGHT, "adjust_for": [*CAUSES, "wt82"]},
        "wt82",
        "1982",
    ),
    "a consequence of treatment and outcome": ("nhefs", {**WEIGHT, "adjust_for": [*CAUSES, "sbp"]}, "sbp", "1982"),
    "a step on the way": (
        "nhefs",
        {**WEIGHT, "outcome": "death", "adjust_for": [*CAUSES, "wt82_71"]},
        "wt82_71",
        "1982",
    ),
    "polyps three months into a trial": (
        "polyps",
        {
            "treatment": "treatment",
            "treated": "sulindac",
            "control": "placebo",
            "outcome": "number12m",
            "adjust_for": ["number3m"],
            "design": {"kind": "randomised"},
        },
        "number3m",
        "after 3 months",
    ),
    "half of the outcome itself": (
        "star_kindergarten",
        {
            "treatment": "class_type",
            "treated": "small",
            "control": "regular",
            "outcome": "total_score",
            "adjust_for": ["reading_score"],
            "design": {"kind": "randomised"},
        },
        "reading_score",
        "end of kindergarten",
    ),
}


@pytest.mark.parametrize("case", RECORDED_LATE.values(), ids=list(RECORDED_LATE))
def test_a_column_recorded_after_the_treatment_makes_it_very_low(case: tuple[str, dict[str, Any], str, str]) -> None:
    name, query, column, why = case
    answer = answer_of(name, **query)
    assert answer.status == "answered"
    assert answer.certainty.level == "very_low"
    assert answer.headline.startswith("We can't tell whether")
    reasons = [d for d in answer.certainty.down if d.startswith(column)]
    assert len(reasons) == 1
    assert why in reasons[0]
    assert column in answer.text.split("How sure are we?")[1]


def test_a_person_s_arrow_does_not_move_a_column_back_in_time() -> None:
    drawn = graph(*both("age", "sex", "wt71", "sbp"))
    answer = answer_of("nhefs", **WEIGHT, graph=drawn)
    assert answer.certainty.level == "very_low"
    assert any(d.startswith("sbp was recorded in 1982, after qsmk") for d in answer.certainty.down)


# ---- shown by the graph: an error that names the column, or a refusal ------------------------------------------------


def test_a_mediator_of_the_graph_is_an_error() -> None:
    drawn = graph(*both("black", "smsa", treatment="educ", outcome="lwage"), ("educ", "exper"), ("exper", "lwage"))
    with pytest.raises(GraphError, match="exper comes after educ"):
        answer_of(
            "close_college", treatment="educ", outcome="lwage", graph=drawn, adjust_for=["black", "smsa", "exper"]
        )


def test_a_collider_of_the_graph_is_an_error() -> None:
    drawn = graph(*both("age"), thrift=["qsmk", "marital"], appetite=["wt82_71", "marital"])
    with pytest.raises(GraphError, match=r"adjusting for marital opens a path .* \(it is a collider\)"):
        answer_of("nhefs", **WEIGHT, graph=drawn, adjust_for=["age", "marital"])


def test_rows_chosen_by_a_consequence_of_both_are_refused() -> None:
    drawn = graph(*both("age", "sex"), ("qsmk", "death"), ("wt82_71", "death"))
    answer = answer_of("nhefs", **WEIGHT, graph=drawn, where="death == 0")
    assert answer.status == "not_identified"
    assert "only rows chosen by death" in answer.why_not


# ---- shown by the data -----------------------------------------------------------------------------------------------


def test_nobody_comparable_is_refused() -> None:
    answer = answer_of("nhefs", treatment="older", outcome="wt82_71", adjust_for=["age", "sex"])
    assert answer.status == "not_identified"
    assert answer.why_not.startswith("age decides who gets which older")


def test_a_column_fixed_by_the_group_is_refused() -> None:
    trial = {"treatment": "arm", "treated": "Streptomycin", "control": "Control", "design": {"kind": "randomised"}}
    answer = answer_of("strep_tb", **trial, outcome="improved", adjust_for=["dose_strep_g"])
    assert answer.status == "not_identified"
    assert answer.why_not.startswith("dose_strep_g decides who got which arm")


def test_a_testably_wrong_missing_arrow_is_very_low() -> None:
    """Years of smoking and age drawn as unrelated: with that, nothing would have to be held fixed."""
    drawn = graph(("smokeyrs", "qsmk"), ("age", "wt82_71"), ("qsmk", "wt82_71"))
    answer = answer_of("nhefs", **WEIGHT, graph=drawn)
    assert answer.status == "answered"
    assert answer.certainty.level == "very_low"
    reason = next(d for d in answer.certainty.down if d.startswith("a check failed"))
    assert "age and smokeyrs go together" in reason
    failed = next(r for r in answer.refutations if r.check == "graph_check")
    assert failed.verdict == "failed"
    assert "age" in failed.observed
    assert "smokeyrs" in failed.observed


def test_the_outcome_under_another_name_is_very_low() -> None:
    """Weight in 1982 is weight in 1971 plus the change: without any description, the numbers show it."""
    frame = table_of("nhefs").frame.set_axis(list(table_of("nhefs").names), axis=1)
    frame = frame[["qsmk", "age", "wt71", "wt82_71"]].dropna()
    frame = frame.assign(pounds=2.2 * (frame["wt71"] + frame["wt82_71"]), kilos=frame["wt71"] + frame["wt82_71"])
    query = {"treatment": "qsmk", "outcome": "kilos", "adjust_for": ["age", "pounds"]}
    answer = pyllm_causal.analyse(query, frame[["qsmk", "age", "pounds", "kilos"]], seed=0)
    assert answer.status == "not_identified" or answer.certainty.level == "very_low"
    assert "pounds" in answer.text


# ---- and nothing of it where all is well -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", [c for c in CASES if c["status"] == "answered"], ids=lambda c: c["id"])
def test_no_sound_analysis_holds_a_late_column(case: dict[str, Any]) -> None:
    query = case["query"]
    table = table_of(case["data"].removesuffix(".csv"))
    drawn = query.get("graph", {}).get("edges", [])
    held = [*query.get("adjust_for", []), *query["design"].get("strata", [])] if "design" in query else []
    held = held or [*query.get("adjust_for", []), *(c for c, _ in drawn)]
    assert late_columns(table.profile, query["treatment"], query["outcome"], held) == []


@pytest.mark.parametrize(
    "told",
    [
        "x: household income in 1980",
        "x: earnings before the programme, in 1985",
        "x: income after tax",
        "x: pancreatitis after an earlier operation",
        "x: sex, as recorded in 1995",
        "x: price, US$ of 2008",
        "x: test score at baseline, before the follow-up",
    ],
)
def test_words_that_do_not_make_a_column_late(told: str) -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": range(30), "t": [0, 1] * 15, "y": range(30)})
    table = Table.read(frame, describe=f"{told}\nt: joined in 1985\ny: income in 1990")
    assert late_columns(table.profile, "t", "y", ["x"]) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x", "x: household income in 1988"),
        ("x", "x: mood after the programme"),
        ("x", "x: weight at the follow-up"),
        ("x", "x: income three years later"),
        ("score_post", ""),
        ("mood_t2", ""),
    ],
)
def test_words_that_make_a_column_late(name: str, told: str) -> None:
    import pandas as pd

    more = {"score_pre": range(30), "mood_t1": range(30)}
    frame = pd.DataFrame({name: range(30), **more, "t": [0, 1] * 15, "y_t2": range(30)})
    table = Table.read(frame, describe=f"{told}\nt: joined in 1985\ny_t2: income")
    assert [found.column for found in late_columns(table.profile, "t", "y_t2", [name])] == [name]
