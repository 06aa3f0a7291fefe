"""Simulated changes of a sample, as checks need them: each says literally what it does, and `moments` what comes of many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Permuted:
    """The treatment dealt out anew: row i gets the arm and the dose of row order[i]. order: (n,) row numbers.

    Small whole numbers (int32) do; weights, outcome and covariates stay where they are.
    """

    order: NDArray[np.integer]

    def apply(self, sample: Sample) -> Sample:
        return replace(sample, arm=sample.arm[self.order], dose=sample.dose[self.order])


@dataclass(frozen=True)
class Counted:
    """Row i taken counts[i] times: a bootstrap (of rows, whole clusters, within strata) or a part of the table (0 and 1).

    counts: (n,) whole numbers ≥ 0; a small type (uint8) keeps hundreds of draws of a large table in memory.
    """

    counts: NDArray[np.integer]

    def apply(self, sample: Sample) -> Sample:
        """The rows in the table's order, clusters numbered from 0 without gaps."""
        import numpy as np

        taken = sample.take(np.repeat(np.arange(sample.n), self.counts))
        if taken.cluster is None:
            return taken
        return replace(taken, cluster=np.unique(taken.cluster, return_inverse=True)[1])


@dataclass(frozen=True, eq=False)
class Deal:
    """Rows dealt at random, once, into `lots` lots as large as each other (give or take a row). order: (n,) row numbers."""

    order: NDArray[np.integer]
    lots: int

    @property
    def size(self) -> int:
        """Rows in a lot; the first n − size·lots lots hold one more, the last of `order`."""
        return len(self.order) // self.lots

    def rows(self, counts: NDArray[np.integer]) -> NDArray[np.integer]:
        """(n,) how often each row counts, from (lots,) how often each lot does."""
        import numpy as np

        whole = self.size * self.lots
        out = np.empty(len(self.order), dtype=counts.dtype)
        out[self.order[:whole]] = np.repeat(counts, self.size)
        out[self.order[whole:]] = counts[: len(self.order) - whole]
        return out


@dataclass(frozen=True)
class Lots:
    """Lot j of a deal taken counts[j] times: a bootstrap or a part of a large table, by lots of rows in place of single rows.

    Rows that were dealt at random spread as rows do, so means and spreads are the same in distribution; a thousand lots add 2 %
    of noise to a spread. counts: (lots,) whole numbers ≥ 0.
    """

    counts: NDArray[np.integer]
    deal: Deal

    def apply(self, sample: Sample) -> Sample:
        return Counted(self.deal.rows(self.counts)).apply(sample)


@dataclass(frozen=True)
class Added:
    """One more covariate. column: (n,)."""

    column: Floats | NDArray[np.integer]

    def apply(self, sample: Sample) -> Sample:
        import numpy as np

        return replace(
            sample,
            x=np.column_stack([sample.x, self.column]),
            x_names=(*sample.x_names, "made up"),
            x_groups=(*sample.x_groups, "made up"),
        )


@dataclass(frozen=True)
class Outcome:
    """Another outcome of the same kind. y: (n,)."""

    y: Floats

    def apply(self, sample: Sample) -> Sample:
        return replace(sample, y=self.y)


@dataclass(frozen=True)
class Without:
    """One of the table's columns (`Sample.x_groups`) left out of the covariates; one that is none of them changes nothing."""

    group: str

    def apply(self, sample: Sample) -> Sample:
        import numpy as np

        kept = [j for j, g in enumerate(sample.x_groups) if g != self.group]
        return replace(
            sample,
            x=sample.x[:, np.array(kept, dtype="int64")],
            x_names=tuple(sample.x_names[j] for j in kept),
            x_groups=tuple(sample.x_groups[j] for j in kept),
        )


Draw = Permuted | Counted | Lots | Added | Outcome | Without
