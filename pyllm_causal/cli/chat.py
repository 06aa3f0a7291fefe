"""`pyllm-causal chat`: talk about one table, with a review of the picture before anything is worked out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console, inputs
from .options import (
    ApiBase,
    Budget,
    BudgetTokens,
    Debug,
    Describe,
    Model,
    NoChecks,
    NoLog,
    Record,
    Replay,
    Simulations,
    Workers,
)

if TYPE_CHECKING:
    from ..study import Study


def chat(
    data: Annotated[
        str, typer.Argument(help="The table: CSV, Excel, Parquet, Stata, SPSS, JSON lines or SQLite.", metavar="FILE")
    ],
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    graph: Annotated[
        Path | None, typer.Option(help="A graph file to begin with, instead of a drafted picture.", metavar="FILE")
    ] = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on with the latest session about this file.")] = False,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Plain lines: no colour, no drawing, no completion. Good for screen readers."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    share: Annotated[
        str | None, typer.Option(help="What a model may see: names, profile or levels.", metavar="HOW")
    ] = None,
    no_log: NoLog = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    simulations: Simulations = None,
    workers: Workers = None,
    no_checks: NoChecks = False,
    debug: Debug = False,
) -> None:
    """Talk about a table: ask, review the picture of causes, follow up. Everything answered is kept.

    Example: pyllm-causal chat coaching.csv
    """

    how: dict[str, Any] = {
        "describe": inputs.describe(describe), "simulations": simulations, "workers": workers, "checks": not no_checks,
    }  # fmt: skip

    def begin() -> Study:
        from ..study import Study, connect, last_session

        client = connect(
            model, api_base, record, replay, not no_log, budget=budget, budget_tokens=budget_tokens, tell=console.tell
        )  # fmt: skip
        how.update(client=client, share=inputs.share(share), graph=graph)
        if go_on:
            from ..data import Table

            table = Table.read(data, describe=how["describe"])
            found = last_session(data, table.fingerprint)
            if found is not None:
                return Study.resume(found, data, **how)
            console.tell("There is no session about this file yet: this is a new one.")
        study = Study(data, seed=seed, **how)
        study.begin()
        return study

    study = console.guard(begin, False, debug)
    console.guard(lambda: _talk(study, data, plain, debug), False, debug)


def _talk(study: Study, data: str, plain: bool, debug: bool) -> None:
    """The loop: a line in, a few lines out, until it ends."""
    from ..chat.conversation import Conversation
    from ..chat.line import line_of
    from ..chat.screen import Screen
    from ..chat.warm import Warm
    from ..errors import SettingsError
    from ..wording import safe
    from .waiting import Waiting

    try:
        study.keep()
    except SettingsError as error:
        console.tell(f"This session cannot be kept: {error}")
        study.forget()
    lines = line_of(plain, lambda: study.table.names, study.said)
    talk = Conversation(study, Screen(plain=plain), Waiting, Warm(), debug)
    talk.open()
    while True:
        try:
            line = lines.read()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            talk.screen.say("(Ctrl-D or /quit ends)", "quiet")
            continue
        except EOFError:
            break
        on = talk.hear(line)
        talk.screen.lines([""])
        if not on:
            break
    study.keep()
    if study.place is not None and study.history:
        console.tell(f"Kept. Go on with: pyllm-causal chat {safe(data, 200)} --continue")
