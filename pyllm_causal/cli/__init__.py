"""The command line: `ask`, `read`, `analyse`, `schema`. The answer goes to standard output, talk to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from . import (
    chat,
    columns,
    completion,
    config,
    console,
    doctor,
    examples,
    export,
    graph,
    inputs,
    lint,
    models,
    plan,
    preview,
    recordings,
    report,
    rerun,
    schema,
)
from .flags import overrides, taking, with_graph
from .options import (
    ApiBase,
    AsJson,
    Budget,
    BudgetTokens,
    Debug,
    Describe,
    Drafts,
    DryRun,
    GraphPath,
    Lang,
    Model,
    NoChecks,
    NoLog,
    Record,
    Replay,
    Share,
    Simulations,
    Workers,
)  # fmt: skip
from .report import ReportTo
from .waiting import Waiting

if TYPE_CHECKING:
    from ..analysis import Answer

app = typer.Typer(
    name="pyllm-causal",
    epilog="Exit codes: 0 answered, 3 cannot be told from these data, 2 bad input or a choice to make, 1 our fault.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config.app, name="config")
app.add_typer(export.app, name="export")
app.add_typer(graph.app, name="graph")
app.add_typer(models.app, name="models")
app.add_typer(recordings.app, name="recordings")

Data = Annotated[
    str,
    typer.Option(
        "--data", "-d", metavar="FILE", help="The table: CSV, Excel, Parquet, Stata, SPSS, JSON lines or SQLite."
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="One sentence only.")]
Expert = Annotated[bool, typer.Option("--expert", help="Add the estimand, every method and every check.")]


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"pyllm-causal {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Causal answers in plain words from a question and a table.

    \b
    Examples:
      pyllm-causal columns FILE                           what is in a table
      pyllm-causal ask "Does A change B?" --data FILE     an answer
      pyllm-causal examples                               a command for every kind of question
      pyllm-causal doctor                                 what works here, and how to mend what does not
    """


@app.command()
@taking
def ask(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Data,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    seed: Seed = 0,
    share: Share = None,
    drafts: Drafts = 1,
    no_log: NoLog = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    dry_run: DryRun = False,
    simulations: Simulations = None,
    workers: Workers = None,
    no_checks: NoChecks = False,
    report_to: ReportTo = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    expert: Expert = False,
    lang: Lang = None,
    debug: Debug = False,
    *,
    flags: dict[str, Any],
) -> None:
    """Answer a question from a table: read it, analyse, phrase.

    Example: pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --adjust-for age --adjust-for experience

    Example: pyllm-causal ask "Does the course raise wages?" --data course.csv --instrument voucher

    `pyllm-causal examples` has one for every kind of question. Without --model the built-in reader reads what it is sure
    of, and otherwise says which flags to add.
    """

    def run() -> Answer:
        from .. import pipeline, study

        described, given = inputs.describe(describe), overrides(flags)
        with Waiting(stages=not (as_json or quiet)) as waiting:
            client = study.connect(
                model, api_base, record, replay, not no_log, budget=budget, budget_tokens=budget_tokens,
                tell=None if as_json or quiet else waiting.tell,
            )  # fmt: skip
            if client is None and not as_json:
                waiting.tell("No language model is set (--model NAME): the built-in reader reads the question.")
            return pipeline.ask(
                inputs.without_keys(question), data, client=client, seed=seed, describe=described, overrides=given,
                share=inputs.share(share), drafts=drafts, progress=waiting, simulations=simulations, workers=workers,
                checks=not no_checks, language=lang,
            )  # fmt: skip

    if dry_run:
        console.guard(lambda: preview.would_send(question, data, describe, share, overrides(flags)), as_json, debug)
        return
    _finish(run, as_json, quiet, expert, debug, report_to, data)


