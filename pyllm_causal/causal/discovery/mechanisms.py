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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .shifts import Pattern, Shared, shared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Way = Sequence[tuple[int, Sequence[int]]]  # columns, each with its causes
    Asked = tuple[int, Sequence[int], Sequence[int]]  # column, its causes, environments left out

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


_Key = tuple[int, tuple[int, ...], tuple[int, ...], Habit]  # column, causes, environments left out
_Case = tuple[int, tuple[int, ...], tuple[int, ...]]  # number, those given, environments left out


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
        return self.told_all([(column, causes, without)])[0]

    def told_all(self, asked: Iterable[Asked]) -> list[Mechanism]:
        """Several mechanisms together, because one alone costs nearly as much. Each: the column, its causes, environments left out."""
        keys = [(column, tuple(sorted(causes)), tuple(sorted(out)), self.habit) for column, causes, out in asked]
        alike = dict[tuple[int, int, int], list[_Key]]()
        for key in dict.fromkeys(keys):
            if key not in self._known:
                column, causes, out, _ = key
                sizes = len(self._at[column]), sum(len(self._at[c]) for c in causes), len(out)
                alike.setdefault(sizes, []).append(key)
        for new in alike.values():
            self._known.update(zip(new, self._told(new), strict=True))
        return [self._known[key] for key in keys]

    def learn(self, ways: Sequence[Way]) -> None:
        """Take the habit of shifts with which what environments share is most likely, in the best of some pictures.

        `plausible` are others that the table does not rule out: of each size of shifts the most frequent.
        """

        def total(habit: Habit) -> float:
            self.habit = habit
            told = [self.told_all((column, causes, ()) for column, causes in way) for way in ways]
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

    def _told(self, keys: Sequence[_Key]) -> list[Mechanism]:
        """Mechanisms of columns of as many numbers, from causes of as many, without as many environments."""
        import numpy as np

        given = [tuple(i for c in causes for i in self._at[c]) for _, causes, _, _ in keys]
        parts = []
        for part in range(len(self._at[keys[0][0]])):
            own = [self._at[column][part] for column, *_ in keys]
            parts.append(self._single([(o, g, key[2]) for o, g, key in zip(own, given, keys, strict=True)]))
            given = [(*g, o) for g, o in zip(given, own, strict=True)]
        return [
            Mechanism(sum(p.score for p in one), sum(p.apart for p in one), np.max([p.shifted for p in one], axis=0))
            for one in zip(*parts, strict=True)
        ]

    def _single(self, cases: Sequence[_Case]) -> list[Mechanism]:
        """Mechanisms of one number each, from as many numbers, without as many environments."""
        import numpy as np

        habit, given = self.habit, len(cases[0][1])
        estimates = self._estimated([(own, causes) for own, causes, _ in cases])
        there = [[e for e in range(self.environments) if e not in out] for *_, out in cases]
        lines = self._sharing("lines", cases, estimates, there, _patterns(habit, given))
        spreads = self._sharing("spread", cases, estimates, there, _either(habit.often[SPREAD], habit.far[SPREAD]))
        found = []
        for told, at, line, spread in zip(estimates, there, lines, spreads, strict=True):
            shifted = np.zeros((len(at), 3))
            shifted[:, AVERAGE] = line.chances[:, 1::2].sum(axis=1)
            shifted[:, SLOPES] = line.chances[:, 2:].sum(axis=1)
            shifted[:, SPREAD] = spread.chances[:, 1]
            likelihood, rows = float(told.likelihood[at].sum()), self._rows[at]
            price, apart = math.log(rows.sum()), float(np.log(rows).sum())
            score = likelihood + line.gain + spread.gain - 0.5 * (given + 2) * price
            found.append(Mechanism(score, likelihood - 0.5 * (given + 2) * apart, shifted))
        return found

    def _sharing(
        self,
        what: Literal["lines", "spread"],
        cases: Sequence[_Case],
        estimates: Sequence[_Estimates],
        there: Sequence[list[int]],
        patterns: tuple[Pattern, ...],
    ) -> list[Shared]:
        """What environments share of the lines or the spread; habits that differ elsewhere only ask for it again."""
        import numpy as np

        keys = [(what, patterns, *case) for case in cases]
        new = [i for i, key in enumerate(keys) if key not in self._shared]
        if new:
            told = [estimates[i] for i in new]
            values = [(t.lines, t.chance) if what == "lines" else (t.spread, t.doubt) for t in told]
            numbers = np.stack([n[there[i]] for i, (n, _) in zip(new, values, strict=True)])
            chance = np.stack([c[there[i]] for i, (_, c) in zip(new, values, strict=True)])
            self._shared.update(zip([keys[i] for i in new], shared(numbers, chance, patterns), strict=True))
        return [self._shared[key] for key in keys]

    def _estimated(self, wanted: Sequence[tuple[int, tuple[int, ...]]]) -> list[_Estimates]:
        """One regression an environment for each number from the given ones, as many each, from means and covariances."""
        import numpy as np

        new = [one for one in dict.fromkeys(wanted) if one not in self._estimates]
        if new:
            own, at = np.array([one[0] for one in new]), np.array([one[1] for one in new], dtype="int64")
            rows, (many, given) = self._rows, at.shape
            moments, means = self._spreads.transpose(1, 2, 0), self._means.T  # environments last
            inverse = np.linalg.inv(np.moveaxis(moments[at[:, :, None], at[:, None, :]], -1, 1))  # (b, E, k, k)
            along = np.moveaxis(moments[at, own[:, None]], -1, 1)  # (b, E, k)
            slopes = (inverse @ along[..., None])[..., 0]
            left = moments[own, own] - (slopes * along).sum(axis=2)
            middle = np.moveaxis(means[at], -1, 1)
            tilt = (inverse @ middle[..., None])[..., 0]
            average = means[own] - (slopes * middle).sum(axis=2)
            chance = np.empty((many, self.environments, given + 1, given + 1))
            chance[..., 0, 0] = 1 + (tilt * middle).sum(axis=2)
            chance[..., 0, 1:] = chance[..., 1:, 0] = -tilt
            chance[..., 1:, 1:] = inverse
            free = np.maximum(rows - given - 1, 1.0)
            variance = left * rows / free
            chance *= (variance / rows)[..., None, None]
            lines, spread = np.concatenate([average[..., None], slopes], axis=2), 0.5 * np.log(variance)[..., None]
            doubt, likelihood = (self.heavy / (2 * free))[:, None, None], -0.5 * rows * np.log(left)
            for i, one in enumerate(new):
                self._estimates[one] = _Estimates(lines[i], chance[i], spread[i], doubt, likelihood[i])
        return [self._estimates[one] for one in wanted]


@dataclass(frozen=True)
class _Estimates:
    """Of one regression an environment: (E, 1 + k) average at the columns' middle and slopes, (E, 1) logarithm of the spread, the
    variances of both, (E, d, d), and (E,) highest log-likelihoods."""

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
