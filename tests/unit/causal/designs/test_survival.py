"""Time to an event: known worlds, lifelines and statsmodels as references, published figures, refusals and bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal.designs import Finding, Task
from pyllm_causal.causal.designs.survival import quick, survival
from pyllm_causal.causal.evalue import e_values
from pyllm_causal.causal.hazards import cox
from pyllm_causal.causal.kaplan_meier import curve, log_rank, shares
from pyllm_causal.data import Table
from pyllm_causal.errors import QueryError, UnknownColumn
from pyllm_causal.query import Query


def ask(frame: pd.DataFrame, **query: Any) -> Finding:
    found = survival(Task(Query.model_validate({"scale": "hazard_ratio", **query}), Table.read(frame)))
    assert isinstance(found, Finding), found
    return found


def refusal(frame: pd.DataFrame, **query: Any) -> NotIdentified:
    found = quick(Task(Query.model_validate({"scale": "hazard_ratio", **query}), Table.read(frame)))
    assert isinstance(found, NotIdentified), found
    return found


def value(frame: pd.DataFrame, **query: Any) -> float:
    found = quick(Task(Query.model_validate({"scale": "hazard_ratio", **query}), Table.read(frame)))
    assert not isinstance(found, NotIdentified), found
    return found.value


def world(n: int = 600, seed: int = 0, ratio: float = 0.5, ties: bool = False) -> pd.DataFrame:
    """Rates multiplied by `ratio` where drug is 1; age drives both."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-0.7 * age))).astype(int)
    time = rng.exponential(10 * np.exp(-0.5 * age - math.log(ratio) * drug))
    leaving = np.minimum(rng.exponential(30, n), 20)
    seen = np.minimum(time, leaving)
    if ties:
        seen = np.ceil(seen)
    return pd.DataFrame({"drug": drug, "age": age, "days": seen, "died": (time <= leaving).astype(int)})


def crossing() -> pd.DataFrame:
    """The drug protects for three days and hastens the event after."""
    rng = np.random.default_rng(12)
    drug = rng.integers(0, 2, 1500)
    time = np.where(drug == 1, 3 + rng.exponential(3, 1500), rng.exponential(8, 1500))
    return pd.DataFrame({"drug": drug, "days": np.minimum(time, 12), "died": (time <= 12).astype(int)})


Q: dict[str, Any] = {"treatment": "drug", "outcome": "days", "event": "died", "adjust_for": ["age"]}


# --- independent references


@pytest.mark.parametrize("ties", [False, True])
def test_coefficients_and_errors_equal_statsmodels(ties: bool) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    frame = world(400, 1, ties=ties)
    x = frame[["drug", "age"]].to_numpy(dtype=float)
    ours = cox(x, frame["days"].to_numpy(), frame["died"].to_numpy() == 1)
    theirs = PHReg(frame["days"], x, status=frame["died"], ties="efron").fit()
    np.testing.assert_allclose(ours.beta, theirs.params, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.naive)), theirs.bse, atol=1e-9)
    assert ours.loglik == pytest.approx(theirs.llf, abs=1e-6)


def test_weights_clusters_and_baseline_equal_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    frame = world(400, 2)
    rng = np.random.default_rng(0)
    frame["w"], frame["g"] = rng.uniform(0.5, 2, 400), rng.integers(0, 50, 400)
    frame["w"] *= 400 / frame["w"].sum()
    x, event = frame[["drug", "age"]].to_numpy(dtype=float), frame["died"].to_numpy() == 1
    plain = lifelines.CoxPHFitter().fit(frame[["drug", "age", "days", "died"]], "days", "died", robust=True)
    ours = cox(x, frame["days"].to_numpy(), event)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.robust)), plain.standard_errors_, atol=1e-6)
    # lifelines stops its Newton steps at 1e-7, hence the tolerance
    theirs = lifelines.CoxPHFitter().fit(frame.drop(columns="g"), "days", "died", weights_col="w", robust=True)
    ours = cox(x, frame["days"].to_numpy(), event, frame["w"].to_numpy())
    np.testing.assert_allclose(ours.beta, theirs.params_, atol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.robust)), theirs.standard_errors_, atol=1e-4)
    theirs = lifelines.CoxPHFitter().fit(frame.drop(columns="w"), "days", "died", cluster_col="g", robust=True)
    ours = cox(x, frame["days"].to_numpy(), event, cluster=frame["g"].to_numpy())
    factor = math.sqrt(50 / 49)  # of few clusters, which lifelines leaves out
    np.testing.assert_allclose(np.sqrt(np.diag(ours.robust)) / factor, theirs.standard_errors_, atol=1e-4)
    base = theirs.predict_cumulative_hazard(pd.DataFrame({"drug": [0], "age": [0.0]}), times=[5.0]).iloc[0, 0]
    assert ours.hazard_at(5.0) == pytest.approx(base, rel=1e-3)


