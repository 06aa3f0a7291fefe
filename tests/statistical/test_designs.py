"""Coverage and false effects of every design's methods, 1,000 replications in every fixed world, from table and query on.

Same goals as the estimators'; methods whose intervals are approximate by nature (placebo inference, few clusters, weak
instruments) state a coverage goal of their own beside their world. Checks and second opinions are left out for speed
(`quick` of each design's module).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Effect, NotIdentified
from pyllm_causal.causal.designs import Task, every, named, strategy_of
from pyllm_causal.data import Table
from pyllm_causal.query import Query
from pyllm_causal.wording import null_of
from tests.statistical.design_worlds import DesignWorld, load_worlds
from tests.statistical.progress import interval, load, rng_of, save
from tests.statistical.test_monte_carlo import COVERAGE, FALSE, REPLICATIONS

WORLDS = load_worlds()


def effect_in(w: DesignWorld, stream: str, i: int, effect: float) -> Effect | None:
    """What the world's method says about one table; None for a refusal."""
    frame, query = w.draw(rng_of(stream, i), effect)
    asked = Query.model_validate({"method": w.method, **query})
    strategy = strategy_of(asked)
    assert strategy is not None
    module = import_module(named(strategy).function.__module__)
    found: Effect | NotIdentified = module.quick(Task(asked, Table.read(frame), i))
    if isinstance(found, NotIdentified):
        return None
    part: Effect = getattr(found, w.part) if w.part else found
    return part


@pytest.mark.statistical
@pytest.mark.parametrize("w", WORLDS, ids=[w.title for w in WORLDS])
def test_intervals_keep_their_promise(w: DesignWorld) -> None:
    start = {"covered": 0, "false": 0, "refused": 0, "sum": 0.0, "squares": 0.0, "errors": 0.0}
    counts: dict[str, Any] = start | load(w.title, w.design)
    counts |= {"design": w.design, "method": w.method, "world": w.name, "kind": w.kind, "scale": "difference"}
    for i in range(counts["done"], REPLICATIONS):
        with_effect = effect_in(w, w.title, i, 1.0)
        without = effect_in(w, f"{w.title}, no effect", i, 0.0)
        counts["refused"] += (with_effect is None) + (without is None)
        if with_effect is not None:
            counts["covered"] += int(inside(with_effect, w.truth))
            gap = with_effect.value - w.truth
            if with_effect.scale not in ("difference", "percent"):
                gap = float(np.log(with_effect.value / w.truth))
            counts["scale"] = with_effect.scale
            counts["sum"] += gap
            counts["squares"] += gap**2
            counts["errors"] += with_effect.std_error or 0.0
        counts["false"] += int(without is not None and not inside(without, null_of(without)))
        counts["done"] = i + 1
        if counts["done"] % 50 == 0:
            save(counts)
    judge(w, counts)


def inside(effect: Effect, value: float) -> bool:
    """Whether the interval holds the value; an unbounded one excludes nothing."""
    if effect.low is None or effect.high is None:
        return effect.unbounded
    return effect.low <= value <= effect.high


def judge(w: DesignWorld, counts: dict[str, Any]) -> None:
    n = counts["done"]
    answered = n - counts["refused"] / 2
    covered, wrong = interval(counts["covered"], int(answered)), interval(counts["false"], int(answered))
    least, most = w.goal or COVERAGE
    refused = counts["refused"] / (2 * n)
    met = covered[1] >= least and covered[0] <= most and wrong[0] <= max(FALSE, 1 - least) and refused <= 0.02
    bias = counts["sum"] / answered
    spread = float(np.sqrt(max(counts["squares"] / answered - bias**2, 1e-300)))
    counts |= {
        "coverage": counts["covered"] / answered,
        "false_effects": counts["false"] / answered,
        "bias_in_errors": bias / spread,
        "error_over_spread": counts["errors"] / answered / spread,
        "refused_share": refused,
        "goal": w.goal,
        "met": met,
    }
    save(counts)
    assert met, (
        f"coverage {counts['coverage']:.3f} {covered}, false effects {counts['false_effects']:.3f} {wrong},"
        f" refused {refused:.3f}"
    )


def test_every_design_method_has_its_three_worlds() -> None:
    """Quick, so part of the gate: a method added to a design without worlds is noticed."""
    for registered in every():
        for method in registered.methods:
            kinds = {w.kind for w in WORLDS if w.method == method}
            assert kinds == {"easy", "heterogeneous", "hard"}, (registered.name, method, kinds)
    assert len({w.title for w in WORLDS}) == len(WORLDS)
