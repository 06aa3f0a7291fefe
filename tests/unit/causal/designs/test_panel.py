"""Fixed effects: published values, agreement with pyfixest and linearmodels, known truth, refusals and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal import fixed_effects as fe
from pyllm_causal.causal.designs import Finding, Task, named
from pyllm_causal.causal.designs.panel import panel, quick
from pyllm_causal.data import Table
from pyllm_causal.errors import CausalError, GraphError
from pyllm_causal.query import Query
from tests.unit.causal.designs.fixed_effects_reference import table

REFERENCE = json.loads((Path(__file__).parent / "fixed_effects.json").read_text())["fits"]


def task(frame: pd.DataFrame, treatment: str = "d", outcome: str = "y", **more: Any) -> Task:
    unit, time = more.pop("unit", "unit"), more.pop("time", "time")
    query = {
        "treatment": treatment,
        "outcome": outcome,
        "design": {"kind": "panel", "unit": unit, "time": time},
        **more,
    }
    return Task(Query.model_validate(query), Table.read(frame))


def found(frame: pd.DataFrame, treatment: str = "d", outcome: str = "y", **more: Any) -> Finding:
    answer = panel(task(frame, treatment, outcome, **more))
    assert isinstance(answer, Finding), answer
    return answer


def refused(frame: pd.DataFrame, treatment: str = "d", outcome: str = "y", **more: Any) -> NotIdentified:
    answer = panel(task(frame, treatment, outcome, **more))
    assert isinstance(answer, NotIdentified) and answer.would_help
    return answer


# ---- agreement with other libraries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", REFERENCE, ids=lambda f: f"{f['effects'] or 'none'}, {f['weights']}, {f['errors']}")
def test_standard_errors_equal_pyfixest(fit: dict[str, Any]) -> None:
    """Robust, clustered and two-way clustered, weighted and not, to 1e-6."""
    frame = table()
    effects = tuple(frame[e].to_numpy() for e in fit["effects"].split(" + ") if e)
    weights = frame[fit["weights"]].to_numpy() if fit["weights"] else None
    mine = fe.fit(frame["y"].to_numpy(), frame[["d", "x"]].to_numpy(), effects, weights)
    clusters = () if fit["errors"] == "hetero" else tuple(frame[c].to_numpy() for c in fit["errors"].split(" + "))
    assert mine.beta == pytest.approx(fit["coef"], rel=1e-6)
    assert np.sqrt(np.diag(mine.covariance(*clusters))) == pytest.approx(fit["se"], rel=1e-6)


def test_the_headline_is_that_fit() -> None:
    def reference(**wanted: Any) -> dict[str, Any]:
        return next(f for f in REFERENCE if all(f[k] == v for k, v in wanted.items()))

    for more, errors, effects in (
        ({}, "unit", "unit + time"),
        ({"cluster": "state"}, "state", "unit + time"),
        ({"method": "two_way_clustered"}, "unit + time", "unit + time"),
        ({"time": None}, "unit", "unit"),
    ):
        for weights in (None, "w"):
            wanted = reference(effects=effects, weights=weights, errors=errors)
            answer = found(table(), adjust_for=["x"], weights=weights, **more)
            assert answer.effect.value == pytest.approx(wanted["coef"][0], rel=1e-6)
            assert answer.effect.std_error == pytest.approx(wanted["se"][0], rel=1e-6)


def test_linearmodels_gives_the_same_slopes() -> None:
    from linearmodels import PanelOLS

    frame = table().set_index(["unit", "time"])
    theirs = PanelOLS(frame["y"], frame[["d", "x"]], entity_effects=True, time_effects=True).fit()
    assert found(table(), adjust_for=["x"]).effect.value == pytest.approx(float(theirs.params["d"]), rel=1e-8)


# ---- published -------------------------------------------------------------------------------------------------------


def test_published_union_wages() -> None:
    """Vella & Verbeek 1998; Wooldridge, Introductory Econometrics, example 14.4: .080 (.019, not clustered)."""
    from linearmodels.datasets import wage_panel

    frame = wage_panel.load()
    answer = found(frame, "union", "lwage", unit="nr", time="year", adjust_for=["married", "expersq"])
    assert answer.effect.value == pytest.approx(0.080, abs=0.0005)
    assert answer.effect.std_error is not None and 0.6 < answer.effect.std_error / 0.019 < 1.7
    assert answer.standing == "observational"
    # the same person's education does not change: left out, and said
    more = found(frame, "union", "lwage", unit="nr", time="year", adjust_for=["married", "expersq", "educ"])
    assert more.effect.value == pytest.approx(answer.effect.value)
    assert "educ does not change" in next(d for d in more.diagnoses if d.name == "collinear").finding


def test_published_training_grants() -> None:
    """Holzer et al. 1993; Wooldridge, example 14.1: grant −.252 (.151, not clustered), 54 firms."""
    from linearmodels.datasets import jobtraining

    frame = jobtraining.load()
    answer = found(frame, "grant", "lscrap", unit="fcode", time="year", adjust_for=["grant_1"], where="year >= 1987")
    assert answer.effect.value == pytest.approx(-0.252, abs=0.0005)
    assert answer.effect.std_error is not None and 0.6 < answer.effect.std_error / 0.151 < 1.7
    assert any("54 units (fcode)" in s for s in answer.rests)


@pytest.mark.parametrize(("time", "value"), [(None, -0.026), ("YR", -0.030)])
def test_published_public_capital(time: str | None, value: float) -> None:
    """Munnell 1990; Baltagi, Econometric Analysis of Panel Data (2005), tables 2.1 and 3.1: log public capital −0.026 within
    states, −0.030 within states and years."""
    from linearmodels.datasets import munnell

    frame = munnell.load()
    for name in ("P_CAP", "PC", "GSP", "EMP"):
        frame[f"l{name}"] = np.log(frame[name])
    answer = found(frame, "lP_CAP", "lGSP", unit="ST_ABB", time=time, adjust_for=["lPC", "lEMP", "UNEMP"])
    assert answer.effect.value == pytest.approx(value, abs=0.0005)
    assert answer.per_unit


# ---- known truth: contrasts × treatment types × outcomes ---------------------------------------------------------------


def world(kind: str, outcome: str, seed: int = 4) -> tuple[pd.DataFrame, float]:
    """200 units over 6 periods, the unit's level driving both; (table, effect of one unit or of the treated level)."""
    rng = np.random.default_rng(seed)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(200), np.arange(6), indexing="ij"))
    level = rng.standard_normal(200)
    amount = level[i] + 0.5 * t + rng.standard_normal(1200)
    on = (amount > 1.2).astype(int)
    d = {"int": np.round(2 * amount).astype(int), "float": amount}.get(kind, on)
    step = 0.1 if kind in ("int", "float") else 0.2
    mean = 0.4 + 0.08 * np.clip(level[i], -2, 2) + 0.02 * t + step * (d if kind in ("int", "float") else on)
    y: Any = {"number": mean + 0.2 * rng.standard_normal(1200), "yes_no": rng.random(1200) < np.clip(mean, 0, 1)}
    y["count"] = rng.poisson(np.maximum(5 + 10 * mean, 0.1))
    frame = pd.DataFrame({"ünit id": [f"u{v}" for v in i], "time": t, "out come": np.asarray(y[outcome]) * 1})
    names = {
        "bool": on == 1,
        "str": np.where(on == 1, "new", "old"),
        "category": pd.Categorical(np.where(on == 1, "b", "a")),
    }
    frame["Trt é"] = names.get(kind, d)
    return frame, 10 * step if outcome == "count" else step


