"""The picture of the question at hand, under review: shown, changed with what that costs, signed, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import QueryError
from ..graph import Graph
from ..query import Query
from ..wording import safe
from . import edits, menus, picture
from .option import Option
from .utterance import Change

if TYPE_CHECKING:
    from ..analysis import Contested
    from .conversation import Conversation


class Review:
    """The picture of one conversation: its lines as they were shown, what the data object to, and the pictures before."""

    def __init__(self, talk: Conversation) -> None:
        self._talk, self._study, self._screen = talk, talk.study, talk.screen
        self.rows: list[picture.Row] = []
        self.objections: tuple[Contested, ...] = ()
        self._before: list[Graph] = []  # pictures of the pending question, for /undo
        self._reopened = False  # whether the pending question is the answered one, taken up again

    def forget(self) -> None:
        """A new question, or an answer: no earlier picture to go back to."""
        self._before, self._reopened = [], False

    def show(self, everything: bool = False) -> None:
        """The picture of the question at hand, numbered, with what the data object to: what the answer rests on, or `everything`."""
        query, graph = self.query(), self.graph()
        if query is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        self.objections = self._objections(query, graph)
        self.rows = picture.rows_of(graph, query)
        pending = self._talk.stage == "review"
        if pending:
            self._screen.say("Here is how I think things hang together. Is it right?")
        alarms = self._study.pending.bad_controls if self._study.pending is not None else ()
        self._screen.lines(
            picture.listed(
                graph, query, self.rows, self.objections, alarms, self._screen.width, self._screen.arrow, everything
            )
        )
        if pending:
            self.hint()

    def hint(self) -> None:
        """What can be said of the picture."""
        if (query := self.query()) is not None:
            self._screen.say(menus.review(self.rows, query), "quiet")

    def _objections(self, query: Query, graph: Graph) -> tuple[Contested, ...]:
        """What the data say against the picture."""
        from ..causal.contest import contest

        self._talk.warm()
        return contest(query.model_copy(update={"graph": graph}), self._study.table)

    def edit(self, changes: tuple[Change, ...]) -> None:
        """Change the picture of the pending question, or of the answered one, and say what it costs."""
        if self._talk.stage == "start":
            raise QueryError("There is no picture yet.", "Ask a question first.")
        query, graph = self.query(), self.graph()
        assert query is not None
        found = self.applied(changes, graph, query, lambda again: self.edit(again))
        if found is None:
            return
        seen = self._talk.stage == "answered"
        if seen:
            self._study.reopen()
            self._reopened = True
        self._before.append(graph)
        self._study.revise(found.graph)
        for line in (*found.done, *self.price(query, graph, found.graph)):
            self._screen.say(line, "warn" if line.startswith("!") else "plain")
        before, self.rows = self.rows, picture.rows_of(found.graph, query)
        if picture.renumbered(before, self.rows, query):
            self._screen.say("The lines have new numbers: /picture shows them.", "quiet")
        if seen:
            self._screen.say(
                "You have seen an answer already: the new one will say that the picture was changed afterwards, and count as"
                " less sure.", "warn",
            )  # fmt: skip
        self._screen.say("(Enter = work it out · /undo takes it back)", "quiet")

    def applied(
        self, changes: tuple[Change, ...], graph: Graph, query: Query, again: Callable[[tuple[Change, ...]], None]
    ) -> edits.Edited | None:
        """The changed graph; None where it was asked which column a phrase means."""
        rows = self.rows or picture.rows_of(graph, query)
        found = edits.applied(changes, graph, rows, self._study.table.profile, query)
        if isinstance(found, edits.Edited):
            return found
        doubt = found
        described = {c.name: c.description or "" for c in self._study.table.profile.columns}

        def taking(name: str, hidden: bool = False) -> Callable[[], None]:
            return lambda: again(edits.settled(changes, doubt.phrase, name, hidden))

        options = [Option(menus.column(n, described.get(n, "")), taking(n)) for n in doubt.near]
        name = safe(doubt.phrase, 40)
        if doubt.cause and not any(ch.isdigit() for ch in name):
            options.append(
                Option(f"none of the columns: a cause called “{name}” that is not in the file", taking(name, True))
            )
        if not options:
            raise QueryError(f"No column goes by “{name}”.", "/columns lists what is in the file.")
        options.append(Option("leave the picture as it is", lambda: None))
        self._talk.offer(f"There is no column called “{name}”. Do you mean", options)
        return None

    def price(self, query: Query, before: Graph, after: Graph) -> list[str]:
        """What a change of the picture costs, in rows."""
        from ..study.rows import cost

        self._talk.warm()
        bare = query.model_copy(update={"adjust_for": None})
        if before == after:
            return []
        old, new = (cost(bare.model_copy(update={"graph": g}), self._study.table) for g in (before, after))
        return edits.priced(old, new)

    def why(self, number: int | None) -> None:
        """Why one line of the picture is there. Raises `QueryError`."""
        query = self.query()
        if query is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        rows = self.rows or picture.rows_of(self.graph(), query)
        row = next((r for r in rows if r.number == number), None)
        if row is None:
            raise QueryError(f"There is no line {number} in the picture.", "Say /picture to see it.")
        for line in picture.told(row, query, self.objections):
            self._screen.say(line)

    def command(self, argument: str) -> None:
        """`/picture`, `/picture all` and `/picture sign as NAME`. Raises `QueryError`."""
        name = argument.removeprefix("sign as ").strip() if argument.startswith("sign as ") else ""
        if argument in ("", "all"):
            self.show(everything=bool(argument))
            return
        if not name or not (name := safe(name, 60)):
            raise QueryError(
                f"/picture {safe(argument, 40)} is nothing I know.", "Say /picture, or /picture sign as NAME."
            )
        from ..study.session import now

        if self._talk.stage == "review":
            self._study.revise(self.graph().sign(name, now()))
            self._screen.say(f"{name} signed the picture as it stands; a change takes the signature off.")
            self._screen.say("(Enter = work it out)", "quiet")
            return
        if self.query() is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        query = self.query()
        self._talk.work(lambda: self._study.what_if(of=query, graph=self.graph().sign(name, now())))
        self._screen.say(f"{name} signed the picture; the answer now says who reviewed it.")

    def undo(self) -> None:
        """Take back the last change of the picture, else the question under review, else the latest answer."""
        if self._talk.stage == "review" and self._before:
            query = self.query()
            self._study.revise(self._before.pop())
            self.rows = picture.rows_of(self.graph(), query) if query is not None else []
            if self._reopened and not self._before:
                self._study.set_aside()
                self._screen.say("Taken back; the picture and the answer are as they were.")
            else:
                self._screen.say("Taken back; the picture is as it was. (/picture shows it)")
            return
        if self._talk.stage == "review":
            self._study.set_aside()
            self._screen.say("The question is set aside.")
            return
        passing = len(self._study.history) - 1 not in self._study.main
        self._study.undo()
        self.rows = []
        at_hand = self._study.at_hand
        if passing:
            said = "The answer at hand is the same as before."
        else:
            said = "There is no answer left." if at_hand is None else f"Back at: {at_hand.headline}"
        self._screen.say(f"Taken back; it still counts as a way you looked. {said}")

    def query(self) -> Query | None:
        """The question under review, else the one answered last."""
        pending = self._study.pending
        return pending.query if pending is not None and pending.query is not None else self._study.query_at_hand

    def graph(self) -> Graph:
        """Its picture; an empty one where there is none."""
        pending = self._study.pending
        if pending is not None and pending.query is not None:
            return pending.query.graph or pending.graph or Graph()
        query = self._study.query_at_hand
        return (query.graph if query is not None else None) or Graph()
