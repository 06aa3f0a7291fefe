"""`pyllm-causal graph`: draft a picture of causes, check it against a table, draw it, compare two, import one, change it, sign it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console, inputs, picture
from .options import ApiBase, AsJson, Budget, BudgetTokens, Debug, Describe, Drafts, Model, NoLog, Record, Replay

if TYPE_CHECKING:
    from ..data import Table
    from ..graph_formats import GraphFile
    from ..language.read import Reading

app = typer.Typer(
    help="Pictures of causes: draft, check, change, draw, diff, import, sign, and try others.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="A graph file: JSON, DOT, GML, dagitty or Mermaid.", metavar="GRAPH")]
Data = Annotated[str, typer.Option("--data", "-d", metavar="FILE", help="The table.")]
Out = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")]
Treatment = Annotated[str | None, typer.Option(help="The column whose effect is asked for.", metavar="COLUMN")]
Outcome = Annotated[str | None, typer.Option(help="The column that may be affected.", metavar="COLUMN")]


@app.command()
def draft(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Data,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Describe = None,
    treatment: Treatment = None,
    outcome: Outcome = None,
    drafts: Drafts = 1,
    no_log: NoLog = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    output: Out = None,
    debug: Debug = False,
) -> None:
    """Draft the picture for a question, to be reviewed and signed. Nothing is computed.

    Example: pyllm-causal graph draft "Does coaching raise the score?" --data coaching.csv -o drafted.json
    """

    def run() -> tuple[Reading, GraphFile | None]:
        from .. import pipeline, study
        from ..data import Table
        from ..errors import GraphError
        from ..graph_formats import save

        _spared(output)
        client = study.connect(
            model, api_base, record, replay, not no_log, budget=budget, budget_tokens=budget_tokens, tell=console.tell
        )  # fmt: skip
        table = Table.read(data, describe=inputs.describe(describe))
        given = {"treatment": treatment, "outcome": outcome}
        reading = pipeline.read(
            inputs.without_keys(question), table, client=client, overrides=given, share=inputs.share(None), drafts=drafts
        )  # fmt: skip
        if reading.query is None or reading.status == "choose":
            return reading, None
        if reading.graph is None:
            raise GraphError(
                "A picture is drafted for a question about an effect, and this is none.", "Ask: Does A change B?"
            )
        file = _drafted(reading, table)
        if output is not None:
            save(file, output)
        return reading, file

    reading, file = console.guard(run, False, debug)
    if file is None:
        from ..wording import join

        console.out(reading.receipt)
        for role, names in reading.choices.items():
            console.out(f"  {role}: {join(names[:6])}")
        other = 'Ask "What drives …?" instead: the picture is the same.'
        console.out(other if "compare" in reading.choices else "Name them with --treatment and --outcome.")
        raise typer.Exit(2)
    from ..graph_formats import render

    if output is None:
        console.out(render(file).rstrip("\n"))
        console.tell(
            "To keep it: give -o FILE. Then read it, correct it, and sign it with `pyllm-causal graph sign FILE --by NAME`."
        )
        return
    console.out(render(file, "text").rstrip("\n"))
    console.tell(
        f"Wrote {output}. Read it, correct it, and sign it: pyllm-causal graph sign {picture.named(output)} --by NAME"
    )


def _drafted(reading: Reading, table: Table) -> GraphFile:
    from ..graph import Graph
    from ..graph_formats.graph_file import GraphFile, Origin

    query = reading.query
    assert query is not None
    ends = {"exposure": query.treatment, "outcome": query.outcome}
    return GraphFile.model_validate(
        {
            "question": query.question,
            "roles": {role: (name,) for role, name in ends.items() if name},
            "data": Origin(name=table.profile.name, rows=table.profile.rows, fingerprint=table.fingerprint),
            "columns": table.names,
            "left_out": {b.column: b.reason for b in reading.bad_controls if b.alarm != "suspect"},
            "graph": reading.graph or Graph(),
        }
    )


@app.command()
def check(
    graph: File,
    data: Data,
    treatment: Treatment = None,
    outcome: Outcome = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Hold a picture against a table: names, circles, what it implies for a question, and whether the table fits.

    Example: pyllm-causal graph check g.json --data coaching.csv

    Every place that the table speaks against comes with what you can do about it: `graph apply` does it.
    Exit codes: 0 fine, 2 bad input or a table that contradicts the picture, 3 the effect cannot be told.
    """

    def run() -> tuple[list[str], dict[str, Any], int]:
        from ..causal.graph_verdict import verdict
        from ..data import Table
        from ..errors import GraphError
        from ..graph_formats import load

        file, table = load(graph), Table.read(data)
        file.graph.check(table.names, file.role("selected"))
        ends = (treatment or file.only("exposure"), outcome or file.only("outcome"))
        lines = _standing(file, table)
        document: dict[str, Any] = {
            "arrows": len(file.graph.edges), "hidden": file.graph.hidden(), "reviewed_by": file.graph.signed_by,
            "signature": "void" if file.void else "holds" if file.graph.signed_by else "none", "verdict": None,
        }  # fmt: skip
        if ends[0] is None or ends[1] is None:
            if treatment or outcome:
                raise GraphError("Only one end of the question is named.", "Give --treatment and --outcome.")
            return [*lines, "  · name --treatment and --outcome to see what it implies for a question"], document, 0
        found = verdict(file.graph, table, ends[0], ends[1], file.role("selected"), seed)
        document |= {"treatment": ends[0], "outcome": ends[1], "verdict": found.model_dump(mode="json")}
        broken = any(c.matters for c in found.contested) or (found.fit is not None and found.fit.verdict == "failed")
        return [*lines, *_implied(found, graph)], document, 3 if not found.identified else 2 if broken else 0

    lines, document, code = console.guard(run, as_json, debug)
    if as_json:
        console.document(document)
    else:
        console.out(console.fitted("\n".join(lines)))
    raise typer.Exit(code)


