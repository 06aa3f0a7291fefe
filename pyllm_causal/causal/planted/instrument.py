"""Made-up outcomes for an instrument: take-up and outcome drawn anew together, so that what ties them stays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect, NotIdentified
from ..instrument_case import prepare
from ..instrument_estimate import headline
from ..kclass import partial
from ..weak_instrument import strength
from . import Made, least_of, side_of
from .ground import signs

if TYPE_CHECKING:
    import numpy as np

    from ..designs import Finding, Task


def made(task: Task, finding: Finding) -> Made | None:
    """Treatment = first stage + v, outcome = what is held fixed + effect · treatment + u, with v and u of a row (or cluster) turned
    by one random sign: the wild restricted efficient bootstrap (Davidson & MacKinnon 2010) at a planted effect. Differences only.

    Strength of the instruments, uneven spread, clusters and the hidden cause that ties u to v stay as they are; the exclusion of
    the instruments is taken over.
    """

    case = prepare(task)
    if isinstance(case, NotIdentified) or task.query.scale != "difference":
        return None
    p, root = case.p, case.held.root
    stage = p.z @ (p.z.T @ p.d)
    stretch = math.sqrt(p.n / max(p.dof(p.m + 1), 1.0))
    v, u = ((column * stretch) / root for column in (p.d - stage, p.y - finding.effect.value * p.d))
    kept_d, kept_y = case.d - p.d / root + stage / root, case.y - p.y / root
    base = replace(case, kind="dose")

    def run(effect: float, rng: np.random.Generator) -> Effect | None:
        turn = signs(p.n, case.held.cluster, rng)
        d = kept_d + turn * v
        y = kept_y + effect * (d - case.d + p.d / root) + turn * u
        left = partial(y, d, case.z, case.held)
        found = headline(replace(base, y=y, d=d, p=left, strength=strength(left)))
        return None if isinstance(found, NotIdentified) else found.effect

    return Made(
        run=run,
        error=finding.effect.std_error or math.nan,
        seconds=1.2e-3 + 4e-8 * p.n * (case.x.shape[1] + p.m + 4),
        unit=finding.effect.unit,
        up=side_of(finding.effect),
        least=least_of(task, finding),
        per=" for one unit more" if finding.per_unit else "",
    )
