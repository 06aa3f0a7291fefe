"""Worlds that hold no information are refused, in plain words; sound ones are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal import lines
from pyllm_causal.causal.cuts import deciding_cuts, lonely_regions


@pytest.fixture(autouse=True)
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "refute", lambda trial: ())


def table(n: int = 300, seed: int = 0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.standard_normal((2, n))
    t = (rng.random(n) < 1 / (1 + np.exp(-0.6 * x))).astype("int64")
    data = pd.DataFrame({"x": x, "z": z, "t": t})
    data["y"] = 2.0 * t + x + rng.standard_normal(n)
    return data.assign(**columns)


def ask(data: pd.DataFrame, **more: Any) -> pc.Answer:
    return pc.analyse({"treatment": "t", "outcome": "y", "adjust_for": ["x", "z"]} | more, data)


def diagnosis(answer: pc.Answer, name: str) -> Any:
    return next(d for d in answer.diagnostics if d.name == name)


def refused(answer: pc.Answer, *words: str) -> None:
    assert answer.status == "not_identified" and answer.exit_code == 3 and answer.effect is None
    assert answer.why_not is not None and all(w in answer.why_not for w in words), answer.why_not
    assert answer.would_help


def test_the_sound_table_is_answered() -> None:
    answer = ask(table())
    assert answer.status == "answered" and diagnosis(answer, "overlap").status == "ok"


RNG = np.random.default_rng(5)
N = 300
SUM = table()["x"].to_numpy() + table()["z"].to_numpy()


@pytest.mark.parametrize("value", [0, 1.5, "yes", True])
def test_a_constant_treatment(value: Any) -> None:
    refused(ask(table(t=value)), "t")


@pytest.mark.parametrize(
    ("name", "treatment"),
    [
        ("a cut in one column", lambda d: d.x > 0.2),
        ("a band of one column", lambda d: d.x.abs() > 0.7),
        ("two columns together", lambda d: d.x + d.z > 0),
        ("three columns together", lambda d: d.x + d.z - 0.5 * d.x * d.z > 0),
        ("both of two", lambda d: (d.x > -0.3) & (d.z > -0.3)),
    ],
)
@pytest.mark.parametrize("n", [100, 300, 1000])
def test_a_treatment_that_columns_decide(name: str, treatment: Any, n: int) -> None:
    data = table(n)
    refused(ask(data.assign(t=treatment(data).astype("int64"))), "decide")


def test_a_treatment_that_two_columns_decide_against_each_other() -> None:
    data = table(1000)
    refused(ask(data.assign(t=((data.x > 0) ^ (data.z > 0)).astype("int64"))), "decide")
    yes_no = data.assign(x=(data.x > 0).astype("int64"), z=(data.z > 0).astype("int64")).head(150)
    refused(ask(yes_no.assign(t=yes_no.x ^ yes_no.z)), "decide")


@pytest.mark.parametrize("n", [60, 400])
def test_a_treatment_that_a_category_decides(n: int) -> None:
    group = np.random.default_rng(1).choice(list("abcdef"), n)
    data = table(n, group=group, t=np.isin(group, ["a", "b", "c"]).astype("int64"))
    refused(ask(data, adjust_for=["group"]), "group", "decide")


def test_the_column_that_decides_is_named() -> None:
    data = table()
    refused(ask(data.assign(t=(data.z > 0).astype("int64"))), "z decides")


def test_a_dose_that_columns_decide() -> None:
    data = table()
    refused(ask(data.assign(t=3 * data.x + data.z)), "x", "z", "decide")


@pytest.mark.parametrize("y", [1.0, 0, True])
def test_a_constant_outcome(y: Any) -> None:
    refused(ask(table(y=y)), "y")


def test_one_cluster() -> None:
    refused(ask(table(school="A"), cluster="school"), "school")


def test_an_arm_that_is_one_cluster() -> None:
    """One treated school against many: its own ways and the effect are the same thing."""
    school = np.arange(300) % 10
    treated = (school == 3).astype("int64")
    refused(ask(table(school=school, t=treated), cluster="school", design={"kind": "randomised"}), "t = 1", "school")
    refused(ask(table(school=school, t=1 - treated), cluster="school"), "t = 0", "school")


@pytest.mark.parametrize("n", [2, 3])
def test_too_few_rows(n: int) -> None:
    data = table(n, t=np.arange(n) % 2)
    refused(pc.analyse({"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}}, data))


def test_more_covariates_than_rows() -> None:
    data = table(12)
    many = pd.DataFrame(RNG.standard_normal((12, 15)), columns=[f"v{i}" for i in range(15)])
    answer = pc.analyse(
        {"treatment": "t", "outcome": "y", "adjust_for": list(many), "design": {"kind": "randomised"}},
        pd.concat([data, many], axis=1),
    )
    refused(answer, "rows")


def test_only_one_treated_row() -> None:
    refused(ask(table(t=(np.arange(N) == 7).astype("int64"))), "only one")


def test_no_row_left_in_an_arm_after_missing_values() -> None:
    data = table()
    data.loc[data.t == 1, "x"] = np.nan
    refused(ask(data), "t = 1")


def test_a_level_seen_in_one_arm_only_is_left_out_and_said() -> None:
    rng = np.random.default_rng(2)
    data = table(1000)
    data["place"] = np.where(rng.random(1000) < 0.2, "island", "mainland")
    data.loc[data.place == "island", "t"] = 0
    data["y"] = 2.0 * data.t + data.x + 50 * (data.place == "island") + rng.standard_normal(1000)
    answer = ask(data, adjust_for=["x", "place"])
    assert answer.status == "answered" and answer.effect is not None
    assert answer.effect.value == pytest.approx(2.0, abs=0.4)
    overlap = diagnosis(answer, "overlap")
    assert overlap.status == "warning" and "place" in overlap.finding
    assert answer.sample is not None and answer.sample.used == (data.place == "mainland").sum()
    assert "counterpart" in answer.sample.population
    treated = ask(data, adjust_for=["x", "place"], target="treated")  # nobody treated lives there: nothing is missing
    assert treated.effect is not None and treated.effect.value == pytest.approx(2.0, abs=0.4)


def test_the_treated_without_counterpart_are_trimmed_from_their_own_effect() -> None:
    rng = np.random.default_rng(3)
    n = 2000
    x = rng.standard_normal(n)
    t = ((rng.random(n) < 1 / (1 + np.exp(-x))) | (x > 1)).astype("int64")  # everyone above 1 is treated
    y = x + t * (2 + 3 * (x > 1)) + rng.standard_normal(n)
    answer = ask(pd.DataFrame({"x": x, "z": rng.standard_normal(n), "t": t, "y": y}), target="treated")
    assert answer.status == "answered" and answer.effect is not None and answer.effect.std_error is not None
    assert answer.sample is not None and answer.sample.used == pytest.approx((x < 1).sum(), abs=60)
    assert abs(answer.effect.value - 2.0) < 4 * answer.effect.std_error + 0.2
    assert diagnosis(answer, "overlap").status == "warning" and "counterpart" in answer.sample.population


# ---- what is only warned about ---------------------------------------------------------------------------------------


def test_where_most_could_never_be_treated_the_answer_is_about_the_treated() -> None:
    """A drug given to some of the rows with x over 0.5 alone: nobody else has a counterpart, but those treated have."""
    data = table(1200, seed=4)
    rng = np.random.default_rng(4)
    data["t"] = ((data["x"] > 0.5) & (rng.random(1200) < 0.5)).astype("int64")
    answer, narrow = ask(data), ask(data, target="treated")
    assert answer.status == narrow.status == "answered" and answer.effect is not None and narrow.effect is not None
    assert answer.effect.value == pytest.approx(narrow.effect.value)
    assert answer.estimand is not None and answer.estimand.population == "those with t = 1"
    assert "only about those with t = 1" in diagnosis(answer, "overlap").finding
    assert answer.certainty is not None and answer.certainty.level == "very_low", "one down from low"
    data["t"] = (data["x"] > 0.5).astype("int64")
    refused(ask(data))  # a cut-off leaves nobody to compare with


def test_unequal_loss_of_outcomes_is_seen() -> None:
    data = table(600)
    lost = (data.t == 1) & (np.random.default_rng(4).random(600) < 0.3)
    data.loc[lost, "y"] = np.nan
    assert diagnosis(ask(data), "attrition").status == "warning"
    even = table(600)
    even.loc[np.random.default_rng(4).random(600) < 0.1, "y"] = np.nan
    assert diagnosis(ask(even), "attrition").status == "ok"


def test_many_missing_rows_are_seen() -> None:
    data = table(600)
    data.loc[np.random.default_rng(4).random(600) < 0.3, "x"] = np.nan
    assert diagnosis(ask(data), "missing").status == "warning"


@pytest.mark.parametrize(("groups", "status"), [(8, "warning"), (60, "ok")])
def test_few_clusters_are_seen(groups: int, status: str) -> None:
    answer = ask(table(600, school=np.arange(600) % groups), cluster="school")
    assert diagnosis(answer, "clusters").status == status


def test_rare_events_are_seen() -> None:
    rng = np.random.default_rng(6)
    data = table(400, y=(rng.random(400) < 0.01).astype("int64"))
    assert diagnosis(ask(data), "rare_event").status == "warning"


def test_a_broken_randomisation_is_seen_and_a_sound_one_is_not() -> None:
    design = {"design": {"kind": "randomised"}}
    broken = table(800)
    assert diagnosis(ask(broken, **design), "balance").status == "warning"
    sound = [table(800, seed, t=np.random.default_rng(seed).integers(0, 2, 800)) for seed in range(20)]
    assert all(diagnosis(ask(d, **design), "balance").status == "ok" for d in sound)


def test_rows_chosen_by_something_outside_the_graph_are_warned_about() -> None:
    graph = {"edges": [["x", "t"], ["x", "y"], ["t", "y"]]}
    plain = {"treatment": "t", "outcome": "y", "graph": graph}
    assert diagnosis(pc.analyse({**plain, "selected_on": ["z"]}, table()), "selection").status == "warning"
    assert diagnosis(ask(table(), selected_on=["z"]), "selection").status == "warning"
    assert not [d for d in pc.analyse({**plain, "selected_on": ["x"]}, table()).diagnostics if d.name == "selection"]


# ---- a few cuts that decide ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [30, 60, 200, 1000])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_noise_is_never_decided(n: int, share: float) -> None:
    for seed in range(40):
        rng = np.random.default_rng([n, seed])
        x = np.column_stack([rng.standard_normal((n, 8)), rng.integers(0, 3, (n, 8))])
        assert deciding_cuts(x.astype("float64"), rng.random(n) < share) is None


def test_strong_but_honest_confounding_is_not_decided() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((120, 3))
        assert deciding_cuts(x, rng.random(120) < 1 / (1 + np.exp(-2 * x[:, 0]))) is None


def test_columns_that_decide_are_found() -> None:
    x = np.random.default_rng(0).standard_normal((200, 4))
    both = deciding_cuts(x, (x[:, 2] > 0) & (x[:, 3] < 0.5))
    assert both == [2, 3]
    assert deciding_cuts(x, np.abs(x[:, 1]) > 0.5) == [1]


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_a_rare_treatment_leaves_no_lonely_regions_by_chance(share: float) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        all_treated, none_treated = lonely_regions(rng.standard_normal((1000, 5)), rng.random(1000) < share)
        assert not all_treated.any() and none_treated.mean() < 0.02


def test_a_region_where_all_are_treated_is_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 3))
    treated = (rng.random(1000) < 0.4) | (x[:, 1] > 1)
    all_treated, none_treated = lonely_regions(x, treated)
    assert not none_treated.any() and not (all_treated & (x[:, 1] < 0.9)).any()
    assert (all_treated & (x[:, 1] > 1)).sum() > 0.9 * (x[:, 1] > 1).sum()
