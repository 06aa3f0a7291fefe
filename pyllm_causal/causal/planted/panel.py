"""Made-up outcomes for fixed effects: effects of units and periods, a known slope, and whole paths of units turned."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect, NotIdentified
from .. import fixed_effects as fe
from ..did_models import FEW_CLUSTERS
from ..panel_case import effect_of, estimate, read_case
from . import SLACK, Made, least_of, side_of
from .differences import FEW
from .ground import signs

if TYPE_CHECKING:
    import numpy as np

    from ..designs import Finding, Task

TWO_WAYS = (
    0.06  # margins clustered both ways are known to cover 89–95 % with 25 to 50 clusters a side (docs/monte_carlo.md)
)


def made(task: Task, finding: Finding) -> Made | None:
    """Unit and period effects, covariates and other arms as fitted, a slope that gives the planted effect, and what is left of every
    cluster with one random sign. That nothing else changes with the treatment over time is taken over."""
    import numpy as np

    case = read_case(task)
    if isinstance(case, NotIdentified):
        return None
    data, method = case.data, finding.method
    effects = (data.unit,) if method == "one_way" or data.time is None else (data.unit, data.time)
    fitted = fe.fit(data.y, np.hstack([data.d, data.x]), effects, data.weights)
    if fitted.kept[:1] != (0,) or fitted.dof < 1:
        return None
    residual = fitted.residual * math.sqrt(fitted.n / fitted.dof)
    smooth = data.y - fitted.residual - fitted.beta[0] * data.d[:, 0]
    clusters = np.unique(data.cluster, return_inverse=True)[1].ravel()
    groups = int(clusters.max()) + 1

    def run(effect: float, rng: np.random.Generator) -> Effect | None:
        turn = signs(data.n, clusters, rng)
        if method == "two_way_clustered":
            turn = turn * signs(data.n, data.time, rng)
        y = smooth + effect / data.step * data.d[:, 0] + residual * turn
        return effect_of(estimate(case, method, replace(data, y=y)), finding.effect.unit)

    wild = groups < FEW_CLUSTERS and method in ("two_way", "one_way")
    return Made(
        run=run,
        error=finding.effect.std_error or math.nan,
        seconds=2e-3 + 1e-6 * data.n + (1e-2 if wild else 0.0),
        unit=finding.effect.unit,
        up=side_of(finding.effect),
        least=least_of(task, finding),
        rough=groups < FEW,
        slack=TWO_WAYS if method == "two_way_clustered" else SLACK,
        per=" for one unit more" if finding.per_unit else "",
    )
