"""Samples as estimators see them, built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyllm_causal.causal.sample import Sample


def sample(
    y: Any,
    treatment: Any,
    x: Any = None,
    *,
    dose: tuple[float, float] | None = None,
    outcome: str = "number",
    weights: Any = None,
    **more: Any,
) -> Sample:
    """`dose` = (treated, control) makes the treatment a dose; otherwise it holds arms 1, 0 and −1."""
    y, t = np.asarray(y, dtype="float64"), np.asarray(treatment)
    n = len(y)
    x = np.zeros((n, 0)) if x is None else np.asarray(x, dtype="float64").reshape(n, -1)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype="float64") * n / np.sum(weights)
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    fields: dict[str, Any] = {
        "arm": np.full(n, -1) if dose else t.astype("int64"),
        "dose": t.astype("float64") if dose else (t == 1).astype("float64"),
        "kind": "dose" if dose else "arms",
        "treated": dose[0] if dose else 1.0,
        "control": dose[1] if dose else 0.0,
        "target": "everyone",
        "x_names": names,
        "x_groups": names,
        "weighted": weights is not None,
    }
    return Sample(y=y, x=x, weights=w, outcome_kind=outcome, **(fields | more))  # type: ignore[arg-type]


def confounded(n: int = 500, seed: int = 0, effect: float = 2.0, outcome: str = "number", **more: Any) -> Sample:
    """Two confounders, two arms, an effect that varies with the first of them (numbers only)."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    t = (rng.random(n) < 1 / (1 + np.exp(-0.7 * x[:, 0] + 0.3 * x[:, 1]))).astype("int64")
    line = x[:, 0] + 0.5 * x[:, 1]
    if outcome == "number":
        y = 5 + line + t * effect * (1 + 0.3 * x[:, 0]) + rng.standard_normal(n)
    elif outcome == "yes_no":
        y = (rng.random(n) < 1 / (1 + np.exp(-0.7 * line - effect * t))).astype("float64")
    else:
        y = rng.poisson(np.exp(0.4 * line + effect * t)).astype("float64")
    return sample(y, t, x, outcome=outcome, **more)
