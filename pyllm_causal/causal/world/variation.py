"""How much of the variation of the outcome comes from each cause: what a cause adds of its own, beyond what its causes make it.

After Janzing et al. (2024, "Quantifying intrinsic causal contributions via structure preserving interventions"): the noise of every
column is a player, a set of players is worth the variance of the outcome that their noise makes when everybody else's is
another row's, and the shares are Shapley values. Two differences, both so that the shares add up to the variation in the table:
the noise is drawn from the rows as it is, so that causes without causes of their own may go together (a positive covariance is
halved between the two), and what the outcome's own noise does is one line of its own, not explained by the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..repeats import Effort
from .columns import Drawn
from .model import Fitted, Model, take
from .refits import interval, refits
from .shapley import shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_PAIRED = 4_000  # rows that are paired with another row, for the answer
PAIRED = 1_000  # and in a refit
PAIRINGS = 4
CURVED_REFITS = 60  # refits where nothing adds up in a closed form


@dataclass(frozen=True)
class Part:
    """One line of an attribution. cause None: what the picture does not explain."""

    cause: str | None
    value: float
    low: float
    high: float


def variation(model: Model, drawn: Drawn, order: tuple[str, ...], effort: Effort, seed: int) -> list[Part] | None:
    """Shares of the variance of the outcome, the causes in `order` (the outcome last), then the rest; None without intervals."""
    import numpy as np

    causes = [n for n in order if n != model.outcome]

    def figure(index: Ints, rng: np.random.Generator, point: bool = False) -> Floats:
        values = take(drawn.values, index)
        fitted = model.fitted(values)
        explained = (
            _added_up(fitted, values, causes) if model.straight else _played(fitted, values, causes, rng, point, seed)
        )
        total = float(values[model.outcome].var())
        return np.append(explained / total, 1 - explained.sum() / total)

    point = figure(np.arange(drawn.n), np.random.default_rng([seed, 4]), point=True)
    found = refits(drawn, _fewer(effort, model), seed, "variation", figure)
    return parts_of([*causes, None], point, found)


def _fewer(effort: Effort, model: Model) -> Effort:
    if model.straight or effort.simulations is not None:
        return effort
    return Effort(CURVED_REFITS, effort.workers, effort.checks, effort.watch)


def parts_of(names: list[str | None], point: Floats, found: Floats) -> list[Part] | None:
    """One line a name, with the interval of its refits."""
    out = []
    for i, name in enumerate(names):
        ends = interval(found[:, i]) if found.shape[1] > i else None
        if ends is None:
            return None
        value = float(point[i])
        out.append(Part(name, value, min(ends[0], value), max(ends[1], value)))
    return out


def _added_up(fitted: Fitted, values: Mapping[str, Floats], causes: list[str]) -> Floats:
    """Of weighted sums: the covariance of what a cause's noise adds with the whole mean."""
    import numpy as np

    mean, pieces = split(fitted, values, causes)
    return np.array([float(np.mean(p * (mean - mean.mean()))) for p in pieces])


def split(fitted: Fitted, values: Mapping[str, Floats], causes: list[str]) -> tuple[Floats, list[Floats]]:
    """((n,) the mean of the outcome given its causes, (n,) what each cause's noise adds to it, around zero), for weighted sums: one
    noise at a time is replaced by that of a single row, which takes its variation out."""
    import numpy as np

    n = len(values[fitted.model.outcome])
    noise = _noise(fitted, values, np.random.default_rng(0))
    mean = _mean(fitted, noise, values)
    pieces = []
    for cause in causes:
        without = _mean(fitted, {**noise, cause: np.repeat(noise[cause][:1], n)}, values)
        piece = mean - without
        pieces.append(piece - piece.mean())
    return mean, pieces


def _played(
    fitted: Fitted, values: Mapping[str, Floats], causes: list[str], rng: np.random.Generator, point: bool, seed: int
) -> Floats:
    """Shapley values by pairing rows: cov(mean of a row, mean of a row with the noise of a set its own and the rest another's)."""
    import numpy as np

    n = len(values[fitted.model.outcome])
    noise = _noise(fitted, values, rng)
    whole = _mean(fitted, noise, values)
    size = min(n, MOST_PAIRED if point else PAIRED)
    first = np.concatenate([rng.permutation(n)[:size] for _ in range(PAIRINGS if point else 1)])
    second = np.concatenate([np.roll(rows, 1) for rows in np.split(first, PAIRINGS if point else 1)])
    target = whole[first] - whole[first].mean()
    variance = float(whole.var())

    def worth(players: frozenset[int]) -> float:
        if not players:
            return 0.0
        if len(players) == len(causes):
            return variance
        mixed = {
            **{c: noise[c][first if i in players else second] for i, c in enumerate(causes)},
        }
        return float(np.mean(target * _mean(fitted, mixed, take(values, first))))

    return shares(len(causes), worth, seed)


def _noise(fitted: Fitted, values: Mapping[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    """The noise of every column; that of a column without a mechanism is the column."""
    return {**values, **fitted.noises(values, rng)}


def _mean(fitted: Fitted, noise: Mapping[str, Floats], values: Mapping[str, Floats]) -> Floats:
    """(n,) the mean of the outcome given its causes, run from the noise of every column."""
    return outcome_mean(fitted, {n: noise[n] for n in values if n in noise}, noise)


def outcome_mean(fitted: Fitted, roots: Mapping[str, Floats], noise: Mapping[str, Floats]) -> Floats:
    """(n,) the mean of the outcome: `roots` for columns without a mechanism, `noise` for the others."""
    out = dict(roots)
    outcome = fitted.model.outcome
    for name, mechanism in fitted.mechanisms.items():
        if name == outcome:
            return mechanism.mean(out, len(next(iter(out.values()))))
        out[name] = mechanism.value(out, noise[name])
    raise ValueError("the outcome has no mechanism")
