"""Difference-in-differences: published values, known truth, refusals and bad input.

The published studies are checked on copies that hold exactly the sizes, means and (co)variances of the originals: estimate and
error depend on nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal import did_models as models
from pyllm_causal.causal import fixed_effects as fe
from pyllm_causal.causal.designs import Finding, Task, named
from pyllm_causal.causal.designs.differences import differences, quick
from pyllm_causal.causal.group_time import Data, average, group_time
from pyllm_causal.causal.pre_trends import event_study, pre_test
from pyllm_causal.causal.wild_bootstrap import wild_interval
from pyllm_causal.data import Table
from pyllm_causal.errors import CausalError, GraphError, QueryError
from pyllm_causal.query import Query

HERE = Path(__file__).parent


def task(frame: pd.DataFrame, treatment: str = "on", outcome: str = "y", design: Any = None, **more: Any) -> Task:
    query = {
        "treatment": treatment,
        "outcome": outcome,
        "design": {"kind": "differences", "time": "t", **(design or {})},
    }
    return Task(Query.model_validate({**query, **more}), Table.read(frame))


def found(frame: pd.DataFrame, treatment: str = "on", outcome: str = "y", design: Any = None, **more: Any) -> Finding:
    answer = differences(task(frame, treatment, outcome, design, **more))
    assert isinstance(answer, Finding), answer
    return answer


def refused(frame: pd.DataFrame, treatment: str = "on", design: Any = None, **more: Any) -> NotIdentified:
    answer = differences(task(frame, treatment, "y", design, **more))
    assert isinstance(answer, NotIdentified)
    assert answer.would_help
    return answer


def exactly(rng: np.random.Generator, n: int, mean: Any, covariance: Any) -> Any:
    """(n, k) draws whose sample mean and covariance are exactly these."""
    z = rng.standard_normal((n, len(mean)))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(n - 1)
    return np.asarray(mean) + z @ np.linalg.cholesky(np.asarray(covariance)).T


def cells(numbers: dict[tuple[int, int], tuple[int, float, float]]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"g": g, "t": t, "y": exactly(rng, n, [mean], [[sd**2]])[:, 0]})
        for (g, t), (n, mean, sd) in numbers.items()
    ]
    return pd.concat(parts, ignore_index=True)


# n, mean and standard deviation of every cell, computed from the published tables
STUDIES = {
    # Meyer, Viscusi & Durbin 1995; Wooldridge, Introductory Econometrics, example 13.4: .191 (.069)
    "injury": ({(0, 0): (1705, 1.1256154, 1.2230902), (0, 1): (1527, 1.1332727, 1.2731297),
                (1, 0): (1233, 1.3820939, 1.2989001), (1, 1): (1161, 1.5803525, 1.2981575)}, 0.191, 0.069, 0.0005),
    # Kiel & McClain 1995; Wooldridge, table 13.2, column 1: −11,863.90 (7,456.65)
    "kielmc": ({(0, 0): (123, 82517.2276423, 20831.0995703), (0, 1): (102, 101307.5135953, 29741.1184101),
                (1, 0): (56, 63692.8571429, 42722.0269231), (1, 1): (40, 70619.2398438, 34816.7953098)}, -11863.90, 7456.65, 0.01),
    # Card & Krueger 1994, table 3: 2.76 (1.36); 2.754 in Hill, Griffiths & Lim, Principles of Econometrics, section 7.5
    "card and krueger": ({(0, 0): (77, 23.3311688, 11.8562831), (0, 1): (77, 21.1655844, 8.276732),
                          (1, 0): (321, 20.4394081, 9.1062391), (1, 1): (319, 21.0274295, 9.2930238)}, 2.754, 1.36, 0.0005),
}  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_published_two_by_two(name: str) -> None:
    numbers, value, error, tolerance = STUDIES[name]
    answer = found(cells(numbers), "g", design={"group": "g"})
    assert answer.method == "regression"
    assert answer.effect.value == pytest.approx(value, abs=tolerance)
    assert answer.effect.std_error is not None and 0.6 <= answer.effect.std_error / error <= 1.7
    # Welch's error of the four means, with the factor n/(n − 4) of HC1
    n = sum(size for size, _, _ in numbers.values())
    robust = np.sqrt(n / (n - 4) * sum(sd**2 * (size - 1) / size**2 for size, _, sd in numbers.values()))
    assert answer.effect.std_error == pytest.approx(robust, rel=1e-6)


@pytest.fixture(scope="module")
def mpdta() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    parts, first = [], 0
    for start, m in json.loads((HERE / "mpdta_moments.json").read_text())["cohorts"].items():
        values = exactly(rng, m["units"], m["mean"], m["covariance"])
        i, t = np.meshgrid(np.arange(m["units"]) + first, np.arange(2003, 2008), indexing="ij")
        parts.append(pd.DataFrame({"county": i.ravel(), "t": t.ravel(), "first": int(start), "y": values.ravel()}))
        first += m["units"]
    frame = pd.concat(parts, ignore_index=True)
    frame["on"] = ((frame["first"] > 0) & (frame["t"] >= frame["first"])).astype(int)
    return frame


def test_published_staggered_minimum_wages(mpdta: pd.DataFrame) -> None:
    """Callaway & Sant'Anna 2021 and the `did` vignette: simple −0.0400 (0.0117 to 0.0123, by bootstrap), group-time effects
    as printed there; two-way fixed effects −0.0365 (Callaway & Sant'Anna, section 5)."""
    answer = found(mpdta, design={"unit": "county", "first_treated": "first"})
    assert answer.method == "group_time"
    assert answer.effect.value == pytest.approx(-0.0400, abs=0.00005 + 1e-6)
    assert answer.effect.std_error == pytest.approx(0.0120, abs=0.0004)
    printed = {
        ("2004", "2004"): -0.0105, ("2004", "2005"): -0.0704, ("2004", "2006"): -0.1373, ("2004", "2007"): -0.1008,
        ("2006", "2006"): -0.0046, ("2006", "2007"): -0.0412, ("2007", "2007"): -0.0261,
    }  # fmt: skip
    table = next(d for d in answer.diagnoses if d.name == "group_time").figures["cells"]
    assert {(c["start"], c["period"]): round(c["effect"], 4) for c in table} == pytest.approx(printed, abs=1.01e-4)
    others = {e.method: e for e in answer.others}
    assert others["two_way"].effect.value == pytest.approx(-0.0365, abs=0.00006)
    assert "backwards" in others["two_way"].notes[0]
    assert found(mpdta, design={"unit": "county"}).effect.value == pytest.approx(answer.effect.value)
    trends = next(r for r in answer.refutations if r.check == "pre_trends")
    assert trends.verdict != "failed"


# ---- the four ways of giving it --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_waves() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    unit, t = np.repeat(np.arange(80), 4), np.tile(np.arange(4), 80)
    g = (unit < 30).astype(int)
    frame = pd.DataFrame({"unit": unit, "t": t, "g": g, "on": g * (t >= 2)})
    frame["first"] = np.where(g == 1, 2, 0)
    frame["place"] = np.where(g == 1, "north", "south")
    frame["y"] = rng.standard_normal(80)[unit] + 0.5 * t + 2 * frame["on"] + 0.5 * rng.standard_normal(320)
    return frame


def test_the_four_ways_give_one_answer(two_waves: pd.DataFrame) -> None:
    late = two_waves.assign(after=(two_waves["t"] >= 2).astype(int))
    ways = [
        found(late, "g", design={"time": "after", "group": "g"}),
        found(two_waves, "place", design={"group": "place", "treated_group": "north", "start": 2}),
        found(two_waves, "on", design={"unit": "unit", "first_treated": "first"}),
        found(two_waves, "on", design={"unit": "unit"}),
    ]
    values = [w.effect.value for w in ways]
    assert values == pytest.approx([values[0]] * 4)
    assert values[0] == pytest.approx(2.0, abs=0.3)
    # rows of a group are independent, rows of a unit are not
    assert any("independent" in s for s in ways[1].rests) and any("same unit" in s for s in ways[3].rests)


def test_a_regression_of_units_is_two_way_fixed_effects_clustered_by_unit(two_waves: pd.DataFrame) -> None:
    import statsmodels.api as sm

    answer = found(two_waves, design={"unit": "unit"})
    dummies = pd.get_dummies(two_waves[["unit", "t"]].astype(str), drop_first=True).astype(float)
    x = sm.add_constant(pd.concat([two_waves["on"].astype(float), dummies], axis=1))
    fit = sm.OLS(two_waves["y"], x).fit()
    assert answer.effect.value == pytest.approx(fit.params["on"], rel=1e-9)
    d = two_waves["on"].astype(float)
    d_in = d - sm.OLS(d, x.drop(columns="on")).fit().fittedvalues
    scores = np.bincount(two_waves["unit"], weights=d_in * fit.resid)
    own = next(o for o in answer.others if o.method == "group_time")
    assert own.effect.value != answer.effect.value
    saturated = models.regression(_treated(two_waves))
    assert saturated.value == pytest.approx(fit.params["on"])  # balanced: the average over treated periods is the same
    plain = models.two_way(_treated(two_waves))
    # the effects of 4 periods are not nested in units: 1 slope + 4 levels
    factor = 80 / 79 * 319 / (320 - 5)
    assert plain.error == pytest.approx(np.sqrt(factor * (scores**2).sum()) / (d_in @ d_in), rel=1e-9)


def _treated(frame: pd.DataFrame) -> models.Treated:
    start = np.where(frame["g"] == 1, 2, 4)
    return models.Treated(
        frame["y"].to_numpy(), frame["t"].to_numpy(), start, frame["on"].to_numpy() == 1, frame["unit"].to_numpy(),
        np.zeros((len(frame), 0)), np.ones(len(frame)), True, frame["unit"].to_numpy(), 4,
    )  # fmt: skip


TIMES: dict[str, list[Any]] = {
    "bool": [False, True],
    "float": [1.5, 2.5],
    "words": ["before", "after"],
    "quarters": ["Q42010", "Q12011"],
    "months": ["December 2010", "January 2011"],
    "dates": ["2010-12-01", "2011-01-01"],
    "waves": ["wave 9", "wave 10"],
    "stamps": list(pd.to_datetime(["2010-12-01", "2011-01-01"])),
}


@pytest.mark.parametrize("name", TIMES)
def test_time_in_any_form_keeps_its_order(name: str) -> None:
    frame = cells({(g, t): (30, 5 + 2 * g + t + 4 * g * t, 1.0) for g in (0, 1) for t in (0, 1)})
    frame["when"] = pd.Series([TIMES[name][t] for t in frame["t"]])
    answer = found(frame, "g", design={"time": "when", "group": "g"})
    assert answer.effect.value == pytest.approx(4.0)


def test_an_order_nobody_can_know_is_asked_for() -> None:
    frame = cells({(g, t): (30, 1.0 + g, 1.0) for g in (0, 1) for t in (0, 1)})
    frame["when"] = np.where(frame["t"] == 1, "zig", "zag")
    with pytest.raises(QueryError, match="Which comes first"):
        differences(task(frame, "g", design={"time": "when", "group": "g"}))


def test_start_dates_may_be_dates() -> None:
    frame = staggered(units=90)
    usual = found(frame, design={"unit": "unit"})
    days = pd.date_range("2010-01-01", periods=8, freq="MS")
    first = np.resize(np.array([2, 5, 99]), 90)[frame["unit"]]
    for text in (False, True):
        dated = frame.assign(when=days[frame["t"]], first=[days[f] if f < 8 else pd.NaT for f in first])
        if text:
            dated["when"] = dated["when"].dt.strftime("%b %Y")
            dated["first"] = dated["first"].dt.strftime("%B %Y").fillna("never")
        answer = found(dated, design={"time": "when", "unit": "unit", "first_treated": "first"})
        assert answer.effect.value == pytest.approx(usual.effect.value)
        assert answer.effect.std_error == pytest.approx(usual.effect.std_error)


@pytest.mark.parametrize("start", ["2010-06-01", "2010-05", 2011])
def test_a_start_may_lie_between_two_dates(start: Any) -> None:
    rng = np.random.default_rng(0)
    days = np.array(["2010-01-01", "2010-04-01", "2011-01-01", "2011-06-01"])
    g, t = np.repeat([0, 1], 200), np.tile(np.arange(4), 100)
    frame = pd.DataFrame({"g": g, "when": days[t], "y": rng.standard_normal(400) + 3 * g * (t >= 2)})
    answer = found(frame, "g", design={"time": "when", "group": "g", "start": start})
    assert answer.effect.value == pytest.approx(3.0, abs=0.8)
    assert any("2011-01-01 on" in s for s in answer.rests)


# ---- contrasts × treatment types × outcomes ---------------------------------------------------------------------------

TREATMENTS: dict[str, tuple[Any, Any, Any]] = {
    "bool": (False, True, bool),
    "int": (0, 1, "int64"),
    "ten": (0, 10, "int64"),
    "float": (0.0, 1.0, "float64"),
    "yes": ("no", "yes", object),
    "named": ("old rule", "new rule", object),
    "category": ("a", "b", "category"),
}


@pytest.mark.parametrize("kind", TREATMENTS)
@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
@pytest.mark.parametrize("turned", [False, True])
def test_truth_table(kind: str, outcome: str, turned: bool) -> None:
    off, on, dtype = TREATMENTS[kind]
    rng = np.random.default_rng(5)
    n = 4000
    g, t = rng.integers(0, 2, n), rng.integers(0, 2, n)
    base = 0.3 + 0.2 * g + 0.1 * t + 0.25 * g * t
    values = {
        "number": (10 * base + rng.standard_normal(n), 2.5),
        "yes_no": ((rng.random(n) < base).astype(int), 0.25),
        "count": (rng.poisson(8 * base), 2.0),
    }
    y, truth = values[outcome]
    frame = pd.DataFrame({"the group": g, "t": t, "out come é": y})
    frame["Ünder treatment"] = pd.Series([on if v else off for v in g * t], dtype=object).astype(dtype)
    frame.loc[::97, "out come é"] = np.nan
    pair = {"treated": off, "control": on} if turned else {"treated": on, "control": off}
    answer = found(
        frame, "Ünder treatment", "out come é", {"group": "the group"}, **pair, target="treated"
    )  # fmt: skip
    assert answer.effect.std_error is not None
    wanted = -truth if turned else truth
    assert abs(answer.effect.value - wanted) < 3.5 * answer.effect.std_error < 1.5 * truth
    assert answer.sample.dropped[0].rows == len(range(0, n, 97))
    assert not answer.sentences
    if outcome == "yes_no":
        assert answer.effect.unit == "probability"


@pytest.mark.parametrize("turned", [False, True])
def test_two_named_groups(turned: bool) -> None:
    frame = cells({(g, t): (40, 5 + 2 * g + t + 4 * g * t, 1.0) for g in (0, 1) for t in (0, 1)})
    third = cells({(0, 0): (40, 90.0, 1.0), (0, 1): (40, 20.0, 1.0)})
    frame["state"] = np.where(frame["g"] == 1, "NJ", "PA")
    frame = pd.concat([frame, third.assign(state="NY")], ignore_index=True)
    pair = {"treated": "PA", "control": "NJ"} if turned else {"treated": "NJ", "control": "PA"}
    answer = found(frame, "state", design={"group": "state", "treated_group": "NJ", "start": 1}, **pair)
    assert answer.effect.value == pytest.approx(-4.0 if turned else 4.0)
    assert answer.sample.used == 160
    all_others = found(frame, "state", design={"group": "state", "treated_group": "NJ", "start": 1})
    assert all_others.sample.used == 240 and all_others.effect.value > 20


def test_scales() -> None:
    frame = cells({(0, 0): (50, 8.0, 1.0), (0, 1): (50, 10.0, 1.0), (1, 0): (50, 10.0, 1.0), (1, 1): (50, 18.0, 1.0)})
    for scale, value in (("ratio", 1.5), ("percent", 50.0), ("rate_ratio", 1.5)):
        answer = found(frame, "g", design={"group": "g"}, scale=scale)
        assert answer.effect.value == pytest.approx(value)
        assert answer.plain.value == pytest.approx(6.0)
        # log(18/12): variance of both logs by the delta method, the four means being independent
        v = (50 / 49) * 49 / 50**2 * 200 / 196
        assert answer.effect.std_error == pytest.approx(np.sqrt(v * ((1 / 18) ** 2 + 3 / 12**2)), rel=0.02)
    with pytest.raises(QueryError, match="odds ratio"):
        found(frame, "g", design={"group": "g"}, scale="odds_ratio")
    with pytest.raises(QueryError, match="negative"):
        found(frame.assign(y=frame["y"] - 9), "g", design={"group": "g"}, scale="percent")


# ---- staggered adoption ----------------------------------------------------------------------------------------------


def staggered(seed: int = 0, units: int = 300, drift: float = 0.0, gain: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = np.resize(np.array([2, 5, 99]), units)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(8), indexing="ij"))
    on = t >= start[i]
    frame = pd.DataFrame({"unit": i, "t": t, "on": on.astype(int), "ever": (start[i] < 99).astype(int)})
    grown = np.where(on, gain * (t - start[i] + 1), 0.0)
    frame["y"] = (
        rng.standard_normal(units)[i] + 0.3 * t + grown + drift * t * frame["ever"] + 0.5 * rng.standard_normal(len(i))
    )
    return frame


