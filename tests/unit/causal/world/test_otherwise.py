"""What would have been otherwise: one row, everybody, the best change; against worlds in which the other outcome is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.errors import QueryError, UnknownColumn
from tests.unit.causal.world.tables import answer, shop, shop_from, sigmoid

FRAME, NOISE = shop()


@pytest.mark.parametrize("row", [3, 12, 700])
def test_one_row_of_a_linear_world(row: int) -> None:
    truth = shop_from(NOISE, price=25.0)["sales"][row]
    found = answer(FRAME, kind="counterfactual", outcome="sales", row=row, changes={"price": 25.0}, simulations=100)
    told = found.counterfactual
    assert told is not None and found.status == "answered"
    assert told["outcome_as_it_was"] == pytest.approx(FRAME["sales"][row])
    assert told["outcome_otherwise"] == pytest.approx(truth, abs=0.5)
    assert told["low"] - 0.4 <= truth <= told["high"] + 0.4 and told["high"] - told["low"] < 3
    assert told["changed"]["price"]["to"] == 25.0
    assert found.effect is not None and found.effect.value == pytest.approx(
        told["outcome_otherwise"] - FRAME["sales"][row]
    )
    assert found.certainty is not None and found.certainty.level in ("low", "very_low")
    assert "comes from the model" in found.text


def test_one_row_of_a_curved_world_with_growing_noise() -> None:
    """y = exp(…) × noise: what is carried over is the ratio."""
    rng = np.random.default_rng(1)
    x, u = rng.normal(size=3000), np.exp(0.3 * rng.normal(size=3000))
    frame = pd.DataFrame({"x": x, "y": np.exp(1 + 0.8 * x) * u})
    for row in (5, 50):
        found = answer(frame, {"edges": [["x", "y"]]}, kind="counterfactual", outcome="y", row=row, changes={"x": 0.5})
        assert found.counterfactual is not None
        assert found.counterfactual["outcome_otherwise"] == pytest.approx(np.exp(1.4) * u[row], rel=0.1)


def test_a_bent_mechanism_is_found() -> None:
    rng = np.random.default_rng(2)
    x, u = rng.uniform(-2, 2, 2000), rng.normal(size=2000)
    frame = pd.DataFrame({"x": x, "y": x**2 + 0.5 * u})
    found = answer(frame, {"edges": [["x", "y"]]}, kind="counterfactual", outcome="y", row=4, changes={"x": 0.0})
    assert found.counterfactual is not None
    assert found.counterfactual["outcome_otherwise"] == pytest.approx(0.5 * u[4], abs=0.2)


def drug_world(way: str, n: int = 20_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Yes/no outcome; the luck of the other course is the same, the opposite, or independent. Returns the other outcome of all."""
    rng = np.random.default_rng(3)
    age, drug, u = rng.normal(size=n), rng.integers(0, 2, n), rng.random(n)
    other = {"same": u, "opposite": 1 - u, "fresh": rng.random(n)}[way]
    p = [sigmoid(0.3 + 0.5 * d - 0.5 * age) for d in (0, 1)]
    seen = np.where(drug == 1, u < p[1], u < p[0])
    otherwise = np.where(drug == 1, other < p[0], other < p[1])
    frame = pd.DataFrame({"age": age, "drug": drug, "lived": seen.astype(int)})
    return frame, otherwise


DRUG = {"edges": [["age", "drug"], ["age", "lived"], ["drug", "lived"]]}


