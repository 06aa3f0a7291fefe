"""The conversation: a line comes in, the study takes a step, a few plain lines go out. At most one question is open."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CausalError, ModelError, QueryError
from ..graph import Graph
from ..query import Query
from ..wording import safe
from . import edits, explain, menus, picture
from .follow_up import FollowUp
from .listen import listen
from .parse import Stage, parse
from .screen import Screen
from .utterance import Ask, Change, Command, EditGraph, Explain, Utterance, WhatIf

if TYPE_CHECKING:
    from ..analysis import Contested
    from ..study import Study
    from .warm import Warm

Waiting = Callable[[bool], AbstractContextManager[Any]]  # given whether the stages done are to be told


@dataclass(frozen=True)
class Option:
    """One choice of a menu, and what follows from it."""

    label: str
    then: Callable[[], None]


class Conversation:
    """One study in talk. `waiting` makes what shows the progress of a computation (on standard error)."""

    def __init__(
        self, study: Study, screen: Screen, waiting: Waiting, warm: Warm | None = None, debug: bool = False
    ) -> None:
        self.study, self.screen = study, screen
        self._waiting, self._warm, self._debug = waiting, warm, debug
        self.menu: tuple[Option, ...] = ()
        self.rows: list[picture.Row] = []
        self.objections: tuple[Contested, ...] = ()
        self._before: list[Graph] = []  # pictures of the pending question, for /undo
        self._reopened = False  # whether the pending question is the answered one, taken up again
        self._follow = FollowUp(self)

    @property
    def stage(self) -> Stage:
        """Where the conversation stands."""
        pending = self.study.pending
        if pending is not None and pending.query is not None:
            return "review"
        return "answered" if self.study.history else "start"

    def open(self) -> None:
        """The first lines: what can be said, or where a session was left."""
        for note in (*self.study.table.notes, *self.study.notes):
            self.screen.say(f"! {note}", "warn")
        if self.stage == "start":
            self.screen.say(menus.welcome(self.study), "quiet")
            return
        answers = len(self.study.history)
        if self.study.at_hand is not None:
            self.screen.say(f"Where we were: {answers} answer{'s' * (answers != 1)} so far. The latest:", "quiet")
            self.screen.say(self.study.at_hand.headline, "strong")
        if self.stage == "review":
            self.screen.say("Your question was read and not answered yet:", "quiet")
            self.show_picture()

    def hear(self, line: str) -> bool:
        """One line; False where it ends the conversation. Nothing that goes wrong ends it."""
        line = line.replace("\x00", "")
        if line.strip():
            self.study.said.append(line.strip()[:400])
        try:
            on = self._step(line)
            self.study.keep()
        except KeyboardInterrupt:
            self.screen.say("Stopped. Nothing that was answered is lost; say it again to start anew.", "warn")
            return True
        except CausalError as error:
            self.screen.say(f"! {safe(error.message, 400)}", "warn")
            if error.hint:
                self.screen.say(safe(error.hint, 400), "quiet")
            return True
        except Exception as error:
            if self._debug:
                raise
            self.screen.say(
                f"! Something went wrong inside ({type(error).__name__}). What was answered is kept.", "warn"
            )
            self.screen.say("Begin the chat with --debug to see it, and report it.", "quiet")
            return True
        return on

    def _step(self, line: str) -> bool:
        if self.menu and self._chosen(line.strip()):
            return True
        stage = self.stage
        utterance = parse(line, stage)
        if utterance is None and not line.strip():
            self.screen.say(menus.nothing(stage), "quiet")
            return True
        if utterance is None and self.study.client is not None:
            utterance = self._listen(line, stage)
        self.menu = ()
        if utterance is None:
            self._unclear(line, stage)
            return True
        return self._done(utterance)

    def _done(self, utterance: Utterance) -> bool:
        match utterance:
            case Ask():
                self.ask(utterance.question)
            case EditGraph(changes=()):
                self.accept()
            case EditGraph():
                self.edit(utterance.changes)
            case WhatIf():
                self._follow.what_if(utterance)
            case Explain():
                self._explain(utterance)
            case Command(name="quit"):
                return False
            case Command():
                self._command(utterance)
        return True

    def _listen(self, line: str, stage: Stage) -> Utterance | None:
        assert self.study.client is not None
        query = self._query()
        try:
            return listen(line, self.study.table.profile, query, stage, self.study.client, self.study.share)  # type: ignore[arg-type]
        except ModelError as error:
            self.screen.say(f"! {safe(error.message, 300)} I go on without it.", "warn")
            return None

    # questions

    def ask(self, question: str, **given: Any) -> None:
        """Read a question and show what it was taken to mean, with the picture; answer at once where no picture is needed."""
        self._before, self._reopened = [], False
        try:
            with warnings.catch_warnings(record=True) as remarks, self._waiting(True) as progress:
                warnings.simplefilter("always", UserWarning)
                progress.passing("Reading the question")
                reading = self.study.read(question, **given)
        except ModelError as error:
            self.screen.say(f"! {safe(error.message, 300)} I read it without the model.", "warn")
            remarks = []
            reading = self.study.read(question, offline=True, **given)
        for remark in remarks:
            self.screen.say(f"! {safe(remark.message, 300)}", "warn")
        if reading.query is None or reading.status == "choose":
            self._choose(question, reading.receipt, reading.choices, given)
            return
        self.screen.say(f"I read that as:   {reading.receipt}")
        self.study.keep()
        if reading.graph is None and reading.query.kind not in ("effect", "effect_by_group", "mediation"):
            self.answer(self.study.proceed)
            return
        self.show_picture()

    def _choose(self, question: str, said: str, choices: dict[str, list[str]], given: dict[str, Any]) -> None:
        """Ask for the treatment, then for the outcome: one question at a time."""
        self.screen.say(said or "I am not sure which columns you mean.")
        role = next((r for r in ("treatment", "outcome") if r not in given and choices.get(r)), None)
        if role is None:
            self.screen.say("Ask again with the names of two columns (/columns lists them).", "quiet")
            return
        what = {
            "treatment": "Which column is the thing that is done or changed?",
            "outcome": "Which one may be changed by it?",
        }
        names = [n for n in choices[role] if n not in given.values()][:6]
        described = {c.name: c.description or "" for c in self.study.table.profile.columns}

        def taking(name: str) -> Callable[[], None]:
            return lambda: self.ask(question, **{**given, role: name})

        self.offer(what[role], [Option(menus.column(n, described.get(n, "")), taking(n)) for n in names])

    def offer(self, question: str, options: Sequence[Option]) -> None:
        """Open a menu; the first option is the one suggested."""
        self.menu = tuple(options)
        self.screen.say(question)
        for number, option in enumerate(options, 1):
            self.screen.say(f"  {number}  {option.label}" + ("   (Enter)" if number == 1 else ""))

    def _chosen(self, line: str) -> bool:
        """Whether a line picked from the open menu."""
        if (line and not line.isascii()) or not (line.isdigit() or not line):
            return False
        number = int(line[:4]) if line else 1
        if not 1 <= number <= len(self.menu):
            self.screen.say(f"Say a number from 1 to {len(self.menu)}, or something else.", "quiet")
            return True
        chosen, self.menu = self.menu[number - 1], ()
        chosen.then()
        return True

    def _unclear(self, line: str, stage: Stage) -> None:
        options = [Option("ask it as a new question", lambda: self.ask(line))]
        if stage == "answered":
            options.append(Option("how could the answer be wrong?", lambda: self._explain(Explain("wrong"))))
        if stage == "review":
            options.insert(0, Option("the picture looks right: work it out", self.accept))
        options.append(Option("see what can be said here", lambda: self._command(Command("help"))))
        self.offer("I did not understand that. Do you want to", options)

    # the picture

    def show_picture(self, everything: bool = False) -> None:
        """The picture of the question at hand, numbered, with what the data object to: what the answer rests on, or `everything`."""
        query, graph = self._query(), self._graph()
        if query is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        self.objections = self._objections(query, graph)
        self.rows = picture.rows_of(graph, query)
        pending = self.stage == "review"
        if pending:
            self.screen.say("Here is how I think things hang together. Is it right?")
        alarms = self.study.pending.bad_controls if self.study.pending is not None else ()
        self.screen.lines(
            picture.listed(
                graph, query, self.rows, self.objections, alarms, self.screen.width, self.screen.arrow, everything
            )
        )
        if pending:
            self.screen.say(menus.review(self.rows, query), "quiet")

    def _objections(self, query: Query, graph: Graph) -> tuple[Contested, ...]:
        """What the data say against the picture."""
        from ..causal.contest import contest

        self.warm()
        return contest(query.model_copy(update={"graph": graph}), self.study.table)

    def edit(self, changes: tuple[Change, ...]) -> None:
        """Change the picture of the pending question, or of the answered one, and say what it costs."""
        if self.stage == "start":
            raise QueryError("There is no picture yet.", "Ask a question first.")
        query, graph = self._query(), self._graph()
        assert query is not None
        found = self._applied(changes, graph, query, lambda again: self.edit(again))
        if found is None:
            return
        seen = self.stage == "answered"
        if seen:
            self.study.reopen()
            self._reopened = True
        self._before.append(graph)
        self.study.revise(found.graph)
        for line in (*found.done, *self.price(query, graph, found.graph)):
            self.screen.say(line, "warn" if line.startswith("!") else "plain")
        before, self.rows = self.rows, picture.rows_of(found.graph, query)
        if picture.renumbered(before, self.rows, query):
            self.screen.say("The lines have new numbers: /picture shows them.", "quiet")
        if seen:
            self.screen.say(
                "You have seen an answer already: the new one will say that the picture was changed afterwards, and count as"
                " less sure.", "warn",
            )  # fmt: skip
        self.screen.say("(Enter = work it out · /undo takes it back)", "quiet")

    def _applied(
        self, changes: tuple[Change, ...], graph: Graph, query: Query, again: Callable[[tuple[Change, ...]], None]
    ) -> edits.Edited | None:
        """The changed graph; None where it was asked which column a phrase means."""
        rows = self.rows or picture.rows_of(graph, query)
        found = edits.applied(changes, graph, rows, self.study.table.profile, query)
        if isinstance(found, edits.Edited):
            return found
        doubt = found
        described = {c.name: c.description or "" for c in self.study.table.profile.columns}

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
        self.offer(f"There is no column called “{name}”. Do you mean", options)
        return None

    def price(self, query: Query, before: Graph, after: Graph) -> list[str]:
        """What a change of the picture costs, in rows."""
        from ..study.rows import cost

        self.warm()
        bare = query.model_copy(update={"adjust_for": None})
        if before == after:
            return []
        old, new = (cost(bare.model_copy(update={"graph": g}), self.study.table) for g in (before, after))
        return edits.priced(old, new)

    # answers

    def accept(self) -> None:
        """Answer the question at hand with its picture as it stands, gone through by a person."""
        if self.stage != "review":
            self.screen.say(menus.nothing(self.stage), "quiet")
            return
        self.answer(self.study.accept)
        self._before = []

    def answer(self, run: Callable[[], Any]) -> None:
        """Work an answer out and show it."""
        from ..report import kept

        answer = self.work(run, stages=True)
        kept.keep(answer)  # for `pyllm-causal report --last`
        self.rows = []
        for i, block in enumerate(explain.short(answer)):
            self.screen.block(block, "strong" if i == 0 else "plain")
            self.screen.lines([""])
        self.screen.say(menus.after(answer), "quiet")
        if answer.next_question is not None:
            cause, effect = answer.next_question.edge
            without = WhatIf(changes=(Change("drop", cause=cause, effects=(effect,)),))
            self.offer(
                answer.next_question.sentence,
                [
                    Option("yes, it stays", lambda: self.screen.say("Good: the answer stands as it is.")),
                    Option("no: show the answer without it", lambda: self._follow.what_if(without)),
                ],
            )

    def work(self, run: Callable[[], Any], stages: bool = False) -> Any:
        """Run a computation, with its progress on standard error; `stages` tells those that are done."""
        self.warm()
        with self._waiting(stages) as progress:
            self.study.how["progress"] = progress
            try:
                return run()
            finally:
                self.study.how["progress"] = None

    def warm(self) -> None:
        """Wait for the slow libraries, where they are still being imported."""
        if self._warm is not None:
            self._warm.wait()
            self._warm = None

    def _explain(self, wish: Explain) -> None:
        if wish.topic == "arrow":
            self._why_line(wish.line)
            return
        answer = self.study.at_hand
        if answer is None:
            if wish.topic == "why" and self.stage == "review":
                self.screen.say("Say the number of a line, for example “why 1?”.", "quiet")
                return
            raise QueryError("There is no answer yet.", "Ask a question first, or press Enter to have it worked out.")
        said = {
            "wrong": lambda: explain.wrong(answer, [c.sentence for c in self.objections if c.matters]),
            "why": lambda: explain.why(answer),
            "checks": lambda: explain.checks(answer),
            "simpler": lambda: explain.simpler(answer),
        }.get(wish.topic, list)()
        if wish.topic == "more":
            for block in answer.text.split("\n\n"):
                self.screen.block(block)
                self.screen.lines([""])
        for line in said:
            self.screen.say(line, "warn" if line.startswith(("!", "✗")) else "plain")

    def _why_line(self, number: int | None) -> None:
        query = self._query()
        if query is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        rows = self.rows or picture.rows_of(self._graph(), query)
        row = next((r for r in rows if r.number == number), None)
        if row is None:
            raise QueryError(f"There is no line {number} in the picture.", "Say /picture to see it.")
        for line in picture.told(row, query, self.objections):
            self.screen.say(line)

    # commands

    def _command(self, command: Command) -> None:
        match command.name:
            case "help":
                for line in menus.help_lines(command.argument):
                    self.screen.say(line)
            case "columns":
                self.screen.lines(menus.columns(self.study.table.profile, command.argument, self.screen.width))
            case "picture":
                self._picture(command.argument)
            case "checks":
                self._explain(Explain("checks"))
            case "compare":
                self.screen.lines("  " + line for line in self.study.compare().text.split("\n"))
            case "undo":
                self._undo()
            case "report":
                self._report(command.argument)
            case "save":
                path = Path(command.argument or f"{menus.file_name(self._query(), self.study.table)}.json")
                self.study.save(path)
                self.screen.say(f"Wrote {safe(path, 300)} (go on with it in Python: Study.load).")

    def _picture(self, argument: str) -> None:
        name = argument.removeprefix("sign as ").strip() if argument.startswith("sign as ") else ""
        if argument in ("", "all"):
            self.show_picture(everything=bool(argument))
            return
        if not name or not (name := safe(name, 60)):
            raise QueryError(
                f"/picture {safe(argument, 40)} is nothing I know.", "Say /picture, or /picture sign as NAME."
            )
        from ..study.session import now

        if self.stage == "review":
            self.study.revise(self._graph().sign(name, now()))
            self.screen.say(f"{name} signed the picture as it stands; a change takes the signature off.")
            self.screen.say("(Enter = work it out)", "quiet")
            return
        if self._query() is None:
            raise QueryError("There is no picture yet.", "Ask a question first.")
        query = self._query()
        self.work(lambda: self.study.what_if(of=query, graph=self._graph().sign(name, now())))
        self.screen.say(f"{name} signed the picture; the answer now says who reviewed it.")

    def _undo(self) -> None:
        if self.stage == "review" and self._before:
            query = self._query()
            self.study.revise(self._before.pop())
            self.rows = picture.rows_of(self._graph(), query) if query is not None else []
            if self._reopened and not self._before:
                self.study.set_aside()
                self.screen.say("Taken back; the picture and the answer are as they were.")
            else:
                self.screen.say("Taken back; the picture is as it was. (/picture shows it)")
            return
        if self.stage == "review":
            self.study.set_aside()
            self.screen.say("The question is set aside.")
            return
        passing = len(self.study.history) - 1 not in self.study.main
        self.study.undo()
        self.rows = []
        at_hand = self.study.at_hand
        if passing:
            said = "The answer at hand is the same as before."
        else:
            said = "There is no answer left." if at_hand is None else f"Back at: {at_hand.headline}"
        self.screen.say(f"Taken back; it still counts as a way you looked. {said}")

    def _report(self, argument: str) -> None:
        path = Path(argument or f"{menus.file_name(self._query(), self.study.table)}.html")
        html, twin = self.work(lambda: self.study.report(path))
        self.screen.say(f"Wrote {safe(html, 300)} and {safe(twin.name)} (picture, numbers, checks, how to repeat it).")

    # what is at hand

    def _query(self) -> Query | None:
        pending = self.study.pending
        return pending.query if pending is not None and pending.query is not None else self.study.query_at_hand

    def _graph(self) -> Graph:
        pending = self.study.pending
        if pending is not None and pending.query is not None:
            return pending.query.graph or pending.graph or Graph()
        query = self.study.query_at_hand
        return (query.graph if query is not None else None) or Graph()
