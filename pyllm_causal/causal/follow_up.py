"""People followed over time until an event or the end of observation: from query and table to arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Diagnosis, Dropped, Estimand, NotIdentified
from ..data import Table
from ..errors import QueryError, UnknownColumn
from ..query import Query
from ..wording import count, gist, join, number, safe
from .contrast import check_filled, check_usable, find_level, one_contrast, positive_level
from .diagnose import examine
from .identify import identify
from .kaplan_meier import Curve, curve
from .late_start import late_start
from .sample import Drawn, Sample, draw, level_mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SCALES = ("hazard_ratio", "difference", "ratio", "percent", "odds_ratio")
AT_RISK = 5  # people, or 2 % of a group, that must still be under observation at the last time that is used


@dataclass(frozen=True)
class FollowUp:
    """sample: rows with covariates, `sample.y` the time; event: (n,) whether it happened then; horizon: the time asked about, or
    None; last: the last time at which enough of both groups are under observation; named: what the event is called."""

    query: Query
    drawn: Drawn
    estimand: Estimand
    event: Mask
    horizon: float | None
    last: float
    named: str
    unit: str
    diagnoses: tuple[Diagnosis, ...]
    trimmed: float
    others_censored: bool = False

    @property
    def sample(self) -> Sample:
        return self.drawn.sample

    @property
    def landmark(self) -> float:
        """The time at which shares of people are told: the one asked about, or a round one late in the follow-up."""
        if self.horizon is not None:
            return self.horizon
        late = 0.75 * self.last
        digit = 10.0 ** (math.floor(math.log10(late)) - 1) if late > 0 else 1.0
        return math.floor(late / digit) * digit

    @property
    def until(self) -> str:
        """The landmark with its unit, as a person reads it."""
        return self.when(self.landmark)

    def when(self, time: float) -> str:
        text = f"{time:,.0f}" if time >= 100 or float(time).is_integer() else number(time, 3)
        return f"{text} {self.unit}" if self.unit else f"{safe(self.query.outcome, 40)} = {text}"

    def curve(self, arm: int) -> Curve:
        """Kaplan–Meier of one arm."""
        rows = self.sample.arm == arm
        return curve(self.sample.y[rows], self.event[rows], self.sample.weights[rows])

    def two_arms(self) -> FollowUp:
        """Only the rows of the two groups compared."""
        if self.sample.kind == "dose" or (self.sample.arm >= 0).all():
            return self
        rows = self.sample.arm >= 0
        return replace(self, drawn=replace(self.drawn, sample=self.sample.take(rows)), event=self.event[rows])


def follow_up(query: Query, table: Table) -> FollowUp | NotIdentified:
    """Read time, event, treatment and covariates; the adjustment set comes from the graph as for any effect.

    Raises `QueryError` where the request does not fit the table.
    """
    import numpy as np

    happened, seen, others = _event(query, table)
    if others and query.scale != "hazard_ratio":
        # other endings counted as leaving observation would overstate how many have the event by a given time
        raise QueryError(
            f"{query.event!r} holds more than two values, so some rows end in another way; how many reach this one by a given"
            " time cannot be read off as if they had merely left.",
            "Ask for hazard_ratio, or make a yes/no column in which every ending that counts is yes.",
        )
    time = table.profile.column(str(query.outcome))
    check_usable(time, "outcome")
    if time.kind not in ("number", "count", "constant", "yes_no") or time.kind == "yes_no":
        raise QueryError(
            f"The outcome {time.name!r} must hold the time until the event or the end of observation, as numbers.",
            "Name the column of times as `outcome` and the yes/no column as `event`.",
        )
    if time.minimum is not None and time.minimum < 0:
        raise QueryError(
            f"{time.name!r} holds negative times (down to {number(time.minimum)}).",
            "Times count from the start of observation; correct those rows or leave them out with `where`.",
        )
    contrast = one_contrast(query, table.profile)
    if isinstance(contrast, NotIdentified):
        return contrast
    estimand = identify(_as_drawn(query), table)
    if isinstance(estimand, NotIdentified):
        return estimand
    drawn = draw(query.model_copy(update={"outcome_event": None}), table, estimand, contrast)
    drawn = _with_event_known(drawn, seen, str(query.event))
    examined = examine(drawn, query)
    if isinstance(examined, NotIdentified):
        return examined
    sample = examined.drawn.sample
    assert sample.rows is not None
    event = happened[sample.rows]
    name = safe(query.event, 60)
    if not event.any():
        return NotIdentified(
            code="no_events",
            reason=f"Among the {count(sample.n)} usable rows {name} never happened, so nothing can be seen to hasten or delay it.",
            would_help=("a longer follow-up", "or more rows, with events among them"),
        )
    last = _last(sample)
    horizon = _horizon(query, sample, event)
    if last <= 0:
        return NotIdentified(
            code="no_events",
            reason="Too few people were followed for any time at all in one of the groups.",
            would_help=("a longer follow-up",),
        )
    words = query.words.get("event")
    column = table.profile.column(str(query.event))
    named = safe(words, 60) if words else gist(column.description) or _named(query, name)
    unit = safe(time.unit, 20) if time.unit else ""
    return FollowUp(
        query, examined.drawn, estimand, np.asarray(event), horizon, last, named, unit,
        (*examined.diagnoses, *late_start(sample, query, table)), examined.trimmed, others
    )  # fmt: skip


def _named(query: Query, name: str) -> str:
    event = query.outcome_event
    return f"{name} = {safe(event, 40)}" if isinstance(event, str) else name


def _event(query: Query, table: Table) -> tuple[Mask, Mask, bool]:
    """((rows,) the event happened, (rows,) it is recorded, whether other kinds of ending count as leaving observation)."""
    if query.event is None:
        raise QueryError(
            "A question about time to an event needs the column that says whether it happened.",
            "Name it in `event` (1 or yes: it happened; 0 or no: observation ended first).",
        )
    if query.event not in table.names:
        raise UnknownColumn(query.event, table.names, "event column")
    if query.event in (query.treatment, query.outcome, *(query.adjust_for or ())):
        raise QueryError(
            f"`event` is {query.event!r}, which already has another part in the question.",
            "Name the yes/no column that says whether the event happened.",
        )
    if query.scale not in SCALES:
        raise QueryError(
            f"A {query.scale.replace('_', ' ')} is not offered for the time to an event.",
            "Ask for hazard_ratio, difference, ratio, percent or odds_ratio.",
        )
    if query.target == "compliers":
        raise QueryError(
            "The effect on compliers needs an instrument.", "Ask for everyone, the treated or the untreated."
        )
    column = table.profile.column(query.event)
    check_filled(column, "event")
    seen = ~table.column(query.event).isna().to_numpy()
    levels = [lv.value for lv in column.levels]
    if query.outcome_event is not None and levels:
        level = find_level(column, query.outcome_event, "event")
        return level_mask(table, query.event, level), seen, column.distinct > 2
    if column.kind == "yes_no":
        return level_mask(table, query.event, positive_level(column)[1]), seen, False
    if (
        column.kind == "constant"
        and levels
        and str(levels[0]).strip().casefold() in ("1", "1.0", "true", "yes", "y", "t")
    ):
        return seen.copy(), seen, False
    if (
        column.kind == "constant"
        and levels
        and str(levels[0]).strip().casefold() in ("0", "0.0", "false", "no", "n", "f")
    ):
        return ~seen & seen, seen, False
    shown = join([repr(v) for v in levels[:12]]) if levels else "numbers with many values"
    raise QueryError(
        f"The event column {query.event!r} is not yes/no: its values are {shown}.",
        "Give the value that means that the event happened as `outcome_event`; every other counts as the end of observation.",
    )


def _as_drawn(query: Query) -> Query:
    """The query for identification: a graph may draw the event instead of the time."""
    plain = query.model_copy(update={"outcome_event": None})
    nodes = set() if query.graph is None else set(query.graph.nodes())
    if nodes and query.outcome not in nodes and query.event in nodes:
        return plain.model_copy(update={"outcome": query.event})
    return plain


def _with_event_known(drawn: Drawn, seen: Mask, name: str) -> Drawn:
    sample = drawn.sample
    assert sample.rows is not None
    known = seen[sample.rows]
    if known.all():
        return drawn
    kept = sample.take(known)
    if kept.n:
        kept = replace(kept, weights=kept.weights * (kept.n / kept.weights.sum()))
    lost = Dropped(reason=f"no {safe(name)}", rows=int((~known).sum()), by_arm=drawn.by_arm(sample.arm[~known]))
    counted = drawn.count.model_copy(
        update={"used": kept.n, "dropped": (*drawn.count.dropped, lost), "by_arm": drawn.by_arm(kept.arm)}
    )
    return replace(drawn, sample=kept, count=counted)


def _arms(sample: Sample) -> list[Mask]:
    import numpy as np

    if sample.kind == "dose":
        return [np.ones(sample.n, dtype=bool)]
    return [np.asarray(sample.arm == a) for a in (1, 0)]


def _last(sample: Sample) -> float:
    """The last time at which at least five people, and 2 %, of every group are under observation."""
    import numpy as np

    ends = []
    for rows in _arms(sample):
        times = np.sort(sample.y[rows])
        ends.append(float(times[-min(len(times), max(AT_RISK, math.ceil(0.02 * len(times))))]))
    return min(ends)


def _horizon(query: Query, sample: Sample, event: Mask) -> float | None:
    import numpy as np

    if query.horizon is None:
        return None
    if query.horizon <= 0:
        raise QueryError(
            f"`horizon` is {query.horizon:g}; it must be a time after the start.", "Give a positive number."
        )
    ends = []
    for rows in _arms(sample):
        c = curve(sample.y[rows], event[rows], sample.weights[rows])
        ends.append(np.inf if len(c.free) and c.free[-1] == 0 else c.last)
    if query.horizon > min(ends):
        raise QueryError(
            f"Nobody is followed up to {query.horizon:g} in one of the groups: observation ends at {min(ends):g}.",
            f"Give a `horizon` of at most {min(ends):g}.",
        )
    return query.horizon
