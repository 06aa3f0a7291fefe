"""Numbers estimated in several environments, most of which agree but for chance while some are shifted.

In every environment the true numbers are common ones, plus shifts in a few. Which numbers are shifted together is a `Pattern`; given
the pattern, estimates are normal about the common numbers, with the spread of chance and that of the shifts added (the model of
meta-analysis with a mixture over patterns). So a shift costs what it should: much where shifts are large beside chance and an
agreement could hardly be luck, next to nothing where they are small and an agreement proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STARTS = 8  # environments whose own numbers are tried as the common ones
CLIMBED = 3  # starts that are improved
STEPS = 6  # of expectation and maximisation: the sum changes by less than 0.01 after


@dataclass(frozen=True)
class Pattern:
    """What may be shifted together: the variance that the shift adds to each number, and the logarithm of its chance."""

    added: tuple[float, ...]
    log_chance: float


@dataclass(frozen=True)
class Shared:
    """gain: logarithm of the likelihood beside that of numbers of its own for every environment. chances: (E, patterns)."""

    gain: float
    chances: Floats


def shared(numbers: Floats, chance: Floats, patterns: Sequence[Pattern]) -> list[Shared]:
    """How well common numbers with shifts describe some numbers, for each of b cases at once.

    numbers: (b, E, d), as estimated in each environment. chance: (b, E, d, d), the variances of the estimates.
    """
    import numpy as np

    added = np.stack([np.diag(p.added) for p in patterns])
    spread = chance[:, :, None] + added
    inverse = np.linalg.inv(spread)
    fixed = 0.5 * (np.linalg.slogdet(chance)[1][..., None] - np.linalg.slogdet(spread)[1])
    fixed = fixed + np.array([p.log_chance for p in patterns])

    def likely(common: Floats) -> Floats:
        """(b, k, E, patterns) logarithms for (b, k, d) common numbers."""
        off = (numbers[:, None] - common[:, :, None])[:, :, :, None, :, None]
        return np.asarray(fixed[:, None] - 0.5 * (off * (inverse[:, None] @ off)).sum(axis=(-2, -1)))

    def middle(weights: Floats) -> Floats:
        """(b, k, d) common numbers given (b, k, E, patterns) chances of the patterns."""
        each = (weights[..., None, None] * inverse[:, None]).sum(axis=3)
        told = (each @ numbers[:, None, :, :, None]).sum(axis=2)
        return np.asarray(np.linalg.solve(each.sum(axis=2), told)[..., 0])

    unshifted = np.zeros((len(numbers), 1, numbers.shape[1], len(patterns)))
    unshifted[..., 0] = 1
    some = numbers[:, :: -(-numbers.shape[1] // STARTS)]
    common = np.concatenate([middle(unshifted), np.median(numbers, axis=1)[:, None], some], axis=1)
    totals = np.logaddexp.reduce(likely(common), axis=3).sum(axis=2)
    first = np.argsort(-totals, axis=1, kind="stable")[:, :CLIMBED]
    common = np.take_along_axis(common, first[..., None], axis=1)
    for _ in range(STEPS):
        each = likely(common)
        common = middle(np.exp(each - np.logaddexp.reduce(each, axis=3)[..., None]))
    each = likely(common)
    whole = np.logaddexp.reduce(each, axis=3)
    best = whole.sum(axis=2).argmax(axis=1)
    return [
        Shared(float(whole[i, k].sum()), np.asarray(np.exp(each[i, k] - whole[i, k][:, None])))
        for i, k in enumerate(best)
    ]
