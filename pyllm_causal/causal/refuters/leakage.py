"""Is one of the columns the outcome (or the treatment) in disguise?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import join, safe
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COPY = 0.98  # of the variation of one in the other; repeated measures reach 0.94 (a correlation of 0.97)
REPEATED = 0.97
EXACT = 1 - 1e-4
SURE = 3.3
FEWEST = 10  # in the rarer group, for a number that splits a yes/no outcome
AGREE = 150  # in the rarer group, for a yes/no column that agrees with a yes/no outcome in every row


@dataclass(frozen=True)
class Suspect:
    """A column that is, or could be, another in disguise."""

    column: str
    of: str
    how: str
    certain: bool


@refuter("leakage", "look for a column that is the outcome or the treatment in disguise")
def leakage(trial: Trial) -> Refutation | None:
    """Fails where a column held fixed is a near copy of the outcome (98 % of its variation within the arms, in values or in ranks,
    beyond what measures repeated with a correlation of 0.97 would show, and the treatment says nothing more about the outcome once the
    column is known), where the columns together with one give the outcome exactly, where one column splits a yes/no outcome
    without an error, where a column is a near copy of the treatment, or where the outcome is an exact function of the treatment.
    Inconclusive with too few rows to tell a copy from a measure of before."""
    sample = trial.sample
    if sample.kind == "arms":
        sample = sample.take(sample.arm >= 0)
    if sample.n < 8:
        return None
    found = _suspects(sample)
    certain = [s for s in found if s.certain]
    verdict: Verdict = "failed" if certain else "inconclusive" if found or sample.n < 20 else "passed"
    if certain or found:
        shown = certain or found
        observed = "; ".join(dict.fromkeys(_said(s, trial) for s in shown[:3]))
    else:
        observed = "no column gives away the outcome or the treatment"
    return Refutation(
        check="leakage",
        family="graph",
        short="a column looks like the outcome or the treatment in disguise"
        if not certain
        else f"{join(list(dict.fromkeys(safe(s.column) if s.column else safe(trial.query.treatment) for s in certain))[:3])}"
        f" {'looks' if len(certain) == 1 else 'look'} like the {certain[0].of} in disguise",
        question="Is a column that is held fixed the outcome or the treatment in disguise?",
        expected="none is",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a column holds the answer itself: holding it fixed takes away what was asked about.",
        figures={"found": len(certain), "column": found[0].column if found else None},
    )


def _said(s: Suspect, trial: Trial) -> str:
    if not s.column:
        return f"{safe(trial.query.outcome)} follows from {safe(trial.query.treatment)} without an error"
    of = safe(trial.query.outcome if s.of == "outcome" else trial.query.treatment)
    return f"{safe(s.column)} {s.how} {of}"


def _suspects(sample: Sample) -> list[Suspect]:
    import numpy as np

    found: list[Suspect] = []
    groups = tuple(dict.fromkeys(sample.x_groups))
    if sample.outcome_kind != "yes_no" and _decided(sample):
        found.append(Suspect("", "outcome", "", True))
    for group in groups:
        block = sample.x[:, [g == group for g in sample.x_groups]]
        column = _single(block, sample.y)
        if sample.outcome_kind == "yes_no":
            split = _split(column, sample.y)
            if split is not None:
                found.append(Suspect(group, "outcome", "alone tells every yes from every no of", split))
        elif _copies(column, sample):
            found.append(Suspect(group, "outcome", "is nearly a copy of", True))
        elif _cut(column, sample.y):
            found.append(Suspect(group, "outcome", "marks the high and the low values of", True))
        if not sample.randomised and sample.kind == "arms":
            continue  # a treatment that columns decide is refused before: nobody comparable is left
        if _near(_correlation(_single(block, sample.dose), sample.dose, sample.weights), sample.n):
            found.append(Suspect(group, "treatment", "is nearly a copy of", True))
    if sample.outcome_kind != "yes_no" and not any(s.of == "outcome" for s in found):
        exact = _exact(sample)
        if exact:
            told = np.array(exact)[:2].tolist()
            found += [Suspect(str(name), "outcome", "and other columns held fixed add up to", True) for name in told]
    return found


def _single(block: Floats, target: Floats) -> Floats:
    """(n,) the column; of a category the mean of the target in each level."""
    import numpy as np

    if block.shape[1] == 1:
        return np.asarray(block[:, 0])
    level = np.where(block.any(axis=1), block.argmax(axis=1) + 1, 0)
    rows = np.bincount(level)
    return np.asarray((np.bincount(level, weights=target) / np.maximum(rows, 1))[level])


def _copies(column: Floats, sample: Sample) -> bool:
    """A near copy, in values or in ranks, within arms; and with it held fixed the treatment says nothing about the outcome."""
    if len(set(column[:50].tolist())) <= 2 or sample.n < FEWEST:
        return False
    for ranked in (False, True):
        if ranked and not _halves(column, sample.y):
            continue
        a, y = (_ranks(column), _ranks(sample.y)) if ranked else (column, sample.y)
        if not _near(_correlation(a, y, sample.weights), sample.n):
            continue
        left_y, left_a = _within(sample, y), _within(sample, a)
        # one far-off row makes any two columns look alike
        alike = _correlation(left_a, left_y, sample.weights), _middle(left_a, left_y)
        if all(_near(r, sample.n) for r in alike) and _silent(sample.dose, a, y):
            return True
    return False


def _halves(a: Floats, b: Floats) -> bool:
    """Whether the upper half of one is nearly that of the other, or the lower: cheaper than ranks, and so they are for copies."""
    import numpy as np

    agree = float(((a > np.median(a)) == (b > np.median(b))).mean())
    return not 0.1 < agree < 0.9


def _ranks(v: Floats) -> Floats:
    """(n,) places from the smallest on; equal values share one, halfway."""
    import numpy as np

    values, place, times = np.unique(v, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(times) - (times - 1) / 2)[place], dtype="float64") if len(values) else v


def _near(r: float, n: int) -> bool:
    """Whether a correlation is above that of a copy, beyond what chance makes of repeated measures."""
    r = min(abs(r), 1 - 1e-15)
    return r * r > COPY and math.atanh(r) > math.atanh(REPEATED) + SURE / math.sqrt(max(n - 4, 1))


def _correlation(a: Floats, b: Floats, weights: Floats) -> float:
    import numpy as np

    a, b = a - np.average(a, weights=weights), b - np.average(b, weights=weights)
    size = float((weights * a) @ a) * float((weights * b) @ b)
    return float((weights * a) @ b) / math.sqrt(size) if size > 0 else 0.0


def _within(sample: Sample, v: Floats) -> Floats:
    """What the treatment leaves of a column."""
    import numpy as np

    d = sample.dose - sample.dose.mean()
    return np.asarray(v - v.mean() - d * float(d @ v) / (float(d @ d) or 1.0))


def _middle(a: Floats, y: Floats) -> float:
    """The correlation without the outer 2 % of the column."""
    import numpy as np

    edge = np.quantile(np.abs(a), 0.98)
    kept = np.abs(a) <= edge
    return _correlation(a[kept], y[kept], np.ones(int(kept.sum())))


def _silent(dose: Floats, column: Floats, y: Floats) -> bool:
    """Whether the treatment adds nothing to a straight line of the outcome on the column (|t| under 3.3)."""
    import numpy as np

    inner = np.column_stack([np.ones(len(y)), column - column.mean()])
    d, rest = (v - inner @ np.linalg.lstsq(inner, v, rcond=None)[0] for v in (dose, y))
    moment = float(d @ d)
    if moment <= 1e-12 * len(y) * float(dose.var() or 1.0):
        return True
    slope = float(d @ rest) / moment
    noise = rest - slope * d
    error = math.sqrt(float((d * noise) @ (d * noise))) / moment
    return abs(slope) <= SURE * error or float(rest @ rest) <= 1e-18 * float(y @ y)


def _split(column: Floats, y: Floats) -> bool | None:
    """Whether one cut of the column tells events from the rest without an error: True where that cannot be chance or a measure of
    before, False where it could; None where it does not split."""
    yes, no = column[y == 1], column[y == 0]
    rarer = min(len(yes), len(no))
    if rarer < 5 or not (yes.min() > no.max() or yes.max() < no.min()):
        return None
    levels = len(set(column.tolist()))
    return rarer >= (AGREE if levels <= 2 else FEWEST)


def _cut(column: Floats, y: Floats) -> bool:
    """A yes/no column that marks all outcomes above some value: the two sides touch, as those of a cut do, and as those of two
    kinds of people do not."""
    import numpy as np

    if len(set(column[:50].tolist())) > 2:
        return False
    values = set(np.unique(column).tolist())
    if len(values) != 2 or len(np.unique(y[:200])) < 10:
        return False
    one, zero = y[column == max(values)], y[column == min(values)]
    if min(len(one), len(zero)) < FEWEST or not (one.min() > zero.max() or one.max() < zero.min()):
        return False
    apart = max(one.min() - zero.max(), zero.min() - one.max())
    return bool(apart <= 0.25 * y.std())


def _decided(sample: Sample) -> bool:
    """Whether the treatment alone gives the outcome: a value an arm, or a smooth curve of a dose without any error."""
    import numpy as np

    if sample.n < 20:
        return False
    total = float(((sample.y - sample.y.mean()) ** 2).mean())
    if total == 0:
        return False
    levels, place = np.unique(sample.dose, return_inverse=True)
    if len(levels) <= sample.n // 4:
        means = np.bincount(place, weights=sample.y) / np.bincount(place)
        left = float(((sample.y - means[place]) ** 2).mean())
        return left < (1 - EXACT) * total * 1e-2
    order = np.argsort(sample.dose, kind="stable")
    steps = np.diff(sample.y[order])
    if sample.n >= 100 and 0.5 * float((steps**2).mean()) < (1 - EXACT) * total * 1e-1:
        return True
    t = (sample.dose - sample.dose.mean()) / (sample.dose.std() or 1.0)
    curve = np.column_stack([t**p for p in range(4)])
    left_over = sample.y - curve @ np.linalg.lstsq(curve, sample.y, rcond=None)[0]
    return float((left_over**2).mean()) < (1 - EXACT) * total * 1e-2


def _exact(sample: Sample) -> list[str]:
    """Columns that together make up the outcome without an error (an after and a before of which it is the change)."""
    import numpy as np

    if sample.n < 3 * (sample.k + 2) or sample.k == 0:
        return []
    x = sample.x - sample.x.mean(axis=0)
    scale = x.std(axis=0)
    x = x / np.where(scale > 0, scale, 1.0)
    y = sample.y - sample.y.mean()
    beta, *_ = np.linalg.lstsq(x, y, rcond=1e-10)
    rest = y - x @ beta
    if float(rest @ rest) > 1e-8 * float(y @ y):
        return []
    strong = np.argsort(-np.abs(beta), kind="stable")[:2]
    return list(dict.fromkeys(sample.x_groups[j] for j in strong))