@pytest.mark.parametrize("way", ["same", "opposite", "fresh"])
def test_bounds_hold_the_other_outcome_whatever_the_luck(way: str) -> None:
    """Among rows alike in age, drug and outcome, the share with the other outcome lies in the interval of such a row."""
    frame, otherwise = drug_world(way)
    alike = (frame["drug"] == 0) & (frame["lived"] == 0) & (frame["age"].abs() < 0.15)
    row = int(np.flatnonzero(alike)[0])
    found = answer(frame, DRUG, kind="counterfactual", outcome="lived", row=row, treatment="drug", treated=1)
    told = found.counterfactual
    assert told is not None and told["outcome_otherwise"] is None
    share = float(otherwise[alike].mean())
    error = (share * (1 - share) / alike.sum()) ** 0.5
    assert told["low"] - 2.5 * error <= share <= told["high"] + 2.5 * error
    # sharp bounds and the monotone point (Tian & Pearl 2000), by hand
    p0, p1 = sigmoid(0.3 - 0.5 * frame["age"][row]), sigmoid(0.8 - 0.5 * frame["age"][row])
    assert told["low"] == pytest.approx(max(0, (p1 - p0) / (1 - p0)), abs=0.09)
    assert told["high"] == pytest.approx(min(1, p1 / (1 - p0)), abs=0.09)
    assert told["probability"] == pytest.approx((p1 - p0) / (1 - p0), abs=0.06)
    if way == "same":
        assert share == pytest.approx((p1 - p0) / (1 - p0), abs=3 * error + 0.02)
    assert "only bounded" in found.text


def test_a_yes_no_column_in_between_widens_the_margin() -> None:
    frame, _ = shop(1500, 4)
    row = int(np.flatnonzero((frame["promo"] == 0) & (frame["wealth"] < 48))[0])
    found = answer(frame, kind="counterfactual", outcome="sales", row=row, changes={"wealth": 62.0})
    told = found.counterfactual
    assert told is not None and told["high"] - told["low"] > 3  # five more where the promotion would have come


def test_everybody_with_two_columns_set() -> None:
    truth = shop_from(NOISE, price=25.0, promo=1)["sales"].mean()
    found = answer(FRAME, kind="counterfactual", outcome="sales", changes={"price": 25.0, "promo": 1}, checks=True)
    assert found.effect is not None and found.effect.low is not None and found.effect.high is not None
    assert found.effect.value == pytest.approx(truth - FRAME["sales"].mean(), abs=0.4)
    assert found.effect.low - 0.2 <= truth - FRAME["sales"].mean() <= found.effect.high + 0.2
    assert found.method == "structural_model" == found.estimates[0].method
    assert found.headline.startswith("If everybody had price = 25 and promo = 1, the average of sales may be higher")


def test_a_confounded_treatment_is_not_the_plain_difference() -> None:
    rng = np.random.default_rng(6)
    ill = rng.normal(size=3000)
    drug = (rng.random(3000) < sigmoid(1.5 * ill)).astype(int)
    frame = pd.DataFrame({"ill": ill, "drug": drug, "pain": 2 * ill - drug + rng.normal(size=3000)})
    graph = {"edges": [["ill", "drug"], ["ill", "pain"], ["drug", "pain"]]}
    found = answer(frame, graph, kind="counterfactual", outcome="pain", treatment="drug")
    assert found.effect is not None and found.effect.value == pytest.approx(-1, abs=0.15)
    assert frame.groupby("drug")["pain"].mean().diff().iloc[-1] > 0


def test_the_margin_covers() -> None:
    """95 % intervals of the mean with something set, over 60 tables: at most 8 miss (5 % would be 3)."""
    missed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=200)
        x = z + rng.normal(size=200)
        frame = pd.DataFrame({"z": z, "x": x, "y": 0.5 * x + z + rng.normal(size=200)})
        graph = {"edges": [["z", "x"], ["z", "y"], ["x", "y"]]}
        effect = answer(
            frame, graph, kind="counterfactual", outcome="y", treatment="x", treated=1, control=0, seed=seed
        ).effect
        assert effect is not None and effect.low is not None and effect.high is not None
        missed += not effect.low <= 0.5 <= effect.high
    assert 0 < missed <= 8


def test_the_best_single_change() -> None:
    found = answer(FRAME, kind="counterfactual", outcome="sales", checks=False)
    assert found.arms is not None
    first = found.arms[0]
    assert first["treatment"] == "ads" and first["effect"]["value"] == pytest.approx(2 * FRAME["ads"].std(), rel=0.05)
    price = next(a for a in found.arms if a["treatment"] == "price")  # −3 directly, +2·0.5 through the ads
    assert price["effect"]["value"] == pytest.approx(-2 * FRAME["price"].std(), rel=0.12)
    assert price["told_apart_from_first"] is True
    assert [a["treatment"] for a in found.arms if a["treatment"] == "promo"] == ["promo"]


