"""How a column follows from its causes, environment by environment, and in which environments it does so differently.

Where sites or periods differ, few of the mechanisms change at once, and they change independently of each other; along wrong
arrows the changes spread (Huang et al. 2020, JMLR 21(89), section 4; Perry, von Kügelgen & Schölkopf 2022, NeurIPS 35). A mechanism
is a linear regression: its average, its slopes and its spread. In each environment each of the three may be shifted (`shifts`);
how often and how far is learned from the table itself (empirical Bayes), so that small differences everywhere prove little. With a
mechanism of its own for every environment, graphs that say the same of every single table score the same whatever the shape of the
data (the likelihoods are determinants of one covariance matrix), so that only what environments share tells them apart. Numbers,
yes/no columns and categories (as blocks of indicators, one after the other) are scored alike (the degenerate Gaussian score of
Andrews, Ramsey & Cooper 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shifts import Pattern, Shared, shared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Way = Sequence[tuple[int, Sequence[int]]]  # columns, each with its causes

FLOOR = 1e-3  # added to every variance, of columns with spread 1: a column that is held still somewhere tells, but not without end
OFTEN = (0.02, 0.08, 0.2, 0.45, 0.8)  # chances of a shift that are tried
FAR = (0.08, 0.2, 0.5, 1.2)  # standard deviations of shifts that are tried, of columns with spread 1
UNSHIFTED = 3  # environments without a shift that are taken as seen beforehand: few tables tell how often shifts are
PLAUSIBLE = 3.0  # how much less likely in logarithms a habit may be and not be ruled out (a 95% region of two numbers)
AVERAGE, SLOPES, SPREAD = range(3)


@dataclass(frozen=True)
class Habit:
    """How often (chance in one environment) and how far (standard deviation) averages, slopes and spreads are shifted."""

    often: tuple[float, float, float] = (0.15, 0.15, 0.15)
    far: tuple[float, float, float] = (0.5, 0.5, 0.5)


_Key = tuple[int, tuple[int, ...], tuple[int, ...], Habit]


@dataclass(frozen=True)
class Mechanism:
    """How well a column follows from its causes. score: log-likelihood less the price of what was fitted; higher is better.

    apart: the score with one mechanism an environment: what every single table says, and nothing of what they share. shifted: (E, 3)
    chances that the average, the slopes, the spread are shifted there.
    """

    score: float
    apart: float
    shifted: Floats

    @property
    def changes(self) -> int:
        """How many averages, slopes and spreads are shifted, over all environments."""
        return int((self.shifted > 0.5).sum())

    @property
    def changed(self) -> float:
        """The share of environments, as far as can be told, where anything is shifted."""
        return float((1 - (1 - self.shifted).prod(axis=1)).mean())


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
        tables = [values[rows] for rows in self._rows_of]
        self._means = np.stack([t.mean(axis=0) for t in tables])
        inner = [t - t.mean(axis=0) for t in tables]
        still = FLOOR * np.eye(values.shape[1])
        self._spreads = np.stack([t.T @ t / len(t) + still for t in inner])
        # the variance of a variance is (kurtosis − 1)/2 times that of normal data: so much more is a change of spread to cost
        # one number for all columns: were heavy ones alone dearer, directions would follow from the tails
        fourth = np.stack([(t**4).mean(axis=0) / ((t**2).mean(axis=0) + FLOOR) ** 2 for t in inner])
        tails = np.average(fourth, axis=0, weights=self._rows)
        self.heavy = float(max(1.0, ((tails - 1) / 2).max()))
        self.size = len(self._at)
        self.habit = Habit()
        self.plausible: tuple[Habit, ...] = (self.habit,)
        self._known: dict[_Key, Mechanism] = {}
        self._estimates: dict[tuple[int, tuple[int, ...]], _Estimates] = {}
        self._shared: dict[tuple[object, ...], Shared] = {}

    def told(self, column: int, causes: Sequence[int], without: Sequence[int] = ()) -> Mechanism:
        """The mechanism of a column from its causes, `without` some environments, with the present `habit`."""
        return self.told_each(column, [causes], without)[0]

    def told_each(self, column: int, causes: Sequence[Sequence[int]], without: Sequence[int] = ()) -> list[Mechanism]:
        """The mechanism of a column from each of several sets of causes: together, because alone each costs nearly as much."""
        keys = [(column, tuple(sorted(one)), tuple(sorted(without)), self.habit) for one in causes]
        sizes = dict[int, list[_Key]]()
        for key in dict.fromkeys(keys):
            if key not in self._known:
                sizes.setdefault(sum(len(self._at[c]) for c in key[1]), []).append(key)
        for new in sizes.values():
            found = self._told(column, [key[1] for key in new], new[0][2])
            self._known.update(zip(new, found, strict=True))
        return [self._known[key] for key in keys]

    def learn(self, ways: Sequence[Way]) -> None:
        """Take the habit of shifts with which what environments share is most likely, in the best of some pictures.

        `plausible` are others that the table does not rule out: of each size of shifts the most frequent.
        """

        def total(habit: Habit) -> float:
            self.habit = habit
            told = [[self.told(column, causes) for column, causes in way] for way in ways]
            before = UNSHIFTED * sum(math.log1p(-often) for often in habit.often)
            return before + max(sum(one.score - one.apart for one in way) for way in told)

        best = self.habit
        value = total(best)
        for what in (AVERAGE, SLOPES, SPREAD) * 2:
            for habit in _varied(best, what):
                reached = total(habit)
                if reached > value + 1e-9:
                    best, value = habit, reached
        near = dict[tuple[int, float], Habit]()
        for what in (AVERAGE, SLOPES, SPREAD):
            for habit in _varied(best, what):
                if total(habit) >= value - PLAUSIBLE:
                    near[what, habit.far[what]] = habit  # the last is the most frequent
        self.habit, self.plausible = best, tuple(dict.fromkeys((best, *near.values())))

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

    def _told(self, column: int, causes: Sequence[tuple[int, ...]], without: Sequence[int]) -> list[Mechanism]:
        """From each set of causes, of which all have as many numbers."""
        import numpy as np

        given = [tuple(i for c in one for i in self._at[c]) for one in causes]
        parts = []
        for own in self._at[column]:
            parts.append(self._one(own, given, without))
            given = [(*one, own) for one in given]
        return [
            Mechanism(sum(p.score for p in own), sum(p.apart for p in own), np.max([p.shifted for p in own], axis=0))
            for own in zip(*parts, strict=True)
        ]

    def _one(self, own: int, given: Sequence[tuple[int, ...]], without: Sequence[int]) -> list[Mechanism]:
        """The mechanism of one number from each of several sets of numbers, all as large."""
        import numpy as np

        habit, numbers = self.habit, len(given[0]) + 2
        there = [e for e in range(self.environments) if e not in without]
        rows = self._rows[there]
        estimates = self._estimated(own, given)
        lines = self._sharing("lines", own, given, estimates, there, _patterns(habit, len(given[0])))
        spreads = self._sharing("spread", own, given, estimates, there, _either(habit.often[SPREAD], habit.far[SPREAD]))
        price, apart = 0.5 * numbers * math.log(rows.sum()), 0.5 * numbers * float(np.log(rows).sum())
        found = []
        for told, line, spread in zip(estimates, lines, spreads, strict=True):
            shifted = np.zeros((len(there), 3))
            shifted[:, AVERAGE] = line.chances[:, 1::2].sum(axis=1)
            shifted[:, SLOPES] = line.chances[:, 2:].sum(axis=1)
            shifted[:, SPREAD] = spread.chances[:, 1]
            likelihood = float(told.likelihood[there].sum())
            found.append(Mechanism(likelihood + line.gain + spread.gain - price, likelihood - apart, shifted))
        return found

    def _sharing(
        self,
        what: str,
        own: int,
        given: Sequence[tuple[int, ...]],
        estimates: Sequence[_Estimates],
        there: list[int],
        patterns: tuple[Pattern, ...],
    ) -> list[Shared]:
        """What environments share of the lines or the spread; habits that differ elsewhere only ask for it again."""
        import numpy as np

        keys = [(what, own, one, patterns, tuple(there)) for one in given]
        new = [i for i, key in enumerate(keys) if key not in self._shared]
        if new:
            told = [estimates[i] for i in new]
            if what == "lines":
                numbers, chance = np.stack([t.lines[there] for t in told]), np.stack([t.chance[there] for t in told])
            else:
                numbers = np.stack([t.spread[there] for t in told])[..., None]
                chance = np.stack([t.doubt[there] for t in told])[..., None, None]
            self._shared.update(zip([keys[i] for i in new], shared(numbers, chance, patterns), strict=True))
        return [self._shared[key] for key in keys]

    def _estimated(self, own: int, given: Sequence[tuple[int, ...]]) -> list[_Estimates]:
        """One regression an environment for each set of numbers, from means and covariances."""
        import numpy as np

        new = [one for one in given if (own, one) not in self._estimates]
        if new:
            at, rows, size = np.array(new, dtype="int64").reshape(len(new), -1), self._rows, self.environments
            spreads, along = self._spreads.transpose(1, 2, 0), self._spreads[:, own, :].T
            inverse = np.linalg.inv(np.moveaxis(spreads[at[:, :, None], at[:, None, :]], -1, 1))  # (b, E, k, k)
            along = np.moveaxis(along[at], -1, 1)  # (b, E, k)
            slopes = (inverse @ along[..., None])[..., 0]
            left = self._spreads[:, own, own] - (slopes * along).sum(axis=2)
            means = np.moveaxis(self._means.T[at], -1, 1)
            tilt = (inverse @ means[..., None])[..., 0]
            average = self._means[:, own] - (slopes * means).sum(axis=2)
            chance = np.empty((len(new), size, at.shape[1] + 1, at.shape[1] + 1))
            chance[..., 0, 0] = 1 + (tilt * means).sum(axis=2)
            chance[..., 0, 1:] = chance[..., 1:, 0] = -tilt
            chance[..., 1:, 1:] = inverse
            free = np.maximum(rows - at.shape[1] - 1, 1.0)
            variance = left * rows / free
            chance *= (variance / rows)[..., None, None]
            lines = np.concatenate([average[..., None], slopes], axis=2)
            doubt = self.heavy / (2 * free)
            for i, one in enumerate(new):
                likelihood = -0.5 * rows * np.log(left[i])
                self._estimates[own, one] = _Estimates(
                    lines[i], chance[i], 0.5 * np.log(variance[i]), doubt, likelihood
                )
        return [self._estimates[own, one] for one in given]


@dataclass(frozen=True)
class _Estimates:
    """Of one regression an environment: (E, 1 + k) average at the columns' middle and slopes, and their variances; (E,) logarithm of
    the spread, its variance, and the highest log-likelihood."""

    lines: Floats
    chance: Floats
    spread: Floats
    doubt: Floats
    likelihood: Floats


def _either(often: float, far: float) -> tuple[Pattern, ...]:
    """One number that is shifted or not."""
    return Pattern((0.0,), math.log1p(-often)), Pattern((far * far,), math.log(often))


def _patterns(habit: Habit, slopes: int) -> tuple[Pattern, ...]:
    """Nothing shifted, the average, all slopes, both."""
    average = _either(habit.often[AVERAGE], habit.far[AVERAGE])
    if not slopes:
        return average
    tilted = _either(habit.often[SLOPES], habit.far[SLOPES])
    return tuple(Pattern((*a.added, *t.added * slopes), a.log_chance + t.log_chance) for t in tilted for a in average)


def _varied(habit: Habit, what: int) -> list[Habit]:
    """The habit with every frequency and size of one kind of shift, rare ones first."""
    return [Habit(_put(habit.often, what, often), _put(habit.far, what, far)) for far in FAR for often in OFTEN]


def _put(numbers: tuple[float, float, float], at: int, value: float) -> tuple[float, float, float]:
    first, second, third = (value if i == at else number for i, number in enumerate(numbers))
    return first, second, third
