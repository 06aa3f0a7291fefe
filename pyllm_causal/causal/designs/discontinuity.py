"""A discontinuity: the treatment changes where a running variable crosses a cut-off.

Estimand: the effect on those at the cut-off (Hahn, Todd & van der Klaauw 2001); fuzzy, on those of them whose treatment
follows the cut-off. `value` is the conventional local estimate, `low`/`high` the robust bias-corrected interval of Calonico,
Cattaneo & Titiunik (2014); `std_error` is that interval's. A given bandwidth means straight lines through the rows
within it, all counting alike; few different values of the running variable, polynomials through all rows.
"""

from __future__ import annotations

import math
from typing import Any

from ...analysis import Diagnosis, Effect, Estimand, NotIdentified
from ...wording import alike, columns_text, count, number, safe
from ..bandwidth import LEAST_DISTINCT
from ..cutoff import Cut, prepare, turned_round
from ..cutoff_checks import checks
from ..cutoff_estimate import Answered, headline, opinions, unit_of
from ..cutoff_fit import LABELS, METHODS
from ..local_polynomial import equivalent
from ..whom import those
from . import Finding, Task, design

FEW_NEAR = 20  # rows a side within the bandwidth
FEW_CLUSTERS = 30
MUCH_MISSING = 0.2
BINS = 20  # of the picture, a side


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    cut = prepare(task.query, task.table)
    if isinstance(cut, NotIdentified):
        return cut
    found = headline(cut)
    return found if isinstance(found, NotIdentified) else found.effect


@design("discontinuity", "the treatment changes where a number crosses a cut-off", METHODS)
def discontinuity(task: Task) -> Finding | NotIdentified:
    """The jump at the cut-off, with second opinions and checks."""
    cut = prepare(task.query, task.table)
    if isinstance(cut, NotIdentified):
        return cut
    found = headline(cut)
    if isinstance(found, NotIdentified):
        return found
    others = opinions(cut, found)
    refutations = checks(cut, found, others)
    passed = {r.check for r in refutations if r.verdict == "passed"}
    who, words = _population(cut, found), {"density": "rows do not crowd on one side of the cut-off"}
    words["covariates_continuous"] = "columns fixed beforehand do not jump at the cut-off"
    return Finding(
        estimand=Estimand(
            strategy="discontinuity", adjust_for=cut.covariates, population=who, assumptions=_assumptions(cut)
        ),
        method=found.local.method,
        label=LABELS[found.local.method],
        effect=found.effect,
        plain=found.plain,
        sample=_counted(cut, found, who),
        population=who,
        spread=float(cut.y.std()),
        kind=cut.kind,
        treated=cut.treated,
        control=cut.control,
        per_unit=cut.per_unit,
        outcome_kind=cut.outcome_kind,
        means=found.means,
        others=others,
        unadjusted=_plain_difference(cut),
        refutations=refutations,
        diagnoses=(*_diagnoses(cut, found), picture(cut, found)),
        doubts=_doubts(cut, found),
        favours=tuple(text for check, text in words.items() if check in passed),
        rests=_rests(cut, found),
        sentences=_sentences(cut, found),
        size=_own_size(cut, found),
        cause_words=_own_words(cut),
    )


def _near(cut: Cut, found: Answered) -> str:
    return f"{safe(cut.design.running)} within about {number(found.local.jump.h)} of {cut.at}"


def _population(cut: Cut, found: Answered) -> str:
    text = f"those near the cut-off ({_near(cut, found)})"
    if cut.fuzzy:
        text = f"those near the cut-off whose {safe(cut.query.treatment)} follows it ({_near(cut, found)})"
    return those(cut.query, cut.rows.count(), text)


