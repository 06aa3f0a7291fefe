"""Columns of a linear model made orthogonal, and sums of their products over the rows, in blocks that bound memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from .draws import Deal
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from threadpoolctl import ThreadpoolController  # type: ignore[import-not-found,import-untyped,unused-ignore]

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Rows = slice | NDArray[np.integer]
    Vectors = Sequence[NDArray[Any]]  # one (n,) a draw
    Factors = Callable[[Rows], Floats]  # (S, m): by what each of S draws multiplies these m rows
    Found = tuple[Floats, Bools]  # (S,) estimates, and whether each can be relied on

WELL_POSED = 1e-6  # smallest eigenvalue of a scaled Gram matrix, of the largest, down to which it is precise enough
CENTRED = 1e-4  # variance of a column, of its mean square, down to which it can be centred afterwards
KEPT, GONE = 1e-8, 1e-13  # of the same: more is a column of its own, less is none; in between only a refit can tell
STEEP = 1e6  # condition of a draw's own matrix from which it is refitted
CELLS = 1 << 18  # numbers in the products of a block of rows
FEWEST_ROWS, MOST_ROWS = 512, 4096  # in a block
CACHED = 1 << 21  # numbers in the columns of all rows, up to which they are kept


@dataclass(frozen=True)
class Basis:
    """Columns d = turn'(raw − centre), r of them, with weighted mean 0, weighted variance 1 and no correlation;
    raw = centre + back d. raw and centre (q,), turn and back (q, r); r < q where columns are collinear.

    least: the smallest eigenvalue that was kept, of the largest. Estimators leave out directions with less than 1e-11.
    nested: the first columns depend on the first raw columns alone.
    """

    centre: Floats
    turn: Floats
    back: Floats
    least: float = 1.0
    nested: bool = False

    @classmethod
    def of(cls, blocks: Callable[[], Iterator[tuple[Floats, Floats]]], q: int) -> Basis:
        """From blocks of raw columns (q, m) with weights (m,), gone through once, or once more where they are ill-conditioned.

        Raises `LinAlgError` where a column is neither clearly its own nor clearly a combination of others.
        """
        import numpy as np

        sums, products, total = np.zeros(q), np.zeros((q, q)), 0.0
        for raw, w in blocks():
            weighted = raw * w
            total += float(w.sum())
            sums += weighted.sum(axis=1)
            products += weighted @ raw.T
        centre = sums / total
        gram = products - np.outer(centre, sums)
        if q == 0:
            return cls(centre, gram, gram)
        raw_size, diagonal = np.diag(products), np.diag(gram)
        size = np.sqrt(np.where(raw_size > 0, raw_size, 1.0))
        scaled = gram / np.outer(size, size)
        values = np.linalg.eigvalsh(scaled)
        if values[0] > WELL_POSED * values[-1] and (diagonal > CENTRED * raw_size).all():
            lower = np.linalg.cholesky(scaled / total)
            turn = np.linalg.inv(lower).T
            return cls(centre, turn / size[:, None], lower * size[:, None], float(values[0] / values[-1]), nested=True)
        r = np.zeros((0, q))
        for raw, w in blocks():
            columns = (raw - centre[:, None]) / size[:, None] * np.sqrt(w)
            r = np.asarray(np.linalg.qr(np.vstack([r, columns.T]), mode="r"))
        own = np.linalg.norm(r, axis=0)
        r /= np.where(own > 0, own, 1.0)
        _, singular, rows = np.linalg.svd(np.vstack([r, np.zeros((q, q))]), full_matrices=False)
        values, size = singular**2, size * np.where(own > 0, own, 1.0)
        good = told_apart(values)
        scale = np.sqrt(values[good] / total)
        least = float(values[good].min(initial=1.0) / values.max()) if good.any() else 1.0
        turn, back = rows.T[:, good] / scale / size[:, None], rows.T[:, good] * scale * size[:, None]
        return cls(centre, turn, back, least)

    @property
    def steep(self) -> float:
        """Condition of a draw's own matrix up to which an estimator would leave nothing out, and nothing else is lost."""
        return min(STEEP, 1e10 * self.least)

    def columns(self, raw: Floats) -> Floats:
        """(1 + r, m): a row of ones, then the columns of m rows, from raw (q, m)."""
        import numpy as np

        out = np.empty((1 + self.turn.shape[1], raw.shape[1]))
        out[0] = 1.0
        np.matmul(self.turn.T, raw - self.centre[:, None], out=out[1:])
        return out

    def part(self, kept: NDArray[np.int64]) -> Floats:
        """(r', r) orthonormal directions that the raw columns `kept` span."""
        import numpy as np

        back = self.back[kept]
        size = np.linalg.norm(back, axis=1, keepdims=True)
        _, singular, rows = np.linalg.svd(back / np.where(size > 0, size, 1.0), full_matrices=False)
        return np.asarray(rows[told_apart(singular**2)])


