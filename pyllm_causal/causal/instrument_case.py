"""A question for an instrument as arrays: rows, covariates, instruments, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..analysis import NotIdentified
from ..errors import QueryError
from ..filter import Filter, parse_filter
from ..query import Query, Value
from ..wording import columns_text, count, join, safe
from .contrast import contrasts, is_categorical, nothing_to_compare
from .instrument_claim import Claim, claim_of
from .kclass import Fixed, Partialled, fixed, orthonormal, partial, spread
from .rows import Rows
from .sample import MOST_LEVELS, OutcomeKind, Sample
from .weak_instrument import Strength, strength

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .designs import Task

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_INSTRUMENTS = 200  # columns, indicators of categories included


@dataclass(frozen=True)
class Case:
    """Everything numeric about the question. d is in units of the contrast: its slope is the effect asked about."""

    task: Task
    rows: Rows
    claim: Claim
    kind: Literal["arms", "dose"]
    treated: Value
    control: Value
    per_unit: bool
    y: Floats
    outcome_kind: OutcomeKind
    d: Floats
    z: Floats
    z_groups: tuple[str, ...]
    x: Floats
    x_groups: tuple[str, ...]
    weights: Floats
    held: Fixed
    p: Partialled
    strength: Strength

    @property
    def simple(self) -> bool:
        """One instrument column with two values."""
        import numpy as np

        return self.z.shape[1] == 1 and len(np.unique(self.z)) == 2

    @property
    def z01(self) -> Floats:
        """(n,) the two-valued instrument as 0/1."""
        import numpy as np

        return np.asarray(self.z[:, 0] == self.z[:, 0].max(), dtype="float64")

    def sample(self, kind: Literal["arms", "dose"] | None = None) -> Sample:
        """The rows in the form that the intervals are made from."""
        import numpy as np

        kind = kind or self.kind
        return Sample(
            y=self.y,
            arm=self.d.astype("int64") if kind == "arms" else np.full(len(self.y), -1),
            dose=self.d,
            x=self.x,
            weights=self.weights,
            kind=kind,
            treated=1.0,
            control=0.0,
            outcome_kind=self.outcome_kind,
            target="compliers",
            cluster=self.held.cluster,
            weighted=self.rows.query.weights is not None,
        )


def prepare(task: Task) -> Case | NotIdentified:
    """From the task to arrays; a refusal where graph or rows leave nothing to estimate."""
    import numpy as np

    query, table = task.query, task.table
    claim = claim_of(query, table)
    if isinstance(claim, NotIdentified):
        return claim
    treatment = str(query.treatment)
    asked = contrasts(query, table.profile)
    if not asked:
        return nothing_to_compare(treatment, usable=True)
    if len(asked) > 1:
        raise _two_groups(treatment)
    contrast = asked[0]
    rows = Rows(query, table)
    rows.need(treatment, *claim.instruments, *claim.covariates)
    wide = tuple(c for c in claim.covariates if is_wide(task, c))
    if len(wide) > 2:
        raise QueryError(
            f"{join(list(wide))} have too many different values to hold all of them fixed.",
            "Name at most two such columns in `adjust_for`.",
        )
    _without_singles(rows, wide)
    if rows.n < 4:
        return _too_few(rows.n)
    if contrast.kind == "arms":
        one, zero = (rows.level(treatment, v, "treatment") for v in (contrast.treated, contrast.control))
        if not (one | zero).all():
            raise _two_groups(treatment)
        d, treated, control = one.astype("float64"), contrast.treated, contrast.control
    else:
        dose = rows.numbers(treatment)
        middle = float(np.median(dose))
        treated = middle + 1 if contrast.per_unit else float(contrast.treated)
        control = middle if contrast.per_unit else float(contrast.control)
        d = (dose - control) / (treated - control)
    y, outcome_kind = rows.outcome()
    z, z_groups = rows.covariates(claim.instruments)
    if z.shape[1] > MOST_INSTRUMENTS:
        raise QueryError(
            f"{join(list(claim.instruments))} {does(claim, 'makes', 'make')} {z.shape[1]} instruments; {MOST_INSTRUMENTS} are"
            " the most that can be told apart.",
            "Group their values first, for example by how often each goes with the treatment in other rows.",
        )
    x, x_groups = rows.covariates(tuple(c for c in claim.covariates if c not in wide))
    refusal = _without_variation(rows, claim, d, y, z)
    if refusal is None and not claim.graphed and _chosen_by_treatment(rows):
        refusal = _selected(query)
    if refusal is not None:
        return refusal
    cluster, weights = rows.cluster(), rows.weights()
    held = fixed(x, weights, cluster, tuple(rows.codes(c) for c in wide))
    p = partial(y, d, z, held)
    if p.dof(p.m + 1) < 1:
        return _too_few(rows.n, held.rank + p.m)
    if cluster is not None and int(cluster.max()) <= p.m:
        return _few_clusters(query, int(cluster.max()) + 1, p.m)
    refusal = _nothing_left(p, d, z, claim, query.treatment)
    if refusal is not None:
        return refusal
    return Case(
        task, rows, claim, contrast.kind, treated, control, contrast.kind == "dose" and contrast.per_unit, y, outcome_kind,
        d, z, z_groups, x, x_groups, weights, held, p, strength(p),
    )  # fmt: skip


def is_wide(task: Task, name: str) -> bool:
    """A category with so many levels that its effects are taken out by their means."""
    column = task.table.profile.column(name)
    return is_categorical(column, task.query) and column.distinct > MOST_LEVELS


def _without_singles(rows: Rows, wide: tuple[str, ...]) -> None:
    """Leave out rows that are alone in their level of a fixed effect: nothing there can be compared with them."""
    import numpy as np

    changed = bool(wide)
    while changed and rows.n:
        changed = False
        for name in wide:
            codes = rows.codes(name)
            alone = np.bincount(codes)[codes] == 1
            if alone.any():
                bad = np.zeros(len(rows.keep), dtype=bool)
                bad[rows.index[alone]] = True
                rows.drop(bad, f"in a level of {safe(name)} that has one row only")
                changed = True


def _chosen_by_treatment(rows: Rows) -> bool:
    """Whether the filter, or what decided on the rows, cuts along the treatment."""
    query, table = rows.query, rows.table
    if query.treatment in query.selected_on:
        return True
    conditions = parse_filter(query.where, table.names).conditions if query.where else ()
    own = tuple(c for c in conditions if c.column == query.treatment)
    recorded = table.column(str(query.treatment)).notna().to_numpy()
    return bool(own) and bool((~table.where(Filter(conditions=own)) & recorded).any())


def _selected(query: Query) -> NotIdentified:
    t, y = safe(query.treatment), safe(query.outcome)
    return NotIdentified(
        code="selected_on_collider",
        reason=(
            f"Only rows with certain values of {t} are looked at. The instrument helped to decide which rows those are, and so"
            f" did whatever else drives {t} and {y}, so among them the two go together and the comparison is distorted."
        ),
        would_help=("all the rows, whatever their " + t, "or a graph that says what drives " + t),
    )


def _two_groups(treatment: str) -> QueryError:
    return QueryError(
        f"An instrument moves rows among all the values of {treatment!r}; two of several cannot be compared alone.",
        "Make a column with two groups (one value against all the others), or with numbers.",
    )


def _too_few(n: int, coefficients: int = 0) -> NotIdentified:
    carry = f"cannot carry {coefficients} coefficients" if coefficients else "are too few to compare anything"
    return NotIdentified(
        code="too_few_rows",
        reason=f"The {count(n)} usable rows {carry}.",
        would_help=(
            "more rows with treatment, outcome, instrument and all columns held fixed recorded",
            "or fewer columns held fixed",
        ),
    )


def _few_clusters(query: Query, groups: int, instruments: int) -> NotIdentified:
    several = f"{instruments} instruments" if instruments > 1 else "an instrument"
    return NotIdentified(
        code="one_cluster",
        reason=f"The rows come from {groups} groups of {safe(query.cluster)}, too few to judge chance with {several}.",
        would_help=(f"rows from more groups of {safe(query.cluster)}",),
    )


def _without_variation(rows: Rows, claim: Claim, d: Floats, y: Floats, z: Floats) -> NotIdentified | None:
    import numpy as np

    query = rows.query
    if np.ptp(d) == 0:
        return nothing_to_compare(query.treatment, usable=True)
    if np.ptp(y) == 0:
        outcome = safe(query.outcome)
        return NotIdentified(
            code="constant_outcome",
            reason=f"{outcome} is the same in all {count(rows.n)} usable rows, so nothing can be seen to change it.",
            would_help=(f"rows in which {outcome} differs", "or a finer measure of it"),
        )
    if not z.shape[1]:
        names = join(list(claim.instruments))
        return NotIdentified(
            code="weak_instrument",
            reason=f"{names} {does(claim, 'has', 'have')} the same value in every usable row, so nothing was moved by it.",
            would_help=(f"rows in which {names} {does(claim, 'differs', 'differ')}",),
        )
    cluster = rows.cluster()
    if cluster is not None and int(cluster.max()) < 1:
        return NotIdentified(
            code="one_cluster",
            reason=f"All rows belong to one group of {safe(query.cluster)}, so chance cannot be told from that group's own ways.",
            would_help=(f"rows from several groups of {safe(query.cluster)}",),
        )
    if cluster is not None:
        lonely = _in_one_cluster(z, cluster)
        if lonely:
            return NotIdentified(
                code="one_cluster",
                reason=(
                    f"All rows with one of the values of {join(list(claim.instruments))} belong to one group of"
                    f" {safe(query.cluster)}, so the effect cannot be told from that group's own ways."
                ),
                would_help=(
                    f"several groups of {safe(query.cluster)} with each value of {join(list(claim.instruments))}",
                ),
            )
    return None


def _in_one_cluster(z: Floats, cluster: Ints) -> bool:
    """Whether a two-valued instrument has a value that is one whole cluster and nothing else."""
    import numpy as np

    values = np.unique(z[:, 0])
    if z.shape[1] > 1 or len(values) != 2:
        return False
    own = [np.unique(cluster[z[:, 0] == v]) for v in values]
    return any(len(a) == 1 and a[0] not in b for a, b in (own, own[::-1]))


def _nothing_left(p: Partialled, d: Floats, z: Floats, claim: Claim, treatment: object) -> NotIdentified | None:
    held = columns_text(claim.covariates)
    if orthonormal(p.d[:, None], _length(d, p))[0].shape[1] == 0:
        return NotIdentified(
            code="constant_treatment",
            reason=f"Among rows alike in {held}, {safe(treatment)} does not differ at all.",
            would_help=("fewer columns held fixed, if your graph allows it",),
        )
    if p.m == 0:
        return NotIdentified(
            code="weak_instrument",
            reason=f"Among rows alike in {held}, {join(list(claim.instruments))} {does(claim, 'does', 'do')} not differ at all.",
            would_help=("fewer columns held fixed, if your graph allows it", "or another instrument"),
        )
    return None


def _length(d: Floats, p: Partialled) -> Floats:
    return spread(d[:, None], p.held.root)


def does(claim: Claim, one: str, several: str) -> str:
    return one if len(claim.instruments) == 1 else several
