"""Worlds of the time to an event: exponential times with known rates, and people who leave before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

HALF = float(np.log(0.6))  # log hazard ratio of the worlds with an effect


def _table(time: Any, leaving: Any, until: float, **columns: Any) -> pd.DataFrame:
    """What is seen: the earlier of event, leaving, and the end of the study."""
    end = np.minimum(leaving, until)
    return pd.DataFrame({**columns, "days": np.minimum(time, end), "died": (time <= end).astype(int)})


def _query(scale: str, **more: Any) -> dict[str, Any]:
    return {"treatment": "drug", "outcome": "days", "event": "died", "scale": scale, **more}


@design_world("cox", "hazard ratio: trial", "easy", truth=0.6)
def _trial(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 300
    drug = rng.permutation(np.arange(n) % 2)
    time = rng.exponential(10 * np.exp(-effect * HALF * drug))
    return _table(time, rng.exponential(25, n), 20.0, drug=drug), _query("hazard_ratio", design={"kind": "randomised"})


@design_world("cox", "hazard ratio: shared causes", "heterogeneous", truth=0.6)
def _confounded(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 500
    age, ill = rng.normal(size=n), rng.integers(0, 2, n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-0.8 * age - 0.5 * ill))).astype(int)
    rate = 0.1 * np.exp(0.5 * age + 0.7 * ill + effect * HALF * drug)
    leaving = rng.exponential(20 * np.exp(-0.3 * age))  # the old leave sooner; the model holds age fixed
    return _table(rng.exponential(1 / rate), leaving, 15.0, drug=drug, age=age, ill=ill), _query(
        "hazard_ratio", adjust_for=["age", "ill"]
    )


@design_world("cox", "hazard ratio: few and tied events, clusters", "hard", truth=0.6)
def _tied(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    clinics, each = 60, 8
    clinic = np.repeat(np.arange(clinics), each)
    drug = rng.permutation(clinic % 2)
    time = np.ceil(rng.exponential(30 * np.exp(-effect * HALF * drug)))
    frame = _table(time, np.full(len(drug), 99.0), 12.0, drug=drug, clinic=clinic)
    return frame, _query("hazard_ratio", design={"kind": "randomised"}, cluster="clinic")


@design_world("cox", "hazard ratio: a dose, per unit", "heterogeneous", truth=0.8)
def _dose(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    age = rng.normal(size=n)
    drug = 3 + 0.5 * age + rng.normal(size=n)
    time = rng.exponential(10 * np.exp(-0.4 * age - effect * np.log(0.8) * (drug - 3)))
    return _table(time, rng.exponential(30, n), 20.0, drug=drug, age=age), _query("hazard_ratio", adjust_for=["age"])


@design_world("cox_weighted", "hazard ratio: weighted, no effect of the cause on time", "heterogeneous", truth=0.6)
def _weighted(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 500
    age, noise = rng.normal(size=n), rng.normal(size=n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-0.6 * age))).astype(int)
    # ratios of rates differ between "alike" and "on average" unless covariates leave the rate alone
    time = rng.exponential(10 * np.exp(-effect * HALF * drug))
    return _table(time, rng.exponential(25, n), 20.0, drug=drug, age=age, noise=noise), _query(
        "hazard_ratio", adjust_for=["age", "noise"]
    )


@design_world("log_rank", "hazard ratio: log-rank, a small effect", "easy", truth=0.85)
def _log_rank(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    drug = rng.permutation(np.arange(n) % 2)
    time = rng.exponential(10 * np.exp(-effect * np.log(0.85) * drug))
    return _table(time, rng.exponential(25, n), 20.0, drug=drug), _query("hazard_ratio", design={"kind": "randomised"})


FREE = float(np.exp(-0.06 * 10) - np.exp(-0.1 * 10))


@design_world("kaplan_meier", "survival difference: trial", "easy", truth=FREE)
def _difference(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 300
    drug = rng.permutation(np.arange(n) % 2)
    rate = np.where(drug == 1, 0.1 * np.exp(effect * HALF), 0.1)
    leaving = rng.exponential(np.where(drug == 1, 15.0, 40.0))  # the treated leave sooner, whatever their fate
    frame = _table(rng.exponential(1 / rate), leaving, 20.0, drug=drug)
    return frame, _query("difference", design={"kind": "randomised"}, horizon=10)


AGES = np.linspace(-1, 1, 2001)
ADJUSTED = float(np.mean(np.exp(-10 * 0.1 * np.exp(0.5 * AGES + HALF)) - np.exp(-10 * 0.1 * np.exp(0.5 * AGES))))


@design_world("standardised", "survival difference: shared causes", "heterogeneous", truth=ADJUSTED)
def _standardised(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 600
    age = rng.uniform(-1, 1, n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-age))).astype(int)
    time = rng.exponential(10 * np.exp(-0.5 * age - effect * HALF * drug))
    frame = _table(time, rng.exponential(30, n), 20.0, drug=drug, age=age)
    return frame, _query("difference", adjust_for=["age"], horizon=10)


@design_world("standardised", "risk ratio: shared causes, a crossing rate", "hard", truth=0.75)
def _crossing(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The drug halves the events of the first 5 days at the cost of later ones: the ratio of rates is not one number."""
    n = 800
    age = rng.uniform(-1, 1, n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-age))).astype(int)
    risk = (0.4 + 0.1 * age) * np.where(drug == 1, 1 - 0.25 * effect, 1.0)
    by_ten = rng.random(n) < risk
    early = np.where(drug == 1, rng.uniform(5, 10, n), rng.uniform(0, 10, n))
    time = np.where(by_ten, early, 10 + rng.exponential(10, n))
    frame = _table(time, rng.exponential(60, n), 20.0, drug=drug, age=age)
    return frame, _query("ratio", adjust_for=["age"], horizon=10)


