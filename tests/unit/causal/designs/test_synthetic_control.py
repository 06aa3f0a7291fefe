"""One unit against a mix: known worlds, pysyncon and a quadratic programme as references, refusals and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal.designs import Finding, Task
from pyllm_causal.causal.designs.synthetic_control import quick, synthetic_control
from pyllm_causal.causal.synthetic import Problem, fit, placebo, simplex
from pyllm_causal.data import Table
from pyllm_causal.errors import QueryError, UnknownColumn
from pyllm_causal.query import Query

DESIGN: dict[str, Any] = {
    "kind": "synthetic_control",
    "unit": "state",
    "time": "year",
    "treated_unit": "A",
    "start": 2012,
}


def panel(units: int = 20, periods: int = 20, effect: float = -5.0, seed: int = 1) -> pd.DataFrame:
    """A is 0.6 B + 0.4 C up to noise; from 2012 on `effect` is added to A. `rich` follows the same exposures."""
    rng = np.random.default_rng(seed)
    years = np.arange(2000, 2000 + periods)
    shared = np.column_stack([np.arange(periods), np.sin(np.arange(periods) / 2.0), rng.normal(size=periods)])
    exposure = rng.uniform(0.5, 1.5, (units, 3)) * [1.0, 3.0, 1.0]
    exposure[0] = 0.6 * exposure[1] + 0.4 * exposure[2]
    y = 20 + shared @ exposure.T + rng.normal(scale=0.05, size=(periods, units))
    y[years >= 2012, 0] += effect
    names = [chr(65 + j) for j in range(units)]
    return pd.DataFrame(
        {
            "state": np.tile(names, periods),
            "year": np.repeat(years, units),
            "sales": y.ravel(),
            "rich": np.tile(exposure[:, 0] * 100, periods) + rng.normal(size=units * periods),
        }
    )


def ask(frame: pd.DataFrame, **query: Any) -> Finding:
    found = synthetic_control(task(frame, **query))
    assert isinstance(found, Finding), found
    return found


def task(frame: pd.DataFrame, **query: Any) -> Task:
    base = {"treatment": "state", "outcome": "sales", "adjust_for": [], "design": DESIGN}
    return Task(Query.model_validate(base | query), Table.read(frame))


def value(frame: pd.DataFrame, **query: Any) -> float:
    found = quick(task(frame, **query))
    assert not isinstance(found, NotIdentified), found
    return found.value


def refusal(frame: pd.DataFrame, **query: Any) -> NotIdentified:
    found = quick(task(frame, **query))
    assert isinstance(found, NotIdentified), found
    return found


# --- independent references


def test_weights_equal_a_quadratic_programme() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(1)
    for periods, donors in ((30, 8), (12, 12), (40, 25)):
        a, b = rng.normal(size=(periods, donors)), rng.normal(size=periods)
        ours = simplex(a, b)
        theirs = minimize(
            lambda w, a=a, b=b: float(((a @ w - b) ** 2).sum()),
            np.full(donors, 1 / donors),
            jac=lambda w, a=a, b=b: 2 * a.T @ (a @ w - b),
            method="SLSQP",
            bounds=[(0, 1)] * donors,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert ours.sum() == pytest.approx(1) and (ours >= 0).all()
        np.testing.assert_allclose(ours, theirs.x, atol=1e-4)
        assert ((a @ ours - b) ** 2).sum() <= theirs.fun + 1e-9


def test_weights_with_given_importance_equal_pysyncon() -> None:
    pysyncon = pytest.importorskip("pysyncon")
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(5, 10)), rng.normal(size=(20, 10))
    v = np.array([0.4, 0.3, 0.1, 0.1, 0.1])
    names = [f"u{j}" for j in range(10)]
    fx, fz = pd.DataFrame(x, columns=names), pd.DataFrame(z, columns=names)
    theirs = pysyncon.Synth()
    theirs.fit(X0=fx[names[1:]], X1=fx["u0"], Z0=fz[names[1:]], Z1=fz["u0"], custom_V=v)
    scaled = x / x.std(axis=1, ddof=1, keepdims=True) * np.sqrt(v)[:, None]
    np.testing.assert_allclose(simplex(scaled[:, 1:], scaled[:, 0]), theirs.W, atol=2e-3)


def test_importance_is_at_least_as_good_as_pysyncon_finds() -> None:
    """pysyncon's inner weights are inexact; with exact ones for its importance, the outcomes before are followed no better."""
    pysyncon = pytest.importorskip("pysyncon")
    for seed in (3, 4):
        frame = panel(units=10, seed=seed)
        y = frame.pivot(index="year", columns="state", values="sales").to_numpy()
        rich = frame[frame["year"] < 2012].groupby("state")["rich"].mean().to_numpy()
        ours = fit(Problem(y, 12, rich[None]))
        rows = np.vstack([rich[None], y[[0, 6, 11]]])
        names = [f"u{j}" for j in range(10)]
        fx, fz = pd.DataFrame(rows, columns=names), pd.DataFrame(y[:12], columns=names)
        theirs = pysyncon.Synth()
        theirs.fit(X0=fx[names[1:]], X1=fx["u0"], Z0=fz[names[1:]], Z1=fz["u0"], optim_options={"maxiter": 200})
        scaled = rows / rows.std(axis=1, ddof=1, keepdims=True) * np.sqrt(theirs.V)[:, None]
        gap = y[:12, 0] - y[:12, 1:] @ simplex(scaled[:, 1:], scaled[:, 0])
        assert ours.misfit <= (gap**2).mean() ** 0.5 * 1.01