CONTRASTS: dict[str, list[tuple[Any, Any, float]]] = {
    "bool": [(None, None, 1), (True, False, 1), (False, True, -1)],
    "str": [("new", "old", 1), ("old", "new", -1)],
    "category": [("b", "a", 1), ("a", "b", -1)],
    "int": [(None, None, 1), (1, 0, 1), (10, 0, 10), (0, 10, -10)],
    "float": [(None, None, 1), (1.0, 0.0, 1), (10, 0, 10), (0, 10, -10), (0.5, 0, 0.5)],
}


@pytest.mark.parametrize("kind", CONTRASTS)
@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
def test_truth_table(kind: str, outcome: str) -> None:
    if outcome == "yes_no" and kind in ("int", "float"):
        pytest.skip("a straight line in an amount leaves the chances between 0 and 1")
    frame, one = world(kind, outcome)
    frame.loc[::101, "out come"] = np.nan
    if kind in ("str", "float"):
        frame.loc[::89, "Trt é"] = None
    for treated, control, times in CONTRASTS[kind]:
        answer = found(frame, "Trt é", "out come", unit="ünit id", treated=treated, control=control)
        assert answer.effect.std_error is not None and answer.effect.low is not None
        assert abs(answer.effect.value - times * one) < 3.5 * answer.effect.std_error
        assert answer.effect.low < answer.effect.value
    if kind == "int":  # a contrast of k units is k times that of one
        values = [
            found(frame, "Trt é", "out come", unit="ünit id", treated=a, control=b).effect.value / k
            for a, b, k in CONTRASTS["int"]
        ]
        assert values == pytest.approx([values[0]] * 4)