def test_change_over_time_equals_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    from lifelines.statistics import proportional_hazard_test

    frame = crossing()
    fitted = lifelines.CoxPHFitter().fit(frame, "days", "died")
    theirs = proportional_hazard_test(fitted, frame, time_transform="km").summary.loc["drug", "test_statistic"]
    found = ask(frame, **{**Q, "adjust_for": []})
    figures = next(d for d in found.diagnoses if d.name == "proportional_hazards").figures
    assert figures["z"] ** 2 == pytest.approx(theirs, rel=0.02)  # one reads the curve before, one at each event


def test_curve_error_and_log_rank_equal_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    from lifelines.statistics import logrank_test
    from lifelines.utils import restricted_mean_survival_time

    frame = world(300, 4, ties=True)
    time, event, ones = frame["days"].to_numpy(), frame["died"].to_numpy() == 1, np.ones(300)
    fitted = lifelines.KaplanMeierFitter().fit(time, event)
    ours = curve(time, event, ones)
    table = fitted.event_table
    for when in (3.0, 9.5, 15.0):
        assert ours.at(when) == pytest.approx(fitted.predict(when), abs=1e-12)
        rows = table[table.index <= when]
        greenwood = fitted.predict(when) * math.sqrt(
            (rows["observed"] / (rows["at_risk"] * (rows["at_risk"] - rows["observed"]))).sum()
        )
        assert shares(time, event, ones, when, False).std() / math.sqrt(300) == pytest.approx(greenwood, rel=1e-9)
        area = restricted_mean_survival_time(fitted, t=when)
        assert shares(time, event, ones, when, True).mean() == pytest.approx(area, rel=1e-9)
    first = frame["drug"].to_numpy() == 1
    theirs = logrank_test(time[first], time[~first], event[first], event[~first]).test_statistic
    assert log_rank(time, event, first, ones).z ** 2 == pytest.approx(theirs, rel=1e-9)


def test_pseudo_values_equal_the_jackknife() -> None:
    frame = world(150, 5)
    time, event = frame["days"].to_numpy(), frame["died"].to_numpy() == 1
    whole = curve(time, event, np.ones(150)).area(12.0)
    left_out = [curve(np.delete(time, i), np.delete(event, i), np.ones(149)).area(12.0) for i in range(150)]
    jackknife = 150 * whole - 149 * np.array(left_out)
    ours = shares(time, event, np.ones(150), 12.0, True)
    np.testing.assert_allclose(ours, jackknife, atol=0.15)  # equal up to 1/n
    assert np.corrcoef(ours, jackknife)[0, 1] > 0.9999


# --- published values


def test_rearrest_of_prisoners() -> None:
    """Allison, Survival Analysis Using SAS (1995), output 5.1: financial aid, hazard ratio 0.68 with all covariates (coefficient
    −0.379, error 0.191; 432 men, 114 rearrested). Data: `lifelines.datasets.load_rossi`."""
    datasets = pytest.importorskip("lifelines.datasets")
    men = datasets.load_rossi()
    covariates = ["age", "race", "wexp", "mar", "paro", "prio"]
    found = ask(
        men, treatment="fin", outcome="week", event="arrest", adjust_for=covariates, design={"kind": "randomised"}
    )
    assert math.log(found.effect.value) == pytest.approx(-0.379, abs=0.001)
    assert found.effect.std_error == pytest.approx(0.191, rel=0.05)
    assert found.standing == "randomised"
    assert value(men, treatment="prio", outcome="week", event="arrest", adjust_for=["fin", *covariates[:-1]]) == (
        pytest.approx(1.096, abs=0.001)
    )