# --- known truth


@pytest.mark.parametrize("adjust", [[], ["rich"]])
def test_the_gap_of_a_known_world(adjust: list[str]) -> None:
    found = ask(panel(), adjust_for=adjust)
    assert found.effect.value == pytest.approx(-5, abs=0.35)
    assert found.effect.low is not None and found.effect.high is not None
    assert found.effect.low < found.effect.value < found.effect.high < 0
    assert found.effect.level == 0.95  # 19 others
    assert found.effect.p_value == pytest.approx(1 / 20)
    paths = next(d for d in found.diagnoses if d.name == "synthetic_paths").figures
    before = paths["periods"].index("2012")
    assert np.abs(np.array(paths["gap"][:before])).max() < 0.25
    assert len(paths["actual"]) == len(paths["synthetic"]) == len(paths["periods"]) == 20
    assert sum(paths["weights"].values()) == pytest.approx(1, abs=0.02)
    assert {r.check: r.verdict for r in found.refutations}["placebo_units"] == "passed"
    assert {r.check: r.verdict for r in found.refutations}["placebo_time"] == "passed"
    assert found.headlines is not None and "lower sales" in found.headlines["moderate"]
    assert any("% B" in s for s in found.sentences)


def test_no_effect_is_not_called_one() -> None:
    found = ask(panel(effect=0.0))
    assert found.effect.low is not None and found.effect.high is not None
    assert found.effect.low < 0 < found.effect.high
    assert found.effect.p_value is not None and found.effect.p_value > 0.05


def test_interval_and_permutation_agree() -> None:
    """The value lies outside the interval exactly when its rank among the placebos is in the top 5 %."""
    for seed in range(12):
        frame = panel(effect=-0.2, seed=seed)
        found = quick(task(frame))
        assert not isinstance(found, NotIdentified) and found.low is not None and found.high is not None
        excluded = not found.low <= 0 <= found.high
        assert excluded == (found.p_value is not None and found.p_value <= 0.05 + 1e-9)


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (4, "the quarter = 4"),
        ("4", "the quarter = 4"),
        (1993, "1993"),
        (-3, "the quarter = -3"),
        ("1993-04-01", "1993-04-01"),
        ("Q4", "Q4"),
    ],
)
def test_a_bare_number_is_no_time(period: object, text: str) -> None:
    from pyllm_causal.causal.synthetic_case import moment

    assert moment(period, "the quarter") == text


def test_a_rank_near_the_top_speaks_for_the_answer() -> None:
    """The change of the first unit, and a larger one of the last, which makes it the second of 24."""
    frame = panel(units=24, effect=-5.0)
    late = (frame["state"] == "X") & (frame["year"] >= frame["year"].unique()[12])
    frame.loc[late, "sales"] += 40
    found = ask(frame)
    check = next(r for r in found.refutations if r.check == "placebo_units")
    assert check.figures["rank"] == 2 and check.verdict == "passed"
    assert "A ranks 2 of 24 by how clearly it leaves its mix" in found.favours


