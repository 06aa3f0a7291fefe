"""One mechanism: what makes a column out of its causes and chance.

Numbers: a mean plus what is left (additive noise), or a mean times what is left where a logarithmic mean fits better. Yes/no:
a chance p, and a uniform u that stands for everything else; the answer is yes where u < p. Categories: the same with several
chances in a row. The form of the mean (straight, bent, with products) is chosen by rule and kept in every refit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .. import glm
from .columns import Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Family = Literal["linear", "logistic", "poisson"]
KNOTS = (0.1, 0.35, 0.65, 0.9)
A_TERM = 3.0  # what a term must lower minus twice the log-likelihood by (AIC3: Bozdogan 1994, where AIC asks for 2)
FEWEST_A_TERM = 15  # rows a coefficient
BENT_FROM = 6  # different values from which a number can be bent
SKEWED = 1.0  # skewness from which a positive number may have a logarithmic mean
TINY = 1e-9


@dataclass(frozen=True)
class Term:
    """One cause in the design: centred and scaled, or an indicator a level after the first. knots: of a bent number."""

    name: str
    levels: int = 0
    center: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] = ()

    @classmethod
    def of(cls, node: Node, values: Floats) -> Term:
        import numpy as np

        if node.kind == "category":
            return cls(node.name, levels=len(node.levels))
        if node.kind == "yes_no":
            return cls(node.name)
        center, scale = float(values.mean()), float(values.std()) or 1.0
        knots: tuple[float, ...] = ()
        if len(np.unique(values)) >= BENT_FROM:
            cuts = np.unique(np.quantile((values - center) / scale, KNOTS))
            knots = tuple(float(c) for c in cuts) if len(cuts) >= 3 else ()
        return cls(node.name, 0, center, scale, knots)

    def base(self, values: Floats) -> Floats:
        """(n, m): the column itself."""
        import numpy as np

        if self.levels:
            return np.asarray((values[:, None] == np.arange(1, self.levels)[None, :]).astype("float64"))
        return np.asarray(((values - self.center) / self.scale)[:, None])

    def bends(self, values: Floats) -> Floats:
        """(n, m): restricted cubic spline terms, straight beyond the outer knots (Harrell 2015, equation 2.25)."""
        import numpy as np

        if not self.knots:
            return np.zeros((len(values), 0))
        v = (values - self.center) / self.scale
        last, before, span = self.knots[-1], self.knots[-2], (self.knots[-1] - self.knots[0]) ** 2

        def cube(u: Floats) -> Floats:
            return np.asarray(np.maximum(u, 0.0) ** 3)

        return np.column_stack(
            [
                (cube(v - k) - cube(v - before) * (last - k) / (last - before) + cube(v - last) * (before - k) / (last - before))
                / span
                for k in self.knots[:-2]
            ]
        )  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """The design of a mean: an intercept, the causes, and where asked for their bends and products of two."""

    terms: tuple[Term, ...]
    bent: bool = False
    products: bool = False

    def design(self, values: Mapping[str, Floats], n: int) -> Floats:
        """(n, p)."""
        import numpy as np

        base = [t.base(values[t.name]) for t in self.terms]
        blocks = [np.ones((n, 1)), *base]
        if self.bent:
            blocks += [t.bends(values[t.name]) for t in self.terms]
        if self.products:
            blocks += [
                (base[i][:, :, None] * base[j][:, None, :]).reshape(n, -1)
                for i in range(len(base))
                for j in range(i + 1, len(base))
            ]
        return np.hstack(blocks)


@dataclass(frozen=True)
class Form:
    """What is decided once about a mechanism: how the column is read, its family and its design."""

    node: Node
    family: Family
    basis: Basis

    @property
    def straight(self) -> bool:
        """Whether the column is a weighted sum of its causes plus noise."""
        return self.family == "linear" and not self.basis.bent and not self.basis.products

    def fitted(self, values: Mapping[str, Floats]) -> Mechanism:
        """The mechanism by (quasi) maximum likelihood on these rows."""
        import numpy as np

        y = values[self.node.name]
        design = self.basis.design(values, len(y))
        if self.node.kind != "category":
            return Mechanism(self, (glm.fit(design, y, np.ones(len(y)), self.family).beta,))
        betas = []
        left = np.ones(len(y), dtype=bool)
        for level in range(len(self.node.levels) - 1):  # level by level, among those not yet taken
            hit = (y == level).astype("float64")
            betas.append(glm.fit(design[left], hit[left], np.ones(int(left.sum())), "logistic", ridge=0.1).beta)
            left &= y != level
            if not left.any():
                betas += [np.zeros(design.shape[1])] * (len(self.node.levels) - 2 - level)
                break
        return Mechanism(self, tuple(betas))


@dataclass(frozen=True)
class Mechanism:
    """A fitted mechanism. betas: one vector of coefficients, or one a level but the last."""

    form: Form
    betas: tuple[Floats, ...]

    def mean(self, values: Mapping[str, Floats], n: int) -> Floats:
        """(n,) the mean of a number, or the chance of a yes."""
        import numpy as np

        return np.asarray(glm.mean_of(self.form.family, self.form.basis.design(values, n) @ self.betas[0]))

    def chances(self, values: Mapping[str, Floats], n: int) -> Floats:
        """(n, levels) chances of a category."""
        import numpy as np

        design = self.form.basis.design(values, n)
        left, out = np.ones(n), []
        for beta in self.betas:
            p = left * glm.mean_of("logistic", design @ beta)
            out.append(p)
            left = left - p
        return np.column_stack([*out, np.maximum(left, 0.0)])

    def noise(self, values: Mapping[str, Floats], v: Floats) -> Floats:
        """(n,) what made each row come out as it did: the rest, the ratio to the mean, or a u drawn (by the uniform `v`) from
        those that agree with what was seen."""
        import numpy as np

        y = values[self.form.node.name]
        if self.form.node.kind == "category":
            chances = self.chances(values, len(y))
            above = np.cumsum(chances, axis=1)
            at = np.arange(len(y)), y.astype(int)
            return np.asarray(above[at] - chances[at] * v)
        mean = self.mean(values, len(y))
        if self.form.family == "logistic":
            return np.asarray(np.where(y > 0.5, v * mean, mean + v * (1 - mean)))
        return np.asarray(y - mean if self.form.family == "linear" else y / np.maximum(mean, TINY))

    def value(self, values: Mapping[str, Floats], noise: Floats) -> Floats:
        """(n,) what the column becomes with these causes and that noise."""
        import numpy as np

        n = len(noise)
        if self.form.node.kind == "category":
            above = np.cumsum(self.chances(values, n), axis=1)[:, :-1]
            return np.asarray((noise[:, None] > above).sum(axis=1).astype("float64"))
        mean = self.mean(values, n)
        if self.form.family == "logistic":
            return np.asarray((noise < mean).astype("float64"))
        return np.asarray(mean + noise if self.form.family == "linear" else mean * noise)


def form_of(node: Node, causes: Sequence[Node], values: Mapping[str, Floats]) -> Form:
    """The family and the design by rule: straight unless bends, products or a logarithmic mean are worth their terms (AIC3)."""

    y = values[node.name]
    terms = tuple(Term.of(c, values[c.name]) for c in causes)
    families: list[Family] = ["linear"]
    if node.kind in ("yes_no", "category"):
        families = ["logistic"]
    elif float(y.min()) >= 0 and (node.kind == "count" or (float(y.min()) > 0 and _skewness(y) > SKEWED)):
        families.append("poisson")
    best: tuple[float, Form] | None = None
    for bent, products in ((False, False), (True, False), (False, True), (True, True)):
        basis = Basis(terms, bent, products)
        if (bent and not any(t.knots for t in terms)) or (products and len(terms) < 2):
            continue
        size = basis.design({t.name: values[t.name][:1] for t in terms}, 1).shape[1]
        if (bent or products) and size * FEWEST_A_TERM > _informative(node, y):
            continue
        for family in families:
            form = Form(node, family, basis)
            cost = _lack(form, values) + A_TERM * size
            if best is None or cost < best[0]:
                best = cost, form
    assert best is not None
    return best[1]


def _lack(form: Form, values: Mapping[str, Floats]) -> float:
    """Minus twice the log-likelihood, up to a constant that is the same for every form of a column."""
    import numpy as np

    y = values[form.node.name]
    found = form.fitted(values)
    if form.node.kind == "category":
        chances = found.chances(values, len(y))[np.arange(len(y)), y.astype(int)]
        return float(-2 * np.log(np.maximum(chances, TINY)).sum())
    mean = found.mean(values, len(y))
    if form.family == "logistic":
        p = np.clip(mean, TINY, 1 - TINY)
        return float(-2 * (y * np.log(p) + (1 - y) * np.log(1 - p)).sum())
    return float(len(y) * np.log(max(float(((y - mean) ** 2).mean()), 1e-300)))


def _informative(node: Node, y: Floats) -> float:
    """Rows, or for a yes/no column twice the rarer answer."""
    import numpy as np

    if node.kind == "category":
        return 2.0 * float(np.bincount(y.astype(int), minlength=2).min())
    return 2.0 * min(float(y.sum()), float((1 - y).sum())) if node.kind == "yes_no" else float(len(y))


def _skewness(y: Floats) -> float:
    spread = float(y.std())
    return float((((y - y.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
