"""From table, query and estimand to plain arrays: the only form in which estimators see data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from ..analysis import Dropped, Estimand, SampleCount
from ..data import Table
from ..errors import QueryError
from ..filter import parse_filter
from ..polarity import no_and_yes
from ..profile import Column
from ..query import Query, Randomised, Target, Value
from ..wording import join, safe
from .contrast import (
    Contrast,
    as_number,
    check_filled,
    check_usable,
    find_level,
    is_categorical,
    known_pair,
    positive_level,
    same,
    unknown,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

OutcomeKind = Literal["number", "yes_no", "count"]
MOST_LEVELS = 50


@dataclass(frozen=True)
class Sample:
    """Rows ready for estimation; n rows, k covariate columns.

    arm: (n,) 1 treated, 0 control, −1 another arm (kept where the answer is about everyone); for a dose all −1.
    dose: (n,) the treatment itself for a dose, else the arm as 0/1.
    """

    y: Floats
    arm: NDArray[np.int64]
    dose: Floats
    x: Floats
    weights: Floats
    kind: Literal["arms", "dose"]
    treated: float
    control: float
    outcome_kind: OutcomeKind
    target: Target
    per_unit: bool = False
    randomised: bool = False
    cluster: NDArray[np.int64] | None = None
    strata: NDArray[np.int64] | None = None
    x_names: tuple[str, ...] = ()  # one per covariate column
    x_groups: tuple[str, ...] = ()  # the table's column that each came from
    rows: NDArray[np.int64] | None = None  # row numbers in the table
    extra: dict[str, Floats] = field(default_factory=dict)  # columns for negative controls
    weighted: bool = False
    form: tuple[int, bool] | None = None  # of the model, once decided (regression.form_of)

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def k(self) -> int:
        return int(self.x.shape[1])

    def wanted(self) -> Mask:
        """(n,) rows that the answer is about: everyone, the treated, or the untreated."""
        import numpy as np

        if self.kind == "dose" or self.target in ("everyone", "compliers"):
            return np.ones(self.n, dtype=bool)
        return np.asarray(self.arm == (1 if self.target == "treated" else 0))

    def take(self, index: NDArray[np.int64] | Mask) -> Sample:
        """The same sample on other rows (with repetition for a bootstrap)."""
        return replace(
            self,
            y=self.y[index],
            arm=self.arm[index],
            dose=self.dose[index],
            x=self.x[index],
            weights=self.weights[index],
            cluster=None if self.cluster is None else self.cluster[index],
            strata=None if self.strata is None else self.strata[index],
            rows=None if self.rows is None else self.rows[index],
            extra={k: v[index] for k, v in self.extra.items()},
        )


def without_covariates(sample: Sample) -> Sample:
    """The same rows, to be compared as they are."""
    return replace(sample, x=sample.x[:, :0], x_names=(), x_groups=())


@dataclass(frozen=True)
class Drawn:
    """A sample with the account of rows used and left out."""

    sample: Sample
    count: SampleCount
    contrast: Contrast
    labels: dict[int, str]  # arm -> what a person reads
    notes: tuple[str, ...] = ()

    def by_arm(self, arm: NDArray[np.int64]) -> dict[str, int]:
        """Rows by arm, labelled; an empty mapping for a dose."""
        if self.contrast.kind == "dose":
            return {}
        return {label: int((arm == a).sum()) for a, label in self.labels.items() if (arm == a).any()}


def outcome_of(column: Column, query: Query) -> tuple[OutcomeKind, Value | None]:
    """How the outcome is read, and which level is the event. Raises `QueryError` when a person must say."""
    check_usable(column, "outcome")
    event = query.outcome_event
    if event is not None:
        if not column.levels:
            raise QueryError(
                f"`outcome_event` is given, but {column.name!r} holds numbers with many values.",
                "Leave `outcome_event` out, or make a yes/no column first.",
            )
        return "yes_no", find_level(column, event, "outcome")
    if column.kind == "yes_no":
        return "yes_no", positive_level(column)[1]
    pair = known_pair(column) or no_and_yes(column)
    if pair is not None:
        return "yes_no", pair[1]
    if is_categorical(column, query) and (
        column.kind == "category" or not all(isinstance(lv.value, (int, float)) for lv in column.levels)
    ):
        raise QueryError(
            f"Which value of the outcome {column.name!r} counts as the event? Its values are "
            + join([repr(lv.value) for lv in column.levels[:12]])
            + ".",
            "Give `outcome_event`.",
        )
    if column.kind == "count":
        return "count", None
    return "number", None


def values_of(table: Table, name: str) -> pd.Series:
    """A column as numbers (booleans as 0/1), missing as NaN."""
    import pandas as pd

    series = table.column(name)
    if series.dtype.kind in "biuf":
        return series.astype("float64")
    return pd.to_numeric(
        series.astype("object").map(lambda v: as_number(v) if pd.notna(v) else None), errors="coerce"
    ).astype("float64")


def event_values(table: Table, name: str, event: Value) -> Floats:
    """(rows,) 1 where the column has the level `event`, 0 where it has another; NaN where it is missing or says "unknown"."""
    import numpy as np

    return np.where(not_known(table, name, event), np.nan, level_mask(table, name, event).astype("float64"))


def not_known(table: Table, name: str, event: Value | None = None) -> Mask:
    """(rows,) where the column is missing, or says "unknown" (unless that is the level asked for)."""
    out = table.column(name).isna().to_numpy()
    for level in table.profile.column(name).levels:
        if unknown(level.value) and (event is None or not same(level.value, event)):
            out = out | level_mask(table, name, level.value)
    return out


def level_mask(table: Table, name: str, level: Value) -> Mask:
    """(rows,) where the column has this level."""
    series = table.column(name)
    return (series == level).fillna(False).to_numpy(dtype=bool)


def encode(table: Table, name: str, query: Query, rows: NDArray[np.int64]) -> tuple[Floats, list[str]]:
    """Covariate `name` as columns (n, m): numbers as they are, yes/no as 0/1, categories as indicators (first level left out).

    Missing cells give NaN in every column. Levels are those present in `rows`.
    """
    import numpy as np
    import pandas as pd

    column = table.profile.column(name)
    check_filled(column, "covariate")
    series = table.column(name).iloc[rows]
    if column.kind == "constant":
        return np.where(series.isna().to_numpy(), np.nan, 0.0)[:, None], [name]
    if column.kind == "time":
        stamps = pd.to_datetime(series, errors="coerce")
        days = (stamps - stamps.min()).dt.total_seconds() / 86400
        return np.asarray(days, dtype="float64")[:, None], [name]
    categorical = is_categorical(column, query)
    if column.kind == "text" or (categorical and column.distinct > max(MOST_LEVELS, len(rows) // 20)):
        raise QueryError(
            f"The column {name!r} has {column.distinct} different values, too many to hold fixed as categories.",
            "Group them first, or leave it out.",
        )
    if column.kind == "yes_no" and not categorical:
        yes = positive_level(column)[1]
        values = np.where(series.isna().to_numpy(), np.nan, (series == yes).fillna(False).to_numpy(dtype="float64"))
        return values[:, None], [name]
    if categorical:
        missing = series.isna().to_numpy()
        texts = series.map(str).to_numpy()
        levels = sorted(set(texts[~missing]), key=lambda v: (as_number(v) is None, as_number(v) or 0.0, v))
        out = np.zeros((len(rows), max(len(levels) - 1, 0)))
        for j, level in enumerate(levels[1:]):
            out[:, j] = texts == level
        out[missing] = np.nan
        return out, [f"{name} = {v}" for v in levels[1:]]
    return values_of(table, name).iloc[rows].to_numpy(dtype="float64")[:, None], [name]


def draw(query: Query, table: Table, estimand: Estimand, contrast: Contrast) -> Drawn:
    """The rows to be used, as arrays, with every row left out accounted for by reason and arm."""
    import numpy as np

    treatment, outcome = str(query.treatment), str(query.outcome)
    total = table.profile.rows
    kind, event = outcome_of(table.profile.column(outcome), query)
    dose, arm = _treatment(table, treatment, contrast)
    labels = _arm_labels(query, contrast)
    dropped: list[Dropped] = []
    keep = np.ones(total, dtype=bool)

    def drop(bad: Mask, reason: str) -> None:
        gone = keep & bad
        if gone.any():
            by_arm = {} if contrast.kind == "dose" else {v: int((gone & (arm == a)).sum()) for a, v in labels.items()}
            dropped.append(Dropped(reason=reason, rows=int(gone.sum()), by_arm={k: v for k, v in by_arm.items() if v}))
            keep[bad] = False

    if query.where:
        drop(~table.where(parse_filter(query.where, table.names)), f"not {safe(query.where)}")
        if not keep.any():
            raise QueryError(f"No row fits the filter {safe(query.where)!r}.", "Loosen `where`.")
    drop(np.isnan(dose) & (arm == -9), f"no {safe(treatment)}")
    everyone = query.target == "everyone" and estimand.strategy == "adjustment"
    if contrast.kind == "arms" and not everyone:
        drop(arm == -1, "in another arm")
    if event is not None:
        y = event_values(table, outcome, event)
    else:
        y = values_of(table, outcome).to_numpy(dtype="float64").copy()
    drop(np.isnan(y), f"no {safe(outcome)}")
    weights = np.ones(total)
    if query.weights:
        weights = _weights(table, query.weights)
        drop(np.isnan(weights), f"no {safe(query.weights)}")
        drop(weights == 0, f"{safe(query.weights)} is 0")
    cluster = _codes(table, query.cluster) if query.cluster else None
    if cluster is not None:
        drop(cluster < 0, f"no {safe(query.cluster)}")
    design = query.design
    strata_names = design.strata if isinstance(design, Randomised) else ()
    blocks, names, groups = [], [], []
    rows = np.flatnonzero(keep)
    for covariate in estimand.adjust_for:
        as_category = covariate in strata_names
        asked = query.model_copy(update={"categorical": (*query.categorical, covariate)}) if as_category else query
        block, block_names = encode(table, covariate, asked, rows)
        gone = np.zeros(total, dtype=bool)
        if block.shape[1]:
            gone[rows] = np.isnan(block).any(axis=1)
        if query.missing == "drop" or as_category:
            drop(gone, f"no {safe(covariate)}")
        blocks.append(block)
        names += block_names
        groups += [covariate] * len(block_names)
    kept = keep[rows]
    x = np.hstack(blocks)[kept] if blocks else np.zeros((int(kept.sum()), 0))
    rows = np.flatnonzero(keep)
    varied = len(rows) > 0 and x.shape[1] > 0
    informative = np.nanmax(x, axis=0) > np.nanmin(x, axis=0) if varied else np.ones(x.shape[1], dtype=bool)
    x = x[:, informative]
    names = [n for n, ok in zip(names, informative, strict=True) if ok]
    groups = [g for g, ok in zip(groups, informative, strict=True) if ok]
    dose_kept, notes = dose[rows], ((contrast.note,) if contrast.note else ())
    if contrast.kind == "dose" and contrast.per_unit and len(rows):
        middle = float(np.median(dose_kept))
        contrast = Contrast("dose", middle + 1, middle, per_unit=True)
    extra = {}
    for name in (*query.negative_outcomes, *query.negative_exposures):
        values = control_values(table, name, query, rows)
        if values is not None:
            extra[name] = values
    sample = Sample(
        y=y[rows],
        arm=arm[rows] if contrast.kind == "arms" else np.full(len(rows), -1),
        dose=dose_kept if contrast.kind == "dose" else (arm[rows] == 1).astype("float64"),
        x=x,
        weights=weights[rows] * (len(rows) / weights[rows].sum() if len(rows) else 1.0),
        kind=contrast.kind,
        treated=float(contrast.treated) if contrast.kind == "dose" else 1.0,
        control=float(contrast.control) if contrast.kind == "dose" else 0.0,
        outcome_kind=kind,
        target=query.target,
        per_unit=contrast.per_unit and query.scale == "difference",
        randomised=estimand.strategy == "randomised",
        cluster=None if cluster is None else np.unique(cluster[rows], return_inverse=True)[1],
        strata=_strata(table, strata_names, rows),
        x_names=tuple(names),
        x_groups=tuple(groups),
        rows=rows,
        extra=extra,
        weighted=query.weights is not None,
    )
    counted = SampleCount(rows=total, used=len(rows), dropped=tuple(dropped))
    drawn = Drawn(sample, counted, contrast, labels, tuple(n for n in notes if n))
    return replace(drawn, count=counted.model_copy(update={"by_arm": drawn.by_arm(sample.arm)}))


def control_values(table: Table, name: str, query: Query, rows: NDArray[np.int64]) -> Floats | None:
    """A negative control as numbers (n,). One that a person names must be usable; a model's is left out otherwise."""
    column = table.profile.column(name)
    if column.kind in ("number", "count", "yes_no") and not column.infinite:
        return encode(table, name, query.model_copy(update={"categorical": ()}), rows)[0][:, 0]
    if query.source("negative_controls") == "you":
        raise QueryError(
            f"The negative control {name!r} does not hold numbers or yes/no.",
            "Name another column, or turn it into numbers.",
        )
    return None


