"""A linear model in a dose under many draws at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from .draws import Deal
from .gram import MOST_ROWS, Basis, Columns, Standard, blocks, bordered, solved, with_one
from .sample import Sample

if TYPE_CHECKING:
    from .gram import Factors, Floats, Found, Rows, Vectors


class DoseMoments:
    """Least squares in a dose: powers of it, covariates, and (`products`) dose × covariates."""

    def __init__(self, sample: Sample, powers: int, products: bool) -> None:
        import numpy as np

        self.sample, self.powers, self.crossed = sample, powers, products
        self.standard = Standard(sample)
        self.columns = Columns(sample, self._raw, sample.k * (2 if products else 1) + powers)
        gram, product = self.columns.whole(slice(0, sample.n))
        self.gram, self.product = gram, product
        ends = [
            self._powers(self.standard.t(v))[:, 0] for v in (np.array([sample.treated]), np.array([sample.control]))
        ]
        self.step = ends[0] - ends[1]  # (powers,) from control to treated
        self._check()
        self.vector, sound = solved(gram, self._target(gram), self.columns.basis.steep)
        if not sound.all():
            raise np.linalg.LinAlgError("the model cannot be told from these rows")

    def counted(self, counts: Vectors) -> Found:
        gram, product = self.columns.sums(slice(0, self.sample.n), self.columns.gathered(counts), len(counts))
        v, trusted = solved(gram, self._target(gram), self.columns.basis.steep)
        return (v * product).sum(axis=1), trusted

    def lots(self, counts: Vectors, deal: Deal) -> Found:
        """Every draw from the sums of the same lots; each lot counts[j] times."""
        import numpy as np

        gram, product = self.columns.lots(deal)
        times, p = np.array(counts, dtype="float64"), self.columns.p
        gram = (times @ gram.reshape(deal.lots, -1)).reshape(-1, p, p)
        v, trusted = solved(gram, self._target(gram), self.columns.basis.steep)
        return (v * (times @ product)).sum(axis=1), trusted

    def added(self, columns: Vectors) -> Found:
        import numpy as np

        plain = self.columns.gathered(columns, centred=True)
        factors: list[Factors] = [plain]
        if self.crossed:
            again = self.columns.gathered(columns, centred=True, place=1)
            factors.append(lambda rows: again(rows) * self.standard.dose(rows))
        made = self.columns.products(slice(0, self.sample.n), factors, len(columns))
        target = np.zeros((len(columns), len(factors)))
        if self.crossed:
            target[:, 1] = self.step[0] * made[0][:, 0, 0] / self.gram[0, 0, 0]  # the step times the column's mean
        return bordered(
            self.gram[0], self.product[0], self._target(self.gram)[0], made, target, self.columns.basis.steep
        )

    def permuted(self, orders: Vectors) -> Found:
        """The covariates stay; powers and products of the dose are a border anew in every draw."""
        import numpy as np

        held, powers = self._held
        gram, product = self._held_sums
        t = self.standard.t(self.sample.dose)
        e = powers.columns(self._powers(t))[1:]
        every, count, p = slice(0, self.sample.n), len(orders), held.p
        cross, inner, outer = held.products(
            every, [self.columns.gathered(orders, row, place=i) for i, row in enumerate(e)], count
        )
        target = np.broadcast_to(powers.turn.T @ self.step, (count, len(e)))
        if self.crossed and p > 1:
            once, outer_once = held.sums(every, self.columns.gathered(orders, t), count)
            twice, _ = held.sums(every, self.columns.gathered(orders, t**2), count)
            mixed, _, _ = held.products(
                every, [self.columns.gathered(orders, t * row, place=i) for i, row in enumerate(e)], count
            )
            side, means = mixed[:, :, 1:], gram[0, 1:] / gram[0, 0]
            cross = np.concatenate([cross, once[:, 1:]], axis=1)
            inner = np.block([[inner, side], [side.transpose(0, 2, 1), twice[:, 1:, 1:]]])
            outer = np.hstack([outer, outer_once[:, 1:]])
            target = np.hstack([target, np.broadcast_to(self.step[0] * means, (count, p - 1))])
        return bordered(gram, product, np.zeros(p), (cross, inner, outer), target, held.basis.steep)

    def outcome(self, outcomes: Vectors) -> Found:
        import numpy as np

        a = self._weights
        return np.array([a @ (y - y.mean()) for y in outcomes]), np.ones(len(outcomes), dtype=bool)

    def without(self, groups: Sequence[str]) -> Found:
        import numpy as np

        values, trusted = np.full(len(groups), np.nan), np.zeros(len(groups), dtype=bool)
        for i, group in enumerate(groups):
            names = (*self.sample.x_groups, *[None] * self.powers, *(self.sample.x_groups if self.crossed else ()))
            kept = np.array([j for j, g in enumerate(names) if g is None or g != group], dtype="int64")
            try:
                part = self.columns.basis.part(kept)
            except np.linalg.LinAlgError:
                continue
            turn = with_one(part)
            raw = self._raw_target(self.gram)[0][kept]
            target = np.linalg.lstsq(self.columns.basis.back[kept] @ part.T, raw, rcond=None)[0]
            v, sound = solved(
                turn @ self.gram @ turn.T, np.concatenate([[0.0], target])[None], self.columns.basis.steep
            )
            values[i], trusted[i] = v[0] @ (turn @ self.product[0]), sound[0]
        return values, trusted

    def _raw(self, rows: Rows) -> Floats:
        """(q, m): covariates, powers of the dose, products."""
        import numpy as np

        x, t = self.standard.x(rows), self.standard.dose(rows)
        return np.vstack([x, self._powers(t), x * t] if self.crossed else [x, self._powers(t)])

    def _powers(self, t: Floats) -> Floats:
        import numpy as np

        return np.stack([t**p for p in range(1, self.powers + 1)])

    def _raw_target(self, gram: Floats) -> Floats:
        """(S, q): mean raw columns at the treated dose less those at the control dose."""
        import numpy as np

        k = self.sample.k
        nothing = np.zeros((len(gram), k))
        parts = [nothing, np.broadcast_to(self.step, (len(gram), self.powers))]
        if self.crossed:
            basis = self.columns.basis
            parts.append(self.step[0] * (basis.centre[:k] + (gram[:, 0, 1:] / gram[:, :1, 0]) @ basis.back[:k].T))
        return np.hstack(parts)

    def _target(self, gram: Floats) -> Floats:
        """(S, p): the same as coefficients of the model's own columns."""
        import numpy as np

        return np.hstack([np.zeros((len(gram), 1)), self._raw_target(gram) @ self.columns.basis.turn])

    def _check(self) -> None:
        """Raises `LinAlgError` where collinear columns leave the contrast itself open, for some row."""
        import numpy as np

        basis = self.columns.basis
        if basis.turn.shape[0] == basis.turn.shape[1]:
            return
        wanted = self._raw_target(self.gram)
        if self.crossed:
            k = self.sample.k
            by_row = np.zeros((basis.back.shape[1], basis.turn.shape[0]))
            by_row[:, -k:] = self.step[0] * basis.back[:k].T
            wanted = np.vstack([wanted, by_row])
        size = np.where((lengths := np.linalg.norm(basis.back, axis=1)) > 0, lengths, 1.0)
        if np.abs((wanted - wanted @ basis.turn @ basis.back.T) / size).max() > 1e-6 * np.abs(wanted / size).max():
            raise np.linalg.LinAlgError("the contrast cannot be told from these columns")

    @cached_property
    def _held(self) -> tuple[Columns, Basis]:
        """Covariates alone, and powers of the dose alone."""
        sample, columns = self.sample, self.columns

        def powers() -> Iterator[tuple[Floats, Floats]]:
            every = slice(0, sample.n)
            return ((self._powers(self.standard.dose(b)), sample.weights[b]) for b in blocks(every, MOST_ROWS))

        nested = columns.basis.nested
        held = columns.leading(1 + sample.k) if nested else Columns(sample, self.standard.x, sample.k)
        return held, Basis.of(powers, self.powers)

    @cached_property
    def _held_sums(self) -> tuple[Floats, Floats]:
        gram, product = self._held[0].whole(slice(0, self.sample.n))
        return gram[0], product[0]

    @cached_property
    def _weights(self) -> Floats:
        """(n,) a, with the estimate a'y."""
        return self.columns.vector(slice(0, self.sample.n), self.vector[0])
