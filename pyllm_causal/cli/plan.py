"""`pyllm-causal plan`: how a question could be answered, before there are any data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import console, inputs, preview
from .options import ApiBase, AsJson, Budget, BudgetTokens, Debug, Drafts, DryRun, Model, NoLog, Record, Replay

if TYPE_CHECKING:
    from ..report.planned import Plan

Names = list[str] | None
Number = float | None


def plan(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    data: Annotated[str | None, typer.Option("--data", "-d", help="A table, if there is one.", metavar="FILE")] = None,
    model: Model = None,
    api_base: ApiBase = None,
    record: Record = None,
    replay: Replay = None,
    describe: Annotated[
        str | None, typer.Option(help="Columns that could be had: text, or @FILE.", metavar="TEXT|@FILE")
    ] = None,
    treatment: Annotated[str | None, typer.Option(help="What is changed.", metavar="NAME")] = None,
    outcome: Annotated[str | None, typer.Option(help="What may change.", metavar="NAME")] = None,
    shared_cause: Annotated[
        Names, typer.Option(help="Something that drives both; repeat for more.", metavar="NAME")
    ] = None,
    nudge: Annotated[
        Names, typer.Option(help="Something that moves the treatment only; repeat for more.", metavar="NAME")
    ] = None,
    between: Annotated[Names, typer.Option(help="Something in between; repeat for more.", metavar="NAME")] = None,
    hidden: Annotated[
        Names, typer.Option(help="Something that drives both and cannot be measured; repeat for more.", metavar="NAME")
    ] = None,
    matters: Annotated[Number, typer.Option(help="The smallest difference that matters.", metavar="X")] = None,
    sd: Annotated[Number, typer.Option(help="The outcome's standard deviation.", metavar="X")] = None,
    baseline: Annotated[
        Number, typer.Option(help="For yes/no: the chance without the treatment, 0 to 1.", metavar="P")
    ] = None,
    unit: Annotated[str, typer.Option(help="The outcome's unit.", metavar="UNIT")] = "",
    per_week: Annotated[Number, typer.Option(help="How many people a week can take part.", metavar="N")] = None,
    drafts: Drafts = 1,
    no_log: NoLog = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Plan a study: what would identify the effect, what to collect, which experiment. No table is needed.

    Example: pyllm-causal plan "Does coffee cause headaches?" --shared-cause stress --matters 0.05 --baseline 0.1
    """

    def run() -> Plan:
        from .. import study
        from ..plan import plan as planned

        tell = None if as_json else console.tell
        client = study.connect(
            model, api_base, record, replay, not no_log, budget=budget, budget_tokens=budget_tokens, tell=tell
        )  # fmt: skip
        return planned(
            inputs.without_keys(question), client=client, describe=inputs.describe(describe), data=data, treatment=treatment,
            outcome=outcome, shared_causes=shared_cause or (), nudges=nudge or (), between=between or (),
            hidden=hidden or (), matters=matters, spread=sd, baseline=baseline, unit=unit, per_week=per_week, drafts=drafts,
            share=inputs.share(None),
        )  # fmt: skip

    def outlined() -> None:
        from ..language.outline import request_for
        from ..language.read import clean
        from ..plan import dictionary

        told = inputs.describe(describe)
        lines = [f"{name}: {text}" for name, text in dictionary(told).items()] if told else []
        console.tell("Nothing was sent. This is what the planning step would send.")
        console.document(request_for(clean(inputs.without_keys(question)), lines).model_dump(mode="json"))

    if dry_run and data is None:
        console.guard(outlined, as_json, debug)
        return
    if dry_run:
        given = {"treatment": treatment, "outcome": outcome}
        console.guard(lambda: preview.would_send(question, data or "", describe, None, given), as_json, debug)
        return
    made = console.guard(run, as_json, debug)
    if as_json:
        console.document(made.model_dump(mode="json"))
    else:
        console.out(made.text)
    raise typer.Exit(made.exit_code)
