"""Checks that a discontinuity is what it is claimed to be, each with a pass rule in plain words.

Every check is set to fail a sound design about once in a hundred times, so that all together do in fewer than ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Estimate, Refutation
from ..filter import parse_filter
from ..wording import alike, count, join, number, safe
from .agreement import agreement
from .bandwidth import LEAST_DISTINCT
from .cutoff import Cut
from .cutoff_estimate import Answered, critical
from .cutoff_fit import own_jump
from .cutoff_sensitivity import hidden_cause
from .density import Step, step
from .local_polynomial import Side, Spec, moved
from .sample import encode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

ALARM = 0.01  # of each check, in a sound design
MOST_COLUMNS = 12  # covariates looked at
HOLE = 0.1  # of the bandwidth, left out by the donut
LEAST_SIDE = 60  # rows a side for a made-up cut-off


def bar(tests: int = 1) -> float:
    """The z-score beyond which one of `tests` looks is an alarm."""
    from scipy import stats

    return float(stats.norm.ppf(1 - ALARM / (2 * tests)))


def checks(cut: Cut, found: Answered, others: tuple[Estimate, ...]) -> tuple[Refutation, ...]:
    """Every check that applies, in a fixed order."""
    from numpy.linalg import LinAlgError

    by_model = cut.query.source("negative_controls") == "model"
    named = () if by_model else cut.query.negative_outcomes
    out: list[Refutation | None] = [
        density(cut),
        missing_outcome(cut),
        covariates_continuous(cut, (*cut.covariates, *named)),
    ]
    if by_model:
        out.append(covariates_continuous(cut, cut.query.negative_outcomes, by_model=True))
    if not found.effect.unbounded and found.local.method != "polynomial" and not found.weak:
        for check in (donut, bandwidth, placebo_cutoff):
            try:
                out.append(check(cut, found))
            except LinAlgError:
                continue
    out.append(hidden_cause(cut, found))
    out.append(
        agreement(
            found.effect, [o.effect for o in others if o.method != "fuzzy"], ways="ways to draw the lines", limit=3.0,
            question="Do other ways to draw the lines give the same answer?",
            meaning="If this fails, the answer hangs on how the lines are drawn.",
        )
    )  # fmt: skip
    return tuple(r for r in out if r is not None)


def density(cut: Cut) -> Refutation | None:
    """Passes when neither the density jumps nor the nearest rows split unevenly by more than chance gives (1 in 100)."""
    found = step(cut.x, cut.right, cut.weights, cut.cluster)
    if found is None or not found.error > 0:
        return None
    crowded = abs(found.z) > bar(2) or found.chance < ALARM / 2
    return Refutation(
        check="density",
        question=f"Did people choose their side of {cut.place}, so that more rows than expected lie just on one side?",
        expected="about as many rows just above the cut-off as just below it",
        observed=_crowding(found),
        verdict="failed" if crowded else "passed",
        meaning="If this fails, people may have placed themselves, and those on the two sides are no longer alike.",
        figures={
            "below": found.below, "above": found.above, "z": found.z, "bandwidth": found.bandwidth, "kind": found.kind,
        },
    )  # fmt: skip


def _crowding(found: Step) -> str:
    if found.chance < ALARM / 2:
        return f"of the {sum(found.nearest)} rows nearest the cut-off {found.nearest[1]} lie above it"
    if found.below <= 0 or found.above <= 0:
        return "rows are sparse at the cut-off on one side"
    ratio = found.above / found.below
    shown = f"{number(max(ratio, 1 / ratio))} times as many rows just {'above' if ratio >= 1 else 'below'}"
    return "about as many rows on both sides" if 0.95 < ratio < 1.05 else shown


def missing_outcome(cut: Cut) -> Refutation | None:
    """Passes when the share of rows without an outcome does not jump at the cut-off by more than chance gives."""
    import numpy as np
    from numpy.linalg import LinAlgError

    table, query = cut.rows.table, cut.query
    gone = table.column(str(query.outcome)).isna().to_numpy(dtype=bool)
    keep = ~table.column(cut.design.running).isna().to_numpy(dtype=bool)
    if query.where:
        keep &= table.where(parse_filter(query.where, table.names))
    if not keep.any() or gone[keep].mean() < 0.02:
        return None
    x = encode(table, cut.design.running, query, np.flatnonzero(keep))[0][:, 0] - cut.design.cutoff
    right = x > 0 if not cut.right[cut.x == 0].any() and (cut.x == 0).any() else x >= 0
    side = cut_sides(x, gone[keep].astype("float64"), right)
    try:
        z, sizes = own_jump(side)
    except LinAlgError:
        return None
    shown = alike([100 * s for s in sizes])
    outcome = safe(query.outcome)
    return Refutation(
        check="missing_outcome",
        question=f"Is {outcome} missing equally often on both sides of the cut-off?",
        expected="the same share missing just above and just below",
        observed=f"missing for {shown[1]} in 100 just above and {shown[0]} in 100 just below",
        verdict="failed" if abs(z) > bar() else "passed",
        meaning="If this fails, the rows that are left differ between the two sides.",
        figures={"z": z},
    )


def cut_sides(x: Floats, y: Floats, right: Mask) -> tuple[Side, Side]:
    """(below, above) of one unweighted column."""
    import numpy as np

    from .local_polynomial import split

    return split(x, y[:, None], np.ones(len(x)), right)


def covariates_continuous(cut: Cut, names: tuple[str, ...], by_model: bool = False) -> Refutation | None:
    """Columns fixed before the treatment do not jump at the cut-off. All looks together fail once in a hundred. What only a
    model takes for such a column (`by_model`) is a check of its own, which never counts in the grade."""
    import numpy as np
    from numpy.linalg import LinAlgError

    table, query = cut.rows.table, cut.query
    names = tuple(dict.fromkeys(names))[:MOST_COLUMNS]
    found: list[tuple[str, float]] = []
    for name in names:
        column = table.profile.column(name)
        if name == cut.design.running or column.kind in ("constant", "empty", "text"):
            continue
        block, _ = encode(table, name, query, cut.rows.index)
        for values in block.T[:5]:
            try:
                z, _ = own_jump(cut.other(np.asarray(values)))
            except LinAlgError:
                continue
            found.append((name, z))
    if not found:
        return None
    limit = bar(len(found))
    jumping = list(dict.fromkeys(n for n, z in found if abs(z) > limit))
    looked = len({n for n, _ in found})
    worst = max(found, key=lambda f: abs(f[1]))
    return Refutation(
        check="covariates_continuous",
        question="Are columns that were fixed before the treatment the same just above and just below the cut-off?",
        expected="no jump in any of them",
        observed=f"{join([safe(n) for n in jumping])} jump{'s' if len(jumping) == 1 else ''} at the cut-off"
        if jumping
        else f"none of {looked} jumps by more than chance gives"
        if looked > 1
        else f"{safe(worst[0])} does not jump by more than chance gives",
        verdict="failed" if jumping else "passed",
        meaning="If this fails, the rows on the two sides differed before the treatment.",
        figures={"columns": looked, "largest_z": abs(worst[1])},
        suggested_by="model" if by_model else "rule",
    )


def _spec(found: Answered) -> Spec:
    local = found.local
    return Spec(local.jump.h, local.jump.b, local.kernel, local.p)


def _shown(cut: Cut, values: list[float]) -> list[str]:
    yes_no = cut.outcome_kind == "yes_no"
    return [f"{v} in 100" if yes_no else v for v in alike([100 * v if yes_no else v for v in values])]


def _stays(cut: Cut, found: Answered, change: float, error: float) -> bool:
    """A change no larger than chance, or than the margin of the answer itself, is no alarm."""
    scale = abs(cut.factor) if cut.fuzzy else 1.0
    own = critical(found.local) * found.local.jump.robust * scale
    return abs(change) * scale <= own or abs(change) <= bar(2) * error


def donut(cut: Cut, found: Answered) -> Refutation | None:
    """Leaves out the rows nearest the cut-off. Passes when the answer moves by no more than chance, or than its own margin."""
    import numpy as np

    left, right = cut.sides()
    spec = _spec(found)
    distances = np.abs(cut.x[np.abs(cut.x) <= spec.h])
    hole = HOLE * spec.h
    nearest = float(distances.min())
    if nearest >= hole:  # values on a grid: the points next to the cut-off
        hole = nearest * (1 + 1e-6)
    kept = [s.within(spec.h).x for s in (left, right)]
    kept = [k[np.abs(k) >= hole] for k in kept]
    gone = int((distances < hole).sum())
    if gone == 0 or min(len(np.unique(k)) for k in kept) < spec.p + 4 or gone > 0.34 * len(distances):
        return None
    change, error = moved(left, right, spec, Spec(spec.h, spec.b, spec.kernel, spec.p, hole), cut.fuzzy)
    factor = cut.factor if cut.fuzzy else cut.sign
    shown = _shown(cut, [found.plain.value, found.plain.value + factor * change])
    return Refutation(
        check="donut",
        question="Does the answer stay without the rows nearest the cut-off, which are the easiest to push over it?",
        expected=f"about {shown[0]}",
        observed=f"{shown[1]} without the {count(gone)} rows within {number(hole)} of the cut-off",
        verdict="passed" if _stays(cut, found, change, error) else "failed",
        meaning="If this fails, a few rows right at the cut-off carry the answer.",
        figures={"change": factor * change, "error": abs(factor) * error, "hole": hole, "rows": gone},
    )


def bandwidth(cut: Cut, found: Answered) -> Refutation | None:
    """Half and twice as far from the cut-off. Passes when neither moves the answer by more than chance, or than its own margin."""
    from numpy.linalg import LinAlgError

    left, right = cut.sides()
    spec = _spec(found)
    factor = cut.factor if cut.fuzzy else cut.sign
    tried: list[tuple[str, float, bool]] = []
    for word, times in (("half", 0.5), ("twice", 2.0)):
        try:
            other = Spec(times * spec.h, times * spec.b, spec.kernel, spec.p)
            change, error = moved(left, right, spec, other, cut.fuzzy)
        except LinAlgError:
            continue
        tried.append((word, found.plain.value + factor * change, _stays(cut, found, change, error)))
    if not tried:
        return None
    shown = _shown(cut, [found.plain.value, *(v for _, v, _ in tried)])
    return Refutation(
        check="bandwidth",
        question="Does the answer stay when rows are taken from half or twice as far?",
        expected=f"about {shown[0]}",
        observed=" and ".join(f"{s} with {w} the distance" for s, (w, _, _) in zip(shown[1:], tried, strict=True)),
        verdict="passed" if all(ok for _, _, ok in tried) else "failed",
        meaning="If this fails, the answer hangs on how far from the cut-off one looks.",
        figures={w: v for w, v, _ in tried},
    )


def placebo_cutoff(cut: Cut, found: Answered) -> Refutation | None:
    """Made-up cut-offs in the middle of either side, seen on that side alone. Passes when neither shows a jump beyond chance."""
    import numpy as np
    from numpy.linalg import LinAlgError

    seen: list[tuple[float, float, float]] = []
    for mask in (~cut.right, cut.right):
        x = cut.x[mask]
        if len(x) < 2 * LEAST_SIDE:
            continue
        at = float(np.median(x))
        left, right = cut.other(cut.y, mask)
        side = right if right.n else left
        sides = side.take(side.x < at), side.take(side.x >= at)
        moved_sides = tuple(Side(s.x - at, s.v, s.weights, s.cluster) for s in sides)
        if min(s.n for s in sides) < LEAST_SIDE or min(len(np.unique(s.x)) for s in sides) < LEAST_DISTINCT:
            continue
        try:
            z, limits = own_jump((moved_sides[0], moved_sides[1]))
        except LinAlgError:
            continue
        seen.append((at + cut.design.cutoff, z, limits[1] - limits[0]))
    if not seen:
        return None
    limit = bar(len(seen))
    shown = _shown(cut, [s for _, _, s in seen])
    places = [f"{v} at {number(at, 3)}" for v, (at, _, _) in zip(shown, seen, strict=True)]
    return Refutation(
        check="placebo_cutoff",
        question="Is there a jump where nothing happens, at a made-up cut-off?",
        expected="no jump beyond chance",
        observed=" and ".join(places),
        verdict="failed" if any(abs(z) > limit for _, z, _ in seen) else "passed",
        meaning="If this fails, the outcome jumps or bends so much elsewhere that the jump at the cut-off proves little.",
        figures={f"z_{i + 1}": z for i, (_, z, _) in enumerate(seen)},
    )
