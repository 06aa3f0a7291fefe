"""One treated unit against a weighted mix of the others, with placebos for its margin."""

from __future__ import annotations

import math
from typing import Any

from ...causal.synthetic import Problem, fit, placebo
from .interval import Effect
from .table import Rows


def estimate(path: str, recipe: dict[str, Any]) -> Effect:
    """The mean gap from the start on."""
    import numpy as np

    q = recipe
    rows = Rows(path, q)
    y, weights = rows.term(q["y"]), rows.weights(q["weights"])
    total = np.zeros((len(q["periods"]), len(q["units"])))
    mass = np.zeros_like(total)
    at, of = rows.places(q["time"], q["periods"]), rows.places(q["unit"], q["units"])
    inside = (at >= 0) & (of >= 0)
    np.add.at(total, (at[inside], of[inside]), (weights * y)[inside])
    np.add.at(mass, (at[inside], of[inside]), weights[inside])
    outcomes = total / mass
    predictors = np.zeros((len(q["predictors"]), len(q["units"])))
    for k, term in enumerate(q["predictors"]):  # averages before the change, over the periods in which it is recorded
        seen = inside & (at < q["before"]) & ~rows.missing(term["column"])[rows.keep]
        many = np.bincount(of[seen], minlength=len(q["units"]))
        predictors[k] = np.bincount(of[seen], weights=rows.term(term)[seen], minlength=len(q["units"])) / many
    problem = Problem(outcomes, q["before"], predictors, demeaned=q["method"] == "synthetic_demeaned")
    mix = fit(problem)
    margin = placebo(problem, mix)
    low, high = mix.effect - margin.half, mix.effect + margin.half
    if q["scale"] == "difference":
        if q["chances"]:
            low, high = max(low, -1.0), min(high, 1.0)
        return {"value": mix.effect, "low": low, "high": high}
    actual = float(outcomes[q["before"] :, 0].mean())

    def form(gap: float) -> float:
        ratio = actual / (actual - gap) if actual > gap else math.inf
        return 100 * (ratio - 1) if q["scale"] == "percent" else ratio

    return {"value": form(mix.effect), "low": form(low), "high": form(high)}