def test_effects_that_grow_are_averaged_rightly_where_plain_fixed_effects_fail() -> None:
    answer = found(staggered(), design={"unit": "unit"})
    truth = (sum(range(1, 7)) + sum(range(1, 4))) / 9
    others = {e.method: e.effect for e in answer.others}
    assert answer.effect.std_error is not None
    assert abs(answer.effect.value - truth) < 3 * answer.effect.std_error
    assert abs(others["imputation"].value - truth) < 3 * (others["imputation"].std_error or 0)
    assert abs(others["two_way"].value - truth) > 0.5
    agreement = next(r for r in answer.refutations if r.check == "other_methods")
    assert agreement.verdict == "passed"  # the plain one is shown, and not believed
    asked = found(staggered(), design={"unit": "unit"}, method="two_way")
    assert asked.effect.value == pytest.approx(others["two_way"].value)
    assert asked.doubts and "backwards" in " ".join(asked.sentences)


def test_checks_pass_in_a_sound_world_and_fail_in_a_drifting_one() -> None:
    sound = {r.check: r.verdict for r in found(staggered(), design={"unit": "unit"}).refutations}
    assert sound == {
        "pre_trends": "passed", "placebo_period": "passed", "trend_sensitivity": "passed", "other_methods": "passed",
    }  # fmt: skip
    broken = found(staggered(drift=0.5, gain=0.0), design={"unit": "unit"})
    verdicts = {r.check: r.verdict for r in broken.refutations}
    assert verdicts["pre_trends"] == "failed" and verdicts["placebo_period"] == "failed"
    assert not broken.favours


