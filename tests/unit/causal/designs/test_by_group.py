"""Effects by group against known truth, saturated regressions by statsmodels, and published tables."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as causal
from pyllm_causal.analysis import GroupedEffect
from pyllm_causal.errors import QueryError
from pyllm_causal.graph import Graph
from tests.unit.causal.designs.pathways import effect_of, expit, found, refused

BY: dict[str, Any] = {"kind": "effect_by_group", "treatment": "t", "outcome": "y", "by": "g"}
TRIAL = {"design": {"kind": "randomised"}}


def world(n: int = 3000, seed: int = 0, gap: float = 1.0, levels: tuple[Any, ...] = (0, 1)) -> pd.DataFrame:
    """The effect is 1 in the first group and rises by `gap` from group to group; x drives treatment and outcome."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, len(levels), n)
    x = rng.standard_normal(n) + 0.3 * code
    t = (rng.random(n) < expit(0.7 * x)).astype(int)
    y = t * (1 + gap * code) + x * (1 + 0.4 * code) + code + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": [levels[c] for c in code], "x": x, "y": y})


def near(effect: Any, expected: float, widest: float) -> None:
    """Within four standard errors, and those are small enough for that to mean something."""
    assert effect.std_error is not None and effect.std_error < widest
    assert abs(effect.value - expected) < 4 * effect.std_error


@pytest.mark.parametrize(
    "levels",
    [(0, 1), (False, True), ("no", "yes"), ("a b", "ä"), (10.0, 20.0)],
    ids=["int", "bool", "yes/no", "text", "float"],
)
def test_each_group_and_the_second_minus_the_first(levels: tuple[Any, ...]) -> None:
    frame = world(levels=levels)
    effect = effect_of(frame, **BY, adjust_for=["x"])
    first, second = effect.groups
    near(first, 1.0, 0.1)
    near(second, 2.0, 0.1)
    near(effect.difference_between_groups, 1.0, 0.15)
    near(effect, 1.0 + float((frame["g"] == levels[1]).mean()), 0.1)
    assert [g.group for g in effect.groups] == list(levels)
    assert sum(g.rows for g in effect.groups) == len(frame)
    turned = effect_of(frame, **BY, adjust_for=["x"], by_levels=(levels[1], levels[0]))
    assert turned.difference_between_groups.value == pytest.approx(-effect.difference_between_groups.value, rel=1e-9)


def test_the_column_may_be_adjusted_for_as_well() -> None:
    frame = world()
    both = effect_of(frame, **BY, adjust_for=["x", "g"], method="regression")
    near(both.difference_between_groups, 1.0, 0.15)
    one = effect_of(
        frame, **BY, adjust_for=["x"], method="regression"
    )  # within groups g does not vary: the same models
    assert both.difference_between_groups.value == pytest.approx(one.difference_between_groups.value, rel=1e-9)


def test_equals_the_saturated_regression() -> None:
    """In an experiment the difference is the coefficient of treatment × group with HC2 errors (statsmodels), exactly."""
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    g, t = rng.integers(0, 2, 500), rng.integers(0, 2, 500)
    y = t * (1 + g) + rng.standard_normal(500) * (1 + t + 2 * g)
    theirs = sm.OLS(y, sm.add_constant(np.column_stack([t, g, t * g]))).fit(cov_type="HC2")
    ours = effect_of(pd.DataFrame({"t": t, "g": g, "y": y}), **BY, **TRIAL).difference_between_groups
    assert ours.value == pytest.approx(theirs.params[3], rel=1e-9)
    assert ours.std_error == pytest.approx(theirs.bse[3], rel=1e-9)


