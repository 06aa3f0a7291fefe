"""Hundreds of refits of a linear method at once: from sums of products, without going through the rows for each.

What least squares finds depends on the rows only through the Gram matrix of its columns. A bootstrap changes how often each
row counts in those sums: one matrix product (draws × rows) · (rows × products of columns) gives all of them. Dealing the
treatment out anew, or one more covariate, only adds a border to a matrix that stays (Frisch & Waugh 1933; Lovell 1963).
Another outcome is one product with the vector a of the estimate a'y. Leaving a column out needs no rows at all.

Columns are centred and made orthogonal first, by the eigenvectors of their Gram matrix, or by QR and its singular values
where that matrix is ill-conditioned. Draws whose own matrix is near-singular are refitted literally, so every value is what
the method itself gives. Rows are gone through in blocks: memory is that of the draws and little more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from .arm_moments import ArmMoments
from .dose_moments import DoseMoments
from .draws import Added, Counted, Draw, Lots, Outcome, Permuted, Without
from .estimators import REGISTRY
from .estimators.regression import form_of
from .gram import Columns, one_thread
from .sample import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .gram import Floats, Found, Vectors


LOT = 100  # draws for which the products of columns are worth forming
NEAR, HELD = 1 << 20, 1 << 27  # bytes of draws that stay at hand, and that are held at all


def moments(method: str, sample: Sample) -> Moments | None:
    """The engine for an estimator of the registry on a sample; None where it is not linear in the outcome, or where columns
    are so close to collinear that only refits can tell.

    The form of the model is the sample's (`Sample.form`), else what the rule says for it, and the same in every draw.
    """
    import numpy as np

    try:
        with one_thread():
            return _prepared(method, sample)
    except np.linalg.LinAlgError:
        return None


def _prepared(method: str, sample: Sample) -> Moments | None:
    import numpy as np

    if method == "post_stratified":
        return Moments(method, sample, _StratumMoments(sample))
    if method == "difference_in_means":
        bare = replace(sample, x=np.zeros((sample.n, 0)), x_names=(), x_groups=())
        return Moments(method, sample, ArmMoments(bare, shared=False, adjusted=False))
    linear = sample.outcome_kind == "number" or (sample.kind == "dose" and sample.per_unit)
    if method != "regression" or not linear:
        return None
    powers, own = form_of(sample)
    sample = replace(sample, form=(powers, own))
    engine = DoseMoments(sample, powers, own) if sample.kind == "dose" else ArmMoments(sample, shared=not own)
    return Moments(method, sample, engine)


class _Engine(Protocol):
    """Estimates under draws of each kind. All arrays (n,), one a draw."""

    def permuted(self, orders: Vectors) -> Found: ...
    def counted(self, counts: Vectors) -> Found: ...
    def added(self, columns: Vectors) -> Found: ...
    def outcome(self, outcomes: Vectors) -> Found: ...
    def without(self, groups: Sequence[str]) -> Found: ...


@dataclass(frozen=True)
class Moments:
    """A method on a sample, ready for draws."""

    method: str
    sample: Sample
    engine: _Engine

    @property
    def straight(self) -> Columns | None:
        """The covariates and the dose of a straight-line model, where this is one."""
        engine = self.engine
        if isinstance(engine, DoseMoments) and engine.powers == 1 and not engine.crossed:
            return engine.columns
        return None

    def values(self, draws: Sequence[Draw]) -> Floats:
        """(S,) the difference of means that the method gives under each draw, as refitting `draw.apply(sample)` gives it;
        NaN where it cannot be computed. `together` draws of one kind at a time are fastest."""
        import numpy as np

        values, trusted = np.full(len(draws), np.nan), np.zeros(len(draws), dtype=bool)
        with one_thread():
            for kind in (Permuted, Counted, Lots, Added, Outcome, Without):
                index = [i for i, d in enumerate(draws) if isinstance(d, kind)]
                if index:
                    with np.errstate(all="ignore"):  # what is not finite is refitted
                        values[index], trusted[index] = self._found([draws[i] for i in index])
            for i in np.flatnonzero(~(trusted & np.isfinite(values))).tolist():
                values[i] = self._refitted(draws[i])
        return values

    def together(self, draw: Draw) -> int:
        """How many draws like this one to ask about at a time: so many that going through the rows once more for each lot
        hardly counts, and no more than the processor's own memory holds where that is enough, or than `HELD` bytes."""
        match draw:
            case Counted():
                size, least = draw.counts.nbytes, LOT
            case Permuted():
                size, least = draw.order.nbytes, LOT // 4
            case Added():
                size, least = draw.column.nbytes, LOT // 4
            case Outcome():
                size, least = draw.y.nbytes, 1
            case Lots() | Without():
                return LOT
        return max(1, min(max(NEAR // max(size, 1), least), HELD // max(size, 1)))

    def _found(self, draws: Sequence[Draw]) -> Found:
        match draws[0]:
            case Permuted():
                return self.engine.permuted([d.order for d in draws if isinstance(d, Permuted)])
            case Counted():
                return self.engine.counted([d.counts for d in draws if isinstance(d, Counted)])
            case Lots():
                dealt = [d for d in draws if isinstance(d, Lots)]
                if isinstance(self.engine, DoseMoments):
                    return self.engine.lots([d.counts for d in dealt], dealt[0].deal)
                return self.engine.counted([d.deal.rows(d.counts) for d in dealt])
            case Added():
                return self.engine.added([d.column for d in draws if isinstance(d, Added)])
            case Outcome():
                return self.engine.outcome([d.y for d in draws if isinstance(d, Outcome)])
            case Without():
                return self.engine.without([d.group for d in draws if isinstance(d, Without)])

    def _refitted(self, draw: Draw) -> float:
        import numpy as np

        try:
            fit = REGISTRY[self.method].function(draw.apply(self.sample))
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
            return float("nan")
        return fit.treated - fit.control


class _StratumMoments:
    """Differences within strata, averaged: sums by stratum and arm are all there is."""

    def __init__(self, sample: Sample) -> None:
        assert sample.strata is not None
        self.sample, self.strata = sample, sample.strata
        self.size = int(sample.strata.max()) + 1

    def permuted(self, orders: Vectors) -> Found:
        return self._each([(self.sample.arm[o], self.sample.weights, self.sample.y) for o in orders])

    def counted(self, counts: Vectors) -> Found:
        return self._each([(self.sample.arm, self.sample.weights * c, self.sample.y) for c in counts])

    def added(self, columns: Vectors) -> Found:
        return self.outcome([self.sample.y] * len(columns))

    def without(self, groups: Sequence[str]) -> Found:
        return self.outcome([self.sample.y] * len(groups))

    def outcome(self, outcomes: Vectors) -> Found:
        return self._each([(self.sample.arm, self.sample.weights, y) for y in outcomes])

    def _each(self, draws: Sequence[tuple[NDArray[Any], Floats, Floats]]) -> Found:
        import numpy as np

        return np.array([self._one(*d) for d in draws]), np.ones(len(draws), dtype=bool)

    def _one(self, arm: NDArray[Any], weights: Floats, y: Floats) -> float:
        import numpy as np

        cell = 2 * self.strata + arm
        weight = np.bincount(cell, weights=weights, minlength=2 * self.size).reshape(-1, 2)
        total = np.bincount(cell, weights=weights * y, minlength=2 * self.size).reshape(-1, 2)
        held = (weight > 0).all(axis=1)
        means = total[held] / weight[held]
        return float(np.average(means[:, 1] - means[:, 0], weights=weight[held].sum(axis=1)))
