"""From lines to an effect with its interval, on the scale asked for; and when there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis import Effect, Estimate, NotIdentified
from ..errors import QueryError
from ..query import Scale
from ..wording import number, safe
from .cutoff import ASTRAY, LEAST_JUMP, Cut
from .cutoff_fit import LABELS, METHODS, MOST_ORDER, Local, by_rule, fit
from .weak_instrument import WEAK, ConfidenceSet


@dataclass(frozen=True)
class Answered:
    """The headline: fit, effect on the scale asked for and as a difference, strength of the first stage (fuzzy).

    bent: the interval had to be stretched to reach the conventional estimate, so straight lines do not fit here.
    """

    local: Local
    effect: Effect
    plain: Effect
    means: tuple[float, float] | None
    strength: float = math.inf
    weak: bool = False
    bent: bool = False


def headline(cut: Cut) -> Answered | NotIdentified:
    """The answer by rule or by the method asked for, or why there is none.

    Raises `QueryError` for a scale that makes no sense, and for a sharp cut-off that many rows do not follow.
    """
    from numpy.linalg import LinAlgError

    check_scale(cut)
    method = by_rule(cut)
    try:
        local = fit(cut, method)
    except LinAlgError:
        if method == "polynomial" or cut.design.bandwidth is not None:
            return _empty_window(cut)
        if cut.query.method is not None:
            raise QueryError(
                f"The method {method!r} needs more different values of {safe(cut.design.running)} near the cut-off.",
                "Leave `method` out, or use polynomial.",
            ) from None
        try:
            local = fit(cut, "polynomial")
        except LinAlgError:
            return _empty_window(cut)
    if not cut.fuzzy:
        _check_followed(cut, local)
    return answer(cut, local)


def answer(cut: Cut, local: Local, fuzzy: bool | None = None) -> Answered | NotIdentified:
    """The effect of one fit, on the scale asked for and as a difference; a refusal where the first stage is hopeless."""
    fuzzy = cut.fuzzy if fuzzy is None else fuzzy
    if fuzzy:
        return _ratio(cut, local)
    plain, bent = _difference(cut, local)
    found = local.jump
    above, below = found.limits[1], found.limits[0]
    means = (above, below) if cut.upward else (below, above)
    if cut.query.scale == "difference":
        return Answered(local, plain, plain, means, bent=bent)
    return _scaled(cut, local, cut.query.scale) or NotIdentified(
        code="scale_undefined",
        reason=(
            f"A {cut.query.scale.replace('_', ' ')} cannot be formed: on one side {safe(cut.query.outcome)} is zero or out of"
            " range at the cut-off."
        ),
        would_help=("ask for a difference instead", "or more rows with the event"),
    )


def critical(local: Local, level: float = 0.95) -> float:
    """Half-width of the interval in standard errors."""
    from scipy import stats

    tail = 0.5 + level / 2
    return float(stats.t.ppf(tail, local.dof) if math.isfinite(local.dof) else stats.norm.ppf(tail))


def p_value(local: Local, z: float) -> float:
    """Two-sided."""
    from scipy import stats

    return float(2 * (stats.t.sf(abs(z), local.dof) if math.isfinite(local.dof) else stats.norm.sf(abs(z))))


def unit_of(cut: Cut, scale: Scale) -> str:
    """The unit of an effect on `scale`."""
    if scale == "percent":
        return "%"
    if scale != "difference":
        return ""
    if cut.outcome_kind == "yes_no":
        return "probability"
    unit = cut.rows.table.profile.column(str(cut.query.outcome)).unit
    return safe(unit) if unit else ""


def _difference(cut: Cut, local: Local) -> tuple[Effect, bool]:
    found = local.jump
    return _effect(
        cut, local, cut.sign * found.value, cut.sign * found.centre, found.robust, cut.outcome_kind == "yes_no"
    )


def _effect(cut: Cut, local: Local, value: float, centre: float, error: float, bounded: bool) -> tuple[Effect, bool]:
    """The robust bias-corrected interval around `centre`, stretched to reach `value` where it does not (said so)."""
    unit = unit_of(cut, "difference")
    import numpy as np

    rounding = 1e-11 * float(np.abs(cut.y).max())
    if local.dof < 1 or not rounding < error < math.inf:
        reason = (
            "too few rows to say how far chance could have moved it"
            if local.dof < 1
            else "every row near the cut-off has the same outcome, so chance cannot be judged"
        )
        return Effect(value=value, low=None, high=None, unit=unit, unbounded=True, reason=reason), False
    half = critical(local) * error
    low, high = centre - half, centre + half
    bent = not low <= value <= high
    if bounded:
        low, high = max(low, -1.0), min(high, 1.0)
    effect = Effect(
        value=value, low=min(low, value), high=max(high, value), unit=unit, std_error=error,
        p_value=p_value(local, centre / error),
    )  # fmt: skip
    return effect, bent


def _scaled(cut: Cut, local: Local, scale: Scale) -> Answered | None:
    """A ratio of the two limits at the cut-off, by the delta method on the log scale; None where it is not defined."""
    import numpy as np

    found = local.jump
    order = [1, 0] if cut.upward else [0, 1]
    m = np.array(found.limits)[order]
    c = np.array(found.centres)[order]
    matrix = found.covariance[np.ix_(order, order)]
    odds = scale == "odds_ratio"
    if (m <= 0).any() or (odds and (m >= 1).any()):
        return None
    line = np.log(m / (1 - m)) if odds else np.log(m)
    slope = 1 / (m * (1 - m)) if odds else 1 / m
    gradient = np.array([slope[0], -slope[1]])
    value = float(line[0] - line[1])
    centre = value - float(gradient @ (m - c))
    error = math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    if not 0 < error < math.inf or local.dof < 1:
        return None
    half = critical(local) * error
    ends = min(centre - half, value), max(centre + half, value)
    back = [_back(v, scale) for v in (value, *ends)]
    effect = Effect(
        value=back[0], low=back[1], high=back[2], scale=scale, unit=unit_of(cut, scale), std_error=error,
        p_value=p_value(local, centre / error),
    )  # fmt: skip
    bent = not centre - half <= value <= centre + half
    plain, _ = _difference(cut, local)
    return Answered(local, effect, plain, (float(m[0]), float(m[1])), bent=bent)


def _back(line: float, scale: Scale) -> float:
    ratio = math.exp(min(line, 700.0))
    return 100 * (ratio - 1) if scale == "percent" else ratio


def _ratio(cut: Cut, local: Local) -> Answered | NotIdentified:
    """Fuzzy: jump of the outcome over jump of the treatment, times the units asked about."""
    found, factor = local.jump, cut.factor
    assert found.reduced_covariance is not None
    variance = float(found.reduced_covariance[1, 1])
    strength = found.reduced[1] ** 2 / variance if variance > 0 else math.inf
    weak = strength < WEAK
    tiny = cut.kind == "arms" and abs(found.first) < LEAST_JUMP
    if not math.isfinite(found.value) or found.first == 0 or tiny:
        return _no_jump(cut, local, strength)
    effect, bent = _effect(
        cut, local, factor * found.value, factor * found.centre, abs(factor) * found.robust,
        cut.outcome_kind == "yes_no" and cut.kind == "arms",
    )  # fmt: skip
    if weak:
        chosen = anderson_rubin(local)
        if chosen is None:
            return _no_jump(cut, local, strength)
        ends = sorted(factor * e for e in chosen.hull)
        reduced = found.reduced[0] / math.sqrt(float(found.reduced_covariance[0, 0]))
        update = {
            "low": min(ends[0], effect.value),
            "high": max(ends[1], effect.value),
            "p_value": p_value(local, reduced),
        }
        effect = effect.model_copy(update=update)
        bent = False
    return Answered(local, effect, effect, None, strength, weak, bent)


def anderson_rubin(local: Local) -> ConfidenceSet | None:
    """All effects at which outcome − effect · treatment does not jump clearly; None where that set has no end.

    (c_y − β c_t)² ≤ z² (V_yy − 2 β V_yt + β² V_tt), solved for β, with bias-corrected jumps (Feir, Lemieux & Marmer 2016).
    """
    found = local.jump
    assert found.reduced_covariance is not None
    (v_yy, v_yt), (_, v_tt) = found.reduced_covariance
    c_y, c_t = found.reduced
    z2 = critical(local) ** 2
    a, b, c = c_t**2 - z2 * v_tt, -2 * (c_y * c_t - z2 * v_yt), c_y**2 - z2 * v_yy
    inside = b * b - 4 * a * c
    if a <= 0 or inside < 0:
        return None
    root = math.sqrt(inside)
    return ConfidenceSet((((-b - root) / (2 * a), (-b + root) / (2 * a)),))


def _no_jump(cut: Cut, local: Local, strength: float) -> NotIdentified:
    t = safe(cut.query.treatment)
    size = abs(local.jump.first)
    much = f"{number(100 * size)} in 100" if cut.kind == "arms" else number(size)
    shown = "about 0" if strength < 0.05 else number(strength)
    return NotIdentified(
        code="weak_discontinuity",
        reason=(
            f"{t} hardly changes at {cut.place}: by {much}, which chance could have made (strength {shown}, where 10 is"
            " wanted). An effect divided by a change that may be none is no effect at all."
        ),
        would_help=(
            f"many more rows near {cut.place}",
            f"or a cut-off at which {t} changes more",
            "or the question whether being past the cut-off itself makes a difference",
        ),
    )


def _empty_window(cut: Cut) -> NotIdentified:
    width = cut.design.bandwidth
    within = f" within {number(width)} of the cut-off" if width is not None else ""
    return NotIdentified(
        code="too_few_rows",
        reason=(
            f"On one side of {cut.place} there are too few rows or different values{within} to draw a line up to it."
        ),
        would_help=("a wider `bandwidth`" if width is not None else f"more rows near {cut.place}",),
    )


def _check_followed(cut: Cut, local: Local) -> None:
    share = cut.astray(local.jump.h)
    if share <= ASTRAY:
        return
    t, column = cut.t, safe(cut.query.treatment)
    assert t is not None
    raise QueryError(
        f"{number(100 * share)}% of the rows near {cut.place} are not treated as their side says ({column}), so the cut-off"
        " did not decide the treatment alone.",
        "Set `fuzzy` to true: then the answer is about those whose treatment followed the cut-off.",
    )


def check_scale(cut: Cut) -> None:
    """Raise `QueryError` for a scale that cannot be had here, with what can."""
    import numpy as np

    scale = cut.query.scale
    if scale == "difference":
        return
    name = "percentage change" if scale == "percent" else scale.replace("_", " ")
    if scale == "hazard_ratio":
        raise QueryError("A cut-off gives no hazard ratio.", "Ask for a difference or a ratio.")
    if cut.fuzzy:
        raise QueryError(
            f"A fuzzy cut-off gives no {name}: only a difference can be told for those who followed it.",
            "Ask for a difference.",
        )
    if scale == "odds_ratio" and cut.outcome_kind != "yes_no":
        raise QueryError(
            "An odds ratio needs a yes/no outcome.", "Ask for a difference or ratio, or name `outcome_event`."
        )
    if cut.outcome_kind != "yes_no":
        if len(np.unique(cut.y)) == 2:
            raise QueryError(f"{safe(cut.query.outcome)} has two values; which one counts?", "Give `outcome_event`.")
        if float(cut.y.min()) < 0:
            raise QueryError(
                f"A {name} makes no sense for {safe(cut.query.outcome)}, which has negative values.",
                "Ask for a difference.",
            )


def opinions(cut: Cut, found: Answered) -> tuple[Estimate, ...]:
    """The same question by the other methods that fit, and sharp against fuzzy where some rows do not follow the rule."""
    from numpy.linalg import LinAlgError

    wanted: list[tuple[str, bool | None, bool, bool]] = []
    main = found.local.method
    if main != "polynomial":
        wanted += [(m, None, True, True) for m in METHODS[:3] if m != main]
        if cut.design.bandwidth is not None:
            wanted = [
                (m, None, True, given) for m, given in (("local_linear", False), ("local_quadratic", True)) if m != main
            ]
    elif found.local.p + 1 <= MOST_ORDER and not cut.design.bandwidth:
        wanted += [("local_linear", None, True, True)]
    if cut.covariates:
        wanted.append((main, None, False, True))
    if not cut.fuzzy and cut.t is not None and cut.astray(found.local.jump.h) > 0:
        wanted.append((main, True, True, True))
    out: list[Estimate] = []
    for method, fuzzy, covariates, given in wanted:
        if fuzzy and cut.query.scale != "difference":
            continue
        try:
            local = fit(cut, method, fuzzy, covariates, given)
        except LinAlgError:
            continue
        said = answer(cut, local, fuzzy)
        if isinstance(said, NotIdentified) or said.effect.unbounded or said.effect.scale != cut.query.scale:
            continue
        notes = (() if covariates else ("without the columns held fixed",)) + (
            ("counts only those whose treatment followed the cut-off",) if fuzzy else ()
        )
        name = "fuzzy" if fuzzy else method if covariates else f"{method}_unadjusted"
        notes += (f"within {number(local.jump.h)}",)
        out.append(
            Estimate(
                method=name,
                label=LABELS[method],
                effect=said.effect,
                n=sum(local.jump.rows),
                notes=notes,
                means=said.means,
            )
        )
    return tuple(out)
