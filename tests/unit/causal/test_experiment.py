"""Sizes of experiments against published tables and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.causal.experiment import experiment
from pyllm_causal.errors import QueryError


# Cohen (1988), table 2.4.1: two-sided 5 %, power 80 %, rows an arm for d.
@pytest.mark.parametrize(("d", "rows"), [(0.2, 393), (0.3, 175), (0.4, 99), (0.5, 64), (0.8, 26), (1.0, 17)])
def test_cohens_table_for_means(d: float, rows: int) -> None:
    # the table is rounded to the nearest row and built on an approximation: within one row
    assert experiment(10 * d, spread=10, baseline=None, unit="kg").rows_per_arm == pytest.approx(rows, abs=1)


# R's power.prop.test: (p1 0.10, p2 0.15, power 0.8) n = 685.6; its help page: (0.50, 0.75, power 0.9) n = 76.7.
# Fleiss, Levin & Paik (2003), table A.4 without correction: 0.05 against 0.10, 80 %: 435.
@pytest.mark.parametrize(
    ("first", "second", "power", "rows"), [(0.15, 0.10, 0.8, 686), (0.75, 0.50, 0.9, 77), (0.10, 0.05, 0.8, 435)]
)
def test_published_sizes_for_chances(first: float, second: float, power: float, rows: int) -> None:
    from pyllm_causal.causal.experiment import _proportions

    assert _proportions(first, second, power, 0.05) == rows
    assert _proportions(second, first, power, 0.05) == rows


def test_the_direction_that_needs_more_rows_counts() -> None:
    assert experiment(0.05, spread=None, baseline=0.10, unit="probability").rows_per_arm == 686  # up to 0.15, not down
    assert (
        experiment(0.05, spread=None, baseline=0.02, unit="probability").rows_per_arm is not None
    )  # down is impossible


def test_the_power_is_what_it_says() -> None:
    plan = experiment(2.0, spread=5.0, baseline=None, unit="kg")
    rng, rows = np.random.default_rng(5), plan.rows_per_arm
    assert rows is not None
    a, b = rng.normal(0, 5, (4000, rows)), rng.normal(2, 5, (4000, rows))
    error = np.sqrt((a.var(1, ddof=1) + b.var(1, ddof=1)) / rows)
    seen = np.mean(abs(b.mean(1) - a.mean(1)) / error > 1.98)
    assert 0.78 < seen < 0.82  # 4,000 replications: 99% within 0.016


def test_more_arms_share_the_error_out() -> None:
    two, three = (experiment(1, spread=2, baseline=None, unit="", arms=k) for k in (2, 3))
    assert three.rows_per_arm > two.rows_per_arm and three.total == 3 * three.rows_per_arm
    assert experiment(1, spread=2, baseline=None, unit="", alpha=0.025).rows_per_arm == three.rows_per_arm


def test_an_unknown_spread_is_said_and_not_made_up() -> None:
    plan = experiment(1.0, spread=None, baseline=None, unit="kg")
    assert plan.rows_per_arm is None and plan.total is None and "varies" in plan.needs
    assert {s.share: s.rows_per_arm for s in plan.table}[0.5] == 64
    assert "not known" in plan.text and "1 kg" in plan.text


def test_the_text_says_it_in_plain_words() -> None:
    plan = experiment(0.05, spread=None, baseline=0.1, unit="probability", per_week=100)
    assert "5 in 100" in plan.text and "686 each" in plan.text and "1,372 in all" in plan.text
    assert plan.weeks == 14 and "14 weeks" in plan.text
    assert "significan" not in plan.text and "power" not in plan.text


@pytest.mark.parametrize(
    "bad",
    [
        {"matters": 0},
        {"matters": math.nan},
        {"spread": 0},
        {"spread": -1},
        {"baseline": 1.2},
        {"baseline": 0.5, "matters": 0.7},
        {"per_week": 0},
        {"arms": 1},
        {"matters": 1e-9},
    ],
)
def test_nonsense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(QueryError):
        experiment(**({"matters": 1.0, "spread": 2.0, "baseline": None, "unit": ""} | bad))


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.02, 20), factor=st.floats(1.05, 3))
def test_a_smaller_difference_never_needs_fewer(share: float, factor: float) -> None:
    small, large = (experiment(s, spread=1.0, baseline=None, unit="") for s in (share, share * factor))
    assert small.rows_per_arm >= large.rows_per_arm >= 2
