"""Nested means: the mean outcome when the treatment is set to one value for the outcome and to another for the mediators.

θ(a, a*) = E[ E{ E[Y | A=a, M, X] | A=a*, X } ]. Natural direct and indirect effects are differences of such means (Pearl
2001; Imai, Keele & Tingley 2010, theorem 1); the front-door mean is θ(own, a*), in which every row keeps its own treatment
for the outcome: E[ Σ_m P(m | a*, X) E(Y | m, A, X) ] (Pearl 1995, theorem 2; Fulcher et al. 2020, equation 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..query import Scale
from . import glm
from .estimate import FORM_Z
from .estimators.regression import CURVE_LEVEL, FAMILY, ROWS_A_SLOPE, _scores, curved
from .inference import Fit
from .learners import expanded, folds, out_of_fold
from .pathway import Form, Pathway
from .propensity import CLIP, standardised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SEED = 20240601  # splitting into folds is part of the method, not of the user's seed
NODES = 8  # doses at which the outcome model is evaluated when every row keeps its own
SPREAD = 25  # points that stand for the spread of a mediator around its model
Setting = float | None  # an arm (1 or 0) or a dose; None: every row keeps its own
Pair = tuple[Setting, float]  # (for the outcome, for the mediators)


@dataclass(frozen=True)
class Means:
    """means (pairs,); influence (n, pairs) as in `inference.Fit`. gain: z-score by which a flexible model predicts better."""

    means: Floats
    influence: Floats
    dof: float = math.inf
    notes: tuple[str, ...] = ()
    gain: float = 0.0


@dataclass(frozen=True)
class Stage:
    """A fitted model with its score contributions (n, p), zero off the rows that it was fitted on."""

    model: glm.Glm
    scores: Floats


def form_of(p: Pathway) -> Form:
    """How much the rows can carry: a model for every arm with ten rows a coefficient in each. For a dose, which has no flexible
    second method to take over: its square, and squares of mediators, where straight lines are clearly wrong."""
    import numpy as np

    if p.form is not None:
        return p.form
    s, q = p.sample, p.m.shape[1]
    if s.kind == "dose":
        bent = tuple(j for j in range(q) if s.n >= 100 and _bends(p, j))
        powers = 1
        low, high = sorted((s.treated, s.control))
        if not s.per_unit and s.n >= 50 and s.dose.min() <= low and high <= s.dose.max():
            steps = [replace(s, y=p.m[:, j], outcome_kind="number") for j in range(q)]
            least = min(curved(step) for step in (*steps, p.with_mediators()))
            powers = 2 if least < CURVE_LEVEL / (q + 1) else 1
        varied = 0 < s.k <= s.n // 20
        return Form(shared=True, crossed=s.n >= 20 * (q + 1), powers=powers, bent=bent, varied=varied)
    sizes = np.bincount(p.level)
    smallest = int(sizes[sizes > 0].min())
    own = smallest >= ROWS_A_SLOPE * (q + s.k + 1)
    return Form(shared=not own, crossed=own)


def _bends(p: Pathway, j: int) -> bool:
    """Whether the square of mediator j is missing from the outcome model by more than three (robust) standard errors."""
    import numpy as np

    column = p.m[:, j]
    if len(np.unique(column)) < 6:
        return False
    s = p.sample
    z = (column - column.mean()) / column.std()
    rest = standardised(np.column_stack([s.dose, p.m, s.x]))
    design = glm.with_intercept(np.column_stack([z**2, rest]))
    model = glm.fit(design, s.y, s.weights, FAMILY[s.outcome_kind])
    scores = _scores(model, design, s.y, s.weights)
    if s.cluster is not None:
        scores = np.column_stack([np.bincount(s.cluster, weights=c) for c in scores.T])
    error = math.sqrt(float(((scores @ model.gram_inverse[:, 1]) ** 2).sum()))
    return error > 0 and abs(float(model.beta[1])) / error > FORM_Z


def regression_means(p: Pathway, pairs: Sequence[Pair]) -> Means:
    """By iterated regression: model the outcome on treatment, mediators and covariates; set the treatment; regress the
    prediction on covariates among those with the mediators' setting; average. Linear, logistic or Poisson after the outcome.

    No model of the mediators' distribution is needed, so any kind and number of them is handled jointly; a single number behind a
    yes/no outcome or a count is modelled by a straight line, which is surer where rows are few. Standard errors
    are those of the stacked estimating equations (Stefanski & Boos 2002), HC2 residuals in the linear case.
    Assumes models of the right form. Raises LinAlgError where an arm has no rows.
    """
    import numpy as np

    s, form = p.sample, form_of(p)
    _check_arms(p)
    family: glm.Family = "linear" if s.kind == "dose" and s.per_unit else FAMILY[s.outcome_kind]
    x = standardised(s.x)
    m = np.column_stack([standardised(p.m), *(standardised(p.m[:, [j]]) ** 2 for j in form.bent)])
    wanted = s.weights * s.wanted()
    total = float(wanted.sum())
    models = _Outcome(p, form, family, m, x)
    means, columns = [], []
    for own, mediated in pairs:
        mixture = models.mixture() if own is None else [(own, np.ones(s.n))]
        inner = np.zeros(s.n)
        part = np.zeros(s.n)
        for setting, share in mixture:
            if not share.any():
                continue
            step = models.shifted if models.shifts else models.iterated
            kappa, influence = step(setting, mediated, wanted * share / total)
            inner += share * kappa
            part += influence
        mean = float(wanted @ inner) / total
        means.append(mean)
        columns.append(part + s.n * wanted / total * (inner - mean))
    notes: tuple[str, ...] = ()
    if s.kind == "arms" and form.shared:
        notes = ("few rows: the same slopes were assumed in all groups",)
    return Means(np.array(means), np.column_stack(columns), dof=max(float(s.n - models.size), 1.0), notes=notes)


def _check_arms(p: Pathway) -> None:
    import numpy as np

    if p.sample.kind == "arms" and not {0, 1} <= set(np.unique(p.level)):
        raise np.linalg.LinAlgError("an arm without rows")


def fitted(design: Floats, y: Floats, weights: Floats, family: glm.Family, rows: Mask) -> Stage:
    """A weighted model fitted on some rows: design (n, p), y (n,), weights (n,)."""
    import numpy as np

    model = glm.fit(design[rows], y[rows], weights[rows], family)
    scores = np.zeros_like(design)
    scores[rows] = _scores(model, design[rows], y[rows], weights[rows])
    return Stage(model, scores)


class _Outcome:
    """The designs of both regressions at any setting of the treatment, for arms (one model each, or one for all) and doses."""

    def __init__(self, p: Pathway, form: Form, family: glm.Family, m: Floats, x: Floats) -> None:
        import numpy as np

        self.p, self.form, self.family, self.m, self.x = p, form, family, m, x
        self.ones = np.ones(p.n, dtype=bool)
        self.middle, self.spread = float(p.sample.dose.mean()), float(p.sample.dose.std()) or 1.0
        self.levels = [int(v) for v in np.unique(p.level)]
        self._stages: dict[float, Stage] = {}

    @property
    def size(self) -> int:
        """Coefficients of the largest model."""
        return int(self._outcome_at(0.0).shape[1]) * (1 if self.form.shared else 2)

    def outcome(self, setting: float) -> tuple[Stage, Floats]:
        """The outcome model for a setting, and its design with everybody at that setting."""
        key = 0.0 if self.form.shared else setting
        if key not in self._stages:
            s = self.p.sample
            rows = self.ones if self.form.shared else self.p.level == int(setting)
            self._stages[key] = fitted(self._outcome_at(None), s.y, s.weights, self.family, rows)
        return self._stages[key], self._outcome_at(setting)

    def second(self, setting: float) -> tuple[Mask, Floats, Floats]:
        """(rows, design, design at the setting) of the regression of predictions on covariates."""
        import numpy as np

        if not self.form.shared:
            design = glm.with_intercept(self.x)
            return self.p.level == int(setting), design, design
        both = [
            np.column_stack([np.ones(self.p.n), self._treatment(v), self.x, *self._products(v)])
            for v in (None, setting)
        ]
        return self.ones, both[0], both[1]

    def _products(self, setting: Setting) -> list[Floats]:
        """Covariates times the dose, where its effect may vary with them."""
        return [self._treatment(setting)[:, [0]] * self.x] if self.form.varied else []

    @property
    def shifts(self) -> bool:
        """Whether one number carries the effect and the outcome model is bent: then that number is modelled itself."""
        import numpy as np

        return self.family != "linear" and self.m.shape[1] == 1 and len(np.unique(self.m)) > 6

    def iterated(self, setting: float, mediated: float, share: Floats) -> tuple[Floats, Floats]:
        """(κ(X) (n,), influence of the models (n,) on Σ share κ) by regression of the predicted outcome on covariates."""
        stage, at_setting = self.outcome(setting)
        value = stage.model.mean(at_setting)
        rows, design, at = self.second(mediated)
        weights = self.p.sample.weights
        second = fitted(design, value, weights, self.family, rows)
        lever = second.model.gram_inverse @ ((share * second.model.slope(at)) @ at)
        back = (weights * rows * (design @ lever) * stage.model.slope(at_setting)) @ at_setting
        influence = second.scores @ lever + stage.scores @ (stage.model.gram_inverse @ back)
        return second.model.mean(at), self.p.n * influence

    def shifted(self, setting: float, mediated: float, share: Floats) -> tuple[Floats, Floats]:
        """As `iterated`, by a straight-line model of the one mediator and the spread of what that leaves over: the outcome model is
        averaged over it (Imai, Keele & Tingley 2010, algorithm 1, with the residuals as they are in place of normal ones)."""
        import numpy as np

        stage, _ = self.outcome(setting)
        rows, design, at = self.second(mediated)
        sample = self.p.sample
        first = fitted(design, self.m[:, 0], sample.weights, "linear", rows)
        left = np.quantile((self.m[:, 0] - design @ first.model.beta)[rows], (np.arange(SPREAD) + 0.5) / SPREAD)
        centre = at @ first.model.beta
        kappa, slope_sum, back = np.zeros(self.p.n), np.zeros(self.p.n), np.zeros(len(stage.model.beta))
        for residual in left - left.mean():
            where = self._outcome_at(setting, (centre + residual)[:, None])
            slope = stage.model.slope(where)
            kappa += stage.model.mean(where) / SPREAD
            slope_sum += slope / SPREAD
            back += (share * slope) @ where / SPREAD
        tilt = (self._outcome_at(setting, self.m + 1.0) - self._outcome_at(setting, self.m)) @ stage.model.beta
        lever = first.model.gram_inverse @ ((share * slope_sum * tilt) @ at)
        influence = first.scores @ lever + stage.scores @ (stage.model.gram_inverse @ back)
        return kappa, self.p.n * influence

    def mixture(self) -> list[tuple[float, Floats]]:
        """Settings with a share (n,) each, so that every row is at its own treatment: its arm, or by linear interpolation
        between at most eight doses (exact for an outcome model that is straight in the dose)."""
        import numpy as np

        if self.p.sample.kind == "arms":
            return [(float(v), (self.p.level == v).astype("float64")) for v in self.levels]
        dose = self.p.sample.dose
        nodes = np.unique(dose)
        if self.family == "linear" and self.form.powers == 1:
            nodes = nodes[[0, -1]]  # two points make the line
        elif len(nodes) > NODES:
            nodes = np.unique(np.quantile(dose, np.linspace(0, 1, NODES)))
        return [(float(node), np.interp(dose, nodes, np.eye(len(nodes))[i])) for i, node in enumerate(nodes)]

    def _outcome_at(self, setting: Setting, m: Floats | None = None) -> Floats:
        import numpy as np

        n, m = self.p.n, self.m if m is None else m
        if self.p.sample.kind == "arms" and not self.form.shared:
            return np.column_stack([np.ones(n), m, self.x])
        t = self._treatment(setting)
        crossed = [t[:, [j]] * m for j in range(t.shape[1])] if self.form.crossed else []
        return np.column_stack([np.ones(n), t, m, self.x, *crossed, *self._products(setting)])

    def _treatment(self, setting: Setting) -> Floats:
        import numpy as np

        if self.p.sample.kind == "arms":
            level = self.p.level if setting is None else np.full(self.p.n, int(setting))
            return np.column_stack([(level == v).astype("float64") for v in self.levels if v != 0])
        dose = self.p.sample.dose if setting is None else np.full(self.p.n, setting)
        z = (dose - self.middle) / self.spread
        return np.column_stack([z**power for power in range(1, self.form.powers + 1)])


def robust_means(p: Pathway, pairs: Sequence[Pair]) -> Means:
    """Cross-fitted efficient influence functions with flexible models; arms only.

    Natural effects: Tchetgen Tchetgen & Shpitser 2012, theorem 1; front door: Fulcher et al. 2020, theorem 1. The ratio of
    mediator densities is replaced by chances of the treatment with and without the mediators (Bayes' rule; Zheng & van der
    Laan 2012, section 5), so mediators of any kind and number are handled jointly. Right when one of several pairs of models is.
    """
    import numpy as np

    s = p.sample
    _check_arms(p)
    levels = [int(v) for v in np.unique(p.level)]
    smallest = min(int((p.level == v).sum()) for v in levels)
    fold = folds(s.n, p.level, SEED, cluster=s.cluster)
    everyone = np.ones(s.n, dtype=bool)
    family = FAMILY[s.outcome_kind]
    both = np.hstack([p.m, s.x])
    x, mx = standardised(s.x), standardised(both)
    rich_x = expanded(s.x) if s.k and smallest >= 100 else None
    rich_mx = expanded(both) if smallest >= 100 else None

    def chance(features: Floats, rich: Floats | None) -> dict[int, Floats]:
        out: dict[int, Floats] = {}
        for v in levels:
            if len(levels) == 2 and v == 1:
                out[v] = 1.0 - out[0]
                continue
            hit = (p.level == v).astype("float64")
            out[v] = np.clip(out_of_fold(features, rich, hit, s.weights, everyone, fold, "logistic")[0], CLIP, 1 - CLIP)
        return out

    plain, mediated_chance = chance(x, rich_x), chance(mx, rich_mx)
    mu: dict[int, Floats] = {}
    gains = []
    kappa: dict[tuple[int, int], Floats] = {}

    def outcome(a: int) -> Floats:
        if a not in mu:
            mu[a], gain = out_of_fold(mx, rich_mx, s.y, s.weights, p.level == a, fold, family)
            gains.append(gain)
        return mu[a]

    def second(a: int, b: int) -> Floats:
        if (a, b) not in kappa:
            kappa[a, b] = out_of_fold(x, rich_x, outcome(a), s.weights, p.level == b, fold, family)[0]
        return kappa[a, b]

    wanted = s.wanted().astype("float64")
    total = float(s.weights @ wanted)
    means, columns = [], []
    for own, b_value in pairs:
        b = int(b_value)
        row = np.zeros(s.n)
        for a in levels if own is None else [int(own)]:
            here = (p.level == a).astype("float64")
            if own is None:  # rows keep their own treatment: only those that are asked about
                asked = here * wanted
                if not asked.any():
                    continue
                ratio = mediated_chance[b] / mediated_chance[a] * plain[a] / plain[b]
                row += asked * (ratio * (s.y - outcome(a)) + second(a, b))
                row += (p.level == b) * plain[a] / plain[b] * (outcome(a) - second(a, b))
                continue
            # the share of those asked about, given the covariates
            h = 1.0 if s.target == "everyone" else plain[1 if s.target == "treated" else 0]
            ratio = mediated_chance[b] / mediated_chance[a] / plain[b]
            row += here * h * ratio * (s.y - outcome(a))
            row += (p.level == b) * h / plain[b] * (outcome(a) - second(a, b))
            row += wanted * second(a, b)
        mean = float(s.weights @ row) / total
        means.append(mean)
        columns.append(s.weights * s.n / total * (row - wanted * mean))
    dof = max(float(s.n - 2 * (both.shape[1] + 1)), 1.0)
    return Means(np.array(means), np.column_stack(columns), dof=dof, gain=max(gains))


def contrast_of(found: Means, over: Sequence[int], under: Sequence[int], scale: Scale) -> Fit | None:
    """The contrast of two groups of nested means, each averaged where the scale adds up (on the log or log-odds scale for
    ratios); None where a mean is out of the range of the scale."""
    import numpy as np

    values, columns = [], []
    for chosen in (list(over), list(under)):
        mean, influence = found.means[chosen], found.influence[:, chosen]
        if scale == "difference":
            values.append(float(mean.mean()))
            columns.append(influence.mean(axis=1))
            continue
        most = 1.0 if scale == "odds_ratio" else math.inf
        if (mean <= 0).any() or (mean >= most).any():
            return None
        if scale == "odds_ratio":
            line, slope = np.log(mean / (1 - mean)), 1 / (mean * (1 - mean))
            value = 1 / (1 + math.exp(-float(line.mean())))
            back = value * (1 - value)
        else:
            value = math.exp(float(np.log(mean).mean()))
            slope, back = 1 / mean, value
        values.append(value)
        columns.append(back * (influence * slope).mean(axis=1))
    return Fit(values[0], values[1], influence=np.column_stack(columns), dof=found.dof)