def test_hormones_against_breast_cancer() -> None:
    """Schumacher et al. 1994 (German Breast Cancer Study Group 2); Sauerbrei & Royston 1999, table 2: hormonal therapy, log hazard
    ratio −0.346, error 0.129 with all factors. Data: `lifelines.datasets.load_gbsg2`."""
    datasets = pytest.importorskip("lifelines.datasets")
    women = datasets.load_gbsg2()
    found = ask(
        women, treatment="horTh", treated="yes", control="no", outcome="time", event="cens",
        adjust_for=["age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec"],
    )  # fmt: skip
    assert math.log(found.effect.value) == pytest.approx(-0.346, abs=0.002)
    assert found.effect.std_error == pytest.approx(0.129, rel=0.05)


def test_lung_cancer_by_sex() -> None:
    """Loprinzi et al. 1994; Therneau & Grambsch 2000, section 3.1: women against men, hazard ratio 0.59 (error 0.167)."""
    datasets = pytest.importorskip("lifelines.datasets")
    lung = datasets.load_lung()
    query = {"treatment": "sex", "treated": 2, "control": 1, "outcome": "time", "event": "status", "adjust_for": []}
    found = ask(lung, **query)
    assert found.effect.value == pytest.approx(0.588, abs=0.002)
    assert found.effect.std_error == pytest.approx(0.167, rel=0.05)


# --- known truth


def test_the_rate_of_a_known_world() -> None:
    found = ask(world(4000, 7), **Q)
    assert abs(math.log(found.effect.value / 0.5)) < 3 * (found.effect.std_error or 0)
    assert found.outcome_words == "the rate of died"
    assert found.plain.value < 0 and found.plain.unit == "probability"
    assert found.headlines is not None and "lower rate of died" in found.headlines["moderate"]
    weighted = next(o for o in found.others if o.method == "cox_weighted")
    assert weighted.effect.value == pytest.approx(found.effect.value, rel=0.2)


@pytest.mark.parametrize("scale", ["difference", "ratio", "percent", "odds_ratio"])
def test_shares_of_a_known_world(scale: str) -> None:
    """Free of the event at 5, averaged over age: truth by simulating the whole population."""
    frame = world(6000, 8)
    ages = np.random.default_rng(9).normal(size=200_000)
    free = [float(np.exp(-0.5 * np.exp(0.5 * ages) * r).mean()) for r in (0.5, 1.0)]
    risk = [1 - s for s in free]
    truth = {
        "difference": free[0] - free[1],
        "ratio": risk[0] / risk[1],
        "percent": 100 * (risk[0] / risk[1] - 1),
        "odds_ratio": risk[0] / free[0] / (risk[1] / free[1]),
    }[scale]
    found = quick(Task(Query.model_validate({**Q, "scale": scale, "horizon": 5}), Table.read(frame)))
    assert not isinstance(found, NotIdentified)
    assert found.low is not None and found.high is not None
    assert found.low < truth < found.high
    assert (found.high - found.low) < 0.35 * max(abs(truth), 0.3)


def test_mean_time_where_no_horizon_is_named() -> None:
    frame = world(3000, 10, ratio=0.5)
    frame["age"] = 0.0
    rng = np.random.default_rng(11)
    frame["drug"] = rng.integers(0, 2, 3000)
    time = rng.exponential(np.where(frame["drug"] == 1, 20.0, 10.0))
    frame["days"], frame["died"] = np.minimum(time, 12.0), (time <= 12).astype(int)
    found = ask(frame, **{**Q, "adjust_for": [], "scale": "difference"})
    truth = 20 * (1 - math.exp(-12 / 20)) - 10 * (1 - math.exp(-12 / 10))
    assert found.method == "kaplan_meier"
    assert found.effect.value == pytest.approx(truth, abs=3 * (found.effect.std_error or 0))
    assert found.effect.unit == ""
    assert "longer" in " ".join(found.size or ())


def test_a_ratio_that_changes_leads_with_the_shares() -> None:
    frame = crossing()
    found = ask(frame, **{**Q, "adjust_for": [], "design": {"kind": "randomised"}})
    check = next(d for d in found.diagnoses if d.name == "proportional_hazards")
    assert check.status == "warning"
    assert check.figures["early"] < 0.8 < 1.2 < check.figures["late"]
    assert found.size is not None and found.size[0].startswith("By days = 9, about")
    assert any("does not describe it" in s for s in found.size)


