"""A study: one table, its picture, and a history of answers that can be changed, compared and undone. No terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import pipeline
from .analysis import Answer
from .errors import QueryError, SettingsError
from .graph import Graph
from .query import Query

if TYPE_CHECKING:
    import pandas as pd

    from .data import Table
    from .language.client import Client
    from .language.read import Reading


def connect(
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    log: bool = True,
    *,
    budget: float | None = None,
    budget_tokens: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Client | None:
    """The language client that the settings ask for; None means the built-in reader (no model).

    `replay` answers from recordings (a folder, or one answer document); `record` writes every reply down; `log` False
    keeps no log of what is sent; `budget` (dollars) and `budget_tokens` bound all calls together; `tell` hears the
    running cost. Raises `SettingsError` when recording and replaying at once, `ModelError` for an unusable model file.
    """
    from .settings import load

    if record is not None and replay is not None:
        raise SettingsError("Recording and replaying at once makes no sense.", "Give either --record or --replay.")
    settings = load(model, api_base, budget=budget, budget_tokens=budget_tokens)
    if replay is not None:
        from .language.recording import Replayer

        # a replay needs no model; a setting from the environment must not make it stale
        return Replayer(replay, load(_as_recorded(model), api_base, environment={}) if model else None)
    if settings.offline:
        if record is not None:
            raise SettingsError("There is no model to record.", "Give --model NAME with --record.")
        if api_base is not None and settings.model is None:
            raise SettingsError("There is an address but no model.", "Give --model NAME with --api-base.")
        return None
    from .language.client import LiveClient
    from .language.sent_log import logged

    client: Client = logged(LiveClient(settings, tell=tell), log)
    if record is not None:
        from .language.recording import Recorder

        client = Recorder(client, record)
    return client


def _share() -> str:
    """What the settings let a model see of a table."""
    from .settings import load

    return load().share


def _with_graph(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides with a graph file, where its path is given, as the graph; remarks about it are warnings."""
    given = dict(overrides)
    if not isinstance(given.get("graph"), (str, Path)):
        return given
    from .graph_formats import reused

    found, remarks = reused(given["graph"])
    for remark in remarks:
        warnings.warn(remark, stacklevel=3)
    chosen = (*given.get("selected_on", ()), *found.pop("selected_on", ()))
    found["sources"] = {**given.get("sources", {}), **found["sources"]}
    return {**given, **found, **({"selected_on": tuple(dict.fromkeys(chosen))} if chosen else {})}


def _as_recorded(model: str) -> str:
    """A model file by the name that recordings know it by; a replay does not need the file itself."""
    from .errors import ModelError
    from .settings import FILE

    if not model.startswith(FILE):
        return model
    from .language.local import named

    try:
        return named(model)
    except ModelError:
        return model


def ask(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    describe: str | Mapping[str, str] | None = None,
    seed: int = 0,
    review: Callable[[Reading], Reading] | None = None,
    progress: Callable[[str], None] | None = None,
    simulations: int | None = None,
    workers: int | None = None,
    checks: bool = True,
    **overrides: Any,
) -> Answer:
    """Answer a question in plain words from a table.

    `simulations`, `workers` and `checks`: how often, in how many processes and whether the answer is checked (see `analyse`).
    `overrides` are fields of the query (`treatment=`, `outcome=`, `where=`, …) that win over the model's reading;
    `graph=` may be the path of a graph file. Without a model, a question that is not unmistakable gives an answer with
    status `needs_review` and a shortlist. Raises `CausalError`.
    """
    client = connect(model, api_base, record, replay)
    return pipeline.ask(
        question, data, client=client, seed=seed, describe=describe, overrides=_with_graph(overrides), review=review,
        share=_share(), progress=progress, simulations=simulations, workers=workers, checks=checks,
    )  # fmt: skip


def read(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    describe: str | Mapping[str, str] | None = None,
    **overrides: Any,
) -> Reading:
    """Read a question into a query; nothing is computed. Raises `CausalError`."""
    client = connect(model, api_base, record, replay)
    given = _with_graph(overrides)
    return pipeline.read(question, data, client=client, describe=describe, overrides=given, share=_share())


class Study:
    """One table and the questions asked of it.

        study = Study("nhefs.csv")
        study.ask("Does quitting smoking make people gain weight?")
        study.what_if(where="sex == 1")
        study.undo()

    `query`, `graph` and `answer` are those of the latest step. Steps are never changed, only added and undone.
    `simulations`, `workers`, `checks` and `progress` are those of `analyse`, for every step. `graph`, a graph or the path of
    a graph file, is used for every question that brings none (`graph=None` with a question has one drafted).
    """

    def __init__(
        self,
        data: str | Path | pd.DataFrame | Table,
        *,
        model: str | None = None,
        api_base: str | None = None,
        record: str | Path | None = None,
        replay: str | Path | None = None,
        describe: str | Mapping[str, str] | None = None,
        graph: Graph | str | Path | None = None,
        seed: int = 0,
        simulations: int | None = None,
        workers: int | None = None,
        checks: bool = True,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        from .data import Table

        self.table = Table.read(data, describe=describe)
        self.seed = seed
        self._how: dict[str, Any] = {
            "simulations": simulations, "workers": workers, "checks": checks, "progress": progress,
        }  # fmt: skip
        self.history: list[Answer] = []
        self._given = {} if graph is None else _with_graph({"graph": graph})
        self._client = connect(model, api_base, record, replay)

    @property
    def answer(self) -> Answer | None:
        """The latest answer, or None."""
        return self.history[-1] if self.history else None

    @property
    def query(self) -> Query | None:
        """The query behind the latest answer, or None."""
        return pipeline.parse_query(self.history[-1].provenance["query"]) if self.history else None

    @property
    def graph(self) -> Graph:
        """The graph behind the latest answer (empty before the first)."""
        query = self.query
        return (query.graph if query is not None else None) or Graph()

    def ask(self, question: str, review: Callable[[Reading], Reading] | None = None, **overrides: Any) -> Answer:
        """Answer a question about this table. An undecided question is returned and not kept."""
        answer = pipeline.ask(
            question, self.table, client=self._client, seed=self.seed, review=review, share=_share(),
            overrides=_with_graph(overrides if "graph" in overrides else {**self._given, **overrides}), **self._how,
        )  # fmt: skip
        return self._keep(answer)

    def analyse(self, query: Query | Mapping[str, Any]) -> Answer:
        """Answer a structured query about this table, without a model."""
        return self._keep(pipeline.analyse(query, self.table, seed=self.seed, **self._how))

    def what_if(self, **changes: Any) -> Answer:
        """The latest query with fields changed (`where=`, `graph=`, `target=`, …), answered anew. Raises `QueryError`."""
        query = self.query
        if query is None:
            raise QueryError("There is no question yet to vary.", "Call ask() or analyse() first.")
        changes = _with_graph(changes)
        fields = query.model_dump(mode="python", exclude_defaults=True) | changes
        if "graph" in changes or "adjust_for" in changes:
            fields["sources"] = {**query.sources, "graph": "you", **changes.get("sources", {})}
        if "graph" in changes and "adjust_for" not in changes:
            fields.pop("adjust_for", None)
        return self.analyse(fields)

    def undo(self) -> Answer | None:
        """Take the latest answer back; returns the one before, or None. Raises `QueryError` when there is nothing."""
        if not self.history:
            raise QueryError("There is nothing to undo.", "Ask a question first.")
        self.history.pop()
        return self.answer

    def _keep(self, answer: Answer) -> Answer:
        if "query" in answer.provenance:
            self.history.append(answer)
        return answer