def _treatment(table: Table, name: str, contrast: Contrast) -> tuple[Floats, NDArray[np.int64]]:
    """(dose, arm): arm −9 where the treatment is missing."""
    import numpy as np

    missing = table.column(name).isna().to_numpy()
    arm = np.full(len(missing), -1)
    if contrast.kind == "arms":
        arm[level_mask(table, name, contrast.treated)] = 1
        arm[level_mask(table, name, contrast.control)] = 0
        dose = np.where(missing, np.nan, (arm == 1).astype("float64"))
    else:
        dose = values_of(table, name).to_numpy(dtype="float64").copy()
    arm[missing] = -9
    return dose, arm


def _arm_labels(query: Query, contrast: Contrast) -> dict[int, str]:
    name = safe(query.treatment)
    return {
        1: f"{name} = {safe(contrast.treated)}",
        0: f"{name} = {safe(contrast.control)}",
        -1: "other arms",
        -9: f"no {name}",
    }


def _weights(table: Table, name: str) -> Floats:
    import numpy as np

    values = values_of(table, name).to_numpy(dtype="float64").copy()
    if (values < 0).any():
        raise QueryError(f"The weights column {name!r} holds negative numbers.", "Weights must be zero or more.")
    if not (values > 0).any() or np.isinf(values).any():
        raise QueryError(f"The weights column {name!r} has no usable weights.", "Weights must be positive numbers.")
    return values


def _codes(table: Table, name: str) -> NDArray[np.int64]:
    import pandas as pd

    codes, _ = pd.factorize(table.column(name), sort=False, use_na_sentinel=True)
    return codes.astype("int64")


def _strata(table: Table, names: tuple[str, ...], rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    import numpy as np

    if not names:
        return None
    codes = np.column_stack([_codes(table, n)[rows] for n in names])
    return np.unique(codes, axis=0, return_inverse=True)[1].ravel()
