"""Worlds that once fooled the method: each has a known truth and gets the right answer or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal
from pyllm_causal.analysis import Answer
from pyllm_causal.errors import QueryError

RANDOM = {"kind": "randomised"}


def ask(table: dict[str, Any], **query: Any) -> Answer:
    return pyllm_causal.analyse({"treatment": "t", "outcome": "y", **query}, pd.DataFrame(table))


def near(answer: Answer, truth: float, errors: float = 4.0) -> bool:
    assert answer.effect is not None and answer.effect.std_error is not None
    return abs(answer.effect.value - truth) <= errors * answer.effect.std_error


@pytest.mark.parametrize("how", [{"design": RANDOM}, {"adjust_for": []}])
def test_two_doses_of_few_are_compared_as_groups_where_no_curve_fits(how: dict[str, Any]) -> None:
    r = np.random.default_rng(1)
    t = r.integers(0, 4, 3000)
    y = np.array([0, 3, 0, 3.0])[t] + r.normal(size=3000)
    assert near(ask({"t": t, "y": y}, treated=2, control=1, **how), -3.0)


def test_a_step_between_two_doses_costs_certainty() -> None:
    r = np.random.default_rng(2)
    t = r.uniform(0, 10, 3000)
    answer = ask({"t": t, "y": 3.0 * (t > 5) + r.normal(size=3000)}, treated=6, control=4, design=RANDOM)
    assert answer.certainty is not None and answer.certainty.level in ("low", "very_low")
    assert any("does not follow" in reason for reason in answer.certainty.down)


def test_whole_numbers_are_not_counts_by_themselves() -> None:
    r = np.random.default_rng(3)
    x = r.normal(size=800)
    t = 0.5 * x + r.normal(size=800)
    y = np.round(60 + 15 * x + 5 * t + 4 * r.normal(size=800)).clip(0).astype(int)
    whole = ask({"t": t, "y": y, "x": x}, treated=3, control=0, adjust_for=["x"])
    half = ask({"t": t, "y": y + 0.25, "x": x}, treated=3, control=0, adjust_for=["x"])
    assert near(whole, 15.0)
    assert whole.effect is not None and half.effect is not None
    assert whole.effect.value == pytest.approx(half.effect.value, rel=1e-9)


@pytest.mark.parametrize("yes_no", [False, True])
def test_bent_confounding_of_a_named_dose(yes_no: bool) -> None:
    r = np.random.default_rng(4)
    x = r.normal(size=2000)
    t = x**2 + r.normal(size=2000)
    y = (r.random(2000) < 1 / (1 + np.exp(1 - x**2))) * 1 if yes_no else 3 * x**2 + r.normal(size=2000)
    assert near(ask({"t": t, "y": y, "x": x}, treated=2, control=0, adjust_for=["x"]), 0.0)


@pytest.mark.parametrize("bend", [np.square, np.abs, lambda x: x])
def test_a_dose_that_a_covariate_decides_is_refused(bend: Any) -> None:
    r = np.random.default_rng(5)
    x = r.normal(size=2000)
    answer = ask({"t": bend(x) + 1e-4 * r.normal(size=2000), "y": x + r.normal(size=2000), "x": x}, adjust_for=["x"])
    assert answer.status == "not_identified"


def test_strata_with_unequal_shares_and_effects() -> None:
    r = np.random.default_rng(6)
    s = np.repeat(np.arange(20), 60)
    t = (r.random(1200) < np.where(s < 10, 0.5, 0.15)).astype(int)
    y = np.where(s < 10, 0, 10) * t + 0.1 * s + r.normal(size=1200)
    answer = ask({"t": t, "y": y, "s": s}, design={"kind": "randomised", "strata": ["s"]})
    assert answer.method == "post_stratified" and near(answer, 5.0)


def test_chance_that_a_column_decides_is_no_chance() -> None:
    r = np.random.default_rng(7)
    x = r.normal(size=1000)
    table = {"t": (x**2 > 0.5).astype(int), "y": 3 * x**2 + r.normal(size=1000), "x": x}
    answer = ask(table, design=RANDOM, adjust_for=["x"])
    assert answer.status == "not_identified" and "dealt out at random" in str(answer.why_not)


def test_clusters_do_not_hide_that_groups_were_unlike() -> None:
    r = np.random.default_rng(8)
    x = r.normal(size=2000)
    table = {
        "t": (x + r.normal(size=2000) > 0).astype(int),
        "y": x + r.normal(size=2000),
        "x": x,
        "c": np.repeat(np.arange(400), 5),
    }
    answer = ask(table, design=RANDOM, adjust_for=["x"], cluster="c")
    assert answer.certainty is not None and answer.certainty.level in ("low", "very_low")


def test_a_filter_that_leaves_the_arms_unequal_costs_certainty() -> None:
    r = np.random.default_rng(9)
    t = r.integers(0, 2, 1500)
    m = (r.random(1500) < np.where(t, 0.8, 0.3)).astype(int)
    table = {"t": t, "y": t + r.normal(size=1500), "m": m}
    whole, part = ask(table, design=RANDOM), ask(table, design=RANDOM, where="m == 1")
    assert whole.certainty is not None and part.certainty is not None
    assert (whole.certainty.level, part.certainty.level) == ("high", "moderate")


def test_weights_that_let_one_row_decide_are_refused() -> None:
    r = np.random.default_rng(10)
    t = r.integers(0, 2, 500)
    w = np.ones(500)
    w[0] = 1e6
    assert ask({"t": t, "y": t + r.normal(size=500), "w": w}, design=RANDOM, weights="w").status == "not_identified"


@pytest.mark.parametrize("scale", ["difference", "ratio"])
def test_a_rare_event_that_triples_is_no_little_difference(scale: str) -> None:
    t = np.repeat([0, 1], 1000)
    y = np.r_[np.repeat([0, 1], [996, 4]), np.repeat([0, 1], [988, 12])]
    assert "little or no difference" not in ask({"t": t, "y": y}, design=RANDOM, scale=scale).headline


def test_six_rows_are_never_high() -> None:
    answer = ask({"t": [0, 0, 0, 1, 1, 1], "y": [1, 2, 3, 11, 12, 13.5]}, design=RANDOM)
    assert answer.certainty is not None and answer.certainty.level != "high"


def test_an_arm_that_cannot_be_compared_is_named_and_the_others_answered() -> None:
    r = np.random.default_rng(11)
    arms = np.array(["a0"] + ["a", "b", "c"] * 300)
    answer = ask({"t": arms, "y": r.normal(size=901)}, control="a", design=RANDOM)
    assert answer.status == "answered" and answer.arms is not None
    assert [arm["treated"] for arm in answer.arms if arm["effect"] is None] == ["a0"]
    assert "a0 could not be compared with a" in answer.text.replace("\n", " ")


def test_chances_stay_between_nothing_and_everything() -> None:
    t = np.repeat([0, 1], 60)
    answer = ask({"t": t, "y": t}, design=RANDOM)
    assert answer.effect is not None and answer.effect.high is not None and answer.effect.high <= 1.0


def test_codes_1_and_2_have_no_ratio() -> None:
    t = np.tile([0, 1], 100)
    with pytest.raises(QueryError, match="which one counts"):
        ask({"t": t, "y": np.tile([1, 1, 2], 67)[:200]}, design=RANDOM, scale="ratio")


def test_text_is_held_fixed_only_where_nothing_else_will_do() -> None:
    r = np.random.default_rng(12)
    x = r.normal(size=300)
    t = (x + r.normal(size=300) > 0).astype(int)
    table = {"t": t, "y": t + x + r.normal(size=300), "x": x, "note": [f"remark {i} of many" for i in range(300)]}
    graph = {"edges": [["note", "t"], ["note", "x"], ["x", "y"], ["t", "y"]]}
    answer = ask(table, graph=graph)
    assert answer.estimand is not None and answer.estimand.adjust_for == ("x",)


def test_independent_columns_are_not_said_to_differ() -> None:
    r = np.random.default_rng(13)
    table = {"t": r.choice(["a", "b", "c"], 600), "y": r.choice(["k", "l", "m"], 600)}
    assert "no clear difference" in ask(table, kind="association").headline


@pytest.mark.parametrize("column", ["rare", "level"])
def test_a_trait_that_one_group_never_has_does_not_extrapolate(column: str) -> None:
    """A column that is constant among the controls is a second intercept there: a model of that arm alone gave 45 in place of −5."""
    rng = np.random.default_rng(1)
    n = 1000
    x, t = rng.normal(size=n), rng.binomial(1, 0.5, n)
    rare = ((t == 1) & (rng.random(n) < 0.05)).astype(int)
    level = np.where(t == 1, rng.choice(list("abc"), n, p=[0.06, 0.47, 0.47]), rng.choice(list("bc"), n))
    frame = pd.DataFrame({"t": t, "x": x, "rare": rare, "level": level, "y": 100 - 5 * t + 2 * x + rng.normal(0, 3, n)})
    answer = pyllm_causal.analyse({"treatment": "t", "outcome": "y", "adjust_for": ["x", column]}, frame)
    assert answer.effect is not None and abs(answer.effect.value + 5) < 4 * 0.2
    assert [r.check for r in answer.refutations if r.verdict == "failed"] == []
