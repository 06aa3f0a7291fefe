"""Made-up paths for a synthetic control: common movements of all units, and what is left of each, turned at random."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect
from ..synthetic import Mix, Placebo, Problem, fit, placebo
from ..synthetic_case import effect_on, run, unit_of
from ..unit_periods import unit_periods
from . import DESIGN_SECONDS, LEAST, Made, jump_of, least_of, side_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..designs import Finding, Task

    Floats = NDArray[np.float64]

EXPLAINED = 0.9  # of how the others vary, that common movements stand for
MOST_FACTORS = 3
UNLIKE = 0.1  # placebos in space cover over all units alike; one unit at a time more or less (Abadie, Diamond & Hainmueller 2010)


def made(task: Task, finding: Finding) -> Made | None:
    """A model of common movements (interactive fixed effects; Bai 2009) of the other units; the treated unit moves like its mix.
    What is left of each of the others keeps its path with a random sign, and the treated unit gets that of one of them; the effect
    is a gap from the start on. That a mix exists which follows the unit is taken over.

    A constant gap after the start changes no weight, so every made-up table serves with it and without.
    """
    import numpy as np

    data = unit_periods(task.query, task.table)
    donors, rich = len(data.units) - 1, len(data.predictors) if finding.method == "synthetic_control" else 0
    one = (3e-2 * (1 + rich / 4) if rich else 1.5e-4) + 1e-6 * data.outcomes.size
    seconds = (donors + 1) * one / 2
    if 2 * LEAST * seconds > DESIGN_SECONDS:
        return None
    case = run(task, data, finding.method)
    problem, scale, before = case.problem, task.query.scale, case.problem.before
    common, left = _common(problem)
    own = common @ case.mix.weights
    if problem.demeaned:
        own = own + float((problem.outcomes[:before, 0] - own[:before]).mean())
    after = np.arange(len(own)) >= before
    base = float(own[after].mean())
    seen: dict[int, tuple[Floats, Mix, Placebo]] = {}

    def draw(rng: np.random.Generator) -> tuple[Floats, Mix, Placebo]:
        key = int(rng.integers(2**62))
        if key not in seen:
            seen.clear()
            others = common + left * (rng.integers(0, 2, left.shape[1]) * 2.0 - 1.0)
            borrowed = left[:, int(rng.integers(left.shape[1]))] * (rng.integers(0, 2) * 2.0 - 1.0)
            outcomes = np.column_stack([own + borrowed, others])
            drawn = replace(problem, outcomes=outcomes)
            mix = fit(drawn)
            seen[key] = outcomes, mix, placebo(drawn, mix)
        return seen[key]

    def once(effect: float, rng: np.random.Generator) -> Effect | None:
        outcomes, mix, others = draw(rng)
        jump = jump_of(effect, base, scale)
        moved = outcomes.copy()
        moved[after, 0] += jump
        shifted = replace(mix, gap=mix.gap + jump * after, effect=mix.effect + jump)
        return effect_on(replace(case, problem=replace(problem, outcomes=moved), mix=shifted, placebo=others), scale)

    return Made(
        run=once,
        error=finding.effect.std_error or math.nan,
        seconds=seconds,
        scale=scale,
        unit=unit_of(case) if scale == "difference" else finding.effect.unit,
        up=side_of(finding.effect),
        least=least_of(task, finding),
        claim=case.placebo.level,
        slack=UNLIKE,
        paired=True,
    )


def _common(problem: Problem) -> tuple[Floats, Floats]:
    """(T, J) common movements of the other units, and what they leave, stretched for what was fitted."""
    import numpy as np

    y = problem.outcomes[:, 1:]
    periods, units = y.shape
    middle = y.mean(axis=1, keepdims=True)
    u, s, v = np.linalg.svd(y - middle, full_matrices=False)
    share = np.cumsum(s**2) / max(float((s**2).sum()), 1e-300)
    most = min(MOST_FACTORS, max(units // 4, 1), max(problem.before // 4, 1))
    r = min(int(np.searchsorted(share, EXPLAINED)) + 1, most)
    common = middle + (u[:, :r] * s[:r]) @ v[:r]
    dof = max((periods - r) * (units - 1 - r) / (periods * units), 0.25)
    return common, (y - common) / math.sqrt(dof)
