"""Whom an answer is about: a table with gaps or a filter is never called "everyone in the table" without saying so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Answer, Dropped, SampleCount
from pyllm_causal.causal.whom import everyone, those
from pyllm_causal.pipeline import analyse
from pyllm_causal.query import Query

QUERY = Query.model_validate({"treatment": "drug", "outcome": "weight"})
ONLY = Query.model_validate({"treatment": "drug", "outcome": "weight", "where": "age > 40"})


def counted(*dropped: tuple[str, int]) -> SampleCount:
    lost = sum(n for _, n in dropped)
    return SampleCount(rows=1000, used=1000 - lost, dropped=tuple(Dropped(reason=r, rows=n) for r, n in dropped))


def test_gaps_filters_and_counterparts_are_said() -> None:
    assert everyone(QUERY, counted()) == "everyone in the table"
    assert everyone(QUERY, counted(("no weight", 5))) == "everyone in the table"
    assert (
        everyone(QUERY, counted(("no weight", 8), ("no age", 8)))
        == "everyone in the table for whom all of this was recorded"
    )
    assert everyone(QUERY, counted(("in another arm", 500))) == "everyone in the table"
    assert everyone(QUERY, counted(("no weight", 20)), trimmed=True) == (
        "everyone in the table for whom all of this was recorded and who has a counterpart in the other group"
    )
    assert everyone(ONLY, counted(("not age > 40", 900))) == "everyone in the table with age > 40"
    # 8 of the 108 rows that the filter leaves
    assert everyone(ONLY, counted(("not age > 40", 892), ("no weight", 8))).endswith(
        "for whom all of this was recorded"
    )
    assert those(ONLY, counted(("no weight", 20)), "those treated") == (
        "those treated, with age > 40, among rows where all of this was recorded"
    )  # fmt: skip


def table() -> pd.DataFrame:
    """400 rows of 40 shops in 10 months; 3 in 100 have no outcome."""
    rng = np.random.default_rng(3)
    shop, month = np.repeat(np.arange(40), 10), np.tile(np.arange(10), 40)
    voucher = rng.integers(0, 2, 400)
    taken = ((voucher + rng.normal(size=400)) > 0.5).astype(int)
    points = rng.uniform(0, 100, 400)
    frame = pd.DataFrame(
        {
            "shop": shop, "month": month, "voucher": voucher, "course": taken, "points": points,
            "grant": (points >= 50).astype(int), "campaign": ((shop < 20) & (month >= 5)).astype(int),
            "price": rng.normal(size=400), "visits": taken + rng.normal(size=400), "failed": rng.integers(0, 2, 400),
            "months": rng.uniform(1, 20, 400), "sex": np.where(shop % 2 == 0, "f", "m"),
        }
    )  # fmt: skip
    frame["wage"] = (
        2.0 * frame["course"] + 3.0 * frame["grant"] + frame["price"] + frame["visits"] + rng.normal(size=400)
    )
    frame.loc[rng.choice(400, 12, replace=False), ["wage", "months"]] = np.nan
    return frame


ARROWS = [("course", "visits"), ("visits", "wage"), ("month", "course"), ("month", "wage")]
PICTURE = {
    "edges": [{"cause": c, "effect": e, "source": "you"} for c, e in ARROWS],
    "unmeasured": [],
}
DESIGNS = {
    "own picture": {"graph": PICTURE},
    "random": {"design": {"kind": "randomised"}},
    "instrument": {"design": {"kind": "instrument", "instruments": ["voucher"]}},
    "cut-off": {"treatment": "grant", "design": {"kind": "discontinuity", "running": "points", "cutoff": 50}},
    "before and after": {"treatment": "campaign", "design": {"kind": "differences", "unit": "shop", "time": "month"}},
    "panel": {"treatment": "price", "design": {"kind": "panel", "unit": "shop", "time": "month"}},
    "front door": {"design": {"kind": "front_door", "mediators": ["visits"]}},
    "mediation": {"kind": "mediation", "design": {"kind": "mediation", "mediators": ["visits"]}},
    "time to an event": {"outcome": "months", "event": "failed", "design": {"kind": "randomised"}},
    "groups": {"kind": "effect_by_group", "by": "sex", "design": {"kind": "randomised"}},
    "picture as a model": {"kind": "counterfactual", "graph": PICTURE, "changes": {"course": 1}},
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_says_that_rows_have_gaps(name: str) -> None:
    query = {"kind": "effect", "treatment": "course", "outcome": "wage", **DESIGNS[name]}
    if query["kind"] == "counterfactual":
        del query["treatment"]
    answer: Answer = analyse(query, table(), checks=False)
    assert answer.status == "answered", answer.text
    assert answer.sample is not None and answer.estimand is not None
    text = " ".join(answer.text.split())
    assert f"12 with no {query['outcome']}" in text
    assert "recorded" in answer.estimand.population
