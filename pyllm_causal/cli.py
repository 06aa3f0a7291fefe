"""The command line: `ask`, `read`, `analyse`, `schema`. The answer goes to standard output, talk to standard error."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from .analysis import Answer
    from .errors import CausalError

app = typer.Typer(
    name="pyllm-causal",
    help="Causal answers in plain words from a question and a table.",
    epilog="Exit codes: 0 answered, 3 cannot be told from these data, 2 bad input or a choice to make, 1 our fault.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    str,
    typer.Option(
        "--data", "-d", metavar="FILE", help="The table: CSV, Excel, Parquet, Stata, SPSS, JSON lines or SQLite."
    ),
]
Describe = Annotated[str | None, typer.Option(help="What the columns mean: text, or @FILE.", metavar="TEXT|@FILE")]
Model = Annotated[
    str | None,
    typer.Option(help="Language model, as litellm names it; `none` for the built-in reader.", metavar="NAME"),
]
ApiBase = Annotated[str | None, typer.Option("--api-base", help="An OpenAI-compatible server.", metavar="URL")]
Record = Annotated[Path | None, typer.Option(help="Write every language reply into this folder.", metavar="DIR")]
Replay = Annotated[Path | None, typer.Option(help="Answer from the replies recorded in this folder.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="One sentence only.")]
Expert = Annotated[bool, typer.Option("--expert", help="Add the estimand, every method and every check.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent to the model, and send nothing.")]
Share = Annotated[str, typer.Option(help="What a model may see: names, profile or levels.", metavar="HOW")]
Treatment = Annotated[str | None, typer.Option(help="The column whose effect is asked for.", metavar="COLUMN")]
Outcome = Annotated[str | None, typer.Option(help="The column that may be affected.", metavar="COLUMN")]
Where = Annotated[str | None, typer.Option(help="Only these rows, e.g. 'age >= 40 and sex == 1'.", metavar="FILTER")]
AdjustFor = Annotated[
    list[str] | None, typer.Option("--adjust-for", help="A column to hold fixed; repeat for more.", metavar="COLUMN")
]


def _version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"pyllm-causal {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Causal answers in plain words from a question and a table."""


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Data,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    treatment: Treatment = None,
    outcome: Outcome = None,
    where: Where = None,
    adjust_for: AdjustFor = None,
    seed: Seed = 0,
    share: Share = "profile",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    expert: Expert = False,
    debug: Debug = False,
) -> None:
    """Answer a question from a table: read it, analyse, phrase.

    Example: pyllm-causal ask "Does quitting smoking make people gain weight?" --data nhefs.csv --model NAME
    """

    def run() -> Answer:
        from . import pipeline, study

        described, given = _describe(describe), _given(treatment, outcome, where, adjust_for)
        client = study.connect(model, api_base, record, replay)
        if client is None and not as_json:
            _tell("No language model is set (--model NAME): the built-in reader reads the question.")
        return pipeline.ask(
            question, data, client=client, seed=seed, describe=described, overrides=given, share=_share(share),
            progress=None if as_json or quiet else _progress,
        )  # fmt: skip

    if dry_run:
        _guard(lambda: _dry_run(question, data, describe, share), as_json, debug)
        return
    _finish(run, as_json, quiet, expert, debug)


