"""The straight line: question ─read─▶ query ─identify─▶ estimand ─estimate─▶ refute ─▶ grade ─▶ answer. Start here.

No language model chooses the order, touches a number, or is needed when a query is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analysis import Answer, NotIdentified
from .query import Query
from .settings import scrub

if TYPE_CHECKING:
    import pandas as pd

    from .causal.repeats import Effort
    from .data import Table
    from .language.client import Client
    from .language.read import Reading

# Called with every stage that is done. One with a method `passing` also hears there, while a stage lasts, what is being
# done, how far it is and how long it will still take; the next such line replaces it.
Progress = Callable[[str], None]
Source = "str | Path | pd.DataFrame | Table"


def analyse(
    query: Query | Mapping[str, Any],
    data: str | Path | pd.DataFrame | Table,
    *,
    seed: int = 0,
    describe: str | Mapping[str, str] | None = None,
    progress: Progress | None = None,
    simulations: int | None = None,
    workers: int | None = None,
    checks: bool = True,
) -> Answer:
    """Answer a structured query from a table. No language model is used.

        >>> import pyllm_causal as causal
        >>> query = {"treatment": "qsmk", "outcome": "wt82_71", "adjust_for": ["age", "sex", "wt71"]}
        >>> answer = causal.analyse(query, "fixtures/data/nhefs.csv", checks=False)
        >>> answer.effect.low < 3 < answer.effect.high, answer.certainty.level
        (True, 'very_low')

    `data` is a file, a pandas or polars DataFrame or a `Table`. The same query, table, `seed` and `simulations` give the
    same answer, whatever the number of `workers`. Checks that repeat the analysis do so `simulations` times (20 to 10,000;
    None: 100, or fewer where that would take long; flexible methods at most 20), in `workers` processes (None: one, or one a core where that
    pays; a joblib backend that the caller has set up, such as dask, is used). Without `checks` the answer says so and is
    graded down. Ctrl-C (`KeyboardInterrupt`) during the checks gives the answer with those done so far, marked partial.
    Raises `CausalError` (`InputError` and below) on bad input; "cannot be told" is an answer with `status`.
    """
    from .causal.association import associate
    from .causal.designs import strategy_of
    from .causal.identify import check_columns, identify
    from .causal.implied import implied_design
    from .causal.repeats import Effort, Watch
    from .compose.comparisons import answered, designed
    from .compose.description import described
    from .compose.refusal import refused
    from .compose.support import supported
    from .data import Table
    from .discovery import discovered
    from .world import attributed, otherwise

    effort = Effort(simulations, workers, checks, Watch(getattr(progress, "passing", None), progress))
    clock = Clock(progress, effort)
    query = parse_query(query)
    clock.doing("Reading the table")
    table = Table.read(data, describe=describe)
    clock.done("Table read")
    check_columns(query, table)
    supported(query)
    if query.kind == "association":
        return located(described(query, table, seed, clock.seconds, associate(query, table)))
    if query.kind in ("discovery", "counterfactual", "attribution"):
        answer = {"discovery": discovered, "counterfactual": otherwise, "attribution": attributed}[query.kind]
        return located(repeatable(answer(query, table, seed, clock), effort))
    clock.doing("Working out what can be told")
    strategy = strategy_of(query)
    if strategy is not None:
        return located(repeatable(designed(query, table, seed, clock, strategy), effort))
    estimand = identify(query, table)
    clock.done("Causes sorted out")
    other = implied_design(query, table, estimand)
    if other is not None:
        return located(repeatable(designed(other, table, seed, clock, other.design.kind), effort))
    if isinstance(estimand, NotIdentified):
        return located(refused(query, table, seed, clock.seconds, estimand))
    return located(repeatable(answered(query, table, seed, clock, estimand), effort))


def read(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    client: Client | None = None,
    describe: str | Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    share: str = "profile",
    drafts: int = 1,
) -> Reading:
    """From a question to a query; nothing is computed. `client` None means the built-in reader; `drafts` graphs are voted on."""
    from .data import Table
    from .language.read import read_question

    question, table = scrub(question), Table.read(data, describe=describe)
    reading = read_question(question, table.profile, client, overrides=overrides, share=share, drafts=drafts)  # type: ignore[arg-type]
    return signed(_clustered(reading, table))


def ask(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    client: Client | None = None,
    seed: int = 0,
    describe: str | Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    review: Callable[[Reading], Reading] | None = None,
    share: str = "profile",
    drafts: int = 1,
    progress: Progress | None = None,
    simulations: int | None = None,
    workers: int | None = None,
    checks: bool = True,
    language: str | None = None,
) -> Answer:
    """Read, review, analyse, phrase. After reading, the numbers are those of `analyse` on `provenance.query`.

    `review` may change the reading; what it returns counts as checked by a person. `simulations`, `workers` and `checks`
    are those of `analyse`. `language` is the ISO code of the answer's language; None: that of the question.
    """
    from .data import Table
    from .language.abroad import spoken
    from .language.recording import Keeper

    language = spoken(language)
    client = None if client is None else Keeper(client)
    passing(progress, "Reading the question")
    question, table = scrub(question), Table.read(data, describe=describe)
    reading = read(question, table, client=client, overrides=overrides, share=share, drafts=drafts)
    if progress:
        progress("Question read")
    if review is not None and reading.query is not None:
        reading = reviewed(reading, review)
    if language is not None:
        reading = reading.model_copy(update={"language": language})
    return conclude(
        reading, table, question=question, client=client, seed=seed, share=share, progress=progress,
        simulations=simulations, workers=workers, checks=checks,
    )  # fmt: skip


def conclude(
    reading: Reading,
    table: Table,
    *,
    question: str,
    client: Client | None = None,
    seed: int = 0,
    share: str = "profile",
    progress: Progress | None = None,
    simulations: int | None = None,
    workers: int | None = None,
    checks: bool = True,
) -> Answer:
    """The second half of `ask`, from a reading that stands: suggest checks, analyse, phrase."""
    from .causal.refuters import menu
    from .compose.language import phrased, undecided
    from .language.challenge import suggest

    if reading.query is None or reading.status == "choose":
        return undecided(question, table, reading, client)
    query = reading.query
    ideas = suggest(query, table.profile, menu(), client, share=share)  # type: ignore[arg-type]
    if ideas.negative_outcomes or ideas.negative_exposures:
        controls = {"negative_outcomes": ideas.negative_outcomes, "negative_exposures": ideas.negative_exposures}
        query = query.model_copy(update={**controls, "sources": {**query.sources, "negative_controls": "model"}})
    answer = analyse(
        query, table, seed=seed, progress=progress, simulations=simulations, workers=workers, checks=checks
    )  # fmt: skip
    passing(progress, "Putting it into words")
    return located(phrased(answer, reading, ideas, client), reading.language)


def _clustered(reading: Reading, table: Table) -> Reading:
    """The reading with chance counted by the groups that were treated as a whole, where the table shows it and nobody says otherwise."""
    from .causal.assigned_by import assigned_by
    from .language.receipt import receipt

    query = reading.query
    if query is None or query.kind not in ("effect", "effect_by_group") or reading.status == "choose":
        return reading
    name = assigned_by(query, table)
    if name is None:
        return reading
    sources = {**query.sources, "cluster": "data"}
    graph = reading.graph
    if graph is not None:  # a column that decides the treatment cannot be held fixed
        edges = tuple(e for e in graph.edges if name not in (e.cause, e.effect))
        graph = graph.model_copy(update={"edges": edges})
    query = query.model_copy(update={"cluster": name, "sources": sources})
    return reading.model_copy(update={"query": query, "graph": graph, "receipt": receipt(query, table.profile)})


def located(answer: Answer, language: str | None = None) -> Answer:
    """The answer with the place of every number of its text in its fields."""
    from .report.spans import claims_of

    return answer.model_copy(update={"claims": claims_of(answer, language)})


def repeatable(answer: Answer, effort: Effort) -> Answer:
    """The answer with what its checks were run with, and marked where they were cut short."""
    told: dict[str, Any] = {}
    if effort.simulations is not None:
        told["simulations"] = effort.simulations
    if not effort.checks:
        told["checks"] = False
    if effort.watch.stopped:
        told["partial"] = True
    return answer.model_copy(update={"provenance": answer.provenance | told}) if told else answer


def signed(reading: Reading, by: str | None = None) -> Reading:
    """The reading with its graph inside the query and every claim marked with who makes it."""
    query = reading.query
    if query is None:
        return reading
    if not by and query.graph is None and query.adjust_for is not None:
        return reading.model_copy(update={"graph": None})  # the person's own list stands in place of a drafted graph
    graph = reading.graph if query.graph is None or by else query.graph
    model = any(s.step == "draft" and s.passed and s.verifier != "rules on roles and timing" for s in reading.steps)
    sources = dict(query.sources)
    if graph is not None and query.graph is None:
        sources["graph"] = "model" if model else "data"
    if by:
        sources |= {"graph": "you", "design": "you"}
    return reading.model_copy(update={"query": query.model_copy(update={"graph": graph, "sources": sources})})


def reviewed(before: Reading, review: Callable[[Reading], Reading]) -> Reading:
    """What `review` makes of a reading, as checked by a person: the graph that was changed counts, its own or its query's."""
    after = review(before)
    old, new = before.query, after.query
    if old is not None and new is not None and new.graph != old.graph:
        after = after.model_copy(update={"graph": new.graph})
    return signed(after, by="you")


