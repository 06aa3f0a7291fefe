"""Two arms under many draws at once: arm means, a linear model in each arm, or one with the same slopes in both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from .gram import MOST_ROWS, Columns, Standard, blocks, solved, with_one
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .gram import Bools, Factors, Floats, Found, Vectors

GONE_SPREAD = 1e-9  # variance of a column in a draw, of its variance in the table, under which it is looked at whether any is left


class ArmMoments:
    """Least squares in two arms: a model each, or one with the same slopes (`shared`); not `adjusted`: arm means alone."""

    def __init__(self, sample: Sample, shared: bool, adjusted: bool = True) -> None:
        import numpy as np

        self.sample, self.shared, self.adjusted = sample, shared, adjusted
        self.columns = Columns(sample, Standard(sample).x, sample.k)
        self.rows = [np.flatnonzero(sample.arm == a) for a in (1, 0)]
        self.others = np.flatnonzero(sample.arm < 0)
        self.whole = [self.columns.whole(rows) for rows in self.rows]
        self.rest = self.columns.whole(self.others)[0][:, 0]  # (1, p)
        grams = [gram for gram, _ in self.whole]
        self.target = self._target(grams[0][:, 0], grams[1][:, 0], self.rest)
        self.vectors, sound = self._functional(grams[0], grams[1], self.target)
        if not sound.all():
            raise np.linalg.LinAlgError("the model cannot be told from these rows")

    def counted(self, counts: Vectors) -> Found:
        factors = self.columns.gathered(counts)
        one, two = (self.columns.sums(rows, factors, len(counts)) for rows in self.rows)
        values, trusted = self._estimates(one, two, self._first(self.others, factors, len(counts)))
        for kept, draws in self._emptied(counts, one[0] + two[0], ~trusted):
            values[draws], trusted[draws] = self._with(kept, *((g[draws], b[draws]) for g, b in (one, two)))
        return values, trusted

    def permuted(self, orders: Vectors) -> Found:
        """An arm's sums by its rows as dealt out; the other arm has what is left, where there are only two."""
        every = slice(0, self.sample.n)

        def in_arm(arm: int) -> tuple[Floats, Floats]:
            inside = self.sample.arm == arm
            return self.columns.sums(every, self.columns.gathered(orders, inside), len(orders))

        if len(self.others):
            both = in_arm(1), in_arm(0)
        else:
            small = int(len(self.rows[0]) > len(self.rows[1]))
            found = in_arm(1 - small)
            total = [a + b for a, b in zip(*self.whole, strict=True)]
            left = (total[0] - found[0], total[1] - found[1])
            both = (left, found) if small else (found, left)
        everyone = (self.whole[0][0] + self.whole[1][0])[:, 0] + self.rest
        return self._estimates(*both, everyone - both[0][0][:, 0] - both[1][0][:, 0])

    def added(self, columns: Vectors) -> Found:
        import numpy as np

        if not self.adjusted:
            return self._unchanged(len(columns))
        count, p, factors = len(columns), self.columns.p, self.columns.gathered(columns, centred=True)
        made = [self.columns.products(rows, [factors], count) for rows in self.rows]
        everyone = sum(gram[0, 0, 0] for gram, _ in self.whole)
        size = np.sqrt((made[0][1] + made[1][1])[:, 0] / everyone)  # (S, 1), so that all columns are of one scale
        parts = []
        for (gram, product), (cross, inner, outer) in zip(self.whole, made, strict=True):
            wider = np.empty((count, p + 1, p + 1))
            wider[:, :p, :p] = gram
            wider[:, p, :p] = wider[:, :p, p] = cross[:, 0] / size
            wider[:, p, p] = inner[:, 0, 0] / size[:, 0] ** 2
            parts.append((wider, np.hstack([np.broadcast_to(product, (count, p)), outer / size])))
        rest = self.columns.products(self.others, [factors], count)[0][:, :, 0] / size
        return self._estimates(parts[0], parts[1], np.hstack([np.broadcast_to(self.rest, (count, p)), rest]))

    def outcome(self, outcomes: Vectors) -> Found:
        import numpy as np

        a = self._weights
        return np.array([a @ (y - y.mean()) for y in outcomes]), np.ones(len(outcomes), dtype=bool)

    def without(self, groups: Sequence[str]) -> Found:
        import numpy as np

        if not self.adjusted:
            return self._unchanged(len(groups))
        values, trusted = np.full(len(groups), np.nan), np.zeros(len(groups), dtype=bool)
        for i, group in enumerate(groups):
            kept = np.array([j for j, g in enumerate(self.sample.x_groups) if g != group], dtype="int64")
            (values[i],), (trusted[i],) = self._with(kept, *self.whole)
        return values, trusted

    def _with(self, kept: NDArray[np.int64], one: tuple[Floats, Floats], two: tuple[Floats, Floats]) -> Found:
        """Estimates with the covariates `kept` alone, from the sums of both arms; rows outside them are as in the table."""
        import numpy as np

        try:
            turn = with_one(self.columns.basis.part(kept))
        except np.linalg.LinAlgError:
            return np.full(len(one[0]), np.nan), np.zeros(len(one[0]), dtype=bool)
        first, second = ((turn @ gram @ turn.T, product @ turn.T) for gram, product in (one, two))
        return self._estimates(first, second, self.rest @ turn.T)

    def _emptied(
        self, counts: Vectors, gram: Floats, doubted: Bools
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(covariates that vary, numbers of the draws) of doubted draws in which a covariate has one value left, as a rare level
        has that was not drawn: a refit gives it no part. gram (S, p, p): of all rows, each as often as drawn."""
        import numpy as np

        if len(self.others) or not self.adjusted:
            return
        back = self.columns.basis.back
        alike: dict[tuple[int, ...], list[int]] = {}
        for s in np.flatnonzero(doubted).tolist():
            mean = gram[s, 0, 1:] / gram[s, 0, 0]
            spread = ((back @ (gram[s, 1:, 1:] / gram[s, 0, 0] - np.outer(mean, mean))) * back).sum(axis=1)
            drawn = self.sample.x[counts[s] > 0]
            empty = tuple(j for j in np.flatnonzero(spread < GONE_SPREAD).tolist() if not np.ptp(drawn[:, j]))
            if empty:
                alike.setdefault(empty, []).append(s)
        for empty, draws in alike.items():
            yield np.setdiff1d(np.arange(self.sample.k), empty), np.array(draws)

    @cached_property
    def _weights(self) -> Floats:
        """(n,) a, with the estimate a'y."""
        one, two = (self.columns.vector(rows, v[0]) for rows, v in zip(self.rows, self.vectors, strict=True))
        return one + two

    def _unchanged(self, count: int) -> Found:
        import numpy as np

        value, sound = self._estimates(self.whole[0], self.whole[1], self.rest)
        return np.repeat(value, count), np.repeat(sound, count)

    def _first(self, rows: NDArray[np.int64], factors: Factors, count: int) -> Floats:
        """(count, p) weighted sums of the columns of some rows."""
        import numpy as np

        out = np.zeros((count, self.columns.p))
        for block in blocks(rows, MOST_ROWS):
            out += factors(block) @ self.columns.at(block)[1].T
        return out

    def _target(self, one: Floats, two: Floats, rest: Floats) -> Floats:
        """(S, p) mean columns of the people asked about, from the sums (S, p) of treated, control and other rows."""
        target = self.sample.target
        sums = one if target == "treated" else two if target == "untreated" else one + two + rest
        return sums / sums[:, :1]

    def _estimates(self, one: tuple[Floats, Floats], two: tuple[Floats, Floats], rest: Floats) -> Found:
        target = self._target(one[0][:, 0], two[0][:, 0], rest)
        (first, second), trusted = self._functional(one[0], two[0], target)
        return (first * one[1]).sum(axis=1) + (second * two[1]).sum(axis=1), trusted

    def _functional(self, one: Floats, two: Floats, target: Floats) -> tuple[tuple[Floats, Floats], Bools]:
        """Vectors (S, p) with estimate = v1·Σ(treated) w d y + v0·Σ(control) w d y, from the Gram matrices of the arms."""
        import numpy as np

        steep = self.columns.basis.steep
        if not self.shared:
            (v1, ok1), (v0, ok0) = solved(one, target, steep), solved(two, target, steep)
            return (v1, -v0), ok1 & ok0
        s, p = one.shape[:2]
        gram, step = np.empty((s, p + 1, p + 1)), np.zeros((s, p + 1))
        gram[:, :p, :p] = one + two
        gram[:, p, :p] = gram[:, :p, p] = one[:, 0]
        gram[:, p, p] = one[:, 0, 0]
        step[:, p] = 1.0
        v, trusted = solved(gram, step, steep)
        treated = v[:, :p].copy()
        treated[:, 0] += v[:, p]
        return (treated, v[:, :p]), trusted