@app.command()
def read(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Data,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    treatment: Treatment = None,
    outcome: Outcome = None,
    where: Where = None,
    share: Share = "profile",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read a question into a query; nothing is computed. Exit code 2 when a person must choose."""
    if dry_run:
        _guard(lambda: _dry_run(question, data, describe, share), as_json, debug)
        return

    def run() -> Any:
        from . import pipeline, study

        client = study.connect(model, api_base, record, replay)
        given = _given(treatment, outcome, where, None)
        return pipeline.read(
            question, data, client=client, describe=_describe(describe), overrides=given, share=_share(share)
        )  # fmt: skip

    reading = _guard(run, as_json, debug)
    document = reading.model_dump(mode="json", exclude={"query"})
    query = reading.query
    document["query"] = (
        None if query is None else {"kind": query.kind} | query.model_dump(mode="json", exclude_defaults=True)
    )
    if as_json:
        _document(document)
    else:
        from .wording import join

        _out(reading.receipt)
        for alarm in reading.bad_controls:
            _out(f"  left alone: {join([alarm.column])}: {join([alarm.reason])}")
        if reading.status == "choose":
            for role, names in reading.choices.items():
                _out(f"  {role}: {join(names[:6])}")
            _out("Name them with --treatment and --outcome.")
    raise typer.Exit(0 if reading.status == "read" else 2)


@app.command()
def analyse(
    query: Annotated[
        str, typer.Argument(help="The query document: a JSON file, or - for standard input.", metavar="QUERY.json")
    ],
    data: Data,
    describe: Describe = None,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    expert: Expert = False,
    debug: Debug = False,
) -> None:
    """Answer a structured query from a table. No language model is used."""

    def run() -> Answer:
        from .pipeline import analyse as analyse_query

        document = _query_document(query)
        return analyse_query(
            document, data, seed=seed, describe=_describe(describe), progress=None if as_json or quiet else _progress
        )  # fmt: skip

    _finish(run, as_json, quiet, expert, debug)


@app.command()
def schema(which: Annotated[str, typer.Argument(help="query or answer.", metavar="query|answer")]) -> None:
    """Print the JSON Schema of the query or of the answer document."""

    def run() -> dict[str, Any]:
        from .analysis import Answer
        from .errors import QueryError
        from .query import Query

        if which not in ("query", "answer"):
            raise QueryError(f"There is no schema {which!r}.", "Say query or answer.")
        return (Query if which == "query" else Answer).model_json_schema()

    _document(_guard(run, False, False))


def _finish(run: Callable[[], Answer], as_json: bool, quiet: bool, expert: bool, debug: bool) -> NoReturn:
    def both() -> tuple[str, int]:
        answer = run()
        return _output(answer, as_json, quiet, expert), answer.exit_code

    text, code = _guard(both, as_json, debug)
    _out(text)
    raise typer.Exit(code)


def _guard(run: Callable[[], Any], as_json: bool, debug: bool) -> Any:
    """The result, or the error on standard error (and as a document with --json) with its exit code."""
    from .errors import CausalError, InternalError

    try:
        return run()
    except CausalError as error:
        if debug:
            traceback.print_exc()
        _fail(error, as_json)
    except KeyboardInterrupt:
        _tell("Stopped.")
        raise typer.Exit(130) from None
    except Exception as error:  # noqa: BLE001 - the last line of defence: our fault, said plainly
        if debug:
            traceback.print_exc()
        kind = type(error).__name__
        _fail(InternalError(f"Something went wrong inside ({kind}).", "Run again with --debug and report it."), as_json)


def _fail(error: CausalError, as_json: bool) -> NoReturn:
    from .wording import safe

    _tell(f"Error: {safe(error.message, 400)}")
    if error.hint:
        _tell(f"  {safe(error.hint, 400)}")
    if as_json:
        from .compose import failed

        _out(_json(failed(error).model_dump(mode="json")))
    raise typer.Exit(error.exit_code)


def _output(answer: Answer, as_json: bool, quiet: bool, expert: bool) -> str:
    """The answer as it goes to standard output. Made before anything is printed: no half output."""
    if as_json:
        return _json(answer.model_dump(mode="json"))
    if quiet:
        return answer.headline
    if not expert:
        return answer.text
    from .report.text import expert_text

    return f"{answer.text}\n\n{expert_text(answer)}"


def _query_document(path: str) -> dict[str, Any]:
    from .errors import QueryError

    hint = "`pyllm-causal schema query` prints every field."
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise QueryError(f"The query file {path!r} cannot be read ({error.strerror or 'not text'}).", hint) from None
    except UnicodeDecodeError:
        raise QueryError(f"The query file {path!r} is not text.", hint) from None
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise QueryError(f"The query file {path!r} is not valid JSON ({error.msg} at {where}).", hint) from None
    except (ValueError, RecursionError):
        raise QueryError(
            f"The query file {path!r} is nested too deeply, or holds a number with thousands of digits.", hint
        ) from None
    if not isinstance(document, dict):
        raise QueryError("The query must be one JSON object.", hint)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a key that stands there twice would silently win over the first."""
    from .errors import QueryError

    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise QueryError(f"The query says {twice!r} twice.", "Keep one of the two.")
    return found


def _describe(given: str | None) -> str | None:
    from .errors import DataError

    if given is None or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"The description file {given[1:]!r} cannot be read.", "Give --describe @FILE or the text itself."
        ) from None


def _given(
    treatment: str | None, outcome: str | None, where: str | None, adjust_for: list[str] | None
) -> dict[str, Any]:
    fields = {"treatment": treatment, "outcome": outcome, "where": where}
    out: dict[str, Any] = {k: v for k, v in fields.items() if v is not None}
    if adjust_for:
        out["adjust_for"] = tuple(adjust_for)
    return out


def _share(how: str) -> str:
    from .errors import SettingsError

    if how not in ("names", "profile", "levels"):
        raise SettingsError(f"--share {how!r} is unknown.", "Say names, profile or levels.")
    return how


def _dry_run(question: str, data: str, describe: str | None, share: str) -> None:
    from .data import Table
    from .language.read import would_send

    how, table = _share(share), Table.read(data, describe=_describe(describe))
    requests = would_send(question, table.profile, share=how)  # type: ignore[arg-type]
    _tell("Nothing was sent. This is what the reading step would send.")
    _tell("Later steps send the same columns, and the last one the sentences of the answer; no step sends a row.")
    for request in requests:
        _document(request.model_dump(mode="json"))


def _progress(stage: str) -> None:
    _tell(f"✓ {stage}")


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _out(text: str) -> None:
    typer.echo(text)


def _document(document: Any) -> None:
    _out(_json(document))


def _json(document: Any) -> str:
    """JSON that is the same document on any terminal: readable letters, but no invisible or direction characters."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(ch if ch == "\n" or ch.isprintable() else json.dumps(ch)[1:-1] for ch in text)


def main() -> None:
    """Entry point of the `pyllm-causal` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        _tell("Stopped.")
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        code = _misused(error)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(error: Any) -> int:
    """Wrong options in our own words: one line, one hint, and a document with --json."""
    from .errors import InputError

    message = str(error.format_message()).strip()
    if not message or "\n" in message:  # no arguments at all: the help text is the message
        error.show()
        return 2
    command = error.ctx.command_path if getattr(error, "ctx", None) is not None else "pyllm-causal"
    try:
        wrong = InputError(message.rstrip(".") + ".", f"`{command} --help` shows what can be given.")
        _fail(wrong, "--json" in sys.argv)
    except typer.Exit as stop:
        return stop.exit_code