def _standing(file: GraphFile, table: Table) -> list[str]:
    from ..graph_formats.listing import review, summary
    from ..wording import safe

    lines = [f"  {summary(file)}", f"  ✓ every name is a column of {safe(table.profile.name)}, and there is no circle"]
    if file.data is not None and file.data.fingerprint != table.fingerprint:
        lines.append(f"  ! it was drawn for another table, or another version of it ({safe(file.data.name)})")
    sign = "✓" if file.graph.signed_by else "✗" if file.void else "·"
    return [*lines, f"  {sign} {review(file.graph)}"]


def _implied(found: Any, graph: Path) -> list[str]:
    from ..report.picture import contested_lines, how_to_change
    from ..report.text import item
    from ..wording import columns_text

    lines = [item("✓" if found.identified else "✗", found.sentence)]
    for columns in found.alternatives[:3]:
        lines.append(item(" ", f"or alike in {columns_text(columns, 10)}" if columns else "or with nothing held fixed"))
    if found.would_help:
        lines.append(item(" ", f"What would help: {'; '.join(found.would_help)}."))
    if found.fit is not None:
        sign = {"passed": "✓", "failed": "✗", "inconclusive": "·"}[found.fit.verdict]
        lines.append(item(sign, f"{found.fit.question} {found.fit.observed[:1].upper()}{found.fit.observed[1:]}."))
        if found.fit.verdict == "failed":
            lines.append(item(" ", found.fit.meaning))
    change = how_to_change(found.contested, picture.named(graph))
    return lines + contested_lines(found.contested, found.contested_more) + ([f"  {change}"] if change else [])


@app.command()
def draw(
    graph: File,
    format: Annotated[
        str, typer.Option("--format", "-f", help="text, json, dot, gml, dagitty or mermaid.", metavar="FORMAT")
    ] = "text",
    output: Out = None,
    debug: Debug = False,
) -> None:
    """Print a picture as a numbered list, or in a format that other programs draw.

    Example: pyllm-causal graph draw g.json --format mermaid
    """

    def run() -> str:
        from ..errors import GraphError
        from ..graph_formats import DRAWN, load, render, save

        if format not in DRAWN:
            raise GraphError(f"There is no format {format!r}.", f"Say {', '.join(DRAWN)}.")
        file = load(graph)
        if output is None:
            return render(file, format).rstrip("\n")
        _spared(output)
        if format == "text":
            raise GraphError("The list is for reading; it is not written to a file.", "Give --format with --output.")
        save(file, output, format)
        return ""

    text = console.guard(run, False, debug)
    if output is None:
        console.out(text)
    else:
        console.tell(f"Wrote {output}.")