def test_few_others_have_an_honest_level() -> None:
    found = ask(panel(units=11))
    assert found.effect.level == pytest.approx(1 - 1 / 11)
    assert any("not in the usual 95%" in s for s in found.sentences)


def test_permutation_by_hand() -> None:
    frame = panel(units=8, effect=-1.0)
    y = frame.pivot(index="year", columns="state", values="sales").to_numpy()
    problem = Problem(y, 12, np.zeros((0, 8)))
    own = fit(problem)
    found = placebo(problem, own)
    ratios = []
    for j in range(8):
        others = [k for k in range(1, 8) if k != j]
        w = simplex(y[:12, others], y[:12, j])
        gap = y[:, j] - y[:, others] @ w
        ratios.append((gap[12:] ** 2).mean() ** 0.5 / (gap[:12] ** 2).mean() ** 0.5)
    assert found.p_ratio == sum(r >= ratios[0] for r in ratios) / 8


def test_a_level_of_its_own_needs_the_demeaned_mix() -> None:
    frame = panel()
    frame.loc[frame["state"] == "A", "sales"] += 60
    assert refusal(frame).code == "no_comparison"
    assert value(frame, method="synthetic_demeaned") == pytest.approx(-5, abs=0.5)


def test_scales_say_the_same() -> None:
    frame = panel()
    found = ask(frame)
    assert found.means is not None
    actual, mix = found.means
    assert actual - mix == pytest.approx(found.effect.value)
    ratio = ask(frame, scale="ratio").effect
    assert ratio.value == pytest.approx(actual / mix)
    assert ratio.low is not None and ratio.high is not None and ratio.low < ratio.value < ratio.high < 1
    assert value(frame, scale="percent") == pytest.approx(100 * (actual / mix - 1))


@pytest.mark.parametrize(
    "spell", [str, float, lambda v: f"{v}-01-01", lambda v: f"wave {v}"], ids=["text", "float", "date", "wave"]
)
def test_time_in_any_usual_spelling(spell: Any) -> None:
    frame = panel(units=8)
    truth = value(frame)
    frame["year"] = frame["year"].map(spell)
    start = spell(2012)
    assert value(frame, design={**DESIGN, "start": start}) == pytest.approx(truth)


@pytest.mark.parametrize(
    "spell",
    [str, lambda v: ord(v), lambda v: float(ord(v)), lambda v: f"Größe {v}"],
    ids=["text", "int", "float", "unicode"],
)
def test_units_in_any_usual_spelling(spell: Any) -> None:
    frame = panel(units=8).rename(columns={"state": "the state", "sales": "verkaufte Päckchen"})
    frame["the state"] = frame["the state"].map(spell)
    design = {**DESIGN, "unit": "the state", "treated_unit": spell("A")}
    found = value(frame, treatment="the state", outcome="verkaufte Päckchen", design=design)
    assert found == pytest.approx(value(panel(units=8)))


@pytest.mark.parametrize("on", [(0, 1), (0.0, 1.0), (False, True), ("no", "yes")])
def test_an_on_off_column(on: tuple[Any, Any]) -> None:
    frame = panel(units=8)
    active = (frame["state"] == "A") & (frame["year"] >= 2012)
    frame["law"] = [on[int(a)] for a in active]
    assert value(frame, treatment="law") == pytest.approx(value(panel(units=8)))
    frame.loc[(frame["state"] == "D") & (frame["year"] >= 2015), "law"] = on[1]
    found = ask(frame, treatment="law")
    assert any("treated too: D" in s for s in found.rests)
    assert found.sample.by_arm["the others"] == 6 * 20


def test_shares_and_several_rows_a_cell() -> None:
    rng = np.random.default_rng(5)
    rows = []
    for year in range(2000, 2012):
        for j in range(8):
            p = 0.3 + 0.02 * j + (0.3 if j == 3 and year >= 2008 else 0.0)
            rows += [(chr(65 + j), year, bool(rng.random() < p)) for _ in range(200)]
    frame = pd.DataFrame(rows, columns=["state", "year", "sales"])
    found = ask(frame, design={**DESIGN, "treated_unit": "D", "start": 2008})
    assert found.effect.unit == "probability" and found.outcome_kind == "yes_no"
    assert found.effect.value == pytest.approx(0.3, abs=0.08)
    assert any("average counts" in s for s in found.rests)


