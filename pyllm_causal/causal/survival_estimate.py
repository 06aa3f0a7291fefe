"""How much sooner or later an event comes: hazard ratios, and differences of shares or of time free of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Effect, Estimate
from ..query import Scale
from .estimate import Estimates, estimate
from .estimators import REGISTRY
from .follow_up import FollowUp
from .hazards import Hazards, cox
from .inference import Fit, effect_of
from .kaplan_meier import log_rank, shares
from .propensity import CLIP, propensity, tilt
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LABELS = {
    "cox": "proportional hazards",
    "cox_weighted": "proportional hazards, rows weighted to be alike",
    "log_rank": "observed against expected events (log-rank)",
    "kaplan_meier": "share still free of the event, by group (Kaplan–Meier)",
    "standardised": "share still free of the event, rows made alike",
}


@dataclass(frozen=True)
class Ratio:
    """A hazard ratio by one method; `fit` where it comes from a model of hazards (treatment in column 0)."""

    method: str
    effect: Effect
    fit: Hazards | None = None
    step: float = 1.0

    @property
    def log(self) -> float:
        return math.log(self.effect.value)

    def listed(self, n: int) -> Estimate:
        return Estimate(method=self.method, label=LABELS[self.method], effect=self.effect, n=n)


def step_of(sample: Sample) -> float:
    """The change in the treatment that is asked about."""
    return sample.treated - sample.control if sample.kind == "dose" else 1.0


def design_of(sample: Sample) -> Floats:
    """(n, 1 + k): the treatment, then the covariates."""
    import numpy as np

    treatment = sample.dose if sample.kind == "dose" else (sample.arm == 1).astype("float64")
    return np.column_stack([treatment, sample.x])


def hazard_ratio(f: FollowUp, method: str = "cox") -> Ratio:
    """The hazard ratio of the contrast; f has only the rows of the two groups (or a dose).

    cox: conditional on the covariates. cox_weighted: marginal, by the inverse chance of treatment (Cole & Hernán 2004).
    log_rank: exp((O − E)/V), the one-step estimate (Peto in Yusuf et al. 1985). The error is the model's own, as published tables
    have it, and robust (Lin & Wei 1989) with clusters or weights.
    """
    import numpy as np

    sample, step = f.sample, step_of(f.sample)
    if method == "log_rank":
        found = log_rank(sample.y, f.event, sample.arm == 1, sample.weights)
        beta = (found.observed - found.expected) / found.variance
        return Ratio(method, _ratio_effect(beta, 1 / math.sqrt(found.variance), math.inf))
    weights, x = sample.weights, design_of(sample)
    if method == "cox_weighted":
        e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in propensity(sample))
        h, _ = tilt(sample, e1, e0)
        chance = np.where(sample.arm == 1, e1, e0)
        share = np.where(sample.arm == 1, (sample.arm == 1).mean(), (sample.arm == 0).mean())
        weights, x = weights * share * h / chance, x[:, :1]
    fit = cox(x, sample.y, f.event, weights, sample.cluster)
    plain = sample.cluster is None and not sample.weighted and method == "cox"
    variance = float((fit.naive if plain else fit.robust)[0, 0])
    dof = math.inf if sample.cluster is None else float(sample.cluster.max())
    return Ratio(method, _ratio_effect(step * float(fit.beta[0]), abs(step) * math.sqrt(variance), dof), fit, step)


def _ratio_effect(beta: float, error: float, dof: float) -> Effect:
    from scipy import stats

    spread = stats.t(dof) if math.isfinite(dof) else stats.norm()
    half = float(spread.ppf(0.975)) * error
    return Effect(
        value=math.exp(beta),
        low=math.exp(beta - half),
        high=math.exp(beta + half),
        scale="hazard_ratio",
        std_error=error,
        p_value=float(2 * spread.sf(abs(beta) / error)),
    )


def modelled(f: FollowUp, ratio: Ratio, when: float, mean_time: bool) -> Effect:
    """The hazard ratio as a difference of risks at `when` (of mean times free of the event, with `mean_time`), averaged over the rows.

    The ends are those of the ratio's interval put through the same fitted rates, so that both say the same about direction and
    about "no effect"; the uncertainty of the rates themselves is left out.
    """
    import numpy as np

    fit, sample = ratio.fit, f.sample
    assert fit is not None
    covariates = sample.x if len(fit.beta) > 1 else sample.x[:, :0]
    line = covariates @ fit.beta[1:]
    if sample.kind == "dose":
        base = sample.dose if sample.per_unit else np.full(sample.n, sample.control)
        line = line + fit.beta[0] * base
    # a few hundred quantiles stand for all the rows
    line = np.quantile(line, (np.arange(400) + 0.5) / 400) if len(line) > 400 else line
    grid = fit.times[fit.times <= when]
    hazard = fit.cumulative[: len(grid)]

    def difference(beta: float) -> float:
        if not mean_time:
            top = float(hazard[-1]) if len(hazard) else 0.0
            return float((np.exp(-top * np.exp(line)) - np.exp(-top * np.exp(line + beta))).mean())
        width = np.diff(np.concatenate([grid, [when]]))
        rate = np.exp(np.stack([line + beta, line]))
        free = np.exp(-hazard[None, None, :] * rate[:, :, None])
        means = (free @ width).mean(axis=1)
        return float(means[0] - means[1])

    e = ratio.effect
    assert e.low is not None and e.high is not None
    values = [difference(math.log(v)) for v in (e.value, e.low, e.high)]
    return Effect(
        value=values[0],
        low=min(values[1:]),
        high=max(values[1:]),
        unit=f.unit if mean_time else "probability",
        std_error=(max(values[1:]) - min(values[1:])) / (2 * 1.959964),
        p_value=e.p_value,
    )


def pseudo(f: FollowUp, when: float, mean_time: bool, risk: bool = False) -> Sample:
    """The sample with the pseudo-value of every row as its outcome, made within each group (over all rows for a dose)."""
    import numpy as np

    sample = f.sample
    groups = np.zeros(sample.n, dtype="int64") if sample.kind == "dose" else sample.arm
    y = np.zeros(sample.n)
    for g in np.unique(groups):
        rows = groups == g
        y[rows] = shares(sample.y[rows], f.event[rows], sample.weights[rows], when, mean_time)
    return replace(sample, y=1.0 - y if risk else y, outcome_kind="number")


def standardised(f: FollowUp, scale: Scale) -> tuple[Estimates | None, Sample]:
    """Second way to an answer, without proportional hazards: regression or weighting of pseudo-values (Andersen et al. 2017).

    Difference: of the share free of the event at the horizon, or without one of the mean time free of it up to the last common
    time. Ratio, percent and odds ratio: of the risk by the landmark.
    """
    mean_time = scale == "difference" and f.horizon is None
    when = f.last if mean_time else f.landmark
    sample = pseudo(f, when, mean_time, risk=scale != "difference")
    unit = f.unit if mean_time else "probability" if scale == "difference" else "%" if scale == "percent" else ""
    found = estimate(sample, scale, unit)
    if found is None:
        return None, sample
    if not sample.k and sample.kind == "arms":
        name, label = "kaplan_meier", LABELS["kaplan_meier"]
    else:
        name, label = "standardised", LABELS["standardised"]
    head = found.headline.model_copy(update={"method": name, "label": label})
    return replace(found, headline=_bounded(head)), sample


def _bounded(e: Estimate) -> Estimate:
    """Shares do not differ by more than one."""
    if e.effect.unit != "probability" or e.effect.low is None or e.effect.high is None:
        return e
    inside = {"low": max(e.effect.low, -1.0), "high": min(e.effect.high, 1.0)}
    return e.model_copy(update={"effect": e.effect.model_copy(update=inside)})


def told(f: FollowUp) -> tuple[Fit, Sample, Effect] | None:
    """Shares free of the event at the landmark in both groups, rows made alike by regression; None for a dose per unit."""
    sample = pseudo(f, f.landmark, mean_time=False)
    fit = REGISTRY["regression"].function(sample)
    effect = effect_of(fit, sample, "difference", "probability")
    return None if effect is None else (fit, sample, effect)
