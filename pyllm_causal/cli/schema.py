"""`pyllm-causal schema`: every field of the query and of the answer, with what it means."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import console

QUERY = {
    "question": "The asker's words; never used in a computation.",
    "kind": "What is asked: effect, effect_by_group, mediation, counterfactual (one case otherwise), attribution (what is due to what), "
    "discovery (what causes what) or association (no causal question).",
    "treatment": "The column whose effect is asked for.",
    "treated": "The value of the treatment that is compared; of a number, the second dose.",
    "control": "The value it is compared with; alone, for a treatment of several levels: all the others against it.",
    "outcome": "The column that may be affected.",
    "target": "For whom: everyone, treated, untreated or compliers (those whom an instrument moved).",
    "scale": "difference, ratio, odds_ratio, percent, rate_ratio or hazard_ratio.",
    "where": "Only these rows: `column op value`, joined by `and`; never run as code.",
    "by": "effect_by_group: the column of the groups.",
    "design": "How the data came about; see the designs.",
    "graph": "The picture of causes: `edges` as pairs or objects, `unmeasured` causes with what they affect.",
    "adjust_for": "Columns to hold fixed where no graph is given; an empty list is the claim that nothing needs it.",
    "outcome_event": "The value of a yes/no or categorical outcome that counts as the event.",
    "event": "Time to event: the 0/1 column that says whether it happened; the outcome is then the time.",
    "categorical": "Number columns that are lists of codes.",
    "selected_on": "What decided which rows are in the table.",
    "cluster": "The column whose groups share what is unmeasured; the margin lets their rows move together.",
    "weights": "The column of sampling weights.",
    "matters": "The smallest difference that matters, in the outcome's unit (null: 0.1 standard deviations, or 2 in 100).",
    "by_levels": "effect_by_group: the two groups whose difference is given, second minus first.",
    "row": "counterfactual: the case, by its number or a filter.",
    "compare": "attribution: the column and its two values that are compared.",
    "environment": "The column of sites or periods under which the rows were collected.",
    "horizon": "Time to event: the time at which survival is compared.",
    "threshold": "The effect from which on acting pays.",
    "missing": "drop: leave rows with gaps out; impute: fill gaps in what is held fixed many times over.",
    "sources": "Who claims the design and the graph: you, model or data. What is given by hand counts as yours.",
    "changed_after_result": "Whether the picture was changed after an answer had been seen; such an answer counts one level less sure.",
    "method": "The estimator behind the headline, by name (null: chosen by rule).",
    "negative_outcomes": "Columns that the treatment cannot affect; an effect on them betrays a hidden cause.",
    "negative_exposures": "Columns that cannot affect the outcome.",
    "words": "What to call treatment and outcome in the text.",
    "columns": "discovery: the columns to look at (empty: all that can be used).",
    "knowledge": "discovery: what is known before the search: tiers, required and forbidden arrows.",
    "time_limit": "discovery: how many seconds the search may take.",
    "changes": "counterfactual: columns that are set, and to what.",
    "costs": "counterfactual: what one unit (or one switch) of a column costs, for the best single change.",
}

ANSWER = {
    "status": "answered, not_causal, not_identified (cannot be told), needs_review (a person must choose) or error.",
    "headline": "One sentence.",
    "text": "The plain-language answer.",
    "effect": "Value, low and high at `level`, scale, unit and standard error (of ratios on the log scale); of mediation also "
    "direct, indirect and total, of effect_by_group also groups and difference_between_groups. `unbounded` says that the "
    "interval has no end.",
    "association": "Of a question that is not causal: the description, with its interval.",
    "method": "The registered name of the estimator behind the effect.",
    "estimand": "What is estimated: strategy, columns held fixed, population, the statement that you can veto, assumptions, other valid sets.",
    "difference": "The effect as a difference, where another scale was asked for.",
    "unadjusted": "The plain difference, with nothing held fixed.",
    "bounds": "What the data allow where the effect itself cannot be told.",
    "arms": "Several contrasts, one for each arm.",
    "edges": "discovery: the arrows found, with how often and why.",
    "attribution": "attribution: causes with their shares.",
    "counterfactual": "counterfactual: the other outcome of one case.",
    "decision": "Per 100, number needed, the chance that it matters, what it may cost at most.",
    "sample": "Rows in the table, used, and left out with the reason, by group.",
    "estimates": "Every method that ran.",
    "refutations": "Every check: the question, what was expected and seen, and passed, failed or inconclusive.",
    "checked": "One verdict on all checks.",
    "diagnostics": "What the data can carry: overlap, balance, strength, trends before, …",
    "certainty": "high, moderate, low or very_low, with the reasons for (`up`) and against (`down`).",
    "why_not": "Of a refusal: the reason.",
    "would_help": "Of a refusal: the columns or experiments that would mend it.",
    "experiment": "The size of the experiment that would settle it.",
    "choices": "Of an undecided question: the columns to choose from, best first.",
    "contested": "Where the table speaks against the picture, with what can be done about it.",
    "pictures": "The answer under other plausible pictures, and how many point the same way.",
    "next_question": "The arrow worth asking a person about first.",
    "reviewed_by": "Who signed the picture and the reading, or null.",
    "claims": "Every number of the text, with the field that it renders.",
    "steps": "What every language step got right, repaired or lost.",
    "graph": "The picture used, every arrow with reason, confidence and source.",
    "provenance": "Versions, seed, fingerprint of the table, the query, model, replies, cost, seconds.",
    "error": "Of an error: code, message and hint.",
}
WORDS = {"query": QUERY, "answer": ANSWER}


def schema(
    which: Annotated[str, typer.Argument(help="query or answer.", metavar="query|answer")],
) -> None:
    """Print every field of the query or of the answer, with its meaning, as a JSON Schema.

    Example: pyllm-causal schema query
    """

    console.document(console.guard(lambda: described(which), False, False))


def described(which: str) -> dict[str, Any]:
    """The JSON Schema of "query" or "answer" with a description of every field. Raises `QueryError`."""
    from ..analysis import Answer
    from ..errors import QueryError
    from ..query import Query

    if which not in WORDS:
        raise QueryError(f"There is no schema {which!r}.", "Say query or answer.")
    found = (Query if which == "query" else Answer).model_json_schema()
    for name, said in WORDS[which].items():
        if name in found["properties"]:
            found["properties"][name]["description"] = said
    return found