def test_a_ratio_that_fades_but_never_turns_costs_nothing() -> None:
    """Of early deaths 20 in 100 as many with the drug, of late ones 80 in 100: not one number, but one direction."""
    rng = np.random.default_rng(3)
    drug = rng.integers(0, 2, 6000)
    early = rng.exponential(1 / np.where(drug == 1, 0.04, 0.2))
    late = 4 + rng.exponential(1 / np.where(drug == 1, 0.16, 0.2))
    days = np.where(early < 4, early, late)
    frame = pd.DataFrame({"drug": drug, "days": np.minimum(days, 12), "died": (days < 12).astype(int)})
    found = ask(frame, **{**Q, "adjust_for": [], "design": {"kind": "randomised"}})
    check = next(d for d in found.diagnoses if d.name == "proportional_hazards")
    assert abs(check.figures["z"]) > 3 and check.figures["early"] < check.figures["late"] < 1
    assert check.status == "ok" and any("does not describe it" in s for s in found.size or ())


def test_a_steady_ratio_costs_nothing() -> None:
    found = ask(world(1500, 13), **Q)
    assert [d.name for d in found.diagnoses if d.status == "warning"] == []
    assert {r.check: r.verdict for r in found.refutations} | {"hidden_cause": "passed"} == {
        "placebo_treatment": "passed",
        "data_subset": "passed",
        "bootstrap": "passed",
        "other_methods": "passed",
        "hidden_cause": "passed",
        "e_value": "passed",
    }


def test_controls_that_fail_are_seen() -> None:
    frame = world(1500, 14)
    frame["height"] = 2.0 * frame["drug"] + np.random.default_rng(0).normal(size=1500)
    found = ask(frame, **Q, negative_outcomes=["height"])
    assert next(r for r in found.refutations if r.check == "negative_outcome").verdict == "failed"


def test_unequal_leaving_is_seen() -> None:
    rng = np.random.default_rng(15)
    drug = rng.integers(0, 2, 800)
    time, leaving = rng.exponential(10, 800), rng.exponential(np.where(drug == 1, 5.0, 30.0))
    frame = pd.DataFrame({"drug": drug, "days": np.minimum(time, leaving), "died": (time <= leaving).astype(int)})
    found = ask(frame, **{**Q, "adjust_for": []})
    assert next(d for d in found.diagnoses if d.name == "leaving").status == "warning"


def test_e_value_of_the_paper() -> None:
    """VanderWeele & Ding 2017, box: a risk ratio of 3.9 has an E-value of 7.26; a rare event's hazard ratio is taken as one."""
    found = e_values(3.9, 1.8, 8.7, "hazard")
    assert (found.value, found.limit) == pytest.approx((7.26, 3.0), abs=0.01)


# --- contrasts and spellings

SPELLINGS: list[tuple[str, Any, dict[str, Any]]] = [
    ("bool", lambda v: v == 1, {}),
    ("int", lambda v: v, {}),
    ("float", lambda v: float(v), {}),
    ("str", lambda v: "ja ü" if v else "nein", {"treated": "ja ü", "control": "nein"}),
]


@pytest.mark.parametrize(("name", "spell", "more"), SPELLINGS, ids=[s[0] for s in SPELLINGS])
@pytest.mark.parametrize("event", ["0/1", "yes/no", "bool", "text"])
def test_every_spelling_gives_the_same(name: str, spell: Any, more: dict[str, Any], event: str) -> None:
    frame = world(300, 16)
    truth = value(frame, **Q)
    frame["drug"] = frame["drug"].map(spell)
    words = {"yes/no": ("no", "yes"), "bool": (False, True), "text": ("alive", "dead")}.get(event)
    if words:
        frame["died"] = frame["died"].map(lambda v: words[v])
    frame = frame.rename(columns={"drug": "my drug", "days": "tägliche Zeit"})
    query = {**Q, "treatment": "my drug", "outcome": "tägliche Zeit", **more}
    if event == "text":
        query["outcome_event"] = "dead"
    assert value(frame, **query) == pytest.approx(truth, rel=1e-9)


def test_contrasts_of_a_dose() -> None:
    rng = np.random.default_rng(17)
    age = rng.normal(size=2000)
    dose = 5 + age + rng.normal(size=2000) * 2
    time = rng.exponential(10 * np.exp(-0.3 * age + 0.1 * dose))
    frame = pd.DataFrame({"dose": dose, "age": age, "days": np.minimum(time, 20), "died": (time <= 20).astype(int)})
    query = {**Q, "treatment": "dose"}
    unit = value(frame, **query)
    assert math.log(unit) == pytest.approx(-0.1, abs=0.05)
    assert value(frame, **query, treated=10, control=0) == pytest.approx(unit**10, rel=1e-9)
    assert value(frame, **query, treated=0, control=10) == pytest.approx(unit**-10, rel=1e-9)
    found = ask(frame, **query)
    assert found.per_unit and found.plain.value < 0
    assert ask(frame, **{**query, "scale": "difference", "horizon": 10}).effect.value > 0