def test_cost_turns_the_order_round() -> None:
    found = answer(FRAME, kind="counterfactual", outcome="sales", costs={"price": 0.1, "ads": 50, "promo": 10})
    assert found.arms is not None
    assert [a["treatment"] for a in found.arms] == ["price", "promo", "ads"]
    assert found.arms[0]["effect_per_cost"]["value"] == pytest.approx(-20, abs=2)


def test_equals_are_not_told_apart() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.normal(size=300), rng.normal(size=300)
    frame = pd.DataFrame({"a": a, "b": b, "y": a + b + rng.normal(size=300)})
    found = answer(frame, {"edges": [["a", "y"], ["b", "y"]]}, kind="counterfactual", outcome="y", checks=True)
    assert found.arms is not None and found.arms[1]["told_apart_from_first"] is False
    assert "cannot be told apart" in found.text and "others come close" in found.headline


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("value outside", {"changes": {"price": 99.0}}, "lies between"),
    ("row and value outside", {"row": 3, "changes": {"price": -5.0}}, "lies between"),
    ("combination", {"changes": {"price": 20.0, "ads": 31.0}}, "together"),
]


@pytest.mark.parametrize(("what", "query", "says"), REFUSED)
def test_what_the_table_does_not_hold_is_refused(what: str, query: dict[str, Any], says: str) -> None:
    found = answer(FRAME, kind="counterfactual", outcome="sales", **query)
    assert found.status == "not_identified" and says in str(found.why_not) and found.would_help and found.effect is None


def test_a_hidden_cause_is_refused() -> None:
    hidden = {**SHOP_HIDDEN}
    for query in ({"changes": {"price": 25.0}}, {"row": 4, "changes": {"price": 25.0}}):
        found = answer(FRAME, hidden, kind="counterfactual", outcome="sales", **query)
        assert found.status == "not_identified" and "mood" in str(found.why_not)
    best = answer(FRAME, hidden, kind="counterfactual", outcome="sales")
    assert best.arms is not None
    assert {a["treatment"] for a in best.arms if a["effect"] is None} == {"price"}


SHOP_HIDDEN = {
    "edges": [["price", "sales"], ["ads", "sales"], ["promo", "sales"]],
    "unmeasured": [{"name": "mood", "affects": ["price", "sales"]}],
}


def test_a_model_that_does_not_fit_is_refused() -> None:
    """y depends on whether x and z have the same sign, which no straight line, bend or product of two sees well."""
    rng = np.random.default_rng(9)
    x = rng.uniform(-1, 1, 2000)
    frame = pd.DataFrame({"x": x, "y": np.sign(np.sin(9 * x)) + 0.2 * rng.normal(size=2000)})
    found = answer(frame, {"edges": [["x", "y"]]}, kind="counterfactual", outcome="y", changes={"x": 0.5})
    assert found.status == "not_identified" and "does not fit" in str(found.why_not)


def test_a_row_that_lacks_a_value() -> None:
    frame = FRAME.copy()
    frame.loc[5, "ads"] = np.nan
    found = answer(frame, kind="counterfactual", outcome="sales", row=5, changes={"price": 25.0})
    assert found.status == "not_identified" and "no value of ads" in str(found.why_not)


def test_nothing_would_change() -> None:
    row = int(np.flatnonzero(FRAME["promo"] == 1)[0])
    found = answer(FRAME, kind="counterfactual", outcome="sales", row=row, treatment="promo", treated=1)
    assert found.status == "needs_review" and "already has promo = 1" in found.text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"row": 2000, "changes": {"price": 25}}, "no row 2000"),
        ({"row": -1, "changes": {"price": 25}}, "no row -1"),
        ({"row": "promo == 1", "changes": {"price": 25}}, "rows fit"),
        ({"row": 3}, "What would be different"),
        ({"changes": {"sales": 3}}, "is the outcome"),
        ({"changes": {"price": "dear"}}, "no number"),
        ({"changes": {"promo": "maybe"}}, "not a value"),
        ({"changes": {"price": 25}, "scale": "ratio"}, "as a difference"),
        ({"changes": {"price": 25}, "weights": "ads"}, "`weights` has no use"),
        ({"changes": {"price": 25}, "costs": {"ads": 1}}, "`costs`"),
        ({"treatment": "price"}, "What would"),
    ],
)
def test_what_makes_no_sense_is_said(query: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says):
        answer(FRAME, kind="counterfactual", outcome="sales", **query)


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(UnknownColumn, match="prise"):
        answer(FRAME, kind="counterfactual", outcome="sales", changes={"prise": 3})


