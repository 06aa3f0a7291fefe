"""Where pyllm_causal and plain DoWhy are right on the same simulated worlds: `make truth-table` writes docs/truth_table.md.

Every world has a known effect of one unit of the treatment (two-valued treatments: of the higher value against the lower), and
is asked for four contrasts. A cell is right when the estimate is within 10% of the truth and has the right sign. DoWhy is given the
same graph, the same contrast (`control_value`, `treatment_value`) and its own estimator for the design; a text treatment is given
as it is, as a user would.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

import pyllm_causal as pc

N = 20_000
CLOSE = 0.10
CONTRASTS: dict[str, tuple[Any, Any]] = {
    "0 → 1": (0, 1),
    "0 → 10": (0, 10),
    "10 → 0": (10, 0),
    "two words": ("old", "new"),
}


@dataclass(frozen=True)
class Cell:
    """A table, its query, the graph and method that DoWhy gets, and the truth."""

    frame: pd.DataFrame
    query: dict[str, Any]
    graph: str
    method: str | None
    truth: float
    part: str | None = None
    estimand_type: str = "nonparametric-ate"
    params: dict[str, Any] | None = None


def treatment(contrast: str, score: Any, rng: np.random.Generator) -> tuple[Any, Any, float]:
    """(the column, the numbers behind it, the contrast in units). Doses are spread over 0 to 10; words stand for 0 and 1."""
    low, high = CONTRASTS[contrast]
    if isinstance(low, str):
        arm = (score + rng.standard_normal(N) > 0).astype(int)
        return np.array([low, high])[arm], arm.astype("float64"), 1.0
    dose = np.clip(5 + 1.5 * score + rng.standard_normal(N), 0, 10)
    return dose, dose, float(high - low)


def two_valued(contrast: str, arm: Any) -> tuple[Any, float]:
    """A treatment of two values as the contrast spells them, and the sign of the contrast."""
    first, second = CONTRASTS[contrast]
    low, high = (first, second) if isinstance(first, str) or first < second else (second, first)
    column = np.where(arm == 1, high, low)
    return column, 1.0 if high == second else -1.0


def dot(*edges: tuple[str, str]) -> str:
    return "digraph {" + "; ".join(f"{a} -> {b}" for a, b in edges) + ";}"


def base(contrast: str, **more: Any) -> dict[str, Any]:
    control, treated = CONTRASTS[contrast]
    return {"treatment": "t", "outcome": "y", "control": control, "treated": treated, **more}


def adjustment(contrast: str, rng: np.random.Generator) -> Cell:
    x = rng.standard_normal(N)
    t, dose, units = treatment(contrast, x, rng)
    frame = pd.DataFrame({"x": x, "t": t, "y": 2 * dose + 3 * x + rng.standard_normal(N)})
    return Cell(
        frame, base(contrast, adjust_for=["x"]), dot(("x", "t"), ("x", "y"), ("t", "y")), "backdoor.linear_regression", 2 * units
    )  # fmt: skip


def weighting(contrast: str, rng: np.random.Generator) -> Cell:
    x = rng.standard_normal(N)
    arm = (x + rng.logistic(size=N) > 0).astype(int)
    t, sign = two_valued(contrast, arm)
    frame = pd.DataFrame({"x": x, "t": t, "y": 2 * arm + 3 * x + rng.standard_normal(N)})
    return Cell(
        frame, base(contrast, adjust_for=["x"], method="weighting"), dot(("x", "t"), ("x", "y"), ("t", "y")),
        "backdoor.propensity_score_weighting", 2 * sign,
    )  # fmt: skip


def instrument(contrast: str, rng: np.random.Generator) -> Cell:
    u, z = rng.standard_normal((2, N))
    t, dose, units = treatment(contrast, z + 0.5 * u, rng)
    frame = pd.DataFrame({"z": z, "t": t, "y": 2 * dose + 1.5 * u + rng.standard_normal(N)})
    design = {"kind": "instrument", "instruments": ["z"]}
    return Cell(
        frame, base(contrast, design=design), dot(("z", "t"), ("t", "y"), ("U", "t"), ("U", "y")),
        "iv.instrumental_variable", 2 * units,
    )  # fmt: skip


def conditional_instrument(contrast: str, rng: np.random.Generator) -> Cell:
    u, w, e = rng.standard_normal((3, N))
    z = w + e
    t, dose, units = treatment(contrast, 0.7 * z + 0.5 * u, rng)
    frame = pd.DataFrame({"z": z, "w": w, "t": t, "y": 2 * dose + 1.5 * u + 2 * w + rng.standard_normal(N)})
    design = {"kind": "instrument", "instruments": ["z"]}
    return Cell(
        frame, base(contrast, design=design, adjust_for=["w"]),
        dot(("w", "z"), ("w", "y"), ("z", "t"), ("t", "y"), ("U", "t"), ("U", "y")), "iv.instrumental_variable", 2 * units,
    )  # fmt: skip


def front_door(contrast: str, rng: np.random.Generator) -> Cell:
    u = rng.standard_normal(N)
    t, dose, units = treatment(contrast, u, rng)
    m = 1.5 * dose + rng.standard_normal(N)
    frame = pd.DataFrame({"t": t, "m": m, "y": 2 * m + 1.5 * u + rng.standard_normal(N)})
    design = {"kind": "front_door", "mediators": ["m"]}
    return Cell(
        frame, base(contrast, design=design), dot(("t", "m"), ("m", "y"), ("U", "t"), ("U", "y")),
        "frontdoor.two_stage_regression", 3 * units,
    )  # fmt: skip


def mediation(contrast: str, rng: np.random.Generator) -> Cell:
    x = rng.standard_normal(N)
    t, dose, units = treatment(contrast, x, rng)
    m = 1.5 * dose + x + rng.standard_normal(N)
    frame = pd.DataFrame({"x": x, "t": t, "m": m, "y": 2 * m + dose + x + rng.standard_normal(N)})
    design = {"kind": "mediation", "mediators": ["m"]}
    edges = [("x", "t"), ("x", "m"), ("x", "y"), ("t", "m"), ("m", "y"), ("t", "y")]
    return Cell(
        frame, base(contrast, kind="mediation", design=design, adjust_for=["x"]), dot(*edges), "mediation.two_stage_regression",
        3 * units, "indirect", "nonparametric-nie",
    )  # fmt: skip


def discontinuity(contrast: str, rng: np.random.Generator) -> Cell:
    r = rng.uniform(-1, 1, N)
    arm = (r >= 0).astype(int)
    t, sign = two_valued(contrast, arm)
    frame = pd.DataFrame({"r": r, "t": t, "y": 2 * arm + np.sin(2 * r) + 0.5 * rng.standard_normal(N)})
    design = {"kind": "discontinuity", "running": "r", "cutoff": 0.0}
    return Cell(
        frame, base(contrast, design=design), dot(("r", "t"), ("t", "y"), ("U", "t"), ("U", "y")),  # as DoWhy wants it
        "iv.regression_discontinuity", 2 * sign,
        params={"rd_variable_name": "r", "rd_threshold_value": 0.0, "rd_bandwidth": 0.2},
    )  # fmt: skip


def differences(contrast: str, rng: np.random.Generator) -> Cell:
    arm, after = rng.integers(0, 2, (2, N))
    t, sign = two_valued(contrast, arm)
    frame = pd.DataFrame({"after": after, "t": t, "y": 2 * arm * after + arm + 3 * after + rng.standard_normal(N)})
    first, second = CONTRASTS[contrast]
    high = second if sign > 0 else first
    design = {"kind": "differences", "time": "after", "group": "t", "treated_group": high, "start": 1}
    return Cell(frame, base(contrast, design=design), dot(("t", "y"), ("after", "y")), None, 2 * sign)


WORLDS = {
    "adjustment (regression)": adjustment,
    "adjustment (weighting)": weighting,
    "instrument": instrument,
    "instrument given a covariate": conditional_instrument,
    "front door": front_door,
    "mediation (indirect)": mediation,
    "discontinuity": discontinuity,
    "difference in differences": differences,
}


def ours(cell: Cell) -> str:
    """Right, wrong, or how it declined."""
    try:
        answer = pc.analyse(cell.query, cell.frame)
    except pc.CausalError as error:
        return f"error: {error.message}"
    if answer.effect is None:
        return f"refused: {answer.why_not}"
    effect = getattr(answer.effect, cell.part) if cell.part else answer.effect
    return verdict(float(effect.value), cell.truth)


def dowhy(cell: Cell) -> str:
    """The same with plain DoWhy."""
    if cell.method is None:
        return "no such method"
    from dowhy import CausalModel

    control, treated = cell.query["control"], cell.query["treated"]
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            model = CausalModel(data=cell.frame.copy(), treatment="t", outcome="y", graph=cell.graph)
            estimand = model.identify_effect(estimand_type=cell.estimand_type, proceed_when_unidentifiable=True)
            found = model.estimate_effect(
                estimand, method_name=cell.method, control_value=control, treatment_value=treated, method_params=cell.params or {}
            )  # fmt: skip
            value = found.value
    except Exception as error:  # noqa: BLE001 - whatever a library throws at its user is the result here
        return f"error: {type(error).__name__}"
    if value is None or not np.isfinite(float(value)):
        return "no number"
    return verdict(float(value), cell.truth)


def verdict(value: float, truth: float) -> str:
    return "right" if abs(value - truth) <= CLOSE * abs(truth) else f"wrong: {value:.3g} for {truth:.3g}"


HEAD = """# Truth table

