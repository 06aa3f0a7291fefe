"""What is due to what: shares of the variation, of a change, of one row's distance; against worlds where they are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Answer
from pyllm_causal.causal.world.shapley import shares
from pyllm_causal.errors import QueryError
from tests.unit.causal.world.tables import answer, shop, sigmoid


def parts(found: Answer) -> dict[str, dict[str, Any]]:
    assert found.status == "answered" and found.attribution is not None, found.text
    return {p["cause"]: p for p in found.attribution}


REST = "not explained by the picture"


def test_shapley_by_hand() -> None:
    """The glove game: one left glove, two right ones (Shapley 1953): 2/3, 1/6, 1/6."""
    worth = lambda s: float(0 in s and len(s) > 1)  # noqa: E731
    assert shares(3, worth, 0) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_many_players_add_up() -> None:
    weights = np.arange(1.0, 10.0)
    found = shares(9, lambda s: float(sum(weights[list(s)]) ** 2), 0)
    assert found.sum() == pytest.approx(weights.sum() ** 2)
    assert found == pytest.approx(weights * weights.sum(), rel=0.15)


def test_shares_of_a_linear_world() -> None:
    frame, _ = shop(4000, 1)
    found = parts(answer(frame, kind="attribution", outcome="sales"))
    # noise of each column × its total effect: price −3 + 2·0.5 = −2, ads 2, sales 5
    total = frame["sales"].var()
    assert found["price"]["share"] == pytest.approx((2 * 2) ** 2 / total, abs=0.03)
    assert found["ads"]["share"] == pytest.approx((2 * 3) ** 2 / total, abs=0.03)
    assert found[REST]["share"] == pytest.approx(25 / total, abs=0.03)
    assert sum(p["share"] for p in found.values()) == pytest.approx(1)
    for part in found.values():
        assert part["low"] <= part["share"] <= part["high"]


def test_a_product_is_divided_evenly() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=3000), rng.normal(size=3000)
    frame = pd.DataFrame({"a": a, "b": b, "y": a * b + 0.5 * rng.normal(size=3000)})
    found = parts(answer(frame, {"edges": [["a", "y"], ["b", "y"]]}, kind="attribution", outcome="y"))
    assert found["a"]["share"] == pytest.approx(0.4, abs=0.06) and found["b"]["share"] == pytest.approx(0.4, abs=0.06)
    assert found[REST]["share"] == pytest.approx(0.2, abs=0.04)


def test_causes_that_go_together_add_up_to_what_is_there() -> None:
    rng = np.random.default_rng(4)
    shared = rng.normal(size=3000)
    a, b = shared + rng.normal(size=3000), shared + rng.normal(size=3000)
    frame = pd.DataFrame({"a": a, "b": b, "y": a + b + rng.normal(size=3000)})
    found = parts(answer(frame, {"edges": [["a", "y"], ["b", "y"]]}, kind="attribution", outcome="y"))
    # var(y) = 2 + 2 + 2·1 + 1 = 7; each: 2 + 1 of it
    assert found["a"]["share"] == pytest.approx(3 / 7, abs=0.03) and found[REST]["share"] == pytest.approx(
        1 / 7, abs=0.02
    )


def test_drivers_of_a_yes_no_outcome() -> None:
    rng = np.random.default_rng(5)
    price, calls = rng.normal(size=4000), rng.normal(size=4000)
    churn = (rng.random(4000) < sigmoid(1.2 * price + 0.3 * calls)).astype(int)
    frame = pd.DataFrame({"price": price, "calls": calls, "churn": churn})
    found = answer(
        frame, {"edges": [["price", "churn"], ["calls", "churn"]]}, kind="attribution", outcome="churn", checks=True
    )
    got = parts(found)
    chance = sigmoid(1.2 * price + 0.3 * calls)
    assert 1 - got[REST]["share"] == pytest.approx(chance.var() / churn.var(), abs=0.03)
    assert got["price"]["share"] > 8 * got["calls"]["share"] > 0
    assert found.headline.startswith("price may drive churn most;")


def periods(n: int = 2000, **later: float) -> pd.DataFrame:
    """Two months; what differs in the second is given: wealth (its mean), slope (of sales on price), sales (its level)."""
    rng = np.random.default_rng(6)
    second = rng.integers(0, 2, n)
    wealth = rng.normal(size=n) + later.get("wealth", 0.0) * second
    price = 10 + wealth + 0.5 * rng.normal(size=n)
    slope = 2 + later.get("slope", 0.0) * second
    sales = slope * price + later.get("sales", 0.0) * second + rng.normal(size=n)
    return pd.DataFrame(
        {"month": np.where(second == 1, "April", "March"), "wealth": wealth, "price": price, "sales": sales}
    )


MONTHS = {"edges": [["wealth", "price"], ["price", "sales"], ["month", "wealth"], ["month", "sales"]]}
COMPARE = {"column": "month", "from": "March", "to": "April"}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ({"wealth": 1.5}, {"wealth": 3.0, "price": 0.0, "rest": 0.0}),
        ({"sales": -4.0}, {"wealth": 0.0, "price": 0.0, "rest": -4.0}),
        ({"wealth": 1.5, "sales": 2.0}, {"wealth": 3.0, "price": 0.0, "rest": 2.0}),
        # the slope falls from 2 to 1 at a price of about 10, and the price rises by 1: 1.5 of it, and −10.5
        ({"wealth": 1.0, "slope": -1.0}, {"wealth": 1.5, "price": 0.0, "rest": -10.5}),
    ],
)
def test_a_change_is_divided(later: dict[str, float], expected: dict[str, float]) -> None:
    frame = periods(**later)
    found = answer(frame, MONTHS, kind="attribution", outcome="sales", compare=COMPARE)
    assert found.attribution is not None and found.effect is not None
    truth = frame.loc[frame.month == "April", "sales"].mean() - frame.loc[frame.month == "March", "sales"].mean()
    assert found.effect.value == pytest.approx(truth)
    assert sum(p["share"] for p in found.attribution) == pytest.approx(truth)
    got = {("rest" if p["part"] == "rest" else p["cause"]): p for p in found.attribution}
    for name, value in expected.items():
        assert got[name]["share"] == pytest.approx(value, abs=0.25)
        assert got[name]["low"] - 0.1 <= value <= got[name]["high"] + 0.1
    assert found.attribution[-1]["part"] == "rest"


def test_a_change_through_a_yes_no_outcome_adds_up() -> None:
    frame = periods(3000, wealth=1.0)
    frame["sales"] = (np.random.default_rng(7).random(3000) < sigmoid(frame["price"] - 10.5)).astype(int)
    found = answer(frame, MONTHS, kind="attribution", outcome="sales", compare=COMPARE)
    got = parts(found)
    assert found.effect is not None and found.effect.unit == "probability"
    assert sum(p["share"] for p in got.values()) == pytest.approx(found.effect.value)
    assert got["wealth"]["share"] == pytest.approx(found.effect.value, abs=0.05)


def test_no_change_is_no_change() -> None:
    found = answer(periods(), MONTHS, kind="attribution", outcome="sales", compare=COMPARE)
    assert found.headline.startswith("We can't tell that sales changed at all")
    assert all("fraction" not in p for p in found.attribution or ())


def test_groups_that_are_a_consequence_are_refused() -> None:
    graph = {"edges": [["wealth", "price"], ["price", "sales"], ["sales", "month"]]}
    found = answer(periods(), graph, kind="attribution", outcome="sales", compare=COMPARE)
    assert found.status == "not_identified" and "comes after" in str(found.why_not)


def test_the_two_values_are_asked_for() -> None:
    found = answer(periods(), MONTHS, kind="attribution", outcome="sales", compare={"column": "month"})
    assert found.status == "needs_review" and "April and March" in found.text


def test_dates_are_compared_by_month() -> None:
    frame = periods(wealth=1.5)
    frame["month"] = pd.to_datetime(np.where(frame["month"] == "April", "2024-04-11", "2024-03-05"))
    compare = {"column": "month", "from": "2024-03", "to": "2024-04"}
    found = parts(answer(frame, MONTHS, kind="attribution", outcome="sales", compare=compare))
    assert found["wealth"]["share"] == pytest.approx(3, abs=0.25)


def test_one_row_far_out() -> None:
    frame, noise = shop(1500, 8)
    row = 77
    frame.loc[row, "ads"] += 40  # and what follows from it
    frame.loc[row, "sales"] += 80
    found = answer(frame, kind="attribution", outcome="sales", row=row)
    got = parts(found)
    off = frame["sales"][row] - frame["sales"].mean()
    assert sum(p["share"] for p in got.values()) == pytest.approx(off)
    assert got["ads"]["share"] == pytest.approx(2 * (40 + 3 * noise["ads"][row]), abs=3)
    assert got[REST]["share"] == pytest.approx(5 * noise["sales"][row], abs=3)  # the row bends the fit a little
    assert max(got.values(), key=lambda p: p["share"])["cause"] == "ads"


def test_a_usual_row_is_not_explained_away() -> None:
    frame, _ = shop(800, 9)
    row = int((frame["sales"] - frame["sales"].median()).abs().idxmin())
    found = answer(frame, kind="attribution", outcome="sales", row=row)
    assert found.status == "not_identified" and "not unusual" in str(found.why_not)


def test_hidden_causes_are_refused_where_they_matter() -> None:
    frame, _ = shop(500, 10)
    pairs = [["price", "sales"], ["ads", "sales"]]
    hidden = [{"name": "mood", "affects": ["price", "sales"]}]
    found = answer(frame, {"edges": pairs, "unmeasured": hidden}, kind="attribution", outcome="sales")
    assert found.status == "not_identified" and "mood" in str(found.why_not)
    between = [{"name": "mood", "affects": ["price", "ads"]}]  # two causes without causes: they may go together
    assert (
        answer(frame, {"edges": pairs, "unmeasured": between}, kind="attribution", outcome="sales").status == "answered"
    )


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"row": 3, "compare": COMPARE}, "two different questions"),
        ({"compare": {"column": "month", "from": "May", "to": "April"}}, "May"),
        ({"compare": {"column": "moon", "from": 1, "to": 2}}, "moon"),
        ({"compare": {"column": "month", "from": "March", "to": "March"}}, "same value twice"),
        ({"compare": {"column": "sales", "from": 1, "to": 2}}, "1"),
        ({"changes": {"price": 1}}, "`changes` has no use"),
    ],
)
def test_what_makes_no_sense_is_said(query: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says):
        answer(periods(300), MONTHS, kind="attribution", outcome="sales", **query)
