"""The experiment that would answer the question: how many people it needs. Needs no table."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..errors import QueryError
from ..wording import count, number, safe

FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
SHARES = (0.1, 0.2, 0.5, 0.8)  # of a standard deviation, where the spread is unknown
LARGEST = 10**12


class Size(BaseModel):
    """Rows an arm needed to see a difference of `share` standard deviations."""

    model_config = FROZEN
    share: float
    rows_per_arm: int


class Experiment(BaseModel):
    """A randomised comparison and its size. `rows_per_arm` None: `needs` says what is missing, `table` helps meanwhile."""

    model_config = FROZEN
    matters: float
    unit: str = ""
    arms: Annotated[int, Field(ge=2)] = 2
    power: float = 0.8
    alpha: float = 0.05
    spread: float | None = None
    baseline: float | None = None
    rows_per_arm: int | None = None
    total: int | None = None
    per_week: float | None = None
    weeks: int | None = None
    table: tuple[Size, ...] = ()
    needs: str = ""
    text: str = ""


def experiment(
    matters: float,
    *,
    spread: float | None,
    baseline: float | None,
    unit: str = "",
    per_week: float | None = None,
    arms: int = 2,
    power: float = 0.8,
    alpha: float = 0.05,
) -> Experiment:
    """Size of a randomised comparison that sees a difference of `matters` with chance `power`, two-sided at `alpha`.

    Numbers: `spread` is the outcome's standard deviation within an arm, in `unit`; two-sample t test (Cohen 1988,
    section 2.4). Yes/no: `baseline` is the chance without the treatment and `matters` a difference of chances (0.05 is
    5 in 100); two proportions, normal test with pooled variance under no effect (Fleiss, Levin & Paik 2003, equation
    4.14, without continuity correction), for the direction that needs more rows. With more than two `arms` each is
    compared with the first and `alpha` is shared out (Bonferroni). `per_week` is how many people a week can take part.
    With neither spread nor baseline no size is made up: `needs` and `table` say what can be said.
    Raises `QueryError` for values that make no sense.
    """
    _check(matters, spread, baseline, per_week, arms, power, alpha)
    each = alpha / (arms - 1)
    rows: int | None = None
    if baseline is not None:
        rows = max(_proportions(baseline, other, power, each) for other in _others(baseline, matters))
    elif spread is not None:
        rows = _means(matters / spread, power, each)
    total = None if rows is None else arms * rows
    weeks = None if total is None or not per_week else math.ceil(total / per_week)
    table = () if rows is not None else tuple(Size(share=s, rows_per_arm=_means(s, power, each)) for s in SHARES)
    yes_no = unit == "probability"
    needs = ""
    if rows is None:
        needs = (
            "how common the outcome is without the treatment"
            if yes_no
            else "how much the outcome varies between people"
        )
    plan = Experiment(
        matters=matters,
        unit=unit,
        arms=arms,
        power=power,
        alpha=alpha,
        spread=spread,
        baseline=baseline,
        rows_per_arm=rows,
        total=total,
        per_week=per_week,
        weeks=weeks,
        table=table,
        needs=needs,
    )
    return plan.model_copy(update={"text": _text(plan)})


def _check(
    matters: float,
    spread: float | None,
    baseline: float | None,
    per_week: float | None,
    arms: int,
    power: float,
    alpha: float,
) -> None:
    if not (math.isfinite(matters) and matters > 0):
        raise QueryError("The difference that matters must be more than zero.", "Give it in the outcome's own units.")
    if spread is not None and not (math.isfinite(spread) and spread > 0):
        raise QueryError("The spread of the outcome must be more than zero.", "Give its standard deviation.")
    if baseline is not None and not 0 <= baseline <= 1:
        raise QueryError("The chance without the treatment must lie between 0 and 1.", "0.1 stands for 10 in 100.")
    if baseline is not None and not _others(baseline, matters):
        raise QueryError(
            "A difference of chances that large is not possible from that starting point.", "0.05 stands for 5 in 100."
        )
    if per_week is not None and not (math.isfinite(per_week) and per_week > 0):
        raise QueryError("The number of people a week must be more than zero.")
    if arms < 2 or not 0 < alpha < 1 or not alpha / (arms - 1) < power < 1:
        raise QueryError("That many arms, that power or that error rate makes no sense.", "Two arms, 0.8 and 0.05 do.")


def _others(baseline: float, matters: float) -> list[float]:
    near = (baseline + matters, baseline - matters)
    return [min(1.0, max(0.0, p)) for p in near if -1e-12 <= p <= 1 + 1e-12]


def _means(share: float, power: float, alpha: float) -> int:
    """Rows an arm of a two-sample t test for a difference of `share` standard deviations."""
    from scipy.stats import norm
    from statsmodels.stats.power import TTestIndPower

    z = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    rough = 2 * (z / share) ** 2
    if rough > 5_000:  # the t test is the normal test there: its correction is z²/4 rows
        return _whole(rough + norm.ppf(1 - alpha / 2) ** 2 / 4)
    if rough < 10:
        return _fewest(share, power, alpha)
    return _whole(float(TTestIndPower().solve_power(share, power=power, alpha=alpha)))


def _fewest(share: float, power: float, alpha: float) -> int:
    from statsmodels.stats.power import TTestIndPower

    share = min(share, 6.0)  # beyond that two rows do, and the non-central t is no longer computed
    return next(n for n in range(2, 100) if TTestIndPower().power(share, n, alpha) >= power)


def _proportions(first: float, second: float, power: float, alpha: float) -> int:
    from scipy.stats import norm

    mean = (first + second) / 2
    pooled = norm.ppf(1 - alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    apart = norm.ppf(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    return max(2, _whole(((pooled + apart) / (first - second)) ** 2))


def _whole(rows: float) -> int:
    if not math.isfinite(rows) or rows > LARGEST:
        raise QueryError("No experiment could be large enough for a difference that small.", "Name a larger one.")
    return math.ceil(rows - 1e-9)


def _text(plan: Experiment) -> str:
    chance = f"{_given(100 * plan.power)} of 100 such experiments would see it"
    what = _amount(plan)
    if plan.rows_per_arm is None:
        seen = ", ".join(f"{count(s.rows_per_arm)} a group for {_given(s.share)}" for s in plan.table)
        return (
            f"How many people it takes to see a difference of {what} depends on {plan.needs}, which is not known here."
            f" As a guide, by the size of the difference in standard deviations: {seen} ({chance})."
        )
    groups = "two groups" if plan.arms == 2 else f"{plan.arms} groups"
    text = (
        f"To see a difference of {what}, deal the treatment out at random in {groups} of {count(plan.rows_per_arm)} each,"
        f" {count(plan.total or 0)} in all ({chance}). Add some for those who drop out."
    )
    if plan.weeks is not None:
        pace = _given(plan.per_week or 0.0)
        text += f" With {pace} people a week that takes about {count(plan.weeks)} week{'' if plan.weeks == 1 else 's'}."
    return text


def _amount(plan: Experiment) -> str:
    if plan.baseline is not None or plan.unit == "probability":
        return f"{_given(100 * plan.matters)} in 100"
    return f"{_given(plan.matters)}{f' {safe(plan.unit, 20)}' if plan.unit else ''}"


def _given(value: float) -> str:
    """A number that a person gave, without digits of our own."""
    return f"{value:.4g}" if 1e-4 <= value < 1e6 else number(value)