Made by `make truth-table`; do not edit by hand. pyllm_causal {ours} and plain DoWhy {theirs} on the same simulated tables
of {n:,} rows, each with a known effect; the worlds are in `benchmarks/truth_table.py`. A cell is right within {close:.0%} of
the truth. Every cell of pyllm_causal is also part of the tests, for more types of treatment, outcome and gaps.

| design | contrast | pyllm_causal | DoWhy alone |
|---|---|---|---|"""


def main() -> int:
    logging.disable(logging.CRITICAL)
    print(HEAD.format(ours=pc.__version__, theirs=version("dowhy"), n=N, close=CLOSE))
    counts = {"ours": 0, "dowhy": 0, "cells": 0}
    for name, world in WORLDS.items():
        for i, contrast in enumerate(CONTRASTS):
            cell = world(contrast, np.random.default_rng([20240601, i]))
            mine, theirs = ours(cell), dowhy(cell)
            counts["ours"] += mine == "right"
            counts["dowhy"] += theirs == "right"
            counts["cells"] += 1
            print(f"| {name} | {contrast} | {mine} | {theirs} |", flush=True)
    print(f"\npyllm_causal is right in {counts['ours']} of {counts['cells']} cells, DoWhy alone in {counts['dowhy']}.")
    print(json.dumps(counts), file=sys.stderr)
    return 0 if counts["ours"] == counts["cells"] else 1


if __name__ == "__main__":
    sys.exit(main())