def test_clusters_that_span_groups_equal_the_clustered_regression() -> None:
    """The same coefficient with errors by cluster; statsmodels' factor (n−1)/(n−k) and our m/(m−1) a cell differ by under 1 %."""
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    n = 1500
    school = rng.integers(0, 50, n)
    g, t = rng.integers(0, 2, n), (school % 2).astype(int)
    y = t * (1 + g) + 2 * rng.standard_normal(50)[school] + rng.standard_normal(n)
    fit = sm.OLS(y, sm.add_constant(np.column_stack([t, g, t * g])))
    theirs = fit.fit(cov_type="cluster", cov_kwds={"groups": school})
    frame = pd.DataFrame({"t": t, "g": g, "y": y, "school": school})
    ours = effect_of(frame, **BY, **TRIAL, cluster="school").difference_between_groups
    assert ours.value == pytest.approx(theirs.params[3], rel=1e-9)
    assert ours.std_error == pytest.approx(theirs.bse[3], rel=0.01)
    near(ours, 1.0, 0.4)
    # with the groups taken as independent the error would be more than twice as large: what schools share cancels
    effect = effect_of(frame, **BY, **TRIAL, cluster="school")
    assert ours.std_error < 0.5 * np.hypot(*(e.std_error for e in effect.groups))


BERKELEY = {  # men admitted and applied, women admitted and applied, by department
    "A": (512, 825, 89, 108), "B": (353, 560, 17, 25), "C": (120, 325, 202, 593),
    "D": (138, 417, 131, 375), "E": (53, 191, 94, 393), "F": (22, 373, 24, 341),
}  # fmt: skip


def test_berkeley_as_published() -> None:
    """Admission in percent, women less men, by department: 82−62, 68−63, 34−37, 35−33, 24−28, 7−6 (Bickel, Hammel & O'Connell
    1975; Freedman, Pisani & Purves, Statistics, chapter 2, table 2)."""
    rows = [
        (dept, sex, int(i < admitted))
        for dept, (m1, m, w1, w) in BERKELEY.items()
        for sex, admitted, n in (("man", m1, m), ("woman", w1, w))
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["dept", "sex", "admitted"])
    query = {**BY, "treatment": "sex", "outcome": "admitted", "by": "dept", "treated": "woman", "control": "man"}
    effect = effect_of(frame, **query, adjust_for=[], by_levels=("B", "A"))
    expected = dict(zip("ABCDEF", (0.20, 0.05, -0.03, 0.02, -0.04, 0.01), strict=True))
    assert {g.group: round(g.value, 2) for g in effect.groups} == pytest.approx(expected, abs=0.011)
    exact = (89 / 108 - 512 / 825) - (17 / 25 - 353 / 560)
    assert effect.difference_between_groups.value == pytest.approx(exact, abs=1e-9)


def test_numbers_with_many_values_are_cut_into_thirds_and_said_so() -> None:
    rng = np.random.default_rng(5)
    n = 3000
    g = rng.uniform(0, 1, n)
    t = rng.integers(0, 2, n)
    y = t * 3 * g + rng.standard_normal(n)
    answer = found(pd.DataFrame({"t": t, "g": g, "y": y}), **BY, **TRIAL)
    assert isinstance(answer.effect, GroupedEffect) and answer.effect.difference_between_groups is not None
    assert [e.group for e in answer.effect.groups] == ["lowest", "middle", "highest"]
    near(answer.effect.difference_between_groups, 2.0, 0.2)
    assert any("thirds" in r for r in answer.rests)
    with pytest.raises(QueryError, match="thirds"):
        effect_of(pd.DataFrame({"t": t, "g": g, "y": y}), **BY, **TRIAL, by_levels=(0.1, 0.9))


def test_small_groups_are_listed_and_nothing_is_claimed_of_them() -> None:
    frame = world(n=1200, levels=("a", "b"))
    few = pd.concat([frame[frame["t"] == 1].head(3), frame[frame["t"] == 0].head(6)]).assign(g="rare")
    alone = frame.head(1).assign(g="single")
    frame = pd.concat([frame, few, alone], ignore_index=True)
    answer = found(frame, **BY, adjust_for=["x"])
    assert isinstance(answer.effect, GroupedEffect)
    groups = {e.group: e for e in answer.effect.groups}
    assert groups["rare"].unbounded and groups["rare"].low is None and "rows" in str(groups["rare"].reason)
    assert "single" not in groups
    text = " ".join(answer.size or ())
    assert "g = rare: cannot be told" in text and "g = single: cannot be told" in text
    near(groups["a"], 1.0, 0.2)  # the small ones do not disturb the others
    rare = found(frame, **BY, adjust_for=["x"], by_levels=("a", "rare"))
    assert isinstance(rare.effect, GroupedEffect) and rare.effect.difference_between_groups is None
    assert rare.headlines is not None and set(rare.headlines.values()) == {rare.headlines["very_low"]}