def _assumptions(cut: Cut) -> tuple[str, ...]:
    t, y, r = safe(cut.query.treatment), safe(cut.query.outcome), safe(cut.design.running)
    out = [
        f"nothing else that changes {y} switches at {cut.place}",
        f"nobody could choose exactly on which side of {cut.place} to be",
        f"without the cut-off {y} would change smoothly with {r}",
    ]
    if cut.fuzzy:
        out += [
            f"crossing the cut-off changes {y} only through {t}",
            f"crossing it moves {t} the same way for everyone whom it moves",
        ]
    return (*out, "one row's treatment does not change another row's outcome")


def _counted(cut: Cut, found: Answered, who: str) -> Any:
    """Rows within the bandwidth are the rows used; those farther out only helped to judge how the lines bend."""
    jump = found.local.jump
    counted = cut.rows.count(who, {f"below {cut.place}": jump.rows[0], f"above {cut.place}": jump.rows[1]})
    used = sum(jump.rows)
    if used == counted.used:
        return counted
    from ...analysis import Dropped

    reason = f"{safe(cut.design.running)} is farther than {number(jump.h)} from {cut.at}"
    return counted.model_copy(
        update={"used": used, "dropped": (*counted.dropped, Dropped(reason=reason, rows=counted.used - used))}
    )


def _plain_difference(cut: Cut) -> Effect | None:
    """The average with the treatment (above) less that without, over all rows: what the cut-off is there to correct."""
    import numpy as np

    if cut.kind == "dose":
        return None
    first = cut.right == cut.upward if cut.t is None else cut.t == 1
    if not first.any() or first.all():
        return None
    parts = []
    for mask in (first, ~first):
        w, y = cut.weights[mask], cut.y[mask]
        mean = float(np.average(y, weights=w))
        parts.append((mean, float(w**2 @ (y - mean) ** 2) / float(w.sum()) ** 2))
    value, error = parts[0][0] - parts[1][0], math.sqrt(parts[0][1] + parts[1][1])
    if error == 0:
        return None
    unit = unit_of(cut, "difference")
    return Effect(value=value, low=value - 1.96 * error, high=value + 1.96 * error, unit=unit, std_error=error)


def _diagnoses(cut: Cut, found: Answered) -> list[Diagnosis]:
    import numpy as np

    jump, t = found.local.jump, safe(cut.query.treatment)
    fewest = min(jump.rows)
    out = [
        Diagnosis(
            name="few_rows" if fewest < FEW_NEAR else "bandwidth",
            status="warning" if fewest < FEW_NEAR else "ok",
            finding=f"{count(jump.rows[0])} rows below and {count(jump.rows[1])} above lie within {number(jump.h)} of the cut-off"
            + (", so few that a single row can matter" if fewest < FEW_NEAR else ""),
            figures={
                "h": jump.h,
                "b": jump.b,
                "rows": list(jump.rows),
                "distinct": list(jump.distinct),
                "given": found.local.given,
            },
        )
    ]
    if cut.fuzzy:
        strong = not found.weak
        size = f"by {number(100 * abs(jump.first))} in 100" if cut.kind == "arms" else f"by {number(abs(jump.first))}"
        rises = "rises" if jump.first > 0 else "falls"
        finding = f"{t} {rises} {size} at {cut.place}"
        if not strong:
            finding += f", only weakly (strength {number(found.strength)}, where 10 is wanted), so the wider margin that allows for this is given"
        f = found.strength if math.isfinite(found.strength) else None
        out.append(
            Diagnosis(
                name="first_stage", status="ok" if strong else "warning", finding=finding,
                figures={"f": f, "jump": jump.first, "error": jump.first_error},
            )
        )  # fmt: skip
        side = "above" if jump.first > 0 else "below"
        named = "treated_side" in cut.design.model_fields_set and cut.kind == "arms" and not turned_round(cut)
        if named and strong and side != cut.design.treated_side:
            out.append(
                Diagnosis(
                    name="treated_side",
                    status="warning",
                    finding=f"{t} is likelier {side} {cut.place}, not {cut.design.treated_side} it as stated",
                )
            )
    astray = 0.0 if cut.fuzzy else cut.astray(jump.h)
    if astray > 0:
        out.append(
            Diagnosis(
                name="compliance", status="warning",
                finding=f"{number(100 * astray)}% of the rows near the cut-off are not treated as their side says",
                figures={"share": astray},
            )
        )  # fmt: skip
    if cut.cluster is not None:
        groups = len(np.unique(cut.cluster))
        few = groups < FEW_CLUSTERS
        out.append(
            Diagnosis(
                name="clusters", status="warning" if few else "ok",
                finding=f"{count(groups)} groups of {safe(cut.query.cluster)}"
                + ("; with so few the margin of error is rough" if few else ""),
                figures={"clusters": groups},
            )
        )  # fmt: skip
    counted = cut.rows.count()
    lost = sum(d.rows for d in counted.dropped if d.reason.startswith("no "))
    if lost:
        share = lost / (lost + counted.used)
        out.append(
            Diagnosis(
                name="missing", status="warning" if share > MUCH_MISSING else "ok",
                finding=f"{count(lost)} of {count(lost + counted.used)} rows were left out because something was not recorded",
                figures={"share": share},
            )
        )  # fmt: skip
    return out