def test_other_levels_keep_their_rows() -> None:
    rng = np.random.default_rng(3)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(150), np.arange(4), indexing="ij"))
    arm = rng.integers(0, 3, 600)
    y = rng.standard_normal(150)[i] + np.array([0.0, 1.0, 3.0])[arm] + 0.5 * rng.standard_normal(600)
    frame = pd.DataFrame({"unit": i, "time": t, "d": np.array(["none", "some", "all"])[arm], "y": y})
    answer = found(frame, treated="all", control="some")
    assert answer.sample.used == 600
    assert answer.effect.value == pytest.approx(2.0, abs=0.2)
    with pytest.raises(CausalError, match="several values"):
        panel(task(frame, control="none"))


# ---- checks ----------------------------------------------------------------------------------------------------------


def steady(seed: int = 0, units: int = 100, effect: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(6), indexing="ij"))
    d = rng.standard_normal(units)[i] + rng.standard_normal(len(i))
    frame = pd.DataFrame({"unit": i, "time": t, "d": d, "x": rng.standard_normal(len(i)) + 0.2 * d})
    frame["y"] = effect * d + 2 * rng.standard_normal(units)[i] + 0.3 * frame["x"] + rng.standard_normal(len(i))
    return frame


def test_checks_pass_in_a_sound_world() -> None:
    frame = steady()
    frame["quiet"] = np.random.default_rng(5).standard_normal(600)
    answer = found(frame, adjust_for=["x"], negative_outcomes=["quiet"])
    assert {r.check: r.verdict for r in answer.refutations} == {
        "future_treatment": "passed", "negative_outcome": "passed", "hidden_cause": "passed", "other_methods": "passed",
    }  # fmt: skip
    assert not [d for d in answer.diagnoses if d.status != "ok"]


def test_a_treatment_that_answers_to_the_outcome_is_caught() -> None:
    frame = steady(effect=0.0)
    before = frame.groupby("unit")["y"].shift(1).fillna(0)
    frame["d"] = frame["d"] + 0.8 * before  # tomorrow's treatment follows today's outcome
    verdicts = {r.check: r.verdict for r in found(frame).refutations}
    assert verdicts["future_treatment"] == "failed"


def test_a_moving_negative_control_fails() -> None:
    frame = steady()
    frame["loud"] = frame["d"] + np.random.default_rng(5).standard_normal(600)
    answer = found(frame, negative_outcomes=["loud"])
    assert next(r for r in answer.refutations if r.check == "negative_outcome").verdict == "failed"


def test_one_unit_that_carries_the_answer_is_found() -> None:
    frame = steady(units=20, effect=0.0)
    frame.loc[frame["unit"] == 3, ["d", "y"]] += np.outer(np.arange(6) - 2.5, [20.0, 20.0])
    answer = found(frame)
    assert next(r for r in answer.refutations if r.check == "leave_one_out").verdict == "failed"


def test_start_dates_that_differ_bring_averages_that_do_not_count_backwards() -> None:
    rng = np.random.default_rng(0)
    start = np.resize(np.array([2, 5, 99]), 90)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(90), np.arange(8), indexing="ij"))
    on = t >= start[i]
    y = rng.standard_normal(90)[i] + np.where(on, t - start[i] + 1.0, 0) + 0.3 * rng.standard_normal(720)
    frame = pd.DataFrame({"unit": i, "time": t, "d": on.astype(int), "y": y})
    answer = found(frame)
    others = {e.method: e.effect.value for e in answer.others}
    assert others["group_time"] == pytest.approx(3.0, abs=0.2) and others["imputation"] == pytest.approx(3.0, abs=0.2)
    assert answer.effect.value < 2.5 and "backwards" in answer.sentences[-1]
    assert next(r for r in answer.refutations if r.check == "other_methods").verdict == "failed"
    turned = found(frame.assign(d=1 - frame["d"]))
    assert {e.method: e.effect.value for e in turned.others}["group_time"] == pytest.approx(-others["group_time"])


