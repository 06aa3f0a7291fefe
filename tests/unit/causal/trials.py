"""An analysed sample as the checks see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pyllm_causal.causal.estimate import estimate
from pyllm_causal.causal.estimators.regression import form_of
from pyllm_causal.causal.refuters import Trial
from pyllm_causal.causal.sample import Sample
from pyllm_causal.pipeline import parse_query


def tried(s: Sample, scale: Any = "difference", method: str | None = None, unit: str = "", **query: Any) -> Trial:
    """The headline by rule, or by the method named."""
    found = estimate(s, scale, unit, method)
    assert found is not None
    if s.kind == "dose":
        s = replace(s, form=form_of(s))
    asked = parse_query({"treatment": "t", "outcome": "y", "adjust_for": ["x"], "scale": scale} | query)
    return Trial(s, found, asked, scale, 0)


def expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def coin(rng: np.random.Generator, p: Any) -> Any:
    return (rng.random(len(p)) < p).astype("int64")
