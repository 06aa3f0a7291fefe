"""Checks of a hazard ratio: is it one number over time, does it vanish when it should, who left observation, who is hidden?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Diagnosis, Effect, Refutation
from ..wording import alike, count, number, safe
from .agreement import agreement
from .estimate import Estimates
from .estimators import REGISTRY as ESTIMATORS
from .follow_up import FollowUp
from .hazards import Hazards, cox
from .inference import Fit
from .kaplan_meier import curve
from .refuters import REGISTRY as REFUTERS
from .refuters import Trial
from .refuters.negative_control import shuffled
from .sample import Sample
from .survival_estimate import Ratio, design_of, hazard_ratio
from .survival_sensitivity import hidden

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WORK = 2e7  # multiplications that the repeats of one check may cost
CHANGES = 2.58  # how clear a change of the ratio over time must be (1 in 100 by chance)
LEAVES = 3.29  # how clear unequal leaving must be (1 in 1,000)


@dataclass(frozen=True)
class Change:
    """How the treatment's log hazard ratio moves with time: z of the trend, and the ratio in the earlier and the later half of the
    events (None where one half tells nothing)."""

    z: float
    split: float
    early: Effect | None
    late: Effect | None

    @property
    def clear(self) -> bool:
        return abs(self.z) > CHANGES

    @property
    def turns(self) -> bool:
        """Whether the parts do not point the same way, as far as they can be seen: then not even the direction is one."""
        if self.early is None or self.late is None:
            return True
        return (self.early.value - 1) * (self.late.value - 1) <= 0


def over_time(f: FollowUp, ratio: Ratio) -> Change | None:
    """Trend of the scaled Schoenfeld residuals in 1 − Kaplan–Meier (Grambsch & Therneau 1994, equation 7), and both halves."""
    import numpy as np

    fit = ratio.fit
    if fit is None or len(fit.event_times) < 10:
        return None
    whole = curve(f.sample.y, f.event, f.sample.weights)
    clock = 1.0 - np.array([whole.at(t) for t in whole.times])
    # the share just before each event: the value of the step to its left
    before = np.concatenate([[0.0], clock[:-1]])[np.searchsorted(whole.times, fit.event_times)]
    g = before - before.mean()
    if not float(g @ g) > 0:
        return None
    events = len(fit.event_times)
    scaled = events * (fit.schoenfeld @ fit.naive)[:, 0]
    z = float(g @ scaled) / math.sqrt(events * float(fit.naive[0, 0]) * float(g @ g))
    split = float(np.median(fit.event_times))
    early = replace(f, event=f.event & (f.sample.y <= split))
    rows = f.sample.y > split
    late = replace(f, drawn=replace(f.drawn, sample=f.sample.take(rows)), event=f.event[rows])
    return Change(z, split, _half(early), _half(late))


def _half(f: FollowUp) -> Effect | None:
    import numpy as np

    t = f.sample.dose if f.sample.kind == "dose" else (f.sample.arm == 1).astype("float64")
    if int(f.event.sum()) < 5 or np.ptp(t) == 0:
        return None
    if f.sample.kind == "arms" and any(not f.event[f.sample.arm == a].any() for a in (0, 1)):
        return None
    found = hazard_ratio(f)
    return found.effect if found.fit is not None and found.fit.finite else None


def proportional(change: Change, f: FollowUp) -> Diagnosis:
    """Whether one ratio describes the whole follow-up. Counts against the answer where its direction changes over time."""
    figures = {"z": change.z, "split": change.split}
    for name, effect in (("early", change.early), ("late", change.late)):
        if effect is not None:
            figures |= {
                name: effect.value,
                f"{name}_low": effect.low or math.nan,
                f"{name}_high": effect.high or math.nan,
            }
    text = "one ratio describes the whole time well enough"
    if change.clear:
        text = "the ratio changes over time, so that one number does not describe it"
        if change.early is not None and change.late is not None:
            shown = alike([change.early.value, change.late.value])
            text += f": {shown[0]} up to {f.when(change.split)}, {shown[1]} after"
    return Diagnosis(
        name="proportional_hazards",
        status="warning" if change.clear and change.turns else "ok",
        finding=text,
        figures=figures,
    )


def observation(f: FollowUp) -> tuple[Diagnosis, ...]:
    """Few events; and whether one group left observation sooner."""
    import numpy as np

    out = []
    events, sample = int(f.event.sum()), f.sample
    fewest = events
    if sample.kind == "arms":
        fewest = min(int(f.event[sample.arm == a].sum()) for a in (0, 1))
    needed = 5 * (sample.k + 1)
    if events < max(10, needed) or fewest < 5:
        text = f"the event happened only {count(events)} times"
        if fewest < 5 and sample.kind == "arms":
            text += f", {fewest} of them in one of the groups"
        out.append(
            Diagnosis(name="few_events", status="warning", finding=text, figures={"events": events, "fewest": fewest})
        )
    left = ~f.event & (sample.y < sample.y.max())
    if sample.kind == "arms" and left.sum() >= 10 and all((left & (sample.arm == a)).any() for a in (0, 1)):
        treatment = (sample.arm == 1).astype("float64")[:, None]
        leaving = cox(treatment, sample.y, left, sample.weights, sample.cluster)
        beta, error = float(leaving.beta[0]), math.sqrt(float(leaving.robust[0, 0]))
        unequal = leaving.finite and abs(beta) > LEAVES * error and abs(beta) > math.log(1.25)
        times = number(math.exp(beta))
        text = "both groups left observation at about the same rate"
        if unequal:
            text = (
                f"those with {f.drawn.labels[1]} left observation {times} times as fast; if they left for reasons tied to"
                " the event, the answer is distorted"
            )
        figures = {"rate_ratio_of_leaving": math.exp(min(beta, 50.0))}
        out.append(Diagnosis(name="leaving", status="warning" if unequal else "ok", finding=text, figures=figures))
    if bool(np.any(sample.y == 0)):
        zero = int((sample.y == 0).sum())
        text = f"{count(zero)} rows have a time of 0 and count as the first instant"
        out.append(Diagnosis(name="time_zero", status="ok", finding=text, figures={"rows": zero}))
    if f.others_censored:
        text = f"other values of {safe(f.query.event)} count as the end of observation; the ratio is for this kind of event only"
        out.append(Diagnosis(name="other_endings", status="ok", finding=text))
    return tuple(out)


def checks(
    f: FollowUp, ratio: Ratio, others: tuple[Ratio, ...], plain: tuple[Fit, Sample, Effect] | None, seed: int
) -> tuple[Refutation, ...]:
    """Every check that applies: repeats of the ratio on changed tables, and controls on the share free of the event."""
    found: list[Refutation | None] = []
    trial = None
    if plain is not None and plain[2].std_error:
        fit, sample, effect = plain
        method = ESTIMATORS["regression"]
        headline = ratio.listed(sample.n).model_copy(update={"effect": effect, "method": "regression"})
        trial = Trial(sample, Estimates(headline, (), None, 0.0, fit, method, fit), f.query, "difference", seed)
    if ratio.method == "cox":
        found += [_placebo(f, ratio, seed), _subset(f, ratio, seed), _bootstrap(f, ratio, seed)]
    if trial is not None:
        found += [REFUTERS[name].function(trial) for name in ("negative_outcome", "negative_exposure", "hidden_cause")]
    found.append(hidden(f, ratio.effect, ratio))
    found.append(agreement(ratio.effect, [o.effect for o in others], after=" times the rate"))
    return tuple(r for r in found if r is not None)


def _repeats(sample: Sample, most: int) -> int:
    return int(max(10, min(most, WORK / (sample.n * (sample.k + 2) ** 2))))


def _beta(sample: Sample, event: NDArray[np.bool_], start: Hazards, step: float) -> float:
    import numpy as np

    try:
        fit = cox(design_of(sample), sample.y, event, sample.weights, start=start.beta, errors=False)
    except np.linalg.LinAlgError:
        return math.nan
    return step * float(fit.beta[0]) if fit.finite else math.nan


def _rng(seed: int, name: str) -> np.random.Generator:
    import zlib

    import numpy as np

    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _placebo(f: FollowUp, ratio: Ratio, seed: int) -> Refutation | None:
    """Passes when the mean log ratio of shuffled treatments is within a quarter of a standard error, or three Monte-Carlo errors, of
    zero. Not with clusters, whose structure a shuffle of rows would break."""
    import numpy as np

    sample, fit = f.sample, ratio.fit
    if sample.cluster is not None or fit is None:
        return None
    rng, error = _rng(seed, "placebo_treatment"), ratio.effect.std_error or 0.0
    start = replace(fit, beta=np.concatenate([[0.0], fit.beta[1:]]))
    values = np.array([_beta(shuffled(sample, rng), f.event, start, ratio.step) for _ in range(_repeats(sample, 60))])
    values = values[np.isfinite(values)]
    if len(values) < 5:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    ok = abs(mean) <= max(0.25 * error, 3 * spread / math.sqrt(len(values)))
    return Refutation(
        check="placebo_treatment",
        question="If the treatment is dealt out at random, does the effect vanish?",
        expected="about 1 times the rate",
        observed=f"{number(math.exp(mean), 3)} times the rate on average in {len(values)} shuffles (the real figure is {number(ratio.effect.value)})",
        verdict="passed" if ok else "failed",
        meaning="If this fails, the method finds effects where there are none.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )


def _parts(f: FollowUp, ratio: Ratio, seed: int, name: str, most: int, bootstrap: bool) -> Floats:
    import numpy as np

    sample, fit = f.sample, ratio.fit
    assert fit is not None
    rng, out = _rng(seed, name), []
    clusters = None if sample.cluster is None else int(sample.cluster.max()) + 1
    for _ in range(_repeats(sample, most)):
        if clusters is not None:
            members = [np.flatnonzero(sample.cluster == g) for g in range(clusters)]
            drawn = (
                rng.integers(0, clusters, clusters)
                if bootstrap
                else rng.permutation(clusters)[: max(2, round(0.8 * clusters))]
            )
            rows = np.concatenate([members[g] for g in drawn])
        elif bootstrap:
            rows = rng.integers(0, sample.n, sample.n)
        else:
            rows = rng.permutation(sample.n)[: round(0.8 * sample.n)]
        out.append(_beta(sample.take(rows), f.event[rows], fit, ratio.step))
    values = np.array(out)
    return np.asarray(values[np.isfinite(values)])


def _subset(f: FollowUp, ratio: Ratio, seed: int) -> Refutation | None:
    """Passes when parts with 80 % of the rows stay near the answer, in units of its error."""
    import numpy as np

    values, error = _parts(f, ratio, seed, "data_subset", 40, False), ratio.effect.std_error or 0.0
    if len(values) < 5:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    ok = abs(mean - ratio.log) <= 0.5 * error and spread <= 1.25 * error
    low, high = np.quantile(values, [0.05, 0.95])
    shown = alike([math.exp(float(low)), math.exp(float(high)), ratio.effect.value])
    return Refutation(
        check="data_subset",
        question="Does the answer stay on random parts of the table?",
        expected=f"about {shown[2]} times the rate",
        observed=f"mostly between {shown[0]} and {shown[1]} on parts with 80% of the rows",
        verdict="passed" if ok else "failed",
        meaning="If this fails, a few rows carry the answer.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )


def _bootstrap(f: FollowUp, ratio: Ratio, seed: int) -> Refutation | None:
    """Passes when rows (clusters) drawn anew spread 0.67 to 1.5 times the standard error, within what so few draws can tell."""
    values, error = _parts(f, ratio, seed, "bootstrap", 80, True), ratio.effect.std_error or 0.0
    if len(values) < 10 or not error > 0:
        return None
    share = float(values.std(ddof=1)) / error
    slack = 3 / math.sqrt(2 * len(values))
    return Refutation(
        check="bootstrap",
        question="Is the margin of error right when the rows are drawn anew?",
        expected="about 1 times the margin given",
        observed=f"{number(share)} times the margin given, from {len(values)} draws",
        verdict="passed" if 0.67 - slack <= share <= 1.5 + slack else "failed",
        meaning="If this fails, the interval is too narrow or too wide.",
        figures={"ratio": share, "repeats": len(values)},
    )