def _doubts(cut: Cut, found: Answered) -> tuple[str, ...]:
    import numpy as np

    out = []
    r, local = safe(cut.design.running), found.local
    if local.method == "polynomial" and not local.given and cut.query.method is None:
        fewest = min(len(np.unique(cut.x[s])) for s in (cut.right, ~cut.right))
        reason = (
            f"{r} has only {fewest} different values on one side"
            if fewest < LEAST_DISTINCT
            else "too few rows, or too much alike, lie near the cut-off"
        )
        out.append(f"{reason}, so lines through all the rows had to stand in for a look close to the cut-off")
    if local.straight:
        out.append("with so few different values it cannot be checked whether straight lines fit")
    gap = _gap(cut, local.jump.h)
    if gap is not None:
        out.append(
            f"no row lies within {number(gap)} of the cut-off on one side, so the lines had to be drawn on across the gap"
        )
    if found.bent:
        out.append("straight lines fit poorly this far from the cut-off, so the margin was widened")
    return tuple(out)


def _gap(cut: Cut, reach: float) -> float | None:
    """How far the nearest row lies on the emptier side, where that is far for the spacing of rows within `reach`."""
    import numpy as np

    for side in (cut.right, ~cut.right):
        values = np.unique(np.abs(cut.x[side & (np.abs(cut.x) <= reach)]))
        if len(values) > 2 and values[0] > reach / 4 and values[0] > 5 * float(np.median(np.diff(values))):
            return float(values[0])
    return None


def _rests(cut: Cut, found: Answered) -> tuple[str, ...]:
    local = found.local
    order = {1: "straight lines", 2: "lines bent once", 3: "lines bent twice"}[local.p]
    if local.method == "polynomial":
        how = f"Drew {order} through the rows on either side of {cut.place} and compared where they meet it."
    else:
        alike_ = "all counting alike" if local.kernel == "uniform" else "nearer rows counting for more"
        how = f"Drew {order} through the rows just below and just above {cut.place}, {alike_}, and compared where they meet it."
    chosen = (
        "How far to look was given."
        if local.given
        else "All rows were used."
        if local.method == "polynomial"
        else "How far to look was chosen by rule, to make the expected error small."
    )
    out = [how, chosen]
    if not local.straight:
        out.append("The margin allows for lines that bend, so it need not lie evenly around the figure.")
    if cut.covariates:
        out.append(f"{columns_text(cut.covariates)} only made the figure more precise.")
    return tuple(out)


def _sentences(cut: Cut, found: Answered) -> tuple[str, ...]:
    out = ["This is about rows near the cut-off; farther away the effect may differ."]
    if cut.fuzzy:
        out.append(
            f"It is about those whose {safe(cut.query.treatment)} the cut-off changed, which nobody can point at."
        )
    return tuple(out)


