"""What a failed check means, in the asker's words: by rule, and by a model behind the checks of `claims`."""

from __future__ import annotations

from ..analysis import Answer, Refutation, Step
from ..wording import safe
from .claims import check_claims
from .client import Client
from .phrase import names_of, worded

VERIFIER = "no number, cause or direction beyond the failed checks"
MOST = 3

_SAYS = {
    "placebo_treatment": "When {treatment} was dealt out by the computer, a difference in {outcome} remained, where there"
    " should be none.",
    "random_common_cause": "A made-up column that means nothing moved the answer further than chance would.",
    "data_subset": "Leaving out some of the rows moved the answer further than chance would, so a few rows carry it.",
    "bootstrap": "Drawing the rows again gave another margin of error than the one stated.",
    "dummy_outcome": "With a made-up outcome of known size in place of {outcome}, the method did not find that size.",
    "negative_outcome": "The groups also differ in something that {treatment} cannot touch, so they were not alike to begin"
    " with.",
    "negative_exposure": "Something that cannot touch {outcome} seems to, so the groups were not alike to begin with.",
    "other_methods": "Other sound methods gave other answers, so the answer hangs on which of them is believed.",
    "hidden_cause": "A hidden cause no stronger than one that was measured could account for the whole answer.",
}


def failures(answer: Answer) -> list[str]:
    """One sentence for each failed check, at most three, with the asker's own words for the columns."""
    failed = [r for r in answer.refutations if r.verdict == "failed"]
    return [_sentence(r, *_words(answer)) for r in failed[:MOST]]


def _words(answer: Answer) -> tuple[str, str]:
    query = answer.provenance.get("query")
    query = query if isinstance(query, dict) else {}
    words = query.get("words")
    words = words if isinstance(words, dict) else {}
    treatment, outcome = (words.get(r) or query.get(r) or f"the {r}" for r in ("treatment", "outcome"))
    return safe(treatment, 60), safe(outcome, 60)


def _sentence(refutation: Refutation, treatment: str, outcome: str) -> str:
    if said := _SAYS.get(refutation.check):
        return said.format(treatment=treatment, outcome=outcome)
    meaning = refutation.meaning.removeprefix("If this fails, ")
    return f"The check “{safe(refutation.question, 160)}” failed: {safe(meaning, 160)}"


def explain(answer: Answer, client: Client | None) -> tuple[str | None, Step | None]:
    """Prose about the failed checks of an answered question, or None. Raises `RecordingError`, never `ModelError`."""
    said = failures(answer) if answer.status == "answered" else []
    if client is None or not said:
        return None, None
    facts = "\n".join(said)
    names, question = names_of(answer)

    def check(prose: str) -> str | None:
        return check_claims(prose, facts, "very_low", None, treatment=names, extra=question)

    return worded(client, "explain", facts, check, VERIFIER)
