"""The conversation: a line comes in, the study takes a step, a few plain lines go out. At most one question is open."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CausalError, ModelError, QueryError
from ..wording import safe
from . import explain, menus
from . import phrases as say
from .follow_up import FollowUp
from .listen import listen
from .names import named
from .option import Option
from .parse import Stage, parse
from .review import Review
from .screen import Screen
from .utterance import Aside, Ask, Change, Command, EditGraph, Explain, Utterance, WhatIf

if TYPE_CHECKING:
    from ..study import Study
    from .warm import Warm

Waiting = Callable[[bool], AbstractContextManager[Any]]  # given whether the stages done are to be told


class Conversation:
    """One study in talk. `waiting` makes what shows the progress of a computation (on standard error)."""

    def __init__(
        self, study: Study, screen: Screen, waiting: Waiting, warm: Warm | None = None, debug: bool = False
    ) -> None:
        self.study, self.screen = study, screen
        self._waiting, self._warm, self._debug = waiting, warm, debug
        self.menu: tuple[Option, ...] = ()
        self._wanted: Callable[[str], bool] | None = (
            None  # takes what is said to an open menu, and is none of its choices
        )
        self.review = Review(self)
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
            self.review.show()

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
        if self._wanted is not None and (utterance is None or isinstance(utterance, Ask)) and self._wanted(line):
            return True
        if utterance is None and not line.strip():
            self.screen.say(menus.nothing(stage), "quiet")
            return True
        if utterance is None and self.study.client is not None:
            utterance = self._listen(line, stage)
        self.menu, self._wanted = (), None
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
                self.review.edit(utterance.changes)
            case WhatIf():
                self._follow.what_if(utterance)
            case Explain():
                self._explain(utterance)
            case Aside(kind="no") if self.stage == "review":
                self.review.hint()
            case Aside():
                self.screen.say(menus.aside(utterance.kind, self.stage, self.study.table.profile.name), "quiet")
            case Command(name="quit"):
                return False
            case Command():
                self._command(utterance)
        return True

    def _listen(self, line: str, stage: Stage) -> Utterance | None:
        assert self.study.client is not None
        query = self.review.query()
        try:
            return listen(line, self.study.table.profile, query, stage, self.study.client, self.study.share)  # type: ignore[arg-type]
        except ModelError as error:
            self.screen.say(f"! {safe(error.message, 300)} I go on without it.", "warn")
            return None

    # questions

    def ask(self, question: str, **given: Any) -> None:
        """Read a question and show what it was taken to mean, with the picture; answer at once where no picture is needed."""
        try:
            with warnings.catch_warnings(record=True) as remarks, self._waiting(True) as progress:
                warnings.simplefilter("always", UserWarning)
                progress.passing("Reading the question")
                reading = self.study.read(question, keep=True, **given)
        except ModelError as error:
            self.screen.say(f"! {safe(error.message, 300)} I read it without the model.", "warn")
            remarks = []
            reading = self.study.read(question, offline=True, keep=True, **given)
        for remark in remarks:
            self.screen.say(f"! {safe(remark.message, 300)}", "warn")
        if reading.query is None or reading.status == "choose":
            self._choose(question, reading.receipt, reading.choices, given)
            if self.stage == "review":
                self.screen.say("The question before still waits: /picture shows it.", "quiet")
            return
        self.review.forget()
        self.screen.say(f"I read that as:   {reading.receipt}")
        self.study.keep()
        if reading.graph is None and reading.query.kind not in ("effect", "effect_by_group", "mediation"):
            self.answer(self.study.proceed)
            return
        self.review.show()

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

        def wanted(line: str) -> bool:
            found = named(line, [c for c in self.study.table.profile.columns if c.name not in given.values()])
            if found is not None:
                self.ask(question, **{**given, role: found})
            return found is not None

        self.offer(what[role], [Option(menus.column(n, described.get(n, "")), taking(n)) for n in names], wanted)
        self.screen.say("Say its number, or the name of another column (/columns lists them).", "quiet")

    def offer(self, question: str, options: Sequence[Option], wanted: Callable[[str], bool] | None = None) -> None:
        """Open a menu; the first option is the one suggested. `wanted` takes an answer that is none of the options."""
        self.menu, self._wanted = tuple(options), wanted
        self.screen.say(question)
        for number, option in enumerate(options, 1):
            self.screen.say(f"  {number}  {option.label}" + ("   (Enter)" if number == 1 else ""))

    def _chosen(self, line: str) -> bool:
        """Whether a line picked from the open menu."""
        said = line.strip()
        by_word = next((i for i, o in enumerate(self.menu, 1) if o.said is not None and o.said.fullmatch(said)), None)
        if by_word is None and ((line and not line.isascii()) or not (line.isdigit() or not line)):
            return False
        number = by_word or (int(line[:4]) if line else 1)
        if not 1 <= number <= len(self.menu):
            self.screen.say(f"Say a number from 1 to {len(self.menu)}, or something else.", "quiet")
            return True
        chosen = self.menu[number - 1]
        self.menu, self._wanted = (), None
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

    # answers

    def accept(self) -> None:
        """Answer the question at hand with its picture as it stands, gone through by a person."""
        if self.stage != "review":
            self.screen.say(menus.nothing(self.stage), "quiet")
            return
        self.answer(self.study.accept)
        self.review.forget()

    def answer(self, run: Callable[[], Any]) -> None:
        """Work an answer out and show it."""
        from ..report import kept

        answer = self.work(run, stages=True)
        kept.keep(answer)  # for `pyllm-causal report --last`
        self.review.rows = []
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
                    Option("yes, it stays", lambda: self.screen.say("Good: the answer stands as it is."), say.YES),
                    Option("no: show the answer without it", lambda: self._follow.what_if(without), say.NO),
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
            self.review.why(wish.line)
            return
        answer = self.study.at_hand
        if answer is None:
            if wish.topic == "why" and self.stage == "review":
                self.screen.say(
                    "There is no answer yet: press Enter to have it worked out. Why a line is there: “why 1?”.", "quiet"
                )
                return
            raise QueryError("There is no answer yet.", "Ask a question first, or press Enter to have it worked out.")
        said = {
            "wrong": lambda: explain.wrong(answer, [c.sentence for c in self.review.objections if c.matters]),
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

    # commands

    def _command(self, command: Command) -> None:
        match command.name:
            case "help":
                for line in menus.help_lines(command.argument):
                    self.screen.say(line)
            case "columns":
                self.screen.lines(menus.columns(self.study.table.profile, command.argument, self.screen.width))
            case "picture":
                self.review.command(command.argument)
            case "checks":
                self._explain(Explain("checks"))
            case "compare":
                self.screen.lines("  " + line for line in self.study.compare().text.split("\n"))
            case "undo":
                self.review.undo()
            case "report":
                self._report(command.argument)
            case "save":
                path = Path(command.argument or f"{menus.file_name(self.review.query(), self.study.table)}.json")
                self.study.save(path)
                self.screen.say(f"Wrote {safe(path, 300)} (go on with it in Python: Study.load).")

    def _report(self, argument: str) -> None:
        path = Path(argument or f"{menus.file_name(self.review.query(), self.study.table)}.html")
        html, twin = self.work(lambda: self.study.report(path))
        self.screen.say(f"Wrote {safe(html, 300)} and {safe(twin.name)} (picture, numbers, checks, how to repeat it).")
