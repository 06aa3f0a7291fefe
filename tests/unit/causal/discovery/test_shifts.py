"""Common numbers with shifts: what they cost and where they are, beside sums worked out another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pyllm_causal.causal.discovery.mechanisms import FLOOR, Mechanisms
from pyllm_causal.causal.discovery.shifts import Pattern, shared


def patterns(far: float, often: float) -> tuple[Pattern, Pattern]:
    return Pattern((0.0,), math.log1p(-often)), Pattern((far**2,), math.log(often))


def test_the_likelihood_is_that_of_a_mixture_at_its_best_common_number() -> None:
    numbers, chance, far, often = np.array([0.1, -0.05, 1.3, 0.0, 0.12]), 0.01, 0.8, 0.2
    found = shared(numbers[None, :, None], np.full((1, 5, 1, 1), chance), patterns(far, often))[0]
    common = np.linspace(-0.5, 1.5, 20_001)[:, None]
    still = (1 - often) * stats.norm.pdf(numbers, common, chance**0.5)
    moved = often * stats.norm.pdf(numbers, common, (chance + far**2) ** 0.5)
    each = np.log(still + moved) - stats.norm.logpdf(0, 0, chance**0.5)
    assert found.gain == pytest.approx(each.sum(axis=1).max(), abs=1e-3)
    assert (found.chances[:, 1] > 0.5).tolist() == [False, False, True, False, False]


def test_a_shift_that_chance_could_hide_costs_next_to_nothing() -> None:
    numbers, chance = np.array([[0.0] * 6, [0.0] * 5 + [2.0]])[..., None], np.full((2, 6, 1, 1), 0.01)
    (large, far_off), (small, near) = (
        [s.gain for s in shared(numbers, chance, patterns(far, 0.5))] for far in (2.0, 0.02)
    )
    assert large < small  # agreement is bought by the chance of no shift; with tiny shifts there is nothing to buy
    assert small == pytest.approx(0.0, abs=0.1)
    assert far_off > near + 50


def test_the_mechanism_of_one_environment_split_in_two_is_that_of_least_squares() -> None:
    """Without shifts the score is that of one regression over all rows, up to the order of chance."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=4000)
    y = 0.7 * x + rng.normal(size=4000)
    told = Mechanisms([x[:, None], y[:, None]], np.repeat([0, 1, 2, 3], 1000)).told(1, [0])
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    slope = (x @ y) / (x @ x)
    left = ((y - slope * x) ** 2).mean() + FLOOR * (1 + slope**2)  # what keeps variances from being nothing
    whole = -0.5 * 4000 * math.log(left) - 0.5 * 3 * math.log(4000)
    unshifted = 4 * 3 * math.log1p(-0.15)
    assert told.score == pytest.approx(whole + unshifted, abs=1.5)
    assert told.changes == 0


def test_what_is_shifted_is_told_apart() -> None:
    rng = np.random.default_rng(4)
    env = np.repeat(np.arange(5), 400)
    x = rng.normal(size=2000)
    average, slope, spread = (np.array(v)[env] for v in ([0, 1.5, 0, 0, 0], [1, 1, 2.5, 1, 1], [1, 1, 1, 0.4, 1]))
    y = average + slope * x + spread * rng.normal(size=2000)
    told = Mechanisms([x[:, None], y[:, None]], env).told(1, [0])
    assert (told.shifted > 0.5).astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert told.changes == 3 and told.changed == pytest.approx(0.6, abs=0.1)


def test_the_habit_of_shifts_is_learned() -> None:
    rng = np.random.default_rng(5)
    env = np.repeat(np.arange(12), 200)
    columns = [rng.normal(size=2400) + rng.normal(0, 1, 12)[env] for _ in range(4)]
    mechanisms = Mechanisms([c[:, None] for c in columns], env)
    mechanisms.learn([[(c, []) for c in range(4)]])
    assert mechanisms.habit.often[0] == 0.8 and mechanisms.habit.far[0] >= 0.5
    assert mechanisms.habit.often[2] == 0.02
    assert mechanisms.habit in mechanisms.plausible and len(mechanisms.plausible) > 1
