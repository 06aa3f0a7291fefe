"""The fitted model: mechanisms in causal order, the noise of every row, and what comes out when something is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .columns import Drawn
from .mechanism import Form, Mechanism, form_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Values = Mapping[str, Floats]


@dataclass(frozen=True)
class Model:
    """forms: of every column that is modelled, causes first, the outcome last. What has no form stays as it was recorded."""

    outcome: str
    forms: Mapping[str, Form]

    @property
    def straight(self) -> bool:
        """Whether every mechanism is a weighted sum: then effects add up exactly."""
        return all(f.straight for f in self.forms.values())

    @property
    def chancy(self) -> tuple[str, ...]:
        """Modelled columns before the outcome whose noise is only bounded by what was seen: yes/no and categories."""
        return tuple(n for n, f in self.forms.items() if n != self.outcome and f.node.kind in ("yes_no", "category"))

    def fitted(self, values: Values) -> Fitted:
        """Every mechanism fitted on these rows."""
        return Fitted(self, {n: f.fitted(values) for n, f in self.forms.items()})


@dataclass(frozen=True)
class Fitted:
    """A model with its mechanisms."""

    model: Model
    mechanisms: Mapping[str, Mechanism]

    def noises(self, values: Values, rng: np.random.Generator) -> dict[str, Floats]:
        """The noise of every modelled column for rows as they were recorded."""
        n = len(values[self.model.outcome])
        return {name: m.noise(values, rng.random(n)) for name, m in self.mechanisms.items()}

    def run(
        self,
        values: Values,
        noise: Values,
        fixed: Values | None = None,
        expected: bool = True,
    ) -> dict[str, Floats]:
        """Every column with the columns of `fixed` set, each (n,), and the noise as given. With `expected` a yes/no outcome is its
        chance. Columns that are neither modelled nor fixed are those of `values`; a column whose causes stay as they were stays as
        it was."""
        import numpy as np

        fixed = fixed or {}
        out: dict[str, Floats] = {**values, **fixed}
        for name, mechanism in self.mechanisms.items():
            if name in fixed:
                continue
            if expected and name == self.model.outcome and mechanism.form.node.kind == "yes_no":
                out[name] = mechanism.mean(out, len(noise[name]))
                continue
            new = mechanism.value(out, noise[name])
            causes = [t.name for t in mechanism.form.basis.terms]
            same = np.logical_and.reduce([out[c] == values[c] for c in causes])
            out[name] = np.where(same, values[name], new)
        return out


def model_of(drawn: Drawn, outcome: str, regressors: Mapping[str, tuple[str, ...]]) -> Model:
    """A model with one mechanism for each of `regressors` (causal order), each form chosen by rule."""
    forms = {
        name: form_of(drawn.nodes[name], [drawn.nodes[c] for c in causes], drawn.values)
        for name, causes in regressors.items()
    }
    return Model(outcome, forms)


def take(values: Values, index: Ints) -> dict[str, Floats]:
    """The same columns on other rows."""
    return {name: v[index] for name, v in values.items()}
