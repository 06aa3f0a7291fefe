"""Each shared cause left out in turn: which one does the answer hang on?"""

from __future__ import annotations

import math

from ...analysis import Refutation, Verdict
from ...wording import safe
from ..draws import Without
from . import Trial, refuter
from .again import again, without
from .told import told

CLEAR = 1.96
NAMED = 5  # columns whose figure is kept, the heaviest first
_KEY = "without "
SAFE = 4.0  # errors: leaving a column out hardly ever doubles the error


@refuter("leave_one_out", "leave out each shared cause in turn and see whether the answer hangs on one of them")
def leave_one_out(trial: Trial) -> Refutation | None:
    """Passes when sign and conclusion stay without any single column held fixed; otherwise inconclusive, naming the column.

    Never fails: leaving out a true cause should move the answer. A flexible headline is moved as much as straight lines move.
    """
    sample = trial.sample
    groups = tuple(dict.fromkeys(sample.x_groups))
    if sample.randomised or not groups:
        return None
    clear = abs(trial.value) > CLEAR * trial.error
    found: list[tuple[str, float, str]] = []
    for group, value, error in _without_each(trial, groups, clear):
        turned = value * trial.value < 0 and (clear or abs(value) > CLEAR * error)
        change = "sign" if turned else "margin" if clear != (abs(value) > CLEAR * error) else ""
        found.append((group, value, change))
    if not found:
        return None
    most = max(found, key=lambda f: abs(f[1] - trial.value))
    turning = sorted((f for f in found if f[2]), key=lambda f: (f[2] != "sign", -abs(f[1] - trial.value)))
    verdict: Verdict = "inconclusive" if turning else "passed"
    unit = trial.estimates.headline.effect.unit
    if turning:
        name, value, change = turning[0]
        (text, now), after = told([value, trial.value], trial.scale, unit)
        how = {
            "sign": "on the other side of no effect",
            "margin": "with a margin that includes no effect" if clear else "with a margin clear of no effect",
        }[change]
        observed = f"without {safe(name)} it would be {text}{after}, {how} (with it {now})"
        if len(turning) > 1:
            observed += f"; {len(turning)} columns turn it like that"
    else:
        values = [v for _, v, _ in found]
        (low, high, far), after = told([min(values), max(values), most[1]], trial.scale, unit)
        observed = f"without {safe(most[0])}, which matters most, it would be {far}{after}"
        if len(found) > 1:
            observed = f"between {low} and {high}{after}; {safe(most[0])} matters most ({far} without it)"
    return Refutation(
        check="leave_one_out",
        family="sensitivity",
        short="the answer hangs on a single column",
        question="Does the answer stay when any one of the columns held fixed is left out?",
        expected="the same conclusion each time",
        observed=observed,
        verdict=verdict,
        meaning=(
            "If the answer turns without one column, it is only as good as the record of that column and the reason to hold it fixed."
        ),
        figures={
            "tested": len(found),
            "turning": len(turning),
            "column": turning[0][0] if turning else most[0],
            "without": turning[0][1] if turning else most[1],
            "with": trial.value,
            **{_KEY + name: value for name, value, _ in sorted(found, key=lambda f: -abs(f[1] - trial.value))[:NAMED]},
        },
    )


def heaviest_of(check: Refutation) -> list[str]:
    """The columns whose leaving out moves the answer most, the heaviest first, as this check has kept them."""
    return [key.removeprefix(_KEY) for key in check.figures if key.startswith(_KEY)]


def _without_each(trial: Trial, groups: tuple[str, ...], clear: bool) -> list[tuple[str, float, float]]:
    """(column, estimate without it, its standard error). Where all estimates come at once from moments, only those are worked out
    with an error of their own whose conclusion could be another than the headline's; the rest get the headline's error."""
    quick = trial.under([Without(g) for g in groups]) if trial.moments is not None else [math.nan] * len(groups)
    found = []
    for group, value in zip(groups, quick, strict=True):
        size = abs(value) / trial.error
        plain = value * trial.value > 0 and (size > SAFE if clear else size < 1.0)
        result = (float(value), trial.error) if plain else again(trial, without(trial.sample, {group}))
        if math.isfinite(result[0]) and math.isfinite(result[1]):
            found.append((group, *result))
    return found