def test_many_groups_say_that_one_may_stand_out_by_chance() -> None:
    answer = found(world(n=3000, gap=0.0, levels=tuple("abcdefgh")), **BY, adjust_for=["x"])
    assert any("stand out by chance" in s for s in answer.size or ())
    diagnosis = next(d for d in answer.diagnoses if d.name == "groups")
    assert diagnosis.figures["p_value_all_equal"] > 0.001
    assert isinstance(answer.effect, GroupedEffect)
    low, high = diagnosis.figures["simultaneous"]["a"]
    own = answer.effect.groups[0]
    assert own.low is not None and own.high is not None and low < own.low and high > own.high


def test_a_difference_is_never_claimed_beyond_its_margin() -> None:
    none = found(world(n=1000, gap=0.0, seed=11), **BY, adjust_for=["x"])
    assert none.headlines is not None and none.headlines["high"].startswith("No sign that the effect")
    some = found(world(n=1000, gap=1.0), **BY, adjust_for=["x"])
    assert some.headlines is not None
    assert [some.headlines[v].split("on y ")[1].split(" between")[0] for v in ("high", "moderate", "low")] == [  # type: ignore[index]
        "differs", "probably differs", "may differ",
    ]  # fmt: skip
    assert some.headlines["very_low"].startswith("We can't tell")
    verdicts = {r.check: r.verdict for r in some.refutations if r.family != "sensitivity"}  # stated, not counted
    assert verdicts["placebo_groups"] == "passed" and "failed" not in verdicts.values()


def test_small_groups_share_slopes_between_them() -> None:
    rng = np.random.default_rng(6)
    n = 600
    x = rng.standard_normal((n, 6))
    g = (rng.random(n) < 0.2).astype(int)
    t = (rng.random(n) < expit(0.7 * x[:, 0])).astype(int)
    y = t * (1 + g) + x.sum(axis=1) + rng.standard_normal(n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(6)]).assign(t=t, g=g, y=y)
    answer = found(frame, **BY, adjust_for=[f"x{j}" for j in range(6)])
    assert isinstance(answer.effect, GroupedEffect)
    near(answer.effect.difference_between_groups, 1.0, 0.35)
    assert any("alike in all groups" in r for r in answer.rests)


def test_scales_doses_and_outcomes() -> None:
    rng = np.random.default_rng(7)
    n = 8000
    g, t = rng.integers(0, 2, n), rng.integers(0, 2, n)
    chance = np.where(g == 1, 0.2 + 0.2 * t, 0.2 + 0.1 * t)
    frame = pd.DataFrame({"t": t, "g": g, "y": (rng.random(n) < chance).astype(int)})
    ratio = effect_of(frame, **BY, **TRIAL, scale="ratio")
    assert abs(np.log(ratio.groups[1].value / 2)) < 4 * ratio.groups[1].std_error
    assert (
        abs(np.log(ratio.difference_between_groups.value / (2 / 1.5)))
        < 4 * ratio.difference_between_groups.std_error
        < 0.5
    )
    percent = effect_of(frame, **BY, **TRIAL, scale="percent")
    expected = 100 * (ratio.difference_between_groups.value - 1)
    assert percent.difference_between_groups.value == pytest.approx(expected)
    dose = rng.uniform(0, 10, n)
    y = dose * (0.5 + g) + rng.standard_normal(n)
    frame = pd.DataFrame({"t": dose, "g": g, "y": y})
    for treated, control, times in ((1, 0, 1), (10, 0, 10), (0, 10, -10)):
        effect = effect_of(frame, **BY, adjust_for=[], treated=treated, control=control)
        near(effect.difference_between_groups, times * 1.0, 0.02 * abs(times))