@app.command()
@taking
def read(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Data,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    share: Share = None,
    drafts: Drafts = 1,
    no_log: NoLog = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    debug: Debug = False,
    *,
    flags: dict[str, Any],
) -> None:
    """Read a question into a query; nothing is computed.

    Example: pyllm-causal read "Does coaching raise the score?" --data coaching.csv --json

    Exit code 2 when a person must choose.
    """
    if dry_run:
        console.guard(lambda: preview.would_send(question, data, describe, share, overrides(flags)), as_json, debug)
        return

    def run() -> Any:
        from .. import pipeline, study

        tell = None if as_json else console.tell
        client = study.connect(
            model, api_base, record, replay, not no_log, budget=budget, budget_tokens=budget_tokens, tell=tell
        )  # fmt: skip
        given = overrides(flags)
        return pipeline.read(
            inputs.without_keys(question), data, client=client, describe=inputs.describe(describe), overrides=given,
            share=inputs.share(share), drafts=drafts,
        )  # fmt: skip

    reading = console.guard(run, as_json, debug)
    document = reading.model_dump(mode="json", exclude={"query"})
    query = reading.query
    document["query"] = (
        None if query is None else {"kind": query.kind} | query.model_dump(mode="json", exclude_defaults=True)
    )
    if as_json:
        console.document(document)
    else:
        from ..wording import join

        console.out(reading.receipt)
        for alarm in reading.bad_controls:
            console.out(f"  left alone: {join([alarm.column])}: {join([alarm.reason])}")
        if reading.status == "choose":
            for role, names in reading.choices.items():
                console.out(f"  {role}: {join(names[:6])}")
            console.out("Name them with --treatment and --outcome (--design and its parts where a design is meant).")
    raise typer.Exit(0 if reading.status == "read" else 2)


@app.command()
def analyse(
    query: Annotated[
        str, typer.Argument(help="The query document: a JSON file, or - for standard input.", metavar="QUERY.json")
    ],
    data: Data,
    describe: Describe = None,
    graph_file: GraphPath = None,
    seed: Seed = 0,
    simulations: Simulations = None,
    workers: Workers = None,
    no_checks: NoChecks = False,
    report_to: ReportTo = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    expert: Expert = False,
    debug: Debug = False,
) -> None:
    """Answer a structured query from a table. No language model is used.

    Example: pyllm-causal analyse query.json --data coaching.csv
    """

    def run() -> Answer:
        from ..pipeline import analyse as analyse_query

        document = inputs.query_document(query)
        if graph_file is not None:
            document = with_graph(document, graph_file)
        with Waiting(stages=not (as_json or quiet)) as waiting:
            return analyse_query(
                document, data, seed=seed, describe=inputs.describe(describe), progress=waiting, simulations=simulations,
                workers=workers, checks=not no_checks,
            )  # fmt: skip

    _finish(run, as_json, quiet, expert, debug, report_to, data)


app.command("chat")(chat.chat)
app.command("plan")(plan.plan)
app.command("lint")(lint.lint)
app.command("rerun")(rerun.rerun)
app.command("columns")(columns.columns)
app.command("examples")(examples.examples)
app.command("doctor")(doctor.doctor)
app.command("sent")(recordings.sent)
app.command("report")(report.report)
app.command("completion")(completion.completion)


app.command("schema")(schema.schema)


def _finish(
    run: Callable[[], Answer], as_json: bool, quiet: bool, expert: bool, debug: bool, report_to: Path | None, data: str
) -> NoReturn:
    def both() -> tuple[str, Answer]:
        answer = run()
        return _output(answer, as_json, quiet, expert), answer

    text, answer = console.guard(both, as_json, debug)
    console.out(text)
    from ..report.kept import keep

    keep(answer)
    if report_to is not None:
        page, twin = console.guard(lambda: report.written(answer, report_to, data), False, debug)
        console.tell(f"Wrote {page} and {twin.name}.")
    raise typer.Exit(answer.exit_code)


def _output(answer: Answer, as_json: bool, quiet: bool, expert: bool) -> str:
    """The answer as it goes to standard output. Made before anything is printed: no half output."""
    if as_json:
        return console.as_text(answer.model_dump(mode="json"))
    if quiet:
        return answer.headline
    text = console.fitted(answer.text)
    if not expert:
        return text
    from ..report.text import expert_text

    return f"{text}\n\n{expert_text(answer)}"


def main() -> None:
    """Entry point of the `pyllm-causal` command."""
    for library in ("OMP", "OPENBLAS", "MKL"):  # threads on small matrices cost several times what they save
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = app(standalone_mode=False, prog_name="pyllm-causal")
    except typer.Abort:
        console.tell("Stopped.")
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        code = _misused(error)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(error: Any) -> int:
    """Wrong options in our own words: one line, one hint, and a document with --json."""
    from ..errors import InputError

    message = str(error.format_message()).strip()
    if not message or "\n" in message:  # no arguments at all: the help text is the message
        error.show()
        return 2
    command = error.ctx.command_path if getattr(error, "ctx", None) is not None else "pyllm-causal"
    try:
        wrong = InputError(message.rstrip(".") + ".", f"`{command} --help` shows what can be given.")
        console.fail(wrong, "--json" in sys.argv)
    except typer.Exit as stop:
        return stop.exit_code