def test_gaps_are_dropped_and_counted() -> None:
    frame = panel(units=10)
    frame.loc[(frame["state"] == "D") & (frame["year"] == 2005), "sales"] = np.nan
    frame = frame[~((frame["state"] == "E") & (frame["year"] == 2003))]
    frame.loc[(frame["state"] == "A") & (frame["year"] == 2001), "sales"] = np.nan
    found = ask(frame)
    gaps = next(d for d in found.diagnoses if d.name == "gaps")
    assert gaps.figures["left_out"] == ["D", "E"]
    assert found.sample.by_arm == {"A": 19, "the others": 7 * 19}
    assert found.effect.value == pytest.approx(-5, abs=0.6)


def test_a_predictor_that_is_hardly_there_is_left_out_and_said() -> None:
    frame = panel(units=10)
    frame["odd"] = np.where(frame["state"].isin(["A", "B"]), 1.0, np.nan)
    frame.loc[(frame["state"] == "J"), "rich"] = np.nan
    found = ask(frame, adjust_for=["rich", "odd"])
    assert any("odd could not be used" in s for s in found.rests)
    assert next(d for d in found.diagnoses if d.name == "gaps").figures["left_out"] == ["J"]


def test_a_gap_before_the_change_is_seen() -> None:
    frame = panel(effect=0.0)
    frame.loc[(frame["state"] == "A") & (frame["year"] >= 2008), "sales"] -= 5
    found = ask(frame)
    assert next(r for r in found.refutations if r.check == "placebo_time").verdict == "failed"


def test_rows_in_any_order_give_the_same() -> None:
    frame = panel(units=9)
    shuffled = frame.sample(frac=1, random_state=0)
    assert value(shuffled, adjust_for=["rich"]) == value(frame, adjust_for=["rich"])


# --- refusals and bad input


@pytest.mark.parametrize(
    ("keep", "code"),
    [
        (lambda f: f["year"] >= 2012, "no_pre_period"),
        (lambda f: f["year"] >= 2010, "no_pre_period"),
        (lambda f: f["year"] < 2012, "no_post_period"),
        (lambda f: f["state"] == "A", "no_comparison"),
        (lambda f: f["state"].isin(["A", "B", "C"]), "too_few"),
    ],
)
def test_refusals(keep: Any, code: str) -> None:
    frame = panel(units=8)
    told = refusal(frame[keep(frame)])
    assert told.code == code and told.would_help


def test_a_reversed_graph_is_refused() -> None:
    assert refusal(panel(units=8), graph={"edges": [["sales", "state"]]}).code == "reversed"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"scale": "odds_ratio"}, "gives no odds ratio"),
        ({"method": "guess"}, "not a method"),
        ({"treated": "B"}, "the design's treated unit"),
        ({"control": "B"}, "mix of all the other units"),
        ({"target": "compliers"}, "no compliers"),
        ({"cluster": "year"}, "one treated unit"),
        ({"adjust_for": ["year"]}, "cannot be a predictor"),
        ({"design": {**DESIGN, "treated_unit": "Z"}}, "not among the units"),
        ({"design": {**DESIGN, "start": "never"}}, "cannot be placed"),
        ({"treatment": "rich"}, "neither the column of the units nor an on/off"),
    ],
)
def test_bad_input_says_what_to_do(query: dict[str, Any], words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        value(panel(units=8), **query)
    assert caught.value.hint


def test_an_on_off_column_that_contradicts_the_start() -> None:
    frame = panel(units=8)
    frame["law"] = ((frame["state"] == "A") & (frame["year"] >= 2010)).astype(int)
    with pytest.raises(QueryError, match="already on for 'A' in 2010"):
        value(frame, treatment="law")
    frame["law"] = ((frame["state"] == "B") & (frame["year"] >= 2010)).astype(int)
    with pytest.raises(QueryError, match="never on"):
        value(frame, treatment="law")


def test_unknown_columns() -> None:
    with pytest.raises(UnknownColumn, match="unit column"):
        value(panel(units=8), design={**DESIGN, "unit": "country"})
    with pytest.raises(UnknownColumn, match="time column"):
        value(panel(units=8), design={**DESIGN, "time": "month"})


def test_the_placebo_units_of_many() -> None:
    frame = panel(units=26)
    found = quick(task(frame))
    assert not isinstance(found, NotIdentified)
    assert found.level == 0.95 and found.p_value == pytest.approx(1 / 26)
