"""What the language steps add to a document: prose, alarms, the receipt, and how each step went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Step
from ..data import Table
from ..report import text as say
from ..wording import join, safe
from .provenance import data_told

if TYPE_CHECKING:
    from ..language.challenge import Suggestions
    from ..language.client import Client
    from ..language.read import Reading


def phrased(answer: Answer, reading: Reading, ideas: Suggestions, client: Client | None) -> Answer:
    """The answer with checked prose, the alarms, the receipt, and what every language step got right, repaired or lost."""
    from ..language import abroad, alarm
    from ..language.explain import explain, failures
    from ..language.phrase import phrase

    explained, explaining = explain(answer, client)
    prose, step = phrase(answer, client, reading.language)
    query = reading.query
    alarms = alarm.lines(reading.bad_controls, query) if query is not None and answer.status == "answered" else []
    english = reading.language not in (None, "en") and prose is None and answer.status != "error"
    text = say.with_receipt(
        say.with_prose(answer.text, prose) if prose else answer.text,
        reading.receipt,
        alarms,
        failures(answer) if explained else (),
        explained or "",
        abroad.note(reading.language or "") if english else "",
    )
    steps: tuple[Step, ...] = (*reading.steps, *ideas.steps, *((explaining,) if explaining else ()), step)
    told = {"singled_out": ideas.reasons} if ideas.reasons else {}
    provenance = answer.provenance | {"language": _language(reading, client) | told}
    return answer.model_copy(update={"text": text, "steps": steps, "provenance": provenance})


def undecided(question: str, table: Table, reading: Reading, client: Client | None = None) -> Answer:
    """A person must pick the columns: the ranked shortlist, never a silent guess."""
    rows = [f"  {role}: {join(names[:6])}" for role, names in reading.choices.items() if names]
    text = "\n".join(
        [
            reading.receipt or "I am not sure what to compare.",
            *rows,
            _naming(reading.choices),
        ]
    )
    return Answer(
        status="needs_review",
        headline="I am not sure which columns the question is about.",
        text=text,
        choices=reading.choices,
        steps=reading.steps,
        provenance={"question": question, "data": data_told(table), "language": _language(reading, client)},
    )


def _naming(choices: dict[str, list[str]]) -> str:
    """How to name the columns: the likeliest pair as the flags that say it, where the names need no care in a shell."""
    if "compare" in choices:
        return "Name the two that are compared: --compare COLUMN:FROM:TO"
    treatment, outcome = (next(iter(choices.get(role, ())), "") for role in ("treatment", "outcome"))
    if treatment != outcome and all(re.fullmatch(r"[A-Za-z0-9_.]{1,60}", name) for name in (treatment, outcome)):
        return f"To ask about the first of each, add: --treatment {treatment} --outcome {outcome}"
    return "Name them, for example with --treatment and --outcome."


def _language(reading: Reading, client: Client | None) -> dict[str, Any]:
    """What the language steps said and took, with every reply, so that this answer alone can be replayed."""
    from ..language.client import usage
    from ..language.recording import Keeper

    bad = [f"{safe(b.column)}: {safe(b.reason, 200)}" for b in reading.bad_controls]
    kept = {"recordings": client.document()} if isinstance(client, Keeper) else {}
    return {"receipt": reading.receipt, "bad_controls": bad, **usage(client), **kept}