def _own_words(cut: Cut) -> str | None:
    if cut.t is not None:
        return None
    treated, control = str(cut.treated), str(cut.control)
    return f"having {safe(cut.design.running)} {treated} rather than {control}"


def _own_size(cut: Cut, found: Answered) -> tuple[str, ...] | None:
    """Where the treatment is the side itself, the usual "with margin = …" would read oddly."""
    if cut.t is not None or found.effect.scale != "difference":
        return None
    effect, yes_no = found.plain, cut.outcome_kind == "yes_no"
    factor, unit = (100.0, "") if yes_no else (1.0, f" {effect.unit}" if effect.unit else "")
    up, down = ("more", "fewer") if yes_no else ("higher", "lower")
    after = " in 100" if yes_no else ""
    size, low, high = alike([factor * abs(v) for v in (effect.value, effect.low or 0.0, effect.high or 0.0)])
    outcome = safe(cut.query.words.get("outcome") or cut.query.outcome)
    direction = up if effect.value >= 0 else down
    sides = f"with {safe(cut.design.running)} at {cut.treated} than {cut.control}"
    true = "true of " if yes_no else ""
    text = f"{outcome} is {true}{size}{unit} {direction}{after} {sides}"
    if effect.low is not None and effect.high is not None:
        first, second = (down if effect.low < 0 else up), (down if effect.high < 0 else up)
        if first == second:
            low, high = (low, high) if effect.low >= 0 else (high, low)
            text += f" (somewhere between {low} and {high}{unit} {second})"
        else:
            text += f" (somewhere between {low}{unit} {first} and {high}{unit} {second})"
    return (f"On average, {text}.",)


def picture(cut: Cut, found: Answered) -> Diagnosis:
    """Means in equal bins on both sides and the two fitted lines, in units of the running variable."""
    import numpy as np

    jump, cutoff = found.local.jump, cut.design.cutoff
    reach = min(float(np.abs(cut.x).max()), max(2 * jump.h, float(np.median(np.abs(cut.x)))))
    bins: dict[str, list[list[float]]] = {}
    lines: dict[str, list[list[float]]] = {}
    for name, side, sign in zip(("below", "above"), cut.sides(False, covariates=False), (-1, 1), strict=True):
        near = side.within(reach)
        edges = np.linspace(0.0, reach, BINS + 1)
        place = np.clip(np.searchsorted(edges, np.abs(near.x), side="right") - 1, 0, BINS - 1)
        weight = np.bincount(place, weights=near.weights, minlength=BINS)
        rows = np.bincount(place, minlength=BINS)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(place, weights=near.weights * near.v[:, 0], minlength=BINS) / weight
            at = np.bincount(place, weights=near.weights * near.x, minlength=BINS) / weight
        order = np.argsort(np.where(weight > 0, at, np.inf))[: int((weight > 0).sum())]
        bins[name] = [[float(at[i] + cutoff), float(mean[i]), int(rows[i])] for i in order]
        inner = side.within(jump.h)
        beta = equivalent(inner.x, inner.weights, found.local.p, jump.h, found.local.kernel) @ inner.v[:, 0]
        grid = np.sort(sign * np.linspace(0.0, min(jump.h, reach), 2 if found.local.p == 1 else 15))
        fitted = np.vander(grid, found.local.p + 1, increasing=True) @ beta
        lines[name] = [[float(x + cutoff), float(y)] for x, y in zip(grid, fitted, strict=True)]
    figures: dict[str, Any] = {
        "cutoff": cutoff, "bandwidth": jump.h, "bins": bins, "lines": lines,
        "x": safe(cut.design.running), "y": safe(cut.query.outcome),
    }  # fmt: skip
    return Diagnosis(
        name="discontinuity_plot", status="ok", finding=f"averages on both sides of {cut.place}", figures=figures
    )