def test_no_picture_needs_one_and_says_how() -> None:
    from pyllm_causal import analyse

    found = analyse({"kind": "counterfactual", "outcome": "sales", "changes": {"price": 25}}, FRAME)
    assert found.status == "needs_review" and found.exit_code == 2 and "pyllm-causal graph draft" in found.text


def test_no_arrow_is_an_assumption_and_no_finding() -> None:
    found = answer(
        FRAME,
        {"edges": [["ads", "sales"], ["price", "promo"]]},
        kind="counterfactual",
        outcome="sales",
        changes={"price": 25},
    )
    assert found.status == "not_identified" and "not what the table shows" in str(found.why_not)


def test_rows_chosen_by_the_outcome_are_refused() -> None:
    found = answer(FRAME, kind="counterfactual", outcome="sales", changes={"price": 25}, where="sales > 80")
    assert found.status == "not_identified" and "chosen by sales" in str(found.why_not)


def test_two_columns_that_always_go_together_cannot_be_parted() -> None:
    rng = np.random.default_rng(10)
    x = rng.normal(size=500)
    frame = pd.DataFrame({"x": x, "cents": 100 * x, "y": x + rng.normal(size=500)})
    graph = {"edges": [["x", "y"], ["cents", "y"]]}
    for query in ({"changes": {"x": 0.5}}, {"row": 4, "changes": {"x": 0.5}}):
        found = answer(frame, graph, kind="counterfactual", outcome="y", **query)
        assert found.status == "not_identified" and "like nothing in the table" in str(found.why_not)
    for query in ({"kind": "counterfactual"}, {"kind": "attribution"}):
        found = answer(frame, graph, outcome="y", **query)
        assert found.status == "not_identified" and "follows from" in str(found.why_not)
    both = answer(frame, graph, kind="counterfactual", outcome="y", changes={"x": 0.5, "cents": 50})
    assert both.status == "answered" and both.effect is not None
    assert both.effect.value == pytest.approx(0.5 - x.mean(), abs=0.15)


def test_a_level_that_nobody_of_that_kind_has_is_refused() -> None:
    rng = np.random.default_rng(11)
    age = rng.uniform(20, 80, 1000)
    drug = (age > 50).astype(int)
    frame = pd.DataFrame({"age": age, "drug": drug, "y": drug + age / 10 + rng.normal(size=1000)})
    graph = {"edges": [["age", "drug"], ["age", "y"], ["drug", "y"]]}
    found = answer(frame, graph, kind="counterfactual", outcome="y", treatment="drug")
    assert found.status == "not_identified" and "like nothing in the table" in str(found.why_not)
    row = int(np.argmin(age))
    one = answer(frame, graph, kind="counterfactual", outcome="y", row=row, treatment="drug")
    assert one.status == "not_identified"


def test_ctrl_c_keeps_the_refits_that_are_done() -> None:
    from pyllm_causal.analysis import SampleCount
    from pyllm_causal.causal.repeats import Effort
    from pyllm_causal.causal.world.columns import Drawn
    from pyllm_causal.causal.world.refits import refits

    drawn = Drawn({}, {}, np.arange(5), None, SampleCount(rows=5, used=5))
    calls: list[int] = []

    def figure(index: Any, rng: Any) -> Any:
        calls.append(1)
        if len(calls) == 31:
            raise KeyboardInterrupt
        return np.array([1.0])

    effort = Effort(100)
    assert refits(drawn, effort, 0, "x", figure).shape == (30, 1) and effort.watch.stopped
    calls.extend([1] * 100)
    with pytest.raises(KeyboardInterrupt):  # too few are done
        refits(drawn, Effort(100), 0, "x", lambda index, rng: (_ for _ in ()).throw(KeyboardInterrupt()))