def test_a_column_that_cannot_change_is_tested() -> None:
    frame = staggered()
    rng = np.random.default_rng(9)
    frame["quiet"], frame["loud"] = rng.standard_normal(len(frame)), rng.standard_normal(len(frame)) + frame["on"]
    answer = found(frame, design={"unit": "unit"}, negative_outcomes=["quiet"])
    assert next(r for r in answer.refutations if r.check == "negative_outcome").verdict == "passed"
    answer = found(frame, design={"unit": "unit"}, negative_outcomes=["loud"])
    assert next(r for r in answer.refutations if r.check == "negative_outcome").verdict == "failed"


def test_without_anyone_never_treated_the_later_are_the_comparison() -> None:
    frame = staggered()
    frame = frame[frame["ever"] == 1]
    answer = found(frame, design={"unit": "unit"})
    # from period 5 on everybody is treated: those rows are left out, and said
    assert any("everyone is treated in 5" in d.reason for d in answer.sample.dropped)
    assert answer.effect.value == pytest.approx(2.0, abs=0.2)  # periods 2 to 4 of the early start: 1, 2, 3


def test_units_treated_from_the_start_are_left_out_and_counted() -> None:
    frame = staggered()
    frame.loc[frame["unit"] % 30 == 2, "on"] = 1
    answer = found(frame, design={"unit": "unit"})
    dropped = next(d for d in answer.sample.dropped if "from the first period on" in d.reason)
    assert dropped.rows == 80 and dropped.reason.startswith("10 unit")


