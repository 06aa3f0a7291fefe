"""How a column follows from its causes, environment by environment, and in which environments it does so alike.

Where sites or periods differ, few of the mechanisms change at once, and they change independently of each other; along wrong
arrows the changes spread (Huang et al. 2020, JMLR 21(89), section 4; Perry, von Kügelgen & Schölkopf 2022, NeurIPS 35). So the
description that needs the fewest different mechanisms is sought. A mechanism is a linear regression with its own intercept,
slopes and spread, scored by its Gaussian likelihood less ½ log(rows) a number fitted (BIC). With one mechanism an environment,
graphs that say the same of every single table score the same whatever the shape of the data (the likelihoods are determinants
of one covariance matrix), so that only what environments share tells them apart. Numbers, yes/no columns and categories (as
blocks of indicators) are scored alike (the degenerate Gaussian score of Andrews, Ramsey & Cooper 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FLOOR = 1e-3  # added to every variance, of columns with spread 1: a column that is held still somewhere tells, but not without end


@dataclass(frozen=True)
class Mechanism:
    """How well a column follows from its causes. score: log-likelihood less the price of what was fitted; higher is better.

    kinds: (E,) the environments with the same number share one mechanism; `kinds` are 0 … k−1 in the order met.
    """

    score: float
    apart: float  # the score with one mechanism an environment: what every single table says, and nothing of what they share
    kinds: tuple[int, ...]
    alike: float  # chance of so much difference between environments of one kind where there is none

    @property
    def different(self) -> int:
        """How many different mechanisms there are."""
        return max(self.kinds) + 1


class Mechanisms:
    """The moments of every environment, and the mechanisms already looked at.

    heavy: how much more changes of spread vary by chance than in normal data, for the heaviest tails among the columns; 1 at least.

    blocks: one (n, m) array of finite numbers a column. environment: (n,) numbers 0 … E−1.
    """

    def __init__(self, blocks: Sequence[Floats], environment: Ints) -> None:
        import numpy as np

        self.environments = int(environment.max()) + 1
        self._rows = np.bincount(environment, minlength=self.environments).astype("float64")
        values = np.hstack([np.asarray(b, dtype="float64") for b in blocks])
        values = values - values.mean(axis=0)
        values /= np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
        ends = np.cumsum([b.shape[1] for b in blocks])
        self._at = [list(range(end - b.shape[1], end)) for b, end in zip(blocks, ends, strict=True)]
        self._values, self._rows_of = values, [np.flatnonzero(environment == e) for e in range(self.environments)]
        told = np.column_stack([np.ones(len(values)), values])
        self._moments = np.stack([told[environment == e].T @ told[environment == e] for e in range(self.environments)])
        inner = values - (self._moments[:, 0, 1:] / self._rows[:, None])[environment]
        spread = (inner**2).mean(axis=0)
        tails = (inner**4).mean(axis=0) / np.where(spread > 0, spread, 1.0) ** 2
        # the variance of a variance is (kurtosis − 1)/2 times that of normal data: so much more is a change of spread to cost
        # one number for all columns: were heavy ones alone dearer, directions would follow from the tails
        self.heavy = float(max(1.0, ((tails - 1) / 2).max()))
        self._known: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Mechanism] = {}
        self.size = len(self._at)

    def told(self, column: int, causes: Sequence[int], without: Sequence[int] = ()) -> Mechanism:
        """The mechanism of a column from its causes, `without` some environments."""
        key = column, tuple(sorted(causes)), tuple(sorted(without))
        if key not in self._known:
            self._known[key] = self._shared(*key)
        return self._known[key]

    def bent(self, column: int, causes: Sequence[int]) -> float:
        """The share of what linear causes leave of a column, within environments, that squares of what they foretell explain.

        Beyond what chance alone gives; 0 without causes, and for columns or causes that are not one number each.
        """
        import numpy as np

        given = [i for c in causes for i in self._at[c]]
        if not given or len(self._at[column]) > 1:
            return 0.0
        left = explained = 0.0
        for rows in self._rows_of:
            x = np.column_stack([np.ones(len(rows)), self._values[rows][:, given]])
            y = self._values[rows, self._at[column][0]]
            told = x @ np.linalg.lstsq(x, y, rcond=None)[0]
            far = told - told.mean()
            extra = np.column_stack([far**2, far**3])
            rest = y - told
            extra = extra - x @ np.linalg.lstsq(x, extra, rcond=None)[0]
            more = extra @ np.linalg.lstsq(extra, rest, rcond=None)[0]
            left += float(rest @ rest)
            explained += float(more @ more)
        rows_used = len(self._values)
        return max(explained / left - 2 * len(self._rows_of) / rows_used, 0.0) if left > 0 else 0.0

    def _shared(self, column: int, causes: Sequence[int], without: Sequence[int]) -> Mechanism:
        """Environments are joined two by two, the two most alike first; the best of all steps on the way is kept."""
        import numpy as np
        from scipy.special import chdtrc

        own, given = self._at[column], [i for c in causes for i in self._at[c]]
        at = [0, *(1 + i for i in [*given, *own])]
        there = [e for e in range(self.environments) if e not in without]
        moments, rows = self._moments[np.ix_(there, at, at)], self._rows[there]
        spreads = len(own) * (len(own) + 1) / 2
        numbers = len(own) * (1 + len(given)) + spreads
        price = 0.5 * np.log(rows.sum()) * (numbers + (self.heavy - 1) * spreads)
        groups = [[i] for i in range(len(there))]
        fits = _likelihoods(moments, rows, len(given))
        gains = np.full((len(there), len(there)), -np.inf)
        for i in range(len(there) - 1):
            gains[i, i + 1 :] = _joined(moments, rows, fits, i, range(i + 1, len(there)), len(given))
        score = float(fits.sum()) - price * len(groups)
        apart = score
        best, kept = score, [list(g) for g in groups]
        alive = list(range(len(there)))
        while len(alive) > 1:
            i, j = divmod(int(np.argmax(gains)), len(there))
            score += float(gains[i, j]) + price
            moments[i] += moments[j]
            rows[i] += rows[j]
            fits[i] = _likelihoods(moments[i : i + 1], rows[i : i + 1], len(given))[0]
            groups[i] += groups[j]
            alive.remove(j)
            gains[j, :] = gains[:, j] = gains[i, :] = gains[:, i] = -np.inf
            others = [k for k in alive if k != i]
            if others:
                found = _joined(moments, rows, fits, i, others, len(given))
                for k, gain in zip(others, found, strict=True):
                    gains[min(i, k), max(i, k)] = gain
            if score > best:
                best, kept = score, [list(groups[k]) for k in alive]
        kinds: dict[int, int] = {}
        for number, group in enumerate(sorted(kept, key=min)):
            kinds |= dict.fromkeys(group, number)
        within = 2 * (apart - best + price * (len(there) - len(kept))) / (1 + (self.heavy - 1) * spreads / numbers)
        alike = chdtrc(numbers * (len(there) - len(kept)), max(within, 0.0)) if len(kept) < len(there) else 1.0
        return Mechanism(best, apart, tuple(kinds[i] for i in range(len(there))), float(alike))


def _joined(moments: Floats, rows: Floats, fits: Floats, one: int, others: Sequence[int], given: int) -> Floats:
    """What the likelihood gains (less than nothing) when environment `one` shares its mechanism with each of the others."""
    import numpy as np

    rest = list(others)
    together = _likelihoods(moments[one] + moments[rest], rows[one] + rows[rest], given)
    return np.asarray(together - fits[one] - fits[rest])


def _likelihoods(moments: Floats, rows: Floats, given: int) -> Floats:
    """(k,) Gaussian log-likelihoods of the last columns from the first `given`, of k moment matrices that begin with the ones."""
    import numpy as np

    mean = moments[:, 0, 1:] / rows[:, None]
    spread = moments[:, 1:, 1:] / rows[:, None, None] - mean[:, :, None] * mean[:, None, :]
    spread = spread + FLOOR * np.eye(spread.shape[1])
    whole = np.linalg.slogdet(spread)[1]
    causes = np.linalg.slogdet(spread[:, :given, :given])[1] if given else 0.0
    return np.asarray(-0.5 * rows * (whole - causes))