def test_missing_groups_are_counted() -> None:
    frame = world(n=1000)
    frame["g"] = frame["g"].astype(float)
    frame.loc[:99, "g"] = np.nan
    answer = found(frame, **BY, adjust_for=["x"])
    assert answer.sample.used == 900
    assert {d.reason: d.rows for d in answer.sample.dropped} == {"no g": 100}


def test_groups_made_by_the_treatment_are_refused() -> None:
    frame = world(n=400)
    drawn = Graph.of(("t", "g"), ("g", "y"), ("t", "y"), ("x", "t"), ("x", "y"))
    late = refused(frame, **BY, graph=drawn)
    assert late.code == "group_after_treatment" and any("mediation" in h for h in late.would_help)
    fork = Graph.of(("t", "y"), unmeasured={"a": ["t", "g"], "b": ["g", "y"]})
    assert refused(frame, **BY, graph=fork).code == "group_is_collider"
    closed = Graph.of(("t", "y"), ("x", "g"), ("x", "t"), unmeasured={"b": ["g", "y"]})
    assert found(frame, **BY, graph=closed).estimand.adjust_for == ("x",)
    assert refused(frame.assign(g=1), **BY, adjust_for=["x"]).code == "one_group"
    assert refused(frame, **BY).status == "needs_review"


def test_bad_requests_say_what_to_do() -> None:
    frame = world(n=400, levels=("a", "b"))
    with pytest.raises(QueryError, match="not a value"):
        effect_of(frame, **BY, adjust_for=["x"], by_levels=("a", "z"))
    with pytest.raises(QueryError, match="twice"):
        effect_of(frame, **BY, adjust_for=["x"], by_levels=("a", "a"))
    arms = frame.assign(t=np.random.default_rng(0).choice(["p", "q", "r"], 400))
    with pytest.raises(QueryError, match="which two"):
        effect_of(arms, **BY, adjust_for=["x"], control="p")


def test_other_designs_run_in_every_group() -> None:
    """Front door: through m the treatment does 0.6 in the first group and 1.2 in the second, whatever u does."""
    rng = np.random.default_rng(8)
    n = 4000
    u, g = rng.standard_normal(n), rng.integers(0, 2, n)
    t = (rng.random(n) < expit(u)).astype(int)
    m = (rng.random(n) < 0.2 + 0.6 * t).astype(int)
    y = (1 + g) * m + u + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "g": g, "y": y})
    answer = found(frame, **BY, design={"kind": "front_door", "mediators": ["m"]})
    assert isinstance(answer.effect, GroupedEffect) and answer.effect.difference_between_groups is not None
    near(answer.effect.groups[0], 0.6, 0.1)
    near(answer.effect.groups[1], 1.2, 0.1)
    near(answer.effect.difference_between_groups, 0.6, 0.12)


def test_the_best_linear_projection_names_what_matters_and_only_that() -> None:
    rng = np.random.default_rng(9)
    n = 3000
    x = rng.standard_normal((n, 5))
    t = (rng.random(n) < expit(0.5 * x[:, 0])).astype(int)
    y = t * (1 + 0.8 * x[:, 2]) + x[:, 0] + rng.standard_normal(n)
    frame = pd.DataFrame(x, columns=list("abcde")).assign(t=t, y=y, g=rng.integers(0, 2, n))
    answer = found(frame, **BY, adjust_for=list("abcde"))
    diagnosis = next(d for d in answer.diagnoses if d.name == "differences_between_rows")
    assert "seems to differ with c (5 columns were looked at)" in diagnosis.finding
    slopes = {r["column"]: (r["per_sd"], r["std_error"]) for r in diagnosis.figures["columns"]}
    assert abs(slopes["c"][0] - 0.8) < 4 * slopes["c"][1] < 0.4
    flat = frame.assign(y=t + x[:, 0] + rng.standard_normal(n))
    quiet = next(
        d for d in found(flat, **BY, adjust_for=list("abcde")).diagnoses if d.name == "differences_between_rows"
    )
    assert quiet.finding.startswith("no sign")