def test_gaps_keep_the_start_date_of_the_others() -> None:
    frame = staggered()
    frame = frame[~((frame["t"] == 2) & (frame["unit"] % 6 == 0))]  # half the early starters are not seen as they begin
    answer = found(frame, design={"unit": "unit"})
    starts = next(d for d in answer.diagnoses if d.name == "event_study").figures["starts"]
    assert starts == ["2", "5"]
    assert any("start date taken from the others" in s for s in answer.rests)


def test_switching_off_again_means_two_way_fixed_effects_and_says_so() -> None:
    frame = staggered(gain=0.0)
    frame["on"] = ((frame["t"] + frame["unit"]) % 4 == 1).astype(int)
    frame["y"] += 1.5 * frame["on"]
    answer = found(frame, design={"unit": "unit"})
    assert answer.method == "two_way" and answer.effect.value == pytest.approx(1.5, abs=0.1)
    assert "two-way fixed effects" in answer.sentences[0] and answer.doubts


def test_a_treatment_that_is_only_switched_off_is_read_the_other_way_round() -> None:
    frame = staggered()
    usual = found(frame, design={"unit": "unit"})
    frame["off"] = np.where(frame["on"] == 1, "closed", "open")
    turned = found(frame, "off", design={"unit": "unit"}, treated="open", control="closed")
    assert turned.effect.value == pytest.approx(-usual.effect.value)
    assert turned.effect.low == pytest.approx(-(usual.effect.high or 0))


