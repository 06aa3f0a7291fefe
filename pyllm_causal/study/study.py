"""A study: one table, its picture, and a history of answers that can be changed, compared and undone. No terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import pipeline
from ..analysis import Answer
from ..errors import QueryError
from ..graph import Graph
from ..query import Query
from . import asking, session
from .comparison import Comparison, compare
from .ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

    from ..data import Table
    from ..language.client import Client
    from ..language.read import Reading
    from ..language.recording import Keeper

_UNSET: Any = object()


class Study:
    """One table and the questions asked of it.

        >>> import pyllm_causal as causal
        >>> study = causal.Study("fixtures/data/nhefs.csv", checks=False)
        >>> answer = study.analyse({"treatment": "qsmk", "outcome": "wt82_71", "adjust_for": ["age", "sex", "wt71"]})
        >>> women = study.what_if(where="sex == 1")
        >>> len(study.history), study.undo() is answer
        (2, True)
        >>> graph = causal.Graph.of(("age", "qsmk"), ("age", "wt82_71"), ("qsmk", "wt82_71"))
        >>> answer = study.what_if(graph=graph)
        >>> answer = study.add("sex", "qsmk", "wt82_71")
        >>> sorted(answer.estimand.adjust_for)
        ['age', 'sex']
        >>> answer.provenance["ledger"]["changed_after_result"]
        True

    `query`, `graph` and `answer` are those of the latest step. Steps are never changed, only added and undone; the
    `ledger` keeps count of every look, undone ones included. `simulations`, `workers`, `checks` and `progress` are those
    of `analyse`, for every step. `graph`, a graph or the path of a graph file, is used for every question that brings
    none (`graph=None` with a question has one drafted).
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
        client: Client | None = _UNSET,
        share: str | None = None,
    ) -> None:
        from ..data import Table

        self.table = Table.read(data, describe=describe)
        self.seed = seed
        self.how: dict[str, Any] = {
            "simulations": simulations, "workers": workers, "checks": checks, "progress": progress,
        }  # fmt: skip
        self.history: list[Answer] = []
        self.main: list[int] = []
        self.pending: Reading | None = None
        self.ledger = Ledger()
        self.said: list[str] = []
        self.notes: list[str] = []
        self.client = asking.connect(model, api_base, record, replay) if client is _UNSET else client
        self.share = share or asking.share()
        self._given = {} if graph is None else asking.with_graph({"graph": graph})
        self._keeper: Keeper | None = None
        self._describe = describe
        self._started = session.now()
        self._place: Path | None = None
        self._path = str(Path(data).resolve()) if isinstance(data, (str, Path)) else None

    @property
    def answer(self) -> Answer | None:
        """The latest answer, or None."""
        return self.history[-1] if self.history else None

    @property
    def query(self) -> Query | None:
        """The query behind the latest answer, or None."""
        return _query_of(self.answer)

    @property
    def at_hand(self) -> Answer | None:
        """The latest answer that was asked for, what-ifs in passing left out; None without one."""
        return self.history[self.main[-1]] if self.main else None

    @property
    def query_at_hand(self) -> Query | None:
        """The query behind the answer at hand, or None."""
        return _query_of(self.at_hand)

    @property
    def graph(self) -> Graph:
        """The graph behind the latest answer (empty before the first)."""
        query = self.query
        return (query.graph if query is not None else None) or Graph()

    def ask(self, question: str, review: Callable[[Reading], Reading] | None = None, **overrides: Any) -> Answer:
        """Answer a question about this table. An undecided question is returned and not kept."""
        reading = self.read(question, **overrides)
        if review is not None and reading.query is not None:
            reading = pipeline.reviewed(reading, review)
        return self._concluded(reading, question)

    def read(self, question: str, *, offline: bool = False, keep: bool = False, **overrides: Any) -> Reading:
        """Read a question without answering it. The reading waits in `pending`, to be revised and accepted.

        `offline` has the built-in reader read it although there is a model. With `keep`, what was pending before stays so
        where this question cannot be read.
        """
        from ..language.recording import Keeper
        from ..settings import scrub

        client = None if offline else self.client
        keeper = None if client is None else Keeper(client)
        given = asking.with_graph(overrides if "graph" in overrides else {**self._given, **overrides})
        reading = pipeline.read(
            scrub(question), self.table, client=keeper, overrides=given, share=self.share
        )  # fmt: skip
        understood = reading.query is not None and reading.status == "read"
        if understood or not keep:
            self.pending, self._keeper = reading if understood else None, keeper
        return reading

    def revise(self, graph: Graph) -> None:
        """Put another picture into the pending reading. Raises `GraphError` where it makes no sense, `QueryError` without one."""
        if self.pending is None or self.pending.query is None:
            raise QueryError("There is no question to revise.", "Read one first.")
        query = self.pending.query
        graph.check(self.table.names, query.selected_on)
        graph.require(query.treatment, query.outcome)
        query = query.model_copy(update={"graph": graph, "adjust_for": None})
        self.pending = self.pending.model_copy(update={"query": query, "graph": graph})
        self.keep()

    def reopen(self) -> None:
        """Take the question at hand up again as a pending one, to be revised. Raises `QueryError` without one."""
        from ..language.read import Reading

        answer, query = self.at_hand, self.query_at_hand
        if answer is None or query is None:
            raise QueryError("There is no question to take up.", "Ask one first.")
        query = query.model_copy(update={"changed_after_result": False})
        told = answer.provenance.get("language", {}).get("receipt", "")
        self._keeper = None
        self.pending = Reading(status="read", query=query, receipt=str(told), graph=query.graph)

    def set_aside(self) -> None:
        """Let the pending question go."""
        self.pending = None
        self.keep()

    def proceed(self) -> Answer:
        """Answer the pending reading as it stands, reviewed by nobody. Raises `QueryError` without one."""
        if self.pending is None or self.pending.query is None:
            raise QueryError("There is no question to answer.", "Read one first.")
        return self._concluded(self.pending, self.pending.query.question or "")

    def accept(self) -> Answer:
        """Answer the pending reading as one that a person went through and accepted. Raises `QueryError` without one."""
        if self.pending is None or self.pending.query is None:
            raise QueryError("There is no question to answer.", "Read one first.")
        return self._concluded(pipeline.signed(self.pending, by="you"), self.pending.query.question or "")

    def analyse(self, query: Query | Mapping[str, Any]) -> Answer:
        """Answer a structured query about this table, without a model."""
        return self._looked(
            pipeline.parse_query(query),
            lambda q: pipeline.analyse(q, self.table, seed=self.seed, **self.how),
        )

    def what_if(self, *, of: Query | None = None, passing: bool = False, **changes: Any) -> Answer:
        """The latest query with fields changed (`where=`, `graph=`, `target=`, …), answered anew. Raises `QueryError`.

        `of`: another query to vary. With `passing` the answer at hand stays what it was.
        """
        query = of or self.query
        if query is None:
            raise QueryError("There is no question yet to vary.", "Call ask() or analyse() first.")
        changes = asking.with_graph(changes)
        fields = query.model_dump(mode="python", exclude_defaults=True) | changes
        fields.pop("changed_after_result", None)
        if "graph" in changes or "adjust_for" in changes:
            fields["sources"] = {**query.sources, "graph": "you", **changes.get("sources", {})}
        if "graph" in changes and "adjust_for" not in changes:
            fields.pop("adjust_for", None)
        main = list(self.main)
        answer = self.analyse(fields)
        if passing:
            self.main = main
            self.keep()
        return answer

    def add(self, cause: str, *effects: str) -> Answer:
        """The latest question with more arrows, from `cause` to each of `effects`."""
        graph = self.graph
        for effect in effects:
            graph = graph.with_edge(cause, effect)
        return self.what_if(graph=graph)

    def drop(self, cause: str, effect: str) -> Answer:
        """The latest question without the arrow from `cause` to `effect`. Raises `QueryError` where there is none."""
        self._drawn(cause, effect)
        return self.what_if(graph=self.graph.without(cause, effect))

    def flip(self, cause: str, effect: str) -> Answer:
        """The latest question with an arrow the other way round. Raises `QueryError` where there is none."""
        self._drawn(cause, effect)
        return self.what_if(graph=self.graph.flipped(cause, effect))

    def hidden(self, name: str, *affects: str) -> Answer:
        """The latest question with a cause that is not in the table."""
        return self.what_if(graph=self.graph.with_hidden(name, *affects))

    def undo(self) -> Answer | None:
        """Take the latest answer back; returns the one before, or None. Raises `QueryError` when there is nothing.

        The ledger still counts it: what has been seen cannot be unseen.
        """
        if not self.history:
            raise QueryError("There is nothing to undo.", "Ask a question first.")
        self.history.pop()
        self.main = [place for place in self.main if place < len(self.history)]
        self.keep()
        return self.answer

    def compare(self) -> Comparison:
        """The answers of this study side by side: `print(study.compare())`, or `.frame()` for a DataFrame."""
        return compare(self.history, self.main)

    def report(self, path: str | Path) -> tuple[Path, Path]:
        """Write the report of the answer at hand: one HTML file, and its Markdown twin. Raises `QueryError`, `DataError`."""
        answer = self.at_hand or self.answer
        if answer is None:
            raise QueryError("There is no answer to report.", "Ask a question first.")
        return asking.report(answer, Path(path), self.table, self._path)

    def save(self, path: str | Path) -> None:
        """Write the whole study into one file. Raises `DataError`."""
        session.write(Path(path), self._kept())

    @classmethod
    def load(cls, path: str | Path, data: str | Path | pd.DataFrame | Table | None = None, **how: Any) -> Study:
        """A study from its file; `data` where the table is not where it was, `how` as for a new `Study`.

        A table that has changed since is said, as a warning and in `notes`. Raises `DataError`.
        """
        study = cls._restored(session.read(Path(path)), data, **how)
        for note in study.notes:
            warnings.warn(note, stacklevel=2)
        return study

    @classmethod
    def resume(cls, path: Path, data: str | Path | pd.DataFrame | Table | None = None, **how: Any) -> Study:
        """A session from its file, kept there from now on. What changed since is in `notes`. Raises `DataError`."""
        study = cls._restored(session.read(path), data, **how)
        study._place = path
        return study

    def begin(self) -> None:
        """Keep this study on disk as a session from now on."""
        self._place = session.new_place()

    def forget(self) -> None:
        """Keep no session on disk from now on."""
        self._place = None

    @property
    def place(self) -> Path | None:
        """The file of the session; None where none is kept."""
        return self._place

    def keep(self) -> None:
        """Write the session, where one is kept. Raises `SettingsError` where that cannot be done."""
        if self._place is not None:
            session.write(self._place, self._kept(), private=True)

    @classmethod
    def _restored(cls, kept: session.Kept, data: Any, **how: Any) -> Study:
        from ..errors import DataError

        source = kept.data.path if data is None else data
        if source is None:
            raise DataError("The table of this study came from memory.", "Give it: Study.load(path, data=table).")
        given = {"seed": kept.seed, "describe": kept.describe} | how
        if given["describe"] is None:
            given["describe"] = kept.describe
        study = cls(source, **given)
        study.history = list(kept.answers)
        study.main = [place for place in kept.main if place < len(kept.answers)]
        study.pending, study.ledger, study.said = kept.pending, kept.ledger, list(kept.said)
        study._started = kept.started
        if kept.data.fingerprint != study.table.fingerprint:
            study.notes.append(
                f"The table has changed since: it had {kept.data.rows:,} rows then and has {len(study.table):,} now, or other"
                " values. The answers kept are about the table as it was."
            )
        return study

    def _kept(self) -> session.Kept:
        describe = self._describe if self._describe is None or isinstance(self._describe, str) else dict(self._describe)
        profile = self.table.profile
        return session.Kept(
            started=self._started,
            changed=session.now(),
            data=session.Source(
                path=self._path, name=profile.name, rows=profile.rows, fingerprint=self.table.fingerprint
            ),
            describe=describe,
            seed=self.seed,
            ledger=self.ledger,
            answers=tuple(self.history),
            main=tuple(self.main),
            pending=self.pending,
            said=tuple(self.said[-session.MOST_SAID :]),
        )

    def _drawn(self, cause: str, effect: str) -> None:
        if not any((e.cause, e.effect) == (cause, effect) for e in self.graph.edges):
            raise QueryError(f"There is no arrow from {cause!r} to {effect!r} in the picture.", "Print study.graph.")

    def _concluded(self, reading: Reading, question: str) -> Answer:
        """An answer to a reading, with the language model's help where there is one."""

        def run(query: Query | None) -> Answer:
            answer = pipeline.conclude(
                reading if query is None else reading.model_copy(update={"query": query}), self.table,
                question=question, client=self._keeper, seed=self.seed, share=self.share, **self.how,
            )  # fmt: skip
            self.pending = None
            return answer

        if reading.query is None or reading.status == "choose":
            return run(None)
        return self._looked(reading.query, run)

    def _looked(self, query: Query, run: Callable[[Query], Answer]) -> Answer:
        """Sign, answer, count the look and keep the answer, in this order."""
        at = session.now()
        self.ledger = self.ledger.sign(query, at)
        query = query.model_copy(
            update={"changed_after_result": query.changed_after_result or self.ledger.changed(query)}
        )
        self.keep()  # the receipt is on disk before there is an estimate
        answer = run(query)
        if "query" not in answer.provenance:
            return answer
        if answer.status in ("answered", "not_identified"):
            self.ledger = self.ledger.note(query, at, seen=True)
            standing = self.ledger.standing(query)
            if standing is not None:
                answer = _told(answer, standing.sentence, standing.model_dump(mode="json"))
        self.main.append(len(self.history))
        self.history.append(answer)
        self.keep()
        return answer


def _query_of(answer: Answer | None) -> Query | None:
    return None if answer is None else pipeline.parse_query(answer.provenance["query"])


def _told(answer: Answer, sentence: str, standing: dict[str, Any]) -> Answer:
    """The answer with where it stands in the ledger, said at the end of its text."""
    from ..report.text import fill

    text = f"{answer.text}\n\n{fill(sentence)}" if sentence else answer.text
    return answer.model_copy(update={"text": text, "provenance": answer.provenance | {"ledger": standing}})
