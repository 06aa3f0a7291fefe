"""Options that several commands take, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Describe = Annotated[str | None, typer.Option(help="What the columns mean: text, or @FILE.", metavar="TEXT|@FILE")]
Model = Annotated[
    str | None,
    typer.Option(
        help="Language model, as litellm names it, or local:FILE.gguf; `none` for the built-in reader.", metavar="NAME"
    ),
]
ApiBase = Annotated[str | None, typer.Option("--api-base", help="An OpenAI-compatible server.", metavar="URL")]
Record = Annotated[Path | None, typer.Option(help="Write every language reply into this folder.", metavar="DIR")]
Replay = Annotated[
    Path | None,
    typer.Option(help="Answer from the replies in this folder, or in this answer file.", metavar="DIR|FILE"),
]
Drafts = Annotated[int, typer.Option(help="Ask the model for several drafts of the picture and vote.", min=1, max=9)]
NoLog = Annotated[bool, typer.Option("--no-log", help="Keep no log of what is sent.")]
Budget = Annotated[float | None, typer.Option(help="Spend no more than this many dollars.", metavar="DOLLARS")]
BudgetTokens = Annotated[int | None, typer.Option(help="Use no more than this many tokens.", metavar="N")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent to the model, and send nothing.")]
Simulations = Annotated[
    int | None,
    typer.Option(
        help="How many times each check repeats the analysis (default 100, or fewer where that takes long; flexible methods at most 20).",
        metavar="N", min=20, max=10_000,
    ),
]  # fmt: skip
Workers = Annotated[
    int | None, typer.Option(help="Processes that share the repeats (default: as it pays). Changes no result.", metavar="N", min=1, max=1024)
]  # fmt: skip
NoChecks = Annotated[
    bool, typer.Option("--no-checks", help="Check nothing; the answer says so and counts as less sure.")
]
GraphPath = Annotated[
    str | None,
    typer.Option("--graph", help="A graph file that takes the place of the query's own graph.", metavar="FILE"),
]
Share = Annotated[
    str | None,
    typer.Option(
        help="What a model may see: names, profile (names, kinds, rounded ranges) or levels (values too).",
        metavar="HOW",
    ),
]
Lang = Annotated[
    str | None,
    typer.Option("--lang", help="Language of the answer: en, de, es, fr, it, pt or nl (default: that of the question).", metavar="CODE"),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