def test_everyone_is_told_whom_the_answer_is_about() -> None:
    answer = found(staggered(), design={"unit": "unit"})
    assert "those who were treated" in answer.sentences[0]
    assert answer.estimand.population == "those with on = 1, once treated"


# ---- doubly robust, weights, influence functions ----------------------------------------------------------------------


@pytest.mark.parametrize("unit", [True, False])
def test_errors_of_group_time_effects_are_those_of_the_jackknife(unit: bool) -> None:
    rng = np.random.default_rng(11)
    units = 60
    x = rng.standard_normal(units)
    start = np.where(rng.random(units) < 1 / (1 + np.exp(-x)), 1, 3)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(3), indexing="ij"))
    y = (rng.standard_normal((units, 1)) + x[:, None] * np.arange(3) + rng.standard_normal((units, 3))).ravel()
    w = rng.uniform(0.5, 2, units)[i]

    def att(keep: Any) -> Any:
        data = Data(y[keep], t[keep], start[i[keep]], w[keep], x[i[keep], None], i[keep] if unit else None, 3)
        return average(group_time(data), i[keep])

    whole = att(np.ones(len(i), dtype=bool))
    left = np.array([att(i != u).value for u in range(units)])
    jackknife = np.sqrt((units - 1) / units * ((left - left.mean()) ** 2).sum())
    assert whole.error == pytest.approx(jackknife, rel=0.12)


@pytest.mark.parametrize("wrong", ["outcome", "chance"])
def test_doubly_robust_survives_one_wrong_model(wrong: str) -> None:
    rng = np.random.default_rng(2)
    n = 20_000
    z = rng.standard_normal(n)
    x = z**2 - 1 if wrong == "chance" else z
    chance = 1 / (1 + np.exp(-(0.8 * z if wrong == "outcome" else 0.5 * (z**2 - 1) + 0.5 * np.abs(z))))
    d = rng.random(n) < np.clip(chance, 0.02, 0.98)
    trend = 1.5 * x if wrong == "chance" else 1.5 * np.exp(z / 2)
    y = np.stack([rng.standard_normal(n), trend + 1.0 * d + rng.standard_normal(n)], axis=1)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(2), indexing="ij"))
    start = np.where(d, 1, 2)
    data = Data(y.ravel(), t, start[i], np.ones(2 * n), x[i, None], i, 2)
    att = average(group_time(data), None)
    assert abs(att.value - 1.0) < 4 * att.error < 0.3
    plain = average(group_time(Data(y.ravel(), t, start[i], np.ones(2 * n), np.zeros((2 * n, 0)), i, 2)), None)
    assert abs(plain.value - 1.0) > 0.3