def parse_query(query: Query | Mapping[str, Any]) -> Query:
    """A validated query, or `QueryError` that names the field at fault."""
    if isinstance(query, Query):
        return query
    from pydantic import ValidationError

    from .errors import QueryError

    try:
        return Query.model_validate(dict(query))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise QueryError(*_fault(faults)) from None


# What pydantic calls things, in words for a person.
_PLAIN = {
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "must say its `kind`",
    "missing": "is missing",
    "finite_number": "must be a finite number",
}


def _fault(faults: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """(message, hint) for the first fault that pydantic found."""
    from difflib import get_close_matches

    from .wording import safe

    first, hint = faults[0], "`pyllm-causal schema query` prints every field."
    kind, context = str(first["type"]), first.get("ctx") or {}
    loc = first["loc"]
    alternatives = [f for f in faults if f["loc"][:-1] == loc[:-1]]
    if len(alternatives) > 1 and loc[-1:] in (("bool",), ("float",), ("int",), ("str",)):
        loc, kind = loc[:-1], "value"
    place = safe(".".join(str(p) for p in loc))
    if kind == "extra_forbidden":
        near = get_close_matches(str(loc[-1]), list(Query.model_fields), n=1)
        return f"`{place}` is not a field of the query.", f"Did you mean `{near[0]}`?" if near else hint
    if kind == "union_tag_invalid":
        return f"There is no {place} of kind {context.get('tag')!r}.", f"Kinds are {context.get('expected_tags')}."
    if kind == "value":
        what = "must be true, false, text or a finite number"
    else:
        what = _PLAIN.get(kind) or str(first["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    between = " " if what.startswith(("must", "should", "is ")) else ": "
    return f"The query cannot be used: {f'`{place}`{between}' if place else ''}{what}.", hint


def passing(progress: Progress | None, text: str) -> None:
    """Tell whoever waits, where they listen for it, what is being done now."""
    tell = getattr(progress, "passing", None)
    if tell is not None:
        tell(text)


class Clock:
    """Seconds a stage, a word to whoever waits, and how much may be spent on the checks."""

    def __init__(self, progress: Progress | None, effort: Effort) -> None:
        self.seconds: dict[str, float] = {}
        self.effort = effort
        self._progress, self._last = progress, time.perf_counter()

    def doing(self, stage: str) -> None:
        """Mark the start of `stage`."""
        passing(self._progress, stage)

    def done(self, stage: str) -> None:
        """Mark the end of `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
        if self._progress:
            self._progress(stage)
