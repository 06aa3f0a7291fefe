"""6 · For experts, folded away: estimand, formula, every figure at full length, libraries."""

from __future__ import annotations

from ...analysis import Effect, Estimate
from ...wording import number, safe
from ..page import Block, Grid, Paragraph, Points, Section
from .telling import Telling

# The identified functional, in the notation of Hernán & Robins (2020) and Angrist & Pischke (2009).
FORMULAS = {
    "adjustment": "E[Y(1) − Y(0)] = Σₓ { E[Y | T=1, X=x] − E[Y | T=0, X=x] } · P(X=x), X = what is held fixed",
    "randomised": "E[Y(1) − Y(0)] = E[Y | T=1] − E[Y | T=0], within strata where there are any",
    "instrument": "Cov(Y, Z | X) / Cov(T, Z | X), Z = the instrument, X = what is held fixed",
    "discontinuity": "lim(r↓c) E[Y | R=r] − lim(r↑c) E[Y | R=r], divided by the same jump of T where the cut-off is fuzzy",
    "differences": "E[Y(after) − Y(before) | treated] − E[Y(after) − Y(before) | untreated], averaged over starts and periods",
    "panel": "Y(it) = τ·T(it) + α(i) + γ(t) + β·X(it) + ε(it); the answer is τ",
    "synthetic_control": "Y(1t) − Σⱼ wⱼ·Y(jt) for t ≥ start, with w ≥ 0, Σw = 1 chosen to match before the start",
    "front_door": "Σₘ P(M=m | T=t) · Σₜ′ E[Y | M=m, T=t′] · P(T=t′), contrasted between the two values of t",
    "mediation": "total = E[Y(1, M(1)) − Y(0, M(0))] = direct E[Y(1, M(0)) − Y(0, M(0))] + indirect E[Y(1, M(1)) − Y(1, M(0))]",
}


def chapter(t: Telling) -> Section | None:
    """The section, folded; None where nothing was estimated or looked at."""
    answer = t.answer
    blocks: list[Block] = []
    estimand = answer.estimand
    if estimand is not None:
        rows = [("strategy", estimand.strategy.replace("_", " ")), ("population", safe(estimand.population, 300))]
        if estimand.strategy != "model":  # there nothing is held fixed: every column follows its causes
            rows.append(("held fixed", ", ".join(safe(c) for c in estimand.adjust_for) or "nothing"))
        rows.append(("method", safe(answer.method or "")))
        if estimand.alternatives:
            rows.append(
                (
                    "other sets that would do",
                    "; ".join(", ".join(safe(c) for c in s) for s in estimand.alternatives[:6]),
                )
            )
        if t.strategy in FORMULAS:
            rows.append(("formula", FORMULAS[t.strategy]))
        if answer.estimates and answer.estimates[0].why:
            rows.append(("why this method", safe(answer.estimates[0].why, 300)))
        blocks.append(Grid("The estimand", (("what", "is"), *rows)))
    if answer.effect is not None:
        blocks.append(Grid("Every estimate, at the scale of the computation", _estimates(t)))
    notes = [(f"{e.method}: {t.sentence(n)}") for e in answer.estimates for n in e.notes]
    if notes:
        blocks.append(Points(tuple(("·", n) for n in notes)))
    if answer.diagnostics:
        rows_ = tuple((d.name, d.status, safe(d.finding, 600)) for d in answer.diagnostics)
        blocks.append(Grid("Diagnostics by name", (("name", "status", "finding"), *rows_)))
    if answer.refutations:
        checks = tuple((r.check, r.family, _figures(r.figures)) for r in answer.refutations)
        blocks.append(Grid("Checks by name, with their figures", (("check", "family", "figures"), *checks)))
    if not blocks:
        return None
    versions = answer.provenance.get("versions")
    if isinstance(versions, dict):
        used = ", ".join(f"{safe(n, 40)} {safe(v, 40)}" for n, v in versions.items())
        blocks.append(Paragraph(f"Computed with {used}."))
    return Section("expert", "For experts", tuple(blocks), folded=True)


def _estimates(t: Telling) -> tuple[tuple[str, ...], ...]:
    answer = t.answer
    head = ("method", "value", "low", "high", "std. error", "p", "scale", "n")
    rows = [_estimate(e) for e in answer.estimates]
    if answer.unadjusted is not None:
        rows.append(_effect("unadjusted", answer.unadjusted, ""))
    if answer.difference is not None:
        rows.append(_effect("as a difference", answer.difference, ""))
    return (head, *rows)


def _estimate(e: Estimate) -> tuple[str, ...]:
    return _effect(e.method, e.effect, f"{e.n:,}")


def _effect(name: str, effect: Effect, n: str) -> tuple[str, ...]:
    scale = effect.scale.replace("_", " ") + (f", {safe(effect.unit, 30)}" if effect.unit else "")
    numbers = (effect.value, effect.low, effect.high, effect.std_error, effect.p_value)
    return (safe(name), *("—" if v is None else number(v, 4) for v in numbers), scale, n)


def _figures(figures: dict[str, float | int | str | None]) -> str:
    return ", ".join(
        f"{safe(k, 40)} {number(v, 4) if isinstance(v, float) else safe(v, 60)}"
        for k, v in figures.items()
        if v is not None
    )