def test_imputation_is_the_regression_of_the_untreated_carried_over() -> None:
    frame = staggered(4, units=45)
    frame = frame[np.random.default_rng(4).random(len(frame)) < 0.9].reset_index(drop=True)
    start = frame.groupby("unit")["t"].transform("min") * 0 + np.resize(np.array([2, 5, 8]), 45)[frame["unit"]]
    data = models.Treated(
        frame["y"].to_numpy(), frame["t"].to_numpy(), start.to_numpy(), frame["on"].to_numpy() == 1,
        frame["unit"].to_numpy(), np.zeros((len(frame), 0)), np.ones(len(frame)), True, frame["unit"].to_numpy(), 8,
    )  # fmt: skip
    dummies = np.hstack([np.eye(45)[data.group], np.eye(8)[data.time][:, 1:]])
    off = ~data.on
    beta = np.linalg.lstsq(dummies[off], data.y[off], rcond=None)[0]
    seen = np.isin(data.group, data.group[off])
    gaps = (data.y - dummies @ beta)[data.on & seen]
    assert models.imputation(data).value == pytest.approx(float(gaps.mean()), rel=1e-9)


def test_sampling_weights_count_rows_as_often_as_they_weigh() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"g": rng.integers(0, 2, 200), "t": rng.integers(0, 2, 200), "w": rng.integers(1, 4, 200)})
    frame["y"] = rng.standard_normal(200) + frame["w"] * frame["g"] * frame["t"]
    weighted = found(frame, "g", design={"group": "g"}, weights="w")
    repeated = found(frame.loc[frame.index.repeat(frame["w"])].reset_index(drop=True), "g", design={"group": "g"})
    assert weighted.effect.value == pytest.approx(repeated.effect.value)


# ---- few clusters ----------------------------------------------------------------------------------------------------


def clustered(states: int, treated: int, seed: int = 0, effect: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    state, t = np.repeat(np.arange(states), 40), np.tile(np.arange(4), states * 10)
    g = (state < treated).astype(int)
    y = rng.standard_normal((states, 4))[state, t] + effect * g * (t >= 2) + rng.standard_normal(len(state))
    return pd.DataFrame({"state": [f"s{s}" for s in state], "g": g, "t": t, "y": y})


def test_few_clusters_are_warned_about_and_bootstrapped() -> None:
    answer = found(clustered(14, 6), "g", design={"group": "g", "start": 2}, cluster="state")
    warning = next(d for d in answer.diagnoses if d.name == "clusters")
    assert warning.status == "warning" and "wild cluster bootstrap" in warning.finding
    assert answer.effect.low is not None and answer.effect.high is not None and answer.effect.std_error is not None
    below, above = answer.effect.value - answer.effect.low, answer.effect.high - answer.effect.value
    assert below != pytest.approx(above, rel=1e-3)  # a bootstrap interval is not symmetric
    assert 0.7 < (below + above) / (2 * 2.16 * answer.effect.std_error) < 1.6
    again = found(clustered(14, 6), "g", design={"group": "g", "start": 2}, cluster="state")
    assert again.effect == answer.effect


@pytest.mark.parametrize("groups", [13, 9])
def test_the_wild_bootstrap_is_the_one_done_row_by_row(groups: int) -> None:
    """Every draw built as outcomes and fitted anew, with the null imposed, as Cameron, Gelbach & Miller (2008) write it."""
    rng = np.random.default_rng(6)
    cluster = np.resize(np.repeat(np.arange(groups), 9), 117)
    z = np.column_stack([np.ones(117), rng.standard_normal((117, 2))])
    x = rng.standard_normal(117) + rng.standard_normal(groups)[cluster]
    y = 0.4 * x + z[:, 1] + rng.standard_normal(groups)[cluster] + rng.standard_normal(117)

    def statistic(outcome: Any, null: float) -> float:
        design = np.column_stack([x, z])
        inverse = np.linalg.inv(design.T @ design)
        beta = inverse @ design.T @ outcome
        scores = design * (outcome - design @ beta)[:, None]
        sums = np.stack([scores[cluster == g].sum(axis=0) for g in range(groups)])
        return float((beta[0] - null) / np.sqrt((inverse @ sums.T @ sums @ inverse)[0, 0]))

    null = 0.0
    gamma = np.linalg.lstsq(z, y - null * x, rcond=None)[0]
    rest = y - null * x - z @ gamma
    webb = [s * np.sqrt(v) for s in (-1, 1) for v in (0.5, 1.0, 1.5)]  # six points below 12 clusters
    signs = np.random.default_rng(77).choice(np.array([-1.0, 1.0] if groups > 11 else webb), size=(399, groups))
    draws = np.array([statistic(null * x + z @ gamma + v[cluster] * rest, null) for v in signs])
    p_value = float(np.mean(np.abs(draws) >= abs(statistic(y, null)) * (1 - 1e-9)))
    fast = wild_interval(y, x, z, np.ones(117), cluster, np.random.default_rng(77), draws=399)
    assert fast.p_value == pytest.approx(p_value, abs=1e-12)
    assert fast.low is not None and fast.high is not None
    assert (fast.low <= 0 <= fast.high) == (p_value > 0.05)


def test_clusters_across_the_groups_and_too_few_to_bound() -> None:
    rng = np.random.default_rng(0)
    frame = clustered(10, 5)
    frame["shop"] = rng.integers(0, 8, len(frame))  # every shop in both groups
    answer = found(frame, "g", design={"group": "g", "start": 2}, cluster="shop")
    assert "bootstrap" in next(d for d in answer.diagnoses if d.name == "clusters").finding
    exact = wild_interval(np.arange(8.0), np.arange(8.0), np.ones((8, 1)), np.ones(8), np.arange(8), rng)
    assert exact.low is None and exact.high is None and exact.p_value == 0.0


def test_leaving_one_start_date_out_finds_the_one_that_carries_the_answer() -> None:
    rng = np.random.default_rng(0)
    start = np.resize(np.array([2, 3, 4, 99]), 120)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(120), np.arange(6), indexing="ij"))
    on = t >= start[i]
    y = rng.standard_normal(120)[i] + 6 * (on & (start[i] == 2)) + 0.3 * rng.standard_normal(720)
    frame = pd.DataFrame({"unit": i, "t": t, "on": on.astype(int), "y": y})
    check = next(r for r in found(frame, design={"unit": "unit"}).refutations if r.check == "leave_one_out")
    assert check.verdict == "inconclusive" and "(2)" in check.observed