def test_a_causal_forest_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(10)
    n = 1200
    x = rng.standard_normal((n, 3))
    t, g = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = t * (1 + g + 2 * (x[:, 1] > 0)) + x[:, 0] + rng.standard_normal(n)
    frame = pd.DataFrame(x, columns=list("abc")).assign(t=t, g=g, y=y)
    query = {**BY, "adjust_for": ["a", "b", "c", "g"], "method": "causal_forest"}
    if "econml" in sys.modules or _installed("econml"):
        answer = found(frame, **query)
        assert answer.method == "causal_forest" and isinstance(answer.effect, GroupedEffect)
        near(answer.effect.difference_between_groups, 1.0, 0.2)
        figures = next(d for d in answer.diagnoses if d.name == "causal_forest").figures
        assert figures["top_minus_bottom"] - 1.96 * figures["std_error"] > 1.0
        assert abs(figures["calibration"] - 1) < 4 * figures["calibration_std_error"]
        assert figures["autoc"] > 3 * figures["autoc_std_error"]
        assert max(figures["importance"], key=figures["importance"].get) == "b"
        flat = found(frame.assign(y=t + x[:, 0] + rng.standard_normal(n)), **query)
        quiet = next(d for d in flat.diagnoses if d.name == "causal_forest")
        assert quiet.finding.startswith("the forest's ranking does not hold")
    monkeypatch.setitem(sys.modules, "econml.grf", None)
    with pytest.raises(QueryError, match="econml") as caught:
        effect_of_forest(frame, query)
    assert "pyllm-causal[forest]" in caught.value.hint
    with pytest.raises(QueryError, match="200 rows"):
        effect_of_forest(frame.head(100), query)


def effect_of_forest(frame: pd.DataFrame, query: dict[str, Any]) -> Any:
    return found(frame, **query)


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _said(first: float, second: float, unit: str = "") -> str:
    from pyllm_causal.analysis import Effect, GroupEffect
    from pyllm_causal.causal.group_words import told
    from pyllm_causal.causal.groups import Groups

    def of(value: float) -> dict[str, object]:
        return {"value": value, "low": value - 0.04, "high": value + 0.04, "std_error": 0.02, "unit": unit}

    texts = ("age up to 36", "age over 36 up to 50", "age over 50")
    groups = Groups(np.zeros(3, dtype="int64"), ("lowest", "middle", "highest"), texts, (0, 2), cut=True)
    effects = [
        GroupEffect.model_validate({**of(v), "group": g, "rows": 50})
        for g, v in zip(groups.labels, (first, 0.5, second), strict=True)
    ]
    gap = Effect.model_validate(of(second - first))
    return " ".join(told("c", "y", groups, effects, gap, Effect.model_validate(of(0.1)), 0.01).size)


def test_two_falls_are_compared_as_falls() -> None:
    text = _said(-0.27, -0.15, "probability")
    assert "The fall is 12 in 100 smaller where age is over 50 than where age is up to 36" in text
    assert "(somewhere between 8 and 16 in 100 smaller)" in text
    assert "The fall is 12 in 100 larger" in _said(-0.15, -0.27, "probability")
    assert "The rise is 0.12 kg larger" in _said(0.15, 0.27, "kg")
    text = _said(0.18, 0.15, "kg")
    assert "The rise is 0.030 kg smaller" in text and "(somewhere between 0.070 kg smaller and 0.010 kg larger)" in text


def test_effects_that_may_point_either_way_are_neither_rises_nor_falls() -> None:
    text = _said(-0.15, 0.15, "kg")
    assert "The effect is 0.30 kg higher where age is over 50 than where age is up to 36" in text
    assert "The effect is 0.08 kg lower" in _said(0.11, 0.03, "kg").replace("0.080", "0.08")


def test_thirds_are_listed_by_size() -> None:
    text = _said(0.1, 0.3)
    assert text.index("age up to 36:") < text.index("age over 36 up to 50:") < text.index("age over 50:")


