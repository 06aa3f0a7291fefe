"""The average outcome if everybody had certain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..analysis import NotIdentified
from ..causal.repeats import Effort
from ..causal.world.columns import asked, node_of
from ..causal.world.interventions import Change, changed_mean, moved_to
from ..causal.world.prepare import with_doubt
from ..causal.world.support import held, support
from ..errors import QueryError
from ..report import model_words as say
from ..wording import safe
from .asked import ASSUMED, Asked, Found, reached_by, through
from .redrawn import changed_answer, doubted, others, wider


def everybody(a: Asked) -> Found | NotIdentified:
    """The average with `changes` (or the treatment) set for everybody, against as it is, or against the other treatment."""
    query, table = a.query, a.table
    given, reference = dict(query.changes), dict[str, Any]()
    treatment = query.treatment
    if treatment and treatment not in given:
        node = node_of(query, table.profile.column(treatment))
        if query.treated is None and node.kind != "yes_no":
            raise QueryError(f"What would {treatment!r} be instead?", "Give `treated`, or name it in `changes`.")
        given[treatment] = node.levels[1] if query.treated is None else query.treated
        if query.control is not None or query.treated is None:
            reference[treatment] = node.levels[0] if query.control is None else query.control
    coded = [
        {n: asked(node_of(query, table.profile.column(n)), table.profile.column(n), v) for n, v in part.items()}
        for part in (given, reference)
    ]
    set_to, against = coded[0], coded[1] or None
    found = reached_by(a, list(set_to))
    if isinstance(found, NotIdentified):
        return found
    values, names = found.drawn.values, list(found.drawn.values)
    doubt = ""
    for wanted in (set_to, against) if against else (set_to,):
        moved = through(found, values, moved_to(values, wanted, names))
        reach = held(found.drawn, wanted) or support(found.fitted, found.drawn, moved, wanted)
        if isinstance(reach, NotIdentified):
            return reach
        doubt = doubt or reach.doubt
    found = with_doubt(found, doubt)

    def work(of: Asked, effort: Effort) -> Change | NotIdentified:
        model = found if of is a else reached_by(of, list(set_to))
        if isinstance(model, NotIdentified):
            return model
        return changed_mean(model.model, model.drawn, set_to, against, effort, of.seed, of.unit)

    plain = work(a, a.clock.effort)
    assert not isinstance(plain, NotIdentified)
    again = others(a, found, work)
    effects = [o.effect for o in again.answers]
    result = replace(plain, effect=wider(plain.effect, effects))
    found, doubts = doubted(found, again, changed_answer(plain.effect, effects, a.unit))
    nodes = found.drawn.nodes
    words = say.settings({n: nodes[n].shown(v) for n, v in set_to.items()})
    other = say.settings({n: nodes[n].shown(v) for n, v in (against or {}).items()})
    unit_words = "" if a.unit == "probability" else a.unit
    was: dict[str, Any] = {n: nodes[n].plain(v) for n, v in (against or {}).items()}
    document = {
        "row": None,
        "outcome_as_it_was": result.before,
        "outcome_otherwise": result.after,
        "low": None if result.effect.low is None else result.before + result.effect.low,
        "high": None if result.effect.high is None else result.before + result.effect.high,
        "changed": {n: {"from": was.get(n), "to": nodes[n].plain(v)} for n, v in set_to.items()},
    }
    sentences = say.mean_sentences(
        query, result.effect, result.before, result.after, f"with {other}" if against else "as it is", unit_words
    )
    subject = f"If everybody had {words}" + (f" rather than {other}" if against else "")
    return Found(
        found, result.effect, lambda level, matters: say.compared_headline(subject, query, result.effect, level, matters),
        (*sentences, *doubts, say.MODEL), f"The average of {safe(a.outcome)} if everybody had {words}, against "
        + (f"everybody having {other}." if against else "things as they are."), ASSUMED, tuple(set_to),
        fields=(("counterfactual", document),), means=(result.after, result.before),
    )  # fmt: skip