def test_one_state_against_the_others_is_said_in_words() -> None:
    frame = clustered(20, 1, effect=5.0).groupby(["state", "t"], as_index=False)["y"].mean()
    answer = found(frame, "state", design={"group": "state", "treated_group": "s0", "start": 2})
    assert answer.cause_words == "having state = s0 rather than another state"
    text = " ".join((*(answer.size or ()), *answer.rests, *(d.finding for d in answer.diagnoses)))
    assert "with state = s0 than elsewhere" in text and "state = others" not in text
    assert "only 1 unit (state) on one side" in text and "Treated units (state): 1 from t = 2 on" in text


def test_one_treated_state_is_compared_with_whole_states() -> None:
    """The interval is that of one number against 19 with a pooled spread, as if nothing but states had been drawn."""
    frame = clustered(20, 1, effect=5.0)
    answer = found(frame, "g", design={"group": "g", "start": 2}, cluster="state")
    means = frame.assign(after=frame["t"] >= 2).groupby(["state", "after"])["y"].mean().unstack()
    change = means[True] - means[False]
    others = change.drop("s0")
    assert answer.effect.value == pytest.approx(change["s0"] - others.mean())
    assert answer.effect.std_error == pytest.approx(others.std(ddof=1) * np.sqrt(1 + 1 / 19))
    assert next(d for d in answer.diagnoses if d.name == "clusters").status == "warning"


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_refusals_name_their_reason(two_waves: pd.DataFrame) -> None:
    frame = cells({(g, t): (30, 1.0 + g, 1.0) for g in (0, 1) for t in (0, 1)})
    group = {"group": "g"}
    assert refused(frame[frame["t"] == 1], "g", group).code == "no_pre_period"
    assert refused(frame[frame["g"] == 1], "g", group).code == "no_comparison"
    assert refused(frame[(frame["g"] == 1) | (frame["t"] == 1)], "g", group).code == "no_comparison"
    assert refused(frame[(frame["g"] == 0) | (frame["t"] == 1)], "g", group).code == "no_pre_period"
    assert refused(frame.assign(y=1.0), "g", group).code == "constant_outcome"
    assert refused(frame.assign(c=1), "g", group, cluster="c").code == "one_cluster"
    assert refused(frame.assign(c=frame["g"]), "g", group, cluster="c").code == "one_cluster"
    by_place = {"group": "place", "treated_group": "north"}
    assert refused(two_waves, "place", {**by_place, "start": 0}).code == "no_pre_period"
    assert refused(two_waves, "place", {**by_place, "start": 9}).code == "no_post_period"
    always = two_waves.assign(on=two_waves["g"])
    assert refused(always, "on", {"unit": "unit"}).code == "no_pre_period"
    assert refused(two_waves[two_waves["g"] == 1], "on", {"unit": "unit"}).code == "no_comparison"
    assert refused(two_waves.assign(on=0), "on", {"unit": "unit"}).code == "constant_treatment"
    together = two_waves.assign(on=(two_waves["t"] >= 2).astype(int))
    assert refused(together, "on", {"unit": "unit"}).code == "no_comparison"


def test_the_graph_can_rule_it_out(two_waves: pd.DataFrame) -> None:
    design = {"unit": "unit"}
    hidden = {"edges": [["on", "y"]], "unmeasured": [{"name": "soil", "affects": ["on", "y"]}]}
    assert found(two_waves, design=design, graph=hidden).effect.value == pytest.approx(2.0, abs=0.3)
    assert refused(two_waves, design=design, graph={"edges": [["y", "on"]]}).code == "reversed"
    chosen = {"edges": [["on", "y"], ["y", "place"]]}
    assert refused(two_waves, design=design, graph=chosen, selected_on=["place"]).code == "selected_on_collider"
    with pytest.raises(GraphError, match="after on"):
        differences(
            task(two_waves, design=design, graph={"edges": [["on", "place"], ["place", "y"]]}, adjust_for=["place"])
        )