@app.command()
def diff(before: File, after: File, as_json: AsJson = False, debug: Debug = False) -> None:
    """Say what differs between two pictures. Exit code 0 where nothing does, 1 where something does, 2 for bad input.

    Example: pyllm-causal graph diff drafted.json reviewed.json
    """

    def run() -> tuple[list[str], dict[str, Any], bool]:
        from ..graph_formats import load
        from ..graph_formats.difference import between

        found = between(load(before).graph, load(after).graph)
        return found.lines(), {"same": found.same, **found.model_dump(mode="json")}, found.same

    lines, document, same = console.guard(run, as_json, debug)
    if as_json:
        console.document(document)
    else:
        for line in lines:
            console.out(line)
    raise typer.Exit(0 if same else 1)


@app.command(name="import")
def import_(
    graph: File,
    output: Out = None,
    format: Annotated[
        str | None,
        typer.Option("--from", help="json, dot, gml, dagitty or mermaid; told by the text.", metavar="FORMAT"),
    ] = None,
    debug: Debug = False,
) -> None:
    """Turn a picture in another format, or the one inside an answer, into a graph file.

    Example: pyllm-causal graph import picture.dagitty -o g.json
    """

    def run() -> tuple[str, str]:
        from ..graph_formats import load, render, save
        from ..graph_formats.listing import summary

        file = load(graph, format)
        if output is not None:
            _spared(output)
            save(file, output, "json")
        return render(file), summary(file)

    text, told = console.guard(run, False, debug)
    if output is None:
        console.out(text.rstrip("\n"))
    else:
        console.tell(
            f"Wrote {output}: {told}. To hold it against a table: pyllm-causal graph check {picture.named(output)} --data FILE"
        )


@app.command()
def sign(
    graph: File,
    by: Annotated[str, typer.Option(help="Your name.", metavar="NAME")],
    note: Annotated[
        list[str] | None,
        typer.Option(help="A remark on an arrow, 'cause -> effect: text'; repeat for more.", metavar="NOTE"),
    ] = None,
    output: Out = None,
    debug: Debug = False,
) -> None:
    """Say that you have reviewed every arrow. Later answers that use the file name you; a change undoes it.

    Example: pyllm-causal graph sign g.json --by "Ann Smith" --note "age -> coaching: see Smith 2019"
    """

    def run() -> tuple[str, list[str]]:
        from datetime import UTC, datetime

        from ..errors import GraphError
        from ..graph_formats import load, noted, render, save
        from ..graph_formats.graph_file import is_file
        from ..graph_formats.listing import summary
        from ..wording import join, safe

        name, file = safe(by), load(graph)
        if not name:
            raise GraphError("The name of who signs is empty.", "Give --by with your name.")
        if output is None and not is_file(graph):
            raise GraphError(
                f"{safe(graph.name)} is no graph file of our own, so it cannot hold a signature.",
                f"Write one with -o, or first: pyllm-causal graph import {safe(graph.name)} -o g.json",
            )
        said = (
            [f"This takes the place of the signature of {safe(file.graph.reviewed_by)}."]
            if file.graph.reviewed_by
            else []
        )
        file = noted(file, note or [])
        at = datetime.now(UTC).isoformat(timespec="seconds")
        file = file.model_copy(update={"graph": file.graph.sign(name, at)})
        save(file, output or graph, "json")
        suspected = [u.name for u in file.graph.unmeasured if u.source == "model"]
        if suspected:
            said.append(
                f"Suspected by the language model, and still only that: {join(suspected)}. "
                'If you know it to be so, give it "source": "you" in the file and sign again.'
            )
        said.append(
            f"{name} signed {summary(file)} in {output or graph}. To use it: pyllm-causal ask … --graph {picture.named(output or graph)}"
        )
        return render(file, "text").rstrip("\n"), said

    text, said = console.guard(run, False, debug)
    console.out(text)
    for line in said:
        console.tell(line)


app.command("apply")(picture.apply)
app.command("robustness")(picture.robustness)


def _spared(path: Path | None) -> None:
    """Refuse to overwrite a file that somebody has signed. Raises `GraphError`."""
    from ..errors import GraphError
    from ..graph_formats import load
    from ..wording import safe

    if path is None or not path.exists():
        return
    try:
        reviewer = load(path).graph.reviewed_by
    except GraphError:
        return
    if reviewer:
        raise GraphError(f"{safe(path)} was signed by {safe(reviewer)} and is not overwritten.", "Choose another name.")
