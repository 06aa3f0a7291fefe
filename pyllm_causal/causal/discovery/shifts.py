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
    """gain: logarithm of the likelihood beside that of numbers of its own for every environment. odds: (E, patterns) chances."""

    gain: float
    chances: Floats


def shared(numbers: Floats, chance: Floats, patterns: Sequence[Pattern]) -> Shared:
    """How well common numbers with shifts describe (E, d) `numbers` with (E, d, d) variances `chance` of their estimation."""
    import numpy as np

    added = np.stack([np.diag(p.added) for p in patterns])
    spread = chance[:, None] + added
    inverse = np.linalg.inv(spread)
    fixed = 0.5 * (np.linalg.slogdet(chance)[1][:, None] - np.linalg.slogdet(spread)[1])
    fixed = fixed + np.array([p.log_chance for p in patterns])

    def likely(common: Floats) -> Floats:
        """(k, E, patterns) logarithms for (k, d) common numbers."""
        off = (numbers - common[:, None])[:, :, None, :, None]
        return np.asarray(fixed - 0.5 * (off * (inverse @ off)).sum(axis=(-2, -1)))

    def middle(weights: Floats) -> Floats:
        """(k, d) common numbers given (k, E, patterns) chances of the patterns."""
        each = (weights[..., None, None] * inverse).sum(axis=2)
        told = (each @ numbers[:, :, None]).sum(axis=1)
        return np.asarray(np.linalg.solve(each.sum(axis=1), told)[..., 0])

    first = np.zeros((1, len(numbers), len(patterns)))
    first[..., 0] = 1
    some = numbers[:: -(-len(numbers) // STARTS)]
    common = np.vstack([middle(first), np.median(numbers, axis=0)[None], some])
    totals = np.logaddexp.reduce(likely(common), axis=2).sum(axis=1)
    common = common[np.argsort(-totals, kind="stable")[:CLIMBED]]
    for _ in range(STEPS):
        each = likely(common)
        common = middle(np.exp(each - np.logaddexp.reduce(each, axis=2)[..., None]))
    each = likely(common)
    whole = np.logaddexp.reduce(each, axis=2)
    best = int(whole.sum(axis=1).argmax())
    return Shared(float(whole[best].sum()), np.asarray(np.exp(each[best] - whole[best][:, None])))
