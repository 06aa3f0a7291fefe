"""Tables with mediators whose effects are known, and a way to ask a design directly."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal.designs import Finding, Task, named, strategy_of
from pyllm_causal.data import Table
from pyllm_causal.query import Query


def ask(frame: pd.DataFrame, seed: int = 0, **query: Any) -> Finding | NotIdentified:
    """What the design of the query finds."""
    asked = Query.model_validate(query)
    strategy = strategy_of(asked)
    assert strategy is not None
    return named(strategy).function(Task(asked, Table.read(frame), seed))


def effect_of(frame: pd.DataFrame, **query: Any) -> Any:
    """The headline effect alone, without checks."""
    asked = Query.model_validate(query)
    module = import_module(named(str(strategy_of(asked))).function.__module__)
    effect = module.quick(Task(asked, Table.read(frame), 0))
    assert not isinstance(effect, NotIdentified), effect
    return effect


def found(frame: pd.DataFrame, **query: Any) -> Finding:
    """A finding; fails where the design refuses."""
    answer = ask(frame, **query)
    assert isinstance(answer, Finding), answer
    return answer


def refused(frame: pd.DataFrame, **query: Any) -> NotIdentified:
    """A refusal; fails where the design answers."""
    answer = ask(frame, **query)
    assert isinstance(answer, NotIdentified), answer
    return answer


def expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def draw_outcome(kind: str, line: Any, rng: np.random.Generator) -> Any:
    """Outcomes around a linear predictor."""
    if kind == "number":
        return line + rng.standard_normal(len(line))
    if kind == "yes_no":
        return (rng.random(len(line)) < expit(line - 0.5)).astype(int)
    return rng.poisson(np.exp(0.5 * line))


def mean_over_u(kind: str, shift: float) -> float:
    """Mean outcome at a given shift of the predictor, over a standard normal hidden cause in it."""
    line = shift + NODES
    if kind == "number":
        return float(WEIGHTS @ line)
    return float(WEIGHTS @ (expit(line - 0.5) if kind == "yes_no" else np.exp(0.5 * line)))