def test_a_covariate_that_decides_who_is_treated_is_refused() -> None:
    frame = cells({(g, t): (40, 1.0 + g, 1.0) for g in (0, 1) for t in (0, 1)})
    twin = refused(frame.assign(twin=frame["g"] * frame["t"]), "g", {"group": "g"}, adjust_for=["twin"])
    assert twin.code == "no_comparison" and "held fixed" in twin.reason
    frame["nearly"] = frame["g"] + 0.01 * np.random.default_rng(0).standard_normal(160)
    asked = found(frame, "g", design={"group": "g"}, adjust_for=["nearly"], method="group_time")
    assert next(d for d in asked.diagnoses if d.name == "overlap").status == "warning"


def test_covariates_come_from_the_graph() -> None:
    rng = np.random.default_rng(0)
    frame = cells({(g, t): (60, 1.0 + g, 1.0) for g in (0, 1) for t in (0, 1)})
    frame["x"] = rng.standard_normal(240)
    graph = {"edges": [["x", "g"], ["x", "y"], ["t", "y"], ["g", "y"]]}
    assert found(frame, "g", design={"group": "g"}, graph=graph).estimand.adjust_for == ("x",)


BAD: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("g", {"group": "g"}, {}, "4 different values"),
    ("place", {"group": "place"}, {}, "treated group"),
    ("place", {"group": "place", "treated_group": "east", "start": 2}, {}, "east"),
    ("place", {"group": "place", "treated_group": "north", "start": "soon"}, {}, "soon"),
    ("on", {"first_treated": "first"}, {}, "needs `unit`"),
    ("y2", {"unit": "unit"}, {}, "amounts"),
    ("on", {"unit": "unit"}, {"method": "magic"}, "magic"),
    ("on", {"unit": "unit"}, {"target": "compliers"}, "instrument"),
    ("on", {"unit": "unit"}, {"adjust_for": ["y"]}, "outcome"),
    ("on", {"unit": "nobody"}, {}, "nobody"),
    ("on", {"unit": "unit", "first_treated": "t"}, {}, "not the same in all rows"),
    ("noise", {"unit": "unit", "first_treated": "first"}, {}, "disagrees"),
]


@pytest.mark.parametrize(("treatment", "design", "more", "says"), BAD)
def test_bad_requests_say_what_to_do(
    two_waves: pd.DataFrame, treatment: str, design: Any, more: Any, says: str
) -> None:
    rng = np.random.default_rng(0)
    frame = two_waves.assign(y2=rng.standard_normal(320), noise=rng.integers(0, 2, 320))
    with pytest.raises(CausalError, match=says) as error:
        differences(task(frame, treatment, design=design, **more))
    assert error.value.hint


def test_too_few_rows_and_empty_filters(two_waves: pd.DataFrame) -> None:
    assert refused(two_waves.head(3), design={"unit": "unit"}).code == "too_few_rows"
    four = cells({(g, t): (2, 1.0 + g, 1.0) for g in (0, 1) for t in (0, 1)}).iloc[[0, 2, 4, 6]]
    answer = found(four, "g", design={"group": "g"})
    assert answer.effect.unbounded and answer.effect.low is None


def test_quick_is_the_headline(two_waves: pd.DataFrame) -> None:
    asked = task(two_waves, design={"unit": "unit"})
    whole = differences(asked)
    assert isinstance(whole, Finding) and quick(asked) == whole.effect
    assert named("differences").methods == ("regression", "group_time", "imputation", "two_way")


def test_the_joint_test_of_earlier_periods_keeps_its_size() -> None:
    """Uniform p-values under parallel trends: at 5 % about 5 in 100 of 300 tables (99.9 % of chance: up to 10)."""
    wrong = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        start = np.resize(np.array([4, 6]), 40)
        i, t = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(6), indexing="ij"))
        y = (rng.standard_normal((40, 1)) + np.cumsum(rng.standard_normal((40, 6)), axis=1)).ravel()
        data = Data(y, t, start[i], np.ones(240), np.zeros((240, 0)), i, 6)
        study = event_study(group_time(data, before=True), None)
        assert study is not None
        test = pre_test(study)
        assert test is not None and test.periods == 3
        wrong += test.p_value < 0.05
    assert 3 <= wrong <= 30


def test_absorbing_two_sets_is_exact_when_rows_are_missing() -> None:
    rng = np.random.default_rng(1)
    a, b, w = rng.integers(0, 30, 400), rng.integers(0, 9, 400), rng.uniform(0.2, 3, 400)
    z = rng.standard_normal((400, 3))
    dummies = np.hstack([np.eye(30)[a], np.eye(9)[b]]) * np.sqrt(w)[:, None]
    left = z * np.sqrt(w)[:, None]
    left = left - dummies @ np.linalg.lstsq(dummies, left, rcond=None)[0]
    assert fe.Absorber((a, b), w).residual(z) == pytest.approx(left / np.sqrt(w)[:, None], abs=1e-10)
