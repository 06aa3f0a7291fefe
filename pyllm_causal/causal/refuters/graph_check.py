"""Does the table fit the picture that was drawn? The graph's claims held against the table, as far as the answer rests on them.

Not registered as a check of a `Trial`: it needs the table, and serves every design that reads a graph. `verify` is called with
the query, the table and the estimand.

The rule. Every pair of columns that the graph leaves unjoined and separable is tested (`independence`), at most 60 of them, Holm
at 0.3 % over those that touch the answer. A claim touches the answer when a single repair of it (an arrow either way, or a hidden
cause of both) would make the analysis invalid: the columns held fixed no longer block every back door or come after the
treatment; the instrument reaches the outcome another way; the front door is left open. Only such a claim can fail the check, and
only where the link is at least 0.05 as a partial correlation, so that a million rows do not fail every picture. So:

- two shared causes, both held fixed, that go together: harmless, listed. Star-shaped graphs make many such claims;
- a cause of the outcome alone that goes with the treatment among rows alike in what is held fixed: fails;
- a cause of the treatment alone (an instrument) that goes with the outcome among rows alike in treatment and causes: fails;
- treatment and outcome themselves: not tested here, the estimate is that test; a picture without any effect gets the arrow.

It passes only where a link of 0.2 would have been seen; else it is inconclusive, as where the picture claims nothing that the
answer rests on. How many graphs with shuffled columns fit as well (Eulig et al. 2023) is in the figures and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...analysis import Estimand, Refutation
from ...data import Table
from ...filter import parse_filter
from ...query import Query
from ...wording import columns_text, count, join, number, safe
from .. import separation as sep
from ..graph_claims import LEVEL, Claim, claims_of, contested, with_arrow
from ..graph_shuffles import Shuffled, shuffled
from ..graph_turns import Turn, turned
from ..identify import believed, chosen_by, with_selection
from ..independence import thinned
from ..picture_tests import MOST_GIVEN, columns_of, pruned, rows_for, usable, validity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

VISIBLE = 0.2  # a link that must have been seen for a pass


def verify(query: Query, table: Table, estimand: Estimand, seed: int = 0) -> Refutation | None:
    """The check for an analysis that holds `estimand.adjust_for` fixed. None where no graph bears on the answer: none was drawn,
    it lacks treatment or outcome, or the design does not read it (random assignment, cut-offs, panels)."""
    import numpy as np

    treatment, outcome = str(query.treatment), str(query.outcome)
    if query.graph is None or not {treatment, outcome} <= set(query.graph.nodes()):
        return None
    graph, selection = with_selection(believed(query.graph), chosen_by(query, table), table)
    selected = sorted(selection)
    valid, keep = validity(query, estimand, selected)
    if valid is None:
        return None
    children = pruned(graph.children(), [treatment, outcome, *selected, *keep])
    if estimand.strategy == "adjustment" and outcome not in sep.reach([treatment], children):
        children = with_arrow(children, treatment, outcome)  # whether there is an effect is what the estimate tests
    if not valid(children):
        return None  # another design, or a picture that the person overrules: nothing rests on it
    rows = np.arange(len(table))
    if query.where:
        rows = np.flatnonzero(table.where(parse_filter(query.where, table.names)))
    observed = [n for n in sorted(set(children) & set(table.names)) if usable(query, table, n)]
    claims = claims_of(children, observed, treatment, outcome, valid, selected, min(len(rows) // 12, MOST_GIVEN))
    rows = thinned(rows, rows_for(claims))
    columns = columns_of(query, table, observed, rows)
    claims = [c for c in claims if {c.x, c.y, *c.given} <= set(columns.names)]
    claims = contested(claims, columns, children, treatment, estimand.adjust_for, selected)
    rng = np.random.default_rng([seed, 20230])
    turns = turned(claims, columns, children, treatment, valid, selected)
    return _told(query, claims, turns, shuffled(claims, columns, children, rng, selected))


def _told(query: Query, claims: Sequence[Claim], turns: Sequence[Turn], shuffles: Shuffled | None) -> Refutation:
    drawn = {"you": "you drew", "model": "the language model drew", "data": "was drawn from the descriptions"}
    picture = f"the picture that {drawn[query.source('graph')]}"
    resting = [c for c in claims if c.touches and c.outcome != "untested"]
    failed = sorted((c for c in resting if c.outcome == "broken"), key=lambda c: -c.size)
    harmless = [c for c in claims if c.outcome == "broken" and not c.touches]
    detectable = _detectable(resting)
    figures: dict[str, float | int | str | None] = {
        "tested": sum(c.outcome != "untested" for c in claims),
        "resting": len(resting),
        "contradicted": len(failed),
        "harmless": len(harmless),
        "detectable": detectable,
    }
    if shuffles is not None:
        figures |= {
            "shuffles": shuffles.shuffles,
            "shuffles_as_good": shuffles.as_good,
            "informative": "yes" if shuffles.informative else "no",
        }
    short = "the table contradicts the picture"
    if failed:
        worst = failed[0]
        pair = join([worst.x, worst.y])
        short = f"the table contradicts the picture: {pair} go together"
        figures |= {"x": safe(worst.x), "y": safe(worst.y), "strength": worst.size}
        observed, verdict = _contradiction(query, worst, picture, len(failed)), "failed"
    elif turns:
        worst_turn = turns[0]
        short = f"by the table {safe(worst_turn.column)} comes after {safe(query.treatment)}, not before it"
        figures |= {"x": safe(worst_turn.column), "y": safe(worst_turn.sign), "strength": worst_turn.size}
        observed, verdict = _turn(query, worst_turn, picture), "failed"
    elif resting and detectable is not None and detectable <= VISIBLE:
        observed, verdict = f"it does in {_places(len(resting))} where the answer rests on it", "passed"
    elif resting:
        observed = f"nothing contradicts it in {_places(len(resting))}, but there are too few rows to see much"
        verdict = "inconclusive"
    else:
        observed = "the answer rests on nothing in the picture that this table could contradict"
        verdict = "inconclusive"
    if harmless and verdict != "failed":
        first = max(harmless, key=lambda c: c.size)
        more = f" (and {count(len(harmless) - 1)} more)" if len(harmless) > 1 else ""
        observed += (
            f"; between {join([first.x, first.y])}{more} the picture lacks a link, which does not change the answer"
        )
    return Refutation(
        check="graph_check",
        family="graph",
        short=short,
        question=f"Does the table fit {picture}?",
        expected="where the picture joins two columns by nothing, they have nothing to do with each other",
        observed=observed,
        verdict=verdict,
        meaning=(
            "If this fails, the picture is wrong where the answer rests on it, and so may the answer be: put the missing link in"
            " and ask again."
        ),
        figures=figures,
    )


def _contradiction(query: Query, claim: Claim, picture: str, failed: int) -> str:
    pair = join([claim.x, claim.y])
    alike = f" among rows alike in {columns_text(claim.given, 5)}" if claim.given else ""
    text = (
        f"{picture} says that {pair} have nothing to do with each other{alike}; in the table they go together"
        f" ({number(claim.size)}, where 0 is not at all and 1 completely): an arrow between them, or a shared cause, is missing"
    )
    if str(query.treatment) in claim.given and query.outcome in (claim.x, claim.y):
        text += f", or a hidden cause of {join([query.treatment, query.outcome])}"
    others = f"; {count(failed - 1)} more like this" if failed > 1 else ""
    return text + others


def _turn(query: Query, turn: Turn, picture: str) -> str:
    column, treatment = safe(turn.column), safe(query.treatment)
    return (
        f"{picture} puts {column} before {treatment}; in the table it behaves like something that comes after: it goes together"
        f" with {safe(turn.sign)} ({number(turn.size)}, where 0 is not at all and 1 completely), and no longer among rows alike in"
        f" {treatment}"
    )


def _places(n: int) -> str:
    return f"{count(n)} place{'s' * (n != 1)}"


def _detectable(claims: Sequence[Claim]) -> float | None:
    """The link that four in five tables of this kind would show, in the middling claim."""
    from scipy.special import ndtri

    errors = sorted(c.result.error for c in claims if c.result is not None)
    if not errors:
        return None
    needed = float(-ndtri(LEVEL / 2 / len(errors))) + 0.84
    return float(min(1.0, needed * errors[len(errors) // 2]))