def test_how_sure_is_about_the_difference() -> None:
    answer = found(world(n=1000, gap=0.0, seed=11), **{**BY, "adjust_for": ["x"]})
    assert isinstance(answer.effect, GroupedEffect)
    assert answer.plain == answer.effect.difference_between_groups
    assert all("difference" in r.question for r in answer.refutations if r.check == "hidden_cause")


def test_from_query_to_text() -> None:
    answer = causal.analyse({**BY, "adjust_for": ["x"]}, world(n=1000, gap=0.0, seed=11))
    assert answer.headline.startswith(  # the margin of the difference is wide, whatever the effect on everyone is
        "We can't tell whether the effect of having t = 1 rather than 0 on y differs between g = 0 and g = 1"
    )
    assert answer.certainty is not None and any("margin is wide" in s for s in answer.certainty.down)
    text = " ".join(answer.text.split())
    assert "For everyone: y" in text and "g = 0: " in text and "That margin includes no difference at all." in text
    dumped = answer.model_dump(mode="json")["effect"]
    assert {"groups", "difference_between_groups", "low"} <= set(dumped) and dumped["groups"][0]["rows"] > 0


def test_groups_of_a_dose_with_decimals_and_ten_rows_an_arm() -> None:
    """The means of ToothGrowth (Crampton 1947; R's `datasets`): 5.25 at 0.5 and -0.08 at 2, ten animals a cell."""
    means = {
        ("OJ", 0.5): 13.23,
        ("VC", 0.5): 7.98,
        ("OJ", 1.0): 22.70,
        ("VC", 1.0): 16.77,
        ("OJ", 2.0): 26.06,
        ("VC", 2.0): 26.14,
    }
    step = np.linspace(-4, 4, 10)
    rows = [(s, d, m + e) for (s, d), m in means.items() for e in step]
    frame = pd.DataFrame(rows, columns=["supp", "dose", "len"])
    asked = {
        "kind": "effect_by_group", "treatment": "supp", "outcome": "len", "treated": "OJ", "control": "VC",
        "by": "dose", "by_levels": [0.5, 2.0], "design": {"kind": "randomised"},
    }  # fmt: skip
    answer = causal.analyse(asked, frame)
    assert isinstance(answer.effect, GroupedEffect) and answer.effect.difference_between_groups is not None
    assert [g.group for g in answer.effect.groups] == [0.5, 1, 2]
    assert answer.effect.difference_between_groups.value == pytest.approx(-0.08 - 5.25)
    assert any(d.name == "groups" and d.status == "warning" for d in answer.diagnostics)


def test_the_column_of_the_groups_need_not_be_listed_as_adjusted_for() -> None:
    frame = world(n=1500, levels=("a", "b"))
    graph = {"edges": [["x", "t"], ["x", "y"], ["g", "t"], ["g", "y"], ["t", "y"]]}
    listed = effect_of(frame, **BY, adjust_for=["x", "g"], graph=graph)
    assert effect_of(frame, **BY, adjust_for=["x"], graph=graph) == listed


def test_time_to_event_by_group() -> None:
    """The rate is multiplied by e^-0.6 in one group and left alone in the other."""
    rng = np.random.default_rng(1)
    n = 3000
    arm, sex = rng.integers(0, 2, (2, n))
    time, leaving = rng.exponential(10 * np.exp(0.6 * arm * sex), n), rng.exponential(20, n)
    frame = pd.DataFrame(
        {"arm": arm, "sex": sex, "days": np.minimum(time, leaving), "died": (time <= leaving).astype(int)}
    )
    asked = {
        "kind": "effect_by_group", "by": "sex", "treatment": "arm", "outcome": "days", "event": "died",
        "scale": "hazard_ratio", **TRIAL,
    }  # fmt: skip
    found = causal.analyse(asked, frame).effect
    assert isinstance(found, GroupedEffect) and found.difference_between_groups is not None
    for effect, truth in (
        *zip(found.groups, (1.0, np.exp(-0.6)), strict=True),
        (found.difference_between_groups, np.exp(-0.6)),
    ):
        assert effect.std_error is not None and effect.std_error < 0.15
        assert abs(np.log(effect.value / truth)) < 4 * effect.std_error
