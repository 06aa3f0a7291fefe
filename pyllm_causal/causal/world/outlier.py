"""Why is one row so far out? After Budhathoki et al. (2022, "Causal structure-based root cause analysis of outliers"): every column's
noise is a player, a set of players is worth what the outcome would be on average with their noise that of the row and everybody
else's that of a usual row, and the shares are Shapley values. They add up to how far the row is from the average, in the
outcome's unit (the paper divides the logarithm of how rare the value is, which has no unit that a person could use).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..repeats import Effort
from .columns import Drawn
from .model import Fitted, Model, take
from .refits import refits
from .shapley import shares
from .variation import CURVED_REFITS, Part, outcome_mean, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FAR = 3.0  # times the usual distance from the middle (1.4826 median absolute deviations)
RARE = 0.01  # where most rows are the same: the share of rows as far out
USUAL, MOST_USUAL = 500, 2_000  # rows that stand for the usual


@dataclass(frozen=True)
class Farness:
    """How far out a value is: times the usual distance, and the share of rows at least as far from the middle."""

    middle: float
    times: float
    share: float

    @property
    def out(self) -> bool:
        return self.times >= FAR if self.times > 0 else self.share <= RARE


def farness(y: Floats, row: int) -> Farness:
    """How far the `row`-th value is from the median."""
    import numpy as np

    middle = float(np.median(y))
    off = np.abs(y - middle)
    usual = 1.4826 * float(np.median(off))
    return Farness(middle, float(off[row] / usual) if usual > 0 else 0.0, float((off >= off[row]).mean()))


def blame(model: Model, drawn: Drawn, order: tuple[str, ...], row: int, effort: Effort, seed: int) -> list[Part] | None:
    """What brought the `row`-th row away from the average: one line a cause, then what the picture does not explain."""
    import numpy as np

    causes = [n for n in order if n != model.outcome]
    own = {name: v[row : row + 1] for name, v in drawn.values.items()}

    def figure(index: Ints, rng: np.random.Generator, point: bool = False) -> Floats:
        values = take(drawn.values, index)
        return _figures(model.fitted(values), values, own, causes, rng, MOST_USUAL if point else USUAL, seed)

    point = figure(np.arange(drawn.n), np.random.default_rng([seed, 6]), point=True)
    less = effort if effort.simulations else Effort(CURVED_REFITS, effort.workers, effort.checks, effort.watch)
    found = refits(drawn, less, seed, "outlier", figure)
    return parts_of([*causes, None], point, found)


def _figures(
    fitted: Fitted,
    values: dict[str, Floats],
    own: dict[str, Floats],
    causes: list[str],
    rng: np.random.Generator,
    most: int,
    seed: int,
) -> Floats:
    import numpy as np

    model = fitted.model
    n = len(values[model.outcome])
    mean = float(values[model.outcome].mean())
    mechanism = fitted.mechanisms[model.outcome]
    expected = float(mechanism.mean(own, 1)[0])
    rows = rng.permutation(n)[:most]
    usual = take(values, rows)
    noise = {**usual, **fitted.noises(usual, rng)}
    mine = {name: np.repeat(v, len(rows)) for name, v in own.items()}
    mine = {**mine, **fitted.noises(mine, rng)}

    def worth(players: frozenset[int]) -> float:
        if not players:
            return mean
        if len(players) == len(causes):
            return expected
        mixed = {c: (mine if i in players else noise)[c] for i, c in enumerate(causes)}
        return float(outcome_mean(fitted, {c: mixed[c] for c in causes if c not in model.forms}, mixed).mean())

    return np.append(shares(len(causes), worth, seed), float(own[model.outcome][0]) - expected)
