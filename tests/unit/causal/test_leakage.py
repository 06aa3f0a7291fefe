"""A column that is the outcome in disguise is found; a measure of before is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.refuters.leakage import leakage
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import sample
from tests.unit.causal.trials import coin, expit, tried


def check(s: Sample, **query: Any) -> Refutation:
    found = leakage(tried(s, **query))
    assert found is not None and found.check == "leakage" and found.short and found.meaning
    return found


def table(n: int = 300, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    t = coin(rng, expit(x[:, 0]))
    return t, x, t + x[:, 0] + rng.standard_normal(n)


DISGUISES: dict[str, Any] = {
    "another unit": lambda y, x, rng: 2.2 * y + 1,
    "rounded": lambda y, x, rng: np.round(y, 1),
    "a curve": lambda y, x, rng: np.exp(y),
    "measured again with a little noise": lambda y, x, rng: y + 0.05 * rng.standard_normal(len(y)),
    "a mark above a limit": lambda y, x, rng: (y > 1).astype(float),
    "the after of which y is the change": lambda y, x, rng: y + x[:, 1],
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_outcome_in_disguise_is_found(disguise: str) -> None:
    t, x, y = table()
    leak = DISGUISES[disguise](y, x, np.random.default_rng(1))
    found = check(sample(y, t, np.column_stack([x, leak])))
    assert found.verdict == "failed" and found.figures["column"] == "x2" and "x2" in found.observed


@pytest.mark.parametrize("rows", [30, 300, 3000])
@pytest.mark.parametrize("r", [0.95, 0.97])
def test_a_measure_of_before_is_none(rows: int, r: float) -> None:
    for seed in range(20 if rows < 1000 else 2):
        rng = np.random.default_rng([seed, rows])
        before = rng.standard_normal(rows)
        noise = float(np.sqrt(1 / r**2 - 1))
        t = coin(rng, expit(0.5 * before))
        y = 0.1 * t + before + noise * rng.standard_normal(rows)
        earlier = before + noise * rng.standard_normal(rows)
        assert check(sample(y, t, np.column_stack([before, earlier]))).verdict == "passed"


def test_a_cause_that_explains_nearly_everything_is_none_where_the_treatment_still_shows() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 1))
    t = coin(rng, expit(x[:, 0]))
    assert check(sample(0.5 * t + x[:, 0] + 0.05 * rng.standard_normal(500), t, x)).verdict == "passed"


def test_one_far_off_row_makes_no_copy() -> None:
    t, x, y = table()
    y[0], x[0, 1] = 1000.0, 1000.0
    assert check(sample(y, t, x)).verdict == "passed"


def test_a_yes_no_outcome_that_one_column_tells() -> None:
    t, x, y = table(800)
    event = (y > 1).astype(float)
    for leak in (y, event, 3 - 2 * event):
        found = check(sample(event, t, np.column_stack([x, leak]), outcome="yes_no"))
        assert found.verdict == "failed" and "x2" in found.observed
    few = check(sample(event[:60], t[:60], np.column_stack([x, event])[:60], outcome="yes_no"))
    assert few.verdict == "inconclusive"  # the same answer twice, asked of 60 people, is no wonder
    other = event.copy()
    other[:12] = 1 - other[:12]  # 98.5 of 100 agree: a correlation of 0.97
    assert check(sample(event, t, np.column_stack([x, other]), outcome="yes_no")).verdict == "passed"


def test_a_category_is_looked_at_as_one() -> None:
    t, x, y = table(800)
    event = (y > 1).astype(float)
    levels = np.where(
        event == 1, 1 + (x[:, 1] > 0), 3 * (x[:, 1] > 1)
    )  # four words, two of them said of every event alone
    dummies = np.eye(4)[levels.astype(int)][:, 1:]
    groups = ("x0", "x1", "status", "status", "status")
    s = sample(event, t, np.column_stack([x, dummies]), outcome="yes_no", x_groups=groups)
    found = check(s)
    assert found.verdict == "failed" and found.figures["column"] == "status"
    harmless = np.eye(4)[np.random.default_rng(0).integers(0, 4, 800)][:, 1:]
    assert check(sample(y, t, np.column_stack([x, harmless]), x_groups=groups)).verdict == "passed"


def test_an_outcome_made_of_the_treatment() -> None:
    rng = np.random.default_rng(0)
    d = rng.standard_normal(300)
    for y in (3 * d + 1 + 1e-9 * rng.standard_normal(300), d**2 + 1e-6 * rng.standard_normal(300)):
        found = check(sample(y, d, dose=(1.0, 0.0), per_unit=True))
        assert found.verdict == "failed" and "y follows from t" in found.observed
    assert check(sample(3 * d + 0.1 * rng.standard_normal(300), d, dose=(1.0, 0.0), per_unit=True)).verdict == "passed"


def test_a_copy_of_the_treatment() -> None:
    rng = np.random.default_rng(0)
    d = rng.standard_normal(300)
    copy = (d + 0.05 * rng.standard_normal(300))[:, None]
    found = check(sample(d + rng.standard_normal(300), d, copy, dose=(1.0, 0.0), per_unit=True))
    assert found.verdict == "failed" and "copy of t" in found.observed


def test_a_strange_name_is_no_harm() -> None:
    t, x, y = table()
    s = sample(y, t, np.column_stack([x, y]), x_groups=("a", "b", "evil\n\x1b[31mname"))
    found = check(s)
    assert "\n" not in found.observed + found.short and "\x1b" not in found.observed + found.short


def test_few_rows_tell_nothing() -> None:
    _, x, y = table(14)
    assert check(sample(y, np.arange(14) % 2, x, randomised=True)).verdict == "inconclusive"
