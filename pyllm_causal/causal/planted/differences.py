"""Made-up outcomes for differences over time: effects of units and periods, a known effect on the treated, whole paths turned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...analysis import Effect, NotIdentified
from .. import did_models
from .. import fixed_effects as fe
from ..att import effect_on
from ..differences_case import estimate, read_case
from . import Made, jump_of, least_of, side_of
from .ground import signs

if TYPE_CHECKING:
    import numpy as np

    from ..designs import Finding, Task

FEW = 10  # clusters, below which margins are known to be rough: said elsewhere, and no failure here


def made(task: Task, finding: Finding) -> Made | None:
    """Group and period effects and covariates as fitted, the same effect on every treated row, and what is left of every unit (or
    cluster) with one random sign for its whole path, so that it keeps its memory. Parallel trends are taken over."""
    from dataclasses import replace

    import numpy as np

    case = read_case(task)
    if isinstance(case, NotIdentified):
        return None
    data, scale = case.data, task.query.scale
    fitted = fe.fit(
        data.y, np.column_stack([data.on.astype("float64"), data.covariates()]), (data.group, data.time), data.weights
    )
    if fitted.kept[:1] != (0,) or fitted.dof < 1:
        return None
    residual = fitted.residual * math.sqrt(fitted.n / fitted.dof)
    smooth = data.y - fitted.residual - fitted.beta[0] * data.on
    base = float(np.average(smooth[data.on], weights=data.weights[data.on]))
    clusters = None if data.cluster is None else np.unique(data.cluster, return_inverse=True)[1].ravel()
    groups = data.n if clusters is None else int(clusters.max()) + 1

    def run(effect: float, rng: np.random.Generator) -> Effect | None:
        jump = jump_of(case.adoption.sign * effect, base, scale)
        y = smooth + jump * data.on + residual * signs(data.n, clusters, rng)
        return effect_on(estimate(case, finding.method, replace(data, y=y)), scale, finding.effect.unit)

    wild = data.cluster is not None and groups < did_models.FEW_CLUSTERS
    return Made(
        run=run,
        error=finding.effect.std_error or math.nan,
        seconds=2e-3 + 3e-6 * data.n + (1e-2 if wild else 0.0),
        scale=scale,
        unit=finding.effect.unit,
        up=side_of(finding.effect),
        least=least_of(task, finding),
        rough=groups < FEW,
    )
