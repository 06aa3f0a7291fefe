"""A common cause in the table and not in the picture, of any strength: how often the margins hold the truth; and what columns that
are no common causes cost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from tests.unit.causal.world.tables import answer

pytestmark = pytest.mark.statistical

DRAWS = 100
TWO = {"edges": [["price", "sales"], ["ads", "sales"]]}
WHOLE = {"edges": [*TWO["edges"], ["quality", "price"], ["quality", "sales"]]}


def table(rng: np.random.Generator, n: int, a: float, b: float, c: float, shift: float = 0.0) -> pd.DataFrame:
    """quality moves price (a) and sales (b), price moves sales (c), ads do (0.6)."""
    quality = rng.normal(size=n) + shift
    price, ads = a * quality + rng.normal(size=n), rng.normal(size=n)
    sales = b * quality + c * price + 0.6 * ads + rng.normal(size=n)
    return pd.DataFrame({"quality": quality, "price": price, "ads": ads, "sales": sales, "idle": rng.normal(size=n)})


def strengths(rng: np.random.Generator) -> tuple[int, float, float, float]:
    """(rows, a, b, c) drawn at random."""
    sign = rng.choice([-1, 1], 2)
    return (
        int(rng.choice([300, 800, 2000])),
        rng.uniform(0.1, 1) * sign[0],
        rng.uniform(0.1, 1.2) * sign[1],
        rng.uniform(0, 1),
    )


def test_margins_hold_the_truth() -> None:
    held: Counter[str] = Counter()
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, 11])
        n, a, b, c = strengths(rng)
        frame, total = table(rng, n, a, b, c), (b + c * a) ** 2 + c**2 + 0.36 + 1
        found = answer(frame, TWO, kind="attribution", outcome="sales", seed=seed)
        parts = {p["cause"]: p for p in found.attribution or ()}
        for name, truth in (
            ("price", c**2 / total),
            ("ads", 0.36 / total),
            ("not explained by the picture", 1 / total),
        ):
            held[name] += parts[name]["low"] <= truth <= parts[name]["high"]
        done = answer(frame, TWO, kind="counterfactual", outcome="sales", changes={"price": 1.0}, seed=seed).effect
        assert done is not None and done.low is not None and done.high is not None
        held["set"] += done.low <= c <= done.high
        later = table(rng, n, a, b, c, shift=rng.uniform(0.3, 1.5))
        both = pd.concat([frame.assign(month="March"), later.assign(month="April")], ignore_index=True)
        compare = {"column": "month", "from": "March", "to": "April"}
        found = answer(both, TWO, kind="attribution", outcome="sales", compare=compare, seed=seed)
        price = next(p for p in found.attribution or () if p["cause"] == "price")
        held["change"] += price["low"] <= 0.0 <= price["high"]  # what changed is quality, and nothing else
    print(held)
    assert min(held.values()) >= 0.9 * DRAWS and len(held) == 5


def test_what_columns_that_are_no_common_causes_cost() -> None:
    warned, wider = 0, []
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, 12])
        n, a, b, c = strengths(rng)
        frame = table(rng, n, a, b, c)
        plain = answer(frame, WHOLE, kind="attribution", outcome="sales", seed=seed)
        frame["clicks"] = frame["ads"] + rng.normal(size=n)
        frame["stock"] = frame["price"] + rng.normal(size=n)
        for i in range(6):
            frame[f"idle{i}"] = rng.normal(size=n)
        found = answer(frame, WHOLE, kind="attribution", outcome="sales", seed=seed)
        warned += any(d.name == "left_out" and d.status == "warning" for d in found.diagnostics)
        widths = [sum(p["high"] - p["low"] for p in f.attribution or ()) for f in (found, plain)]
        wider.append(widths[0] / widths[1])
    print(warned, float(np.mean(wider)))
    assert warned <= 0.1 * DRAWS and float(np.mean(wider)) <= 1.25
