"""Checks of an effect that runs through mediators, each with its own pass rule in units of the headline's standard error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Effect, Refutation, Verdict
from ..query import Query
from ..wording import alike, join, number, safe
from .agreement import agreement
from .nested import form_of
from .pathway import Pathway
from .refuters.negative_control import Look, controls
from .slopes import unexplained_correlation

if TYPE_CHECKING:
    import numpy as np

REPEATS = 60
WORK = 2.5e6  # rows times repeats that one check may cost, about a second


@dataclass(frozen=True)
class Run:
    """What is checked: an estimate by `refit` (on the line scale: the difference, or the log of a ratio) with its error."""

    pathway: Pathway
    refit: Callable[[Pathway], float]
    value: float
    error: float
    rng: Callable[[str], np.random.Generator]
    chances: bool  # a difference of chances, shown in 100
    slow: bool = False  # flexible models: fewer repeats

    @property
    def repeats(self) -> int:
        most = 20 if self.slow else REPEATS
        return int(
            max(20, min(most, WORK / max(self.pathway.n * (self.pathway.m.shape[1] + self.pathway.sample.k + 2), 1)))
        )

    def many(self, change: Callable[[Pathway, np.random.Generator], Pathway], name: str) -> list[float]:
        """The finite estimates on changed data."""
        import numpy as np

        rng, fixed, out = self.rng(name), replace(self.pathway, form=form_of(self.pathway)), []
        for _ in range(self.repeats):
            try:
                value = self.refit(change(fixed, rng))
            except np.linalg.LinAlgError:
                continue
            if math.isfinite(value):
                out.append(value)
        return out

    def shown(self, *values: float) -> list[str]:
        """Values as a person reads them, rounded alike."""
        return [f"{v} in 100" for v in alike([100 * v for v in values])] if self.chances else alike(values)


def every(
    run: Run,
    query: Query,
    mediators: tuple[str, ...],
    others: Sequence[Effect],
    main: Effect,
    other_outcome: Callable[[Pathway], tuple[float, float]],
) -> tuple[Refutation, ...]:
    """Every check of a path, in a fixed order."""
    found = (
        placebo(run), random_common_cause(run), data_subset(run), negative_outcomes(run, query, other_outcome),
        hidden_cause(run, mediators, str(query.outcome)), agreement(main, others),
    )  # fmt: skip
    return tuple(r for r in found if r is not None)


def placebo(run: Run) -> Refutation | None:
    """Deal the treatment out anew. Passes when the mean is within a quarter of a standard error of zero or within three
    Monte-Carlo errors."""
    import numpy as np

    if run.pathway.sample.cluster is not None:
        return None  # shuffling single rows would break the clusters' own structure

    def shuffle(p: Pathway, rng: np.random.Generator) -> Pathway:
        order = rng.permutation(p.n)
        s = replace(p.sample, arm=p.sample.arm[order], dose=p.sample.dose[order])
        return replace(p, sample=s, level=p.level[order])

    values = np.array(run.many(shuffle, "placebo_treatment"))
    if len(values) < 10:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    shown = run.shown(mean, run.value)
    return Refutation(
        check="placebo_treatment",
        question="If the treatment is dealt out at random, does the effect vanish?",
        expected="about 0",
        observed=f"{shown[0]} on average in {len(values)} shuffles (the real estimate is {shown[1]})",
        verdict="passed" if abs(mean) <= max(0.25 * run.error, 3 * spread / math.sqrt(len(values))) else "failed",
        meaning="If this fails, the method finds effects where there are none.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )


def random_common_cause(run: Run) -> Refutation | None:
    """Add a made-up covariate. Passes when the estimate moves by at most half a standard error on average."""
    import numpy as np

    def add(p: Pathway, rng: np.random.Generator) -> Pathway:
        s = p.sample
        x = np.hstack([s.x, rng.standard_normal((s.n, 1))])
        return replace(p, sample=replace(s, x=x, x_names=(*s.x_names, "noise"), x_groups=(*s.x_groups, "noise")))

    values = run.many(add, "random_common_cause")
    if len(values) < 10:
        return None
    mean = float(np.mean(values))
    shown = run.shown(mean, run.value)
    return Refutation(
        check="random_common_cause",
        question="Does the answer stay when a made-up shared cause is added?",
        expected=f"about {shown[1]}",
        observed=shown[0],
        verdict="passed" if abs(mean - run.value) <= 0.5 * run.error else "failed",
        meaning="If this fails, the method is unstable: it reacts to a column that means nothing.",
        figures={"mean": mean, "repeats": len(values)},
    )


def data_subset(run: Run) -> Refutation | None:
    """Random 80 % of the rows (of the clusters). Passes when the mean moves by at most half a standard error and the spread is
    at most twice and a half what sampling alone gives."""
    import numpy as np

    def part(p: Pathway, rng: np.random.Generator) -> Pathway:
        cluster = p.sample.cluster
        if cluster is None:
            return p.take(np.sort(rng.permutation(p.n)[: round(0.8 * p.n)]))
        groups = int(cluster.max()) + 1
        rows = np.flatnonzero(np.isin(cluster, rng.permutation(groups)[: max(2, round(0.8 * groups))]))
        return p.take(rows)

    values = np.array(run.many(part, "data_subset"))
    if len(values) < 10:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    shown = run.shown(float(np.quantile(values, 0.05)), float(np.quantile(values, 0.95)), run.value)
    return Refutation(
        check="data_subset",
        question="Does the answer stay on random parts of the table?",
        expected=f"about {shown[2]}",
        observed=f"mostly between {shown[0]} and {shown[1]} on parts with 80% of the rows",
        verdict="passed" if abs(mean - run.value) <= 0.5 * run.error and spread <= 1.25 * run.error else "failed",
        meaning="If this fails, a few rows carry the answer.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )


def negative_outcomes(run: Run, query: Query, effect: Callable[[Pathway], tuple[float, float]]) -> Refutation | None:
    """No effect on columns that the treatment cannot affect (`refuters/negative_control.py`). `effect` gives (estimate, standard
    error) for another outcome."""
    import numpy as np

    s = run.pathway.sample

    def look(name: str) -> Look | None:
        rows = np.isfinite(s.extra[name])
        values = s.extra[name][rows]
        if rows.sum() < 50 or np.ptp(values) == 0:
            return None
        p = run.pathway.take(rows)
        binary = set(np.unique(values)) <= {0.0, 1.0}
        p = replace(p, sample=replace(p.sample, y=values, outcome_kind="yes_no" if binary else "number"), form=None)
        value, error = effect(p)
        return Look(value / error, error / (float(values.std()) or 1.0)) if error > 0 else None

    size = abs(run.value) / (float(s.y.std()) or 1.0)
    return controls(query, [n for n in query.negative_outcomes if n in s.extra], s.x_groups, look, size)


def hidden_cause(run: Run, mediators: tuple[str, ...], outcome: str) -> Refutation | None:
    """How strong a hidden shared cause of mediator and outcome would have to be to take the path away: the correlation ρ of what
    both leave unexplained at which it is zero (Imai, Keele & Yamamoto 2010, theorem 4). Such a cause explains the share |ρ| of
    both, for ρ² is the product of the two shares (ibid., section 5.2).

    Passes when it would have to be stronger than the strongest measured covariate, fails when that one would do, inconclusive where
    none is measured or the interval spans zero already.
    """
    rho, measured = unexplained_correlation(run.pathway)
    clear = abs(run.value) > 1.96 * run.error
    names, share = join(list(mediators)), number(100 * abs(rho))
    base = (
        f"a hidden cause would have to explain {share}% of what is left unexplained in both {names} and {safe(outcome)}"
    )
    figures: dict[str, float | int | str | None] = {"rho": rho, "robustness_value": abs(rho)}
    verdict: Verdict = "inconclusive"
    observed = base if clear else "the interval spans no effect already; there is nothing to undo"
    strongest = max(measured, key=lambda b: (b[1], b[0]), default=None)
    if clear and strongest is not None:
        name, strength = strongest
        figures["strongest_share"] = strength
        verdict = "failed" if strength >= abs(rho) else "passed"
        if strength > 0:
            figures["strongest"] = name
            times = abs(rho) / strength
            much = "over 100" if times > 100 else f"about {number(times, 1 if times >= 2 else 2)}"
            observed = (
                f"it would have to matter {much} times as much as {safe(name)}, the strongest in the table ({base})"
            )
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short=f"a hidden cause of {names} and {safe(outcome)} no stronger than a measured one could undo the answer",
        question=f"How strong would a hidden shared cause of {names} and {safe(outcome)} have to be to wipe this out?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a hidden cause no stronger than one that was measured could explain the whole path.",
        figures=figures,
    )
