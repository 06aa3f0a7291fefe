"""Made-up outcomes by group: the same model in every group, and an effect that differs between two of them by a known size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect, GroupedEffect, NotIdentified
from ..designs import strategy_of
from ..estimate import FORM_Z
from ..estimators import REGISTRY
from ..estimators.doubly_robust import fit_with_form
from ..group_drawing import drawing_of
from ..grouped import difference, fits_by_group, part_of
from ..groups import groups_of
from ..refuters.planted_effect import seconds_of
from . import Made, least_of, reachable, side_of
from .ground import ground, signs

if TYPE_CHECKING:
    import numpy as np

    from ..designs import Finding, Task


def made(task: Task, finding: Finding) -> Made | None:
    """The outcome model of the common path in every group; no effect on average in any group, but in the second of the two compared
    where an effect is planted: it is then the difference. None for a design of its own and for the causal forest."""
    import numpy as np

    query = task.query
    base = query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    effect, method = finding.effect, finding.method
    gap = effect.difference_between_groups if isinstance(effect, GroupedEffect) else None
    if strategy_of(base) is not None or method not in REGISTRY or gap is None or not gap.std_error:
        return None
    groups = groups_of(query, task.table)
    drawing = drawing_of(task, base, groups)
    if isinstance(drawing, NotIdentified) or groups.pair is None:
        return None
    sample, codes, scale, pair = drawing.sample, drawing.codes, base.scale, groups.pair
    flexible = method in ("doubly_robust", "flexible_regression")
    if not flexible and REGISTRY["doubly_robust"].fits(sample):
        flexible = fit_with_form(sample)[1] >= FORM_Z
    parts = {int(g): np.flatnonzero(codes == g) for g in np.unique(codes)}
    grounds = {g: ground(part_of(sample, codes == g), flexible, method == "post_stratified") for g in parts}

    def run(size: float, rng: np.random.Generator) -> Effect | None:
        y = sample.y.copy()
        turn = signs(sample.n, sample.cluster, rng)
        for g, rows in parts.items():
            mean = grounds[g].mean(size if g == pair[1] else 0.0, scale)
            if mean is None:
                return None
            linear = grounds[g].family == "linear"
            y[rows] = mean + grounds[g].residual * turn[rows] if linear else grounds[g].noisy(mean, rng)
        drawn = replace(sample, y=y)
        fits, _ = fits_by_group(drawn, codes, method)
        told = {f.code: f for f in fits if f.few is None}
        if not {*pair} <= set(told):
            return None
        return difference(drawn, told[pair[1]], told[pair[0]], scale, "")

    cost = sum(seconds_of(replace(grounds[g].sample), method) for g in parts) * (6 if method == "doubly_robust" else 1)
    made_up = Made(
        run=run, error=gap.std_error, seconds=1e-3 + cost, scale=scale, unit=gap.unit, up=side_of(gap),
        least=least_of(task, finding), nouns="differences between the groups",
        per=" for one unit more" if finding.per_unit else "",
    )  # fmt: skip
    return reachable(made_up, lambda size: grounds[pair[1]].mean(size, scale) is not None)