@design_world("cox_weighted", "hazard ratio: weighted, little drives the choice", "easy", truth=0.6)
def _weighted_easy(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    age = rng.normal(size=n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-0.2 * age))).astype(int)
    time = rng.exponential(10 * np.exp(-effect * HALF * drug))
    return _table(time, rng.exponential(30, n), 25.0, drug=drug, age=age), _query("hazard_ratio", adjust_for=["age"])


@design_world("cox_weighted", "hazard ratio: weighted, many leave early", "hard", truth=0.6)
def _weighted_hard(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 600
    age, ill = rng.normal(size=n), rng.integers(0, 2, n)
    drug = (rng.random(n) < 1 / (1 + np.exp(-0.8 * age - 0.6 * ill + 0.5))).astype(int)
    time = rng.exponential(20 * np.exp(-effect * HALF * drug))
    leaving = rng.exponential(np.where(drug == 1, 12.0, 20.0))
    return _table(time, leaving, 15.0, drug=drug, age=age, ill=ill), _query("hazard_ratio", adjust_for=["age", "ill"])


@design_world("log_rank", "hazard ratio: log-rank, the rate changes over time", "heterogeneous", truth=0.85)
def _log_rank_bent(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    drug = rng.permutation(np.arange(n) % 2)
    time = 10 * np.sqrt(rng.exponential(np.exp(-effect * np.log(0.85) * drug)))  # Weibull: the rate grows with time
    return _table(time, rng.exponential(25, n), 15.0, drug=drug), _query("hazard_ratio", design={"kind": "randomised"})


@design_world("log_rank", "hazard ratio: log-rank, one in four treated, early leavers", "hard", truth=0.85)
def _log_rank_few(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    drug = rng.permutation((np.arange(n) % 4 == 0).astype(int))
    time = rng.exponential(10 * np.exp(-effect * np.log(0.85) * drug))
    leaving = rng.exponential(np.where(drug == 1, 8.0, 30.0))
    return _table(time, leaving, 20.0, drug=drug), _query("hazard_ratio", design={"kind": "randomised"})


@design_world("kaplan_meier", "survival difference: clinics treated whole", "heterogeneous", truth=FREE)
def _clinics(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    clinics, each = 80, 6
    clinic = np.repeat(np.arange(clinics), each)
    drug = rng.permutation(np.arange(clinics) % 2)[clinic]
    shared = rng.random(clinics)[clinic]  # people of a clinic share their luck half of the time
    luck = np.where(rng.random(clinics * each) < 0.5, shared, rng.random(clinics * each))
    rate = np.where(drug == 1, 0.1 * np.exp(effect * HALF), 0.1)
    frame = _table(-np.log(luck) / rate, rng.exponential(40, clinics * each), 20.0, drug=drug, clinic=clinic)
    return frame, _query("difference", design={"kind": "randomised"}, horizon=10, cluster="clinic")


@design_world("kaplan_meier", "survival difference: 80 rows, early leavers", "hard", truth=FREE)
def _few(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 80
    drug = rng.permutation(np.arange(n) % 2)
    rate = np.where(drug == 1, 0.1 * np.exp(effect * HALF), 0.1)
    frame = _table(rng.exponential(1 / rate), rng.exponential(18, n), 20.0, drug=drug)
    return frame, _query("difference", design={"kind": "randomised"}, horizon=10)


@design_world("standardised", "survival difference: a trial with ages", "easy", truth=ADJUSTED)
def _standardised_trial(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 400
    age = rng.uniform(-1, 1, n)
    drug = rng.permutation(np.arange(n) % 2)
    time = rng.exponential(10 * np.exp(-0.5 * age - effect * HALF * drug))
    frame = _table(time, rng.exponential(30, n), 20.0, drug=drug, age=age)
    return frame, _query("difference", design={"kind": "randomised"}, adjust_for=["age"], horizon=10)
