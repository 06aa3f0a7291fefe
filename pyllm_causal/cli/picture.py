"""`pyllm-causal graph apply` and `graph robustness`: change a picture by what was found, and see how far an answer hangs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console, inputs
from .options import AsJson, Debug, Describe

if TYPE_CHECKING:
    from ..analysis import Answer
    from ..graph import Graph

Arrows = list[str] | None


def named(path: Path) -> str:
    """The file as it is typed in a shell."""
    from shlex import quote

    from ..wording import safe

    return quote(safe(path, 300))


def apply(
    graph: Annotated[Path, typer.Argument(help="A graph file: JSON, DOT, GML, dagitty or Mermaid.", metavar="GRAPH")],
    flip: Annotated[Arrows, typer.Option(help="Turn an arrow round; repeat for more.", metavar="CAUSE:EFFECT")] = None,
    drop: Annotated[Arrows, typer.Option(help="Take an arrow out; repeat for more.", metavar="CAUSE:EFFECT")] = None,
    add: Annotated[Arrows, typer.Option(help="Put an arrow in; repeat for more.", metavar="CAUSE:EFFECT")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not over GRAPH.", metavar="FILE")
    ] = None,
    debug: Debug = False,
) -> None:
    """Change arrows of a picture, for example those that `graph check` contests. A signature under it is taken off.

    Example: pyllm-causal graph apply g.json --drop age:coaching -o g2.json
    """

    def run() -> tuple[str, list[str]]:
        from ..errors import GraphError
        from ..graph_formats import load, render, save
        from ..graph_formats.difference import between
        from ..graph_formats.graph_file import is_file
        from ..wording import safe

        file = load(graph)
        if not (flip or drop or add):
            raise GraphError("Nothing is to be changed.", "Give --flip, --drop or --add, each with CAUSE:EFFECT.")
        if output is None and not is_file(graph):
            raise GraphError(f"{safe(graph.name)} is no graph file of our own.", "Write the changed picture with -o.")
        known = [*file.graph.nodes(), *file.columns]
        changed = changed_by(file.graph, flip or [], drop or [], add or [], known)
        said = [f"The signature of {safe(file.graph.reviewed_by)} no longer holds."] if file.graph.reviewed_by else []
        new = file.model_copy(update={"graph": changed})
        save(new, output or graph, "json")
        said.append(
            f"Wrote {output or graph}. When it is right, sign it: pyllm-causal graph sign {named(output or graph)} --by NAME"
        )
        return "\n".join([*between(file.graph, changed).lines(), "", render(new, "text").rstrip("\n")]), said

    text, said = console.guard(run, False, debug)
    console.out(text)
    for line in said:
        console.tell(line)


def changed_by(graph: Graph, flip: list[str], drop: list[str], add: list[str], known: list[str]) -> Graph:
    """The graph with arrows turned, taken out and put in. Raises `GraphError` on one that is not there, or makes a circle."""
    from ..errors import GraphError
    from ..wording import safe

    for choice, texts in (("flip", flip), ("drop", drop), ("add", add)):
        for text in texts:
            cause, effect = _pair(text, known)
            drawn = any((e.cause, e.effect) == (cause, effect) for e in graph.edges)
            if drawn == (choice == "add"):
                there = "is in the picture already" if drawn else "is not in the picture"
                raise GraphError(f"The arrow {safe(cause)} → {safe(effect)} {there}.", "`graph draw` lists the arrows.")
            changes = {"flip": graph.flipped, "drop": graph.without, "add": graph.with_edge}
            graph = changes[choice](cause, effect)
    circle = graph.cycle()
    if circle is not None:
        raise GraphError(
            f"The arrows would go round in a circle: {' → '.join(safe(n) for n in circle)}.",
            "Turn or drop another of these arrows as well.",
        )
    return graph


def _pair(text: str, known: list[str]) -> tuple[str, str]:
    """(cause, effect) of `cause:effect` or `cause -> effect`; names may hold colons themselves."""
    from ..errors import GraphError
    from ..wording import safe

    for mark in ("->", "→", ":"):
        parts = text.split(mark)
        for at in range(1, len(parts)):
            cause, effect = mark.join(parts[:at]).strip(), mark.join(parts[at:]).strip()
            if cause in known and effect in known and cause != effect:
                return cause, effect
    raise GraphError(
        f"{safe(text)!r} names no two columns of the picture.", "Write CAUSE:EFFECT, for example age:weight."
    )


def robustness(
    query: Annotated[
        str, typer.Argument(help="The query document with its graph, or - for standard input.", metavar="QUERY.json")
    ],
    data: Annotated[str, typer.Option("--data", "-d", metavar="FILE", help="The table.")],
    graph_file: Annotated[
        str | None, typer.Option("--graph", help="A graph file in place of the query's own.", metavar="GRAPH")
    ] = None,
    describe: Describe = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """How far does an answer hang on its picture? Other plausible pictures are tried, and the answer is had again under each.

    Example: pyllm-causal graph robustness query.json --data coaching.csv --graph g.json
    """
    from .flags import with_graph

    def run() -> Answer:
        from ..pipeline import analyse

        document = inputs.query_document(query)
        if graph_file is not None:
            document = with_graph(document, graph_file)
        return analyse(document, data, seed=seed, describe=inputs.describe(describe), simulations=20)

    answer = console.guard(run, as_json, debug)
    if as_json:
        wanted = {"status", "headline", "effect", "contested", "pictures", "next_question", "certainty", "why_not"}
        console.document(answer.model_dump(mode="json", include=wanted))
    elif answer.status == "answered":
        from shlex import quote

        from ..report.picture import robustness_text
        from ..wording import safe

        console.out(robustness_text(answer))
        if answer.next_question is not None and graph_file is not None:
            file, arrow = named(Path(graph_file)), quote(":".join(safe(n) for n in answer.next_question.edge))
            console.out(
                f"    If it is not: pyllm-causal graph apply {file} --drop {arrow} -o changed.json   (or --flip)"
            )
    else:
        console.out(console.fitted(answer.text))
    raise typer.Exit(answer.exit_code)
