"""Why did the average outcome change between two groups of rows? After Budhathoki et al. (2021, "Why did the distribution
change?"): the mechanisms of both groups are fitted, then exchanged one after the other, and every exchange is credited with what
it does to the average, over all orders. The shares add up to the change exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import Effect
from ..repeats import Effort
from .columns import Drawn
from .interventions import effect_of
from .model import Fitted, Model, take
from .refits import refits
from .shapley import shares
from .variation import CURVED_REFITS, Part, outcome_mean, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

PAIRED, MOST_PAIRED = 1_500, 6_000
MANY = 4  # causes from which the pairing is done on fewer rows and refitted less often


@dataclass(frozen=True)
class Changed:
    """The two averages, their difference, and what each cause has to do with it (the outcome's own mechanism last)."""

    before: float
    after: float
    effect: Effect
    parts: list[Part]


def changed(
    model: Model, drawn: Drawn, order: tuple[str, ...], later: Mask, effort: Effort, seed: int, unit: str
) -> Changed | None:
    """Attribute the change from the rows not in `later` (n,) to those in it. None without intervals."""
    import numpy as np

    players = [*(n for n in order if n != model.outcome), model.outcome]

    def figure(index: Ints, rng: np.random.Generator, point: bool = False) -> Floats:
        values, second = take(drawn.values, index), later[index]
        old, new = take(values, np.flatnonzero(~second)), take(values, np.flatnonzero(second))
        return _figures(model, players, old, new, rng, MOST_PAIRED if point else PAIRED, seed)

    point = figure(np.arange(drawn.n), np.random.default_rng([seed, 5]), point=True)
    less = effort
    if len(players) > MANY and effort.simulations is None:
        less = Effort(CURVED_REFITS, effort.workers, effort.checks, effort.watch)
    found = refits(drawn, less, seed, "change", figure, groups=later.astype("int64"))
    if found.shape[1] != len(point):
        return None
    parts = parts_of([*players[:-1], None], point[3:], found[:, 3:])
    if parts is None:
        return None
    return Changed(float(point[0]), float(point[1]), effect_of(float(point[2]), found[:, 2], unit), parts)


def _figures(
    model: Model,
    players: list[str],
    old: Mapping[str, Floats],
    new: Mapping[str, Floats],
    rng: np.random.Generator,
    most: int,
    seed: int,
) -> Floats:
    """(before, after, change, one share a player)."""
    import numpy as np

    outcome = model.outcome
    fits = model.fitted(old), model.fitted(new)
    before, after = float(old[outcome].mean()), float(new[outcome].mean())
    rows = tuple(_spread_out(len(v[outcome]), most, rng) for v in (old, new))
    size = min(len(r) for r in rows)
    values = tuple(take(v, r[:size]) for v, r in zip((old, new), rows, strict=True))
    noise = tuple({**v, **f.noises(v, rng)} for f, v in zip(fits, values, strict=True))

    def worth(swapped: frozenset[int]) -> float:
        if not swapped:
            return before
        if len(swapped) == len(players):
            return after
        side = {name: int(i in swapped) for i, name in enumerate(players)}
        mixed = Fitted(model, {n: fits[side[n]].mechanisms[n] for n in model.forms})
        roots = {n: noise[side[n]][n] for n in players if n not in model.forms}
        mean = outcome_mean(mixed, roots, {n: noise[side[n]][n] for n in model.forms})
        last = mixed.mechanisms[outcome].form
        if last.family == "logistic":
            return float(mean.mean())
        rest = noise[side[outcome]][outcome]
        return float((mean + rest if last.family == "linear" else mean * rest).mean())

    return np.array([before, after, after - before, *shares(len(players), worth, seed)])


def _spread_out(n: int, most: int, rng: np.random.Generator) -> Ints:
    """`most` row numbers, every row about as often as any other."""
    import numpy as np

    return np.concatenate([rng.permutation(n) for _ in range(-(-most // n))])[:most]