def test_few_clusters_are_warned_about_and_bootstrapped() -> None:
    answer = found(steady(units=12))
    warning = next(d for d in answer.diagnoses if d.name == "clusters")
    assert warning.status == "warning" and "wild cluster bootstrap" in warning.finding
    effect = answer.effect
    assert effect.low is not None and effect.high is not None and effect.std_error is not None
    assert effect.value - effect.low != pytest.approx(effect.high - effect.value, rel=1e-4)
    assert found(steady(units=12)).effect == effect


def test_units_seen_once_are_counted() -> None:
    frame = steady()
    extra = pd.DataFrame({"unit": [900, 901], "time": [0, 1], "d": [0.0, 1.0], "x": [0.0, 0.0], "y": [0.0, 9.0]})
    answer = found(pd.concat([frame, extra], ignore_index=True))
    assert answer.effect.value == pytest.approx(found(frame).effect.value)
    assert any("2 units seen only once" in s for s in answer.rests) and answer.sample.used == 600


def test_rows_not_recorded_alone_leave_a_clear_answer_as_it_is() -> None:
    """Up to half of the rows; beyond, or where another fault is found, they count."""

    def status(share: float, **more: float) -> str:
        frame = steady(**more)  # type: ignore[arg-type]
        frame.loc[np.random.default_rng(5).random(len(frame)) < share, "d"] = np.nan
        return next(d.status for d in found(frame, adjust_for=["x"]).diagnoses if d.name == "missing")

    assert status(0.3) == "ok"
    assert status(0.6) == "warning"
    assert status(0.3, effect=0.0) == "warning"  # no clear interval
    assert status(0.3, units=12) == "warning"  # few clusters as well


def test_a_unit_is_called_a_unit() -> None:
    answer = found(steady().rename(columns={"unit": "state"}), unit="state")
    assert answer.population == "the units (state) whose d changes over time"
    assert any("100 units (state), each compared with itself" in s for s in answer.rests)


# ---- refusals and bad requests -----------------------------------------------------------------------------------------


def test_refusals_name_their_reason() -> None:
    frame = steady()
    fixed = refused(frame.assign(d=frame["unit"] % 2))
    assert fixed.code == "no_within_variation" and "never changes within any unit" in fixed.reason
    together = refused(frame.assign(d=(frame["time"] > 2).astype(int)))
    assert together.code == "no_within_variation" and "same time" in together.reason
    assert refused(frame.assign(d=1)).code == "constant_treatment"
    assert refused(frame.assign(y=1)).code == "constant_outcome"
    assert refused(frame.assign(c="one"), cluster="c").code == "one_cluster"
    assert refused(frame[frame["time"] == 0]).code == "too_few_rows"
    assert refused(frame, adjust_for=["x"], graph={"edges": [["y", "d"]]}).code == "reversed"
    twin = refused(frame.assign(twin=2 * frame["d"] + frame["unit"]), adjust_for=["twin"])
    assert twin.code == "no_within_variation" and "held fixed" in twin.reason


BAD: list[tuple[dict[str, Any], str]] = [
    ({"scale": "ratio"}, "no ratio"),
    ({"method": "magic"}, "magic"),
    ({"time": None, "method": "two_way"}, "needs `time`"),
    ({"unit": "d"}, "cannot be unit or time"),
    ({"unit": "nobody"}, "nobody"),
    ({"adjust_for": ["y"]}, "outcome"),
    ({"target": "compliers"}, "instrument"),
    ({"treated": 1, "control": 1.0}, "same"),
    ({"negative_outcomes": ["words"]}, "words"),
]


@pytest.mark.parametrize(("more", "says"), BAD)
def test_bad_requests_say_what_to_do(more: dict[str, Any], says: str) -> None:
    with pytest.raises(CausalError, match=says) as error:
        panel(task(steady(units=30).assign(words="a b"), **more))
    assert error.value.hint


def test_a_covariate_after_the_treatment_is_rejected_by_name() -> None:
    with pytest.raises(GraphError, match="x comes after d"):
        panel(task(steady(units=30), adjust_for=["x"], graph={"edges": [["d", "x"], ["x", "y"]]}))


def test_quick_is_the_headline() -> None:
    asked = task(steady(units=12), adjust_for=["x"])
    whole = panel(asked)
    assert isinstance(whole, Finding) and quick(asked) == whole.effect
    assert named("panel").methods == ("two_way", "two_way_clustered", "one_way", "first_differences")
