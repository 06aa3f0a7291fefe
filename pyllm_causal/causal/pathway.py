"""A treatment, the mediators behind it and an outcome, as arrays: what front door and mediation both work on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Diagnosis, Estimand, NotIdentified
from ..data import Table
from ..errors import QueryError
from ..query import Query
from ..wording import join, number, safe
from .contrast import one_contrast
from .cuts import lonely_regions
from .diagnose import examine
from .estimate import settled, unit_of
from .estimators.doubly_robust import nuisance
from .overlap import decided_by
from .sample import Drawn, Sample, draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SEPARATE = 1e-3  # of a dose or of a mediator that the rest leaves unexplained: below, nothing is left to compare
ROOM = 0.01  # a chance of the arm, given mediators and covariates, under this means: no row like that in the arm
FEW = 0.05  # share of rows without a counterpart from which a warning is due


@dataclass(frozen=True)
class Form:
    """Of the models, decided once per analysis: a check that refits on other rows keeps it."""

    shared: bool  # arms share their slopes
    crossed: bool  # the effect of the mediators may differ with the treatment
    powers: int = 1  # of a dose
    bent: tuple[int, ...] = ()  # mediators whose square is in the outcome model
    varied: bool = False  # the effect of a dose may differ with the covariates


@dataclass(frozen=True)
class Pathway:
    """n rows, q mediator columns (numbers, yes/no as 0/1, categories as indicators).

    sample: outcome, treatment and covariates. level: (n,) 1 treated, 0 control, 2, 3, … every other arm (0 for a dose).
    """

    sample: Sample
    m: Floats
    m_groups: tuple[str, ...]
    level: Ints
    form: Form | None = None

    @property
    def n(self) -> int:
        return self.sample.n

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pathway:
        """The same on other rows (with repetition for a bootstrap)."""
        return replace(self, sample=self.sample.take(rows), m=self.m[rows], level=self.level[rows])

    def with_mediators(self) -> Sample:
        """The sample with the mediators among the covariates."""
        import numpy as np

        s = self.sample
        return replace(
            s,
            x=np.hstack([self.m, s.x]),
            x_names=(*self.m_groups, *s.x_names),
            x_groups=(*self.m_groups, *s.x_groups),
        )


@dataclass(frozen=True)
class Walk:
    """A pathway ready for estimation, with the account of its rows and what was seen on the way."""

    pathway: Pathway
    drawn: Drawn
    diagnoses: tuple[Diagnosis, ...]
    trimmed: float


def walk(
    query: Query, table: Table, mediators: tuple[str, ...], covariates: tuple[str, ...], others: bool
) -> Walk | NotIdentified:
    """Rows with everything recorded, checked for variation and counterparts. `others`: keep the other arms of a
    treatment with more than two levels. Raises `QueryError` where the request contradicts itself."""
    import numpy as np

    check_mediators(query, table, mediators, covariates)
    contrast = one_contrast(query, table.profile)
    if isinstance(contrast, NotIdentified):
        return contrast
    estimand = Estimand(strategy="adjustment" if others else "none", adjust_for=(*mediators, *covariates))
    drawn = draw(query, table, estimand, contrast)
    full = drawn.sample
    if full.n >= 4:
        idle = [c for c in mediators if c not in full.x_groups]
        if idle:
            return NotIdentified(
                code="constant_mediator",
                reason=f"{join(idle)} {'has' if len(idle) == 1 else 'have'} the same value in every usable row, so nothing"
                " can be seen to pass through it.",
                would_help=(f"rows in which {join(idle)} differs",),
            )
    middle = np.array([g in mediators for g in full.x_groups], dtype=bool)
    m, m_groups = full.x[:, middle], tuple(np.array(full.x_groups, dtype=object)[middle])
    plain = replace(
        full,
        x=full.x[:, ~middle],
        x_names=tuple(np.array(full.x_names, dtype=object)[~middle]),
        x_groups=tuple(np.array(full.x_groups, dtype=object)[~middle]),
    )
    examined = examine(replace(drawn, sample=plain), query)
    if isinstance(examined, NotIdentified):
        return examined
    sample = examined.drawn.sample
    assert full.rows is not None and sample.rows is not None
    m = m[np.searchsorted(full.rows, sample.rows)]
    pathway = Pathway(sample, m, m_groups, _levels(sample, table, str(query.treatment)))
    if sample.n < sample.k + m.shape[1] + 10:
        return NotIdentified(
            code="too_few_rows",
            reason=f"{sample.n} usable rows cannot carry a model with {sample.k + m.shape[1]} columns.",
            would_help=("more rows", "or fewer columns held fixed"),
        )
    pathway = replace(pathway, sample=replace(sample, outcome_kind=settled(pathway.with_mediators()).outcome_kind))
    room = _room(pathway, query)
    if isinstance(room, NotIdentified):
        return room
    return Walk(pathway, examined.drawn, (*examined.diagnoses, *room), examined.trimmed)


def check_mediators(query: Query, table: Table, mediators: tuple[str, ...], covariates: tuple[str, ...]) -> None:
    """Raise `QueryError` for a mediator that is unknown, or plays another role too."""
    from ..errors import UnknownColumn

    for name in mediators:
        if name not in table.names:
            raise UnknownColumn(name, table.names, "mediator")
        if name in (query.treatment, query.outcome):
            role = "treatment" if name == query.treatment else "outcome"
            raise QueryError(f"{name!r} is the {role}; it cannot be a mediator as well.", "Name another column.")
        if name in covariates:
            raise QueryError(
                f"{name!r} is named as a mediator and in `adjust_for`.",
                "Holding the mediator fixed would take away what passes through it: take it out of `adjust_for`.",
            )


def check_scale(query: Query, sample: Sample) -> None:
    """Raise `QueryError` for a scale that makes no sense for this outcome."""
    if query.scale == "odds_ratio" and sample.outcome_kind != "yes_no":
        raise QueryError("An odds ratio needs a yes/no outcome.", "Ask for a difference, or name `outcome_event`.")
    if query.scale != "difference" and float(sample.y.min()) < 0:
        asked = "percentage change" if query.scale == "percent" else query.scale.replace("_", " ")
        raise QueryError(
            f"A {asked} makes no sense for {safe(query.outcome)}, which has negative values.", "Ask for a difference."
        )


def scale_refusal(query: Query) -> NotIdentified:
    """Where a mean is zero or out of the range of the scale."""
    return NotIdentified(
        code="scale_undefined",
        reason=f"A {query.scale.replace('_', ' ')} cannot be formed: an average of {safe(query.outcome)} is zero or out of"
        " range.",
        would_help=("ask for a difference instead", "or more rows with the event"),
    )


def _levels(sample: Sample, table: Table, treatment: str) -> Ints:
    import numpy as np
    import pandas as pd

    if sample.kind == "dose":
        return np.zeros(sample.n, dtype="int64")
    level = sample.arm.copy()
    others = level < 0
    if others.any():
        assert sample.rows is not None
        codes, _ = pd.factorize(table.column(treatment).iloc[sample.rows[others]].map(str), sort=True)
        level[others] = codes + 2
    return np.asarray(level, dtype="int64")


def _room(p: Pathway, query: Query) -> tuple[Diagnosis, ...] | NotIdentified:
    """Whether mediators and treatment can be told apart."""
    import numpy as np

    names, treatment = join(list(dict.fromkeys(p.m_groups))), safe(query.treatment)
    whole = p.with_mediators()
    fixed = NotIdentified(
        code="no_overlap",
        reason=(
            f"{names} and {treatment} cannot be told apart in these rows: knowing one, the other is known too. What passes"
            " through the mediator needs rows in which it differs among equal treatments."
        ),
        would_help=(
            f"rows in which {names} differs although {treatment} is the same",
            "or a finer measure of the mediator",
        ),
    )
    if whole.kind == "dose":
        left = _left(whole.dose, whole.x)
        return fixed if left < SEPARATE else ()
    base = np.eye(int(p.level.max()) + 1)[p.level][:, 1:]
    if all(_left(column, np.column_stack([base, whole.x[:, p.m.shape[1] :]])) < SEPARATE for column in p.m.T):
        return fixed
    if decided_by(whole) is not None:
        return fixed
    chances = nuisance(whole).chances
    assert chances is not None
    e1, e0 = chances
    alone = (e1 < ROOM) | (e0 < ROOM)
    if (whole.arm >= 0).all() and not whole.weighted:
        alone |= np.logical_or(*lonely_regions(whole.x, whole.arm == 1))
    share = float(np.average(alone, weights=whole.weights))
    if share < FEW:
        return ()
    return (
        Diagnosis(
            name="mediator_overlap",
            status="warning",
            finding=f"{number(100 * share)}% of the rows have values of {names} that hardly occur under the other {treatment}",
            figures={"share": share},
        ),
    )


def _left(target: Floats, on: Floats) -> float:
    """Share of the variation of `target` (n,) that a straight line in `on` (n, k) leaves."""
    import numpy as np

    centred = target - target.mean()
    total = float(centred @ centred)
    if total == 0:
        return 0.0
    design = on - on.mean(axis=0)
    rest = centred - design @ np.linalg.lstsq(design, centred, rcond=1e-10)[0]
    return float(rest @ rest) / total


def unit_in(query: Query, table: Table, sample: Sample) -> str:
    """The unit of an effect on the scale asked for."""
    return unit_of(table.profile.column(str(query.outcome)).unit, sample, query.scale)