def test_two_arms_of_three() -> None:
    frame = world(900, 18)
    rng = np.random.default_rng(0)
    frame["arm"] = np.where(frame["drug"] == 1, "new", np.where(rng.random(900) < 0.5, "old", "none"))
    query = {**Q, "treatment": "arm", "treated": "new", "control": "old"}
    two = frame[frame["arm"] != "none"]
    assert value(frame, **query) == pytest.approx(value(two, **query), rel=0.02)
    assert ask(frame, **query).effect.value < 1


def test_missing_events_are_counted() -> None:
    frame = world(400, 19)
    frame["died"] = frame["died"].astype(float)
    frame.loc[:19, "died"] = np.nan
    frame.loc[20:29, "age"] = np.nan
    found = ask(frame, **Q)
    assert found.sample.used == 370
    assert {d.reason: d.rows for d in found.sample.dropped} == {"no age": 10, "no died": 20}


def test_a_graph_may_draw_the_event() -> None:
    frame = world(400, 20)
    truth = value(frame, **Q)
    graph = {"edges": [["age", "drug"], ["age", "died"], ["drug", "died"]]}
    assert value(frame, **{**Q, "adjust_for": None, "graph": graph}) == pytest.approx(truth, rel=1e-9)


# --- refusals and bad input


def test_no_events() -> None:
    frame = world(200, 21)
    frame["died"] = 0
    assert refusal(frame, **Q).code == "no_events"
    frame["died"] = ((frame["drug"] == 0) & (frame["days"] < 5)).astype(int)
    told = refusal(frame, **Q)
    assert told.code == "no_events" and "drug = 1" in told.reason
    assert value(frame, **{**Q, "scale": "difference", "horizon": 5}) > 0


def test_everyone_has_the_event() -> None:
    frame = world(300, 22)
    frame["died"] = 1
    assert value(frame, **Q) < 1


def test_needs_review_and_constant_treatment() -> None:
    frame = world(200, 23)
    assert refusal(frame, **{**Q, "adjust_for": None}).code == "needs_review"
    frame["drug"] = 1
    assert refusal(frame, **Q).code == "constant_treatment"


@pytest.mark.parametrize(
    ("change", "query", "words"),
    [
        ({}, {"event": None}, "column that says whether it happened"),
        ({}, {"event": "age"}, "already has another part"),
        ({"died": 2.5}, {}, "not yes/no"),
        ({"days": -1.0}, {}, "negative times"),
        ({}, {"horizon": 1000.0, "scale": "difference"}, "observation ends"),
        ({}, {"horizon": -1.0, "scale": "difference"}, "after the start"),
        ({}, {"scale": "rate_ratio"}, "not offered"),
        ({}, {"target": "compliers"}, "instrument"),
        ({}, {"method": "kaplan_meier"}, "does not fit"),
        ({}, {"method": "guess"}, "does not fit"),
    ],
)
def test_bad_input_says_what_to_do(change: dict[str, float], query: dict[str, Any], words: str) -> None:
    frame = world(100, 24).astype({"died": float})
    for column, odd in change.items():
        frame.loc[3, column] = odd
    with pytest.raises(QueryError, match=words) as caught:
        value(frame, **{**Q, **query})
    assert caught.value.hint


def test_an_unknown_event_column() -> None:
    with pytest.raises(UnknownColumn, match="event column"):
        value(world(100, 25), **{**Q, "event": "dead"})


def test_a_column_of_three_endings_needs_the_one_that_counts() -> None:
    frame = world(600, 26)
    frame["died"] = np.where(frame["died"] == 0, "alive", np.where(frame["age"] > 1, "accident", "illness"))
    with pytest.raises(QueryError, match="not yes/no"):
        value(frame, **Q)
    found = ask(frame, **Q, outcome_event="illness")
    assert any(d.name == "other_endings" for d in found.diagnoses)


def test_the_same_seed_gives_the_same() -> None:
    frame = world(200, 28)
    assert ask(frame, **Q) == ask(frame, **Q)