def told_apart(values: Floats) -> Bools:
    """(q,) which squared singular values are of columns of their own. Raises `LinAlgError` where that cannot be told."""
    import numpy as np

    most = values.max(initial=0.0)
    good = values > most * KEPT
    if (values[~good] > most * GONE).any():
        raise np.linalg.LinAlgError("columns are close to collinear")
    return np.asarray(good)


class Columns:
    """The columns of a model over the rows, with sums of their products in blocks.

    `raw`: rows -> (q, m). All sums hold the sampling weights; y is centred.
    """

    def __init__(self, sample: Sample, raw: Callable[[Rows], Floats], q: int) -> None:
        import numpy as np

        self.n, self.weights = sample.n, sample.weights
        self.middle = float(np.average(sample.y, weights=sample.weights))
        self._y, self._raw = sample.y, raw
        self._rooms: dict[int, Floats] = {}
        self._dealt: tuple[Deal, tuple[Floats, Floats]] | None = None
        every = slice(0, sample.n)
        self.basis = Basis.of(lambda: ((raw(b), sample.weights[b]) for b in blocks(every, height_of(4 * q))), q)
        self.p = 1 + self.basis.turn.shape[1]

    @cached_property
    def _kept(self) -> Floats | None:
        import numpy as np

        if self.n * self.p > CACHED:
            return None
        kept = np.empty((self.p, self.n))
        for block in blocks(slice(0, self.n), height_of(4 * self.p)):
            kept[:, block] = self.basis.columns(self._raw(block))
        return kept

    def leading(self, p: int) -> Columns:
        """The first p of the columns."""
        first = copy(self)
        first.p = p
        return first

    def at(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """(d, wd, wy) of some rows: columns (p, m), weighted (p, m), weighted outcome (m,)."""
        d = self.basis.columns(self._raw(rows))[: self.p] if self._kept is None else self._kept[: self.p, rows]
        w = self.weights[rows]
        return d, d * w, w * (self._y[rows] - self.middle)

    def gathered(
        self, vectors: Vectors, values: NDArray[Any] | None = None, centred: bool = False, place: int = 0
    ) -> Factors:
        """Rows of every draw's vector, as floats (S, m): its entries, or `values` at them; `centred`: less their mean.

        What it returns is overwritten by the next call, also of another one with the same `place`.
        """
        # whole numbers of one byte lie close to zero anyway
        means = [float(v.mean()) if v.dtype.itemsize > 1 else 0.0 for v in vectors] if centred else []
        table = None if values is None else values.astype("float64")

        def at(rows: Rows) -> Floats:
            out = self._room(place, len(vectors), rows.stop - rows.start if isinstance(rows, slice) else len(rows))
            for i, vector in enumerate(vectors):
                if table is None:
                    out[i] = vector[rows]
                else:
                    table.take(vector[rows], out=out[i], mode="clip")  # "raise" would copy
                if centred and means[i]:
                    out[i] -= means[i]
            return out

        return at

    def _room(self, place: int, height: int, width: int) -> Floats:
        """An array that is used again and again: memory that is fresh each time costs more than the sums."""
        import numpy as np

        size = height * width
        if place not in self._rooms or self._rooms[place].size < size:
            self._rooms[place] = np.empty(size)
        return self._rooms[place][:size].reshape(height, width)

    def whole(self, rows: Rows) -> tuple[Floats, Floats]:
        """(1, p, p) Gram matrix and (1, p) products with the outcome, every row once."""
        import numpy as np

        gram, product = np.zeros((self.p, self.p)), np.zeros(self.p)
        for block in blocks(rows, height_of(4 * self.p)):
            d, wd, wy = self.at(block)
            gram += d @ wd.T
            product += d @ wy
        return gram[None], product[None]

    def sums(self, rows: Rows, factors: Factors, count: int) -> tuple[Floats, Floats]:
        """(count, p, p) Gram matrices and (count, p) products with the outcome, every row multiplied by each draw's factor."""
        import numpy as np

        p = self.p
        pairs = p * (p + 1) // 2
        upper, lower = np.triu_indices(p)
        out = np.zeros((count, pairs + p))
        height = height_of(pairs + p + count)
        for block in blocks(rows, height):
            d, wd, wy = self.at(block)
            products = self._room(-1, pairs + p, len(wy))
            start = 0
            for j in range(p):
                np.multiply(wd[j:], d[j], out=products[start : start + p - j])
                start += p - j
            np.multiply(d, wy, out=products[pairs:])
            out += factors(block) @ products.T
        gram = np.empty((count, p, p))
        gram[:, upper, lower] = out[:, :pairs]
        gram[:, lower, upper] = out[:, :pairs]
        return gram, out[:, pairs:]

    def lots(self, deal: Deal) -> tuple[Floats, Floats]:
        """(lots, p, p) Gram matrices and (lots, p) products with the outcome, of every lot of a deal; kept for the next check."""
        import numpy as np

        if self._dealt is not None and self._dealt[0] is deal:
            return self._dealt[1]
        p, size = self.p, deal.size
        gram, product = np.empty((deal.lots, p, p)), np.empty((deal.lots, p))
        together = max(1, height_of(4 * p) // size)
        for first in range(0, deal.lots, together):
            last = min(first + together, deal.lots)
            d, wd, wy = self.at(deal.order[first * size : last * size])
            cut = d.reshape(p, -1, size)
            np.matmul(wd.reshape(p, -1, size).transpose(1, 0, 2), cut.transpose(1, 2, 0), out=gram[first:last])
            product[first:last] = np.matmul(cut.transpose(1, 0, 2), wy.reshape(-1, size, 1))[:, :, 0]
        more = deal.order[deal.lots * size :]
        if len(more):
            d, wd, wy = self.at(more)
            gram[: len(more)] += wd.T[:, :, None] * d.T[:, None, :]
            product[: len(more)] += (d * wy).T
        self._dealt = deal, (gram, product)
        return self._dealt[1]

    def products(self, rows: Rows, factors: Sequence[Factors], count: int) -> tuple[Floats, Floats, Floats]:
        """For made-up columns f_1 … f_m of each draw: their products with the columns (count, m, p), with each other
        (count, m, m) and with the outcome (count, m)."""
        import numpy as np

        m = len(factors)
        cross, inner, outer = np.zeros((count, m, self.p)), np.zeros((count, m, m)), np.zeros((count, m))
        for block in blocks(rows, height_of(2 * count + 4 * self.p)):
            _, wd, wy = self.at(block)
            both, w = np.vstack([wd, wy]).T, wd[0]
            made, square = [f(block) for f in factors], self._room(-1, count, len(w))
            for a in range(m):
                out = made[a] @ both
                cross[:, a] += out[:, :-1]
                outer[:, a] += out[:, -1]
                for b in range(a, m):
                    np.multiply(made[a], made[b], out=square)
                    inner[:, a, b] += square @ w
        for a in range(m):
            for b in range(a):
                inner[:, a, b] = inner[:, b, a]
        return cross, inner, outer

    def vector(self, rows: Rows, coefficients: Floats) -> Floats:
        """(n,) w·(d'coefficients), zero outside `rows`: the weight of each row's outcome in coefficients·Σwdy."""
        import numpy as np

        out = np.zeros(self.n)
        for block in blocks(rows, height_of(4 * self.p)):
            out[block] = coefficients @ self.at(block)[1]
        return out


class Standard:
    """Covariates (k, m) and dose (m,) of some rows, centred and scaled by all rows."""

    def __init__(self, sample: Sample) -> None:
        import numpy as np

        n, k = sample.x.shape
        self._x, self._dose = sample.x, sample.dose
        first = sample.x[0] if n else np.zeros(k)  # a shift, so that squares of large numbers do not drown their spread
        sums, squares = np.zeros(k), np.zeros(k)
        for block in blocks(slice(0, n), MOST_ROWS):
            moved = sample.x[block] - first
            sums += moved.sum(axis=0)
            squares += np.einsum("ij,ij->j", moved, moved)
        spread = np.sqrt(np.maximum(squares / max(n, 1) - (sums / max(n, 1)) ** 2, 0.0))
        self.mean, self.spread = first + sums / max(n, 1), np.where(spread > 0, spread, 1.0)
        self.middle, self.width = float(sample.dose.mean()), float(sample.dose.std()) or 1.0

    def x(self, rows: Rows) -> Floats:
        import numpy as np

        return np.ascontiguousarray(((self._x[rows] - self.mean) / self.spread).T)

    def t(self, values: Floats | float) -> Floats:
        import numpy as np

        return np.asarray((values - self.middle) / self.width)

    def dose(self, rows: Rows) -> Floats:
        return self.t(self._dose[rows])


@cache
def _libraries() -> ThreadpoolController:
    """What computes matrix products here."""
    import numpy as np  # noqa: F401  (loads it)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager[Any]:
    """Matrix products by one thread: they are small, workers share them out, and the last digit stays the same anywhere."""
    return _libraries().limit(limits=1)  # type: ignore[no-any-return,unused-ignore]


def blocks(rows: Rows, height: int) -> Iterator[Rows]:
    if isinstance(rows, slice):
        return (slice(a, min(a + height, rows.stop)) for a in range(rows.start, rows.stop, height))
    return (rows[a : a + height] for a in range(0, len(rows), height))


def height_of(width: int) -> int:
    """Rows in a block whose rows take so many numbers each."""
    return max(FEWEST_ROWS, min(MOST_ROWS, CELLS // max(width, 1)))


def with_one(turn: Floats) -> Floats:
    """(1 + r', 1 + r): the same directions with a constant in front."""
    import numpy as np

    out = np.zeros((turn.shape[0] + 1, turn.shape[1] + 1))
    out[0, 0], out[1:, 1:] = 1.0, turn
    return out


def solved(gram: Floats, target: Floats, steep: float = STEEP) -> tuple[Floats, Bools]:
    """(S, p) v with gram v = target, and whether it can be relied on. gram (S, p, p), target (S, p).

    One step of refinement takes back what the inverse loses.
    """
    inverse, trusted = inverse_of(gram, steep)
    v = (inverse @ target[:, :, None])[:, :, 0]
    left = target - (gram @ v[:, :, None])[:, :, 0]
    return v + (inverse @ left[:, :, None])[:, :, 0], trusted


def inverse_of(gram: Floats, steep: float) -> tuple[Floats, Bools]:
    """Inverses (S, p, p) of symmetric matrices, and whether the condition of each is under `steep`."""
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(gram)
        except np.linalg.LinAlgError:  # one of them is exactly singular: it is lifted, and not trusted
            singular = ~(np.linalg.cond(np.nan_to_num(gram)) < steep)
            inverse = np.linalg.inv(np.where(singular[:, None, None], np.eye(gram.shape[1]), gram))
            return inverse, ~singular
        condition = np.linalg.norm(gram, axis=(1, 2)) * np.linalg.norm(inverse, axis=(1, 2)) / gram.shape[1]
    return np.asarray(inverse), np.asarray(condition < steep)


def bordered(
    gram: Floats,
    product: Floats,
    target: Floats,
    border: tuple[Floats, Floats, Floats],
    extra: Floats,
    steep: float,
) -> Found:
    """(S,) estimates of a model with p columns that stay and m that each draw adds.

    gram (p, p), product (p,) and target (p,) of those that stay; border: products of the others with those (S, m, p), with
    each other (S, m, m) and with the outcome (S, m); extra: their part in the target (S, m).
    """
    import numpy as np

    cross, inner, outer = border
    stays, sound = inverse_of(gram[None], STEEP)
    held = cross @ stays[0]
    own = inner - held @ cross.transpose(0, 2, 1)
    size = np.sqrt(np.diagonal(inner, axis1=1, axis2=2))
    inverse, trusted = inverse_of(own / (size[:, :, None] * size[:, None, :]), steep)
    trusted &= np.linalg.norm(inverse, axis=(1, 2)) < steep  # of what is left of the border, as a share of all of it
    left = (outer - held @ product) / size
    step = (extra - held @ target) / size
    value = target @ stays[0] @ product + np.einsum("sa,sab,sb->s", step, inverse, left)
    return value, trusted & sound
