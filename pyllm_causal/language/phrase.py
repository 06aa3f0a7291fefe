"""Two to four sentences around the facts, by a model; checked by code; the deterministic text stays otherwise."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Answer, Step
from ..errors import ModelError
from . import prompts
from .ask_model import complete_as, plain
from .claims import LONGEST, Direction, check_claims
from .client import Client, Request

VERIFIER = "numbers, strength and sign against the facts"
LONGEST_FACTS = 6_000
_NULL = {"difference": 0.0, "percent": 0.0}


class PhraseReply(BaseModel):
    """The prose."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    prose: Annotated[StrictStr, Field(max_length=4 * LONGEST)]


def phrase(answer: Answer, client: Client | None) -> tuple[str | None, Step]:
    """Prose for an answered question, or None when the deterministic text must stay.

    Prose is accepted only when `check_claims` finds nothing; a faulty one is asked for once more. Raises
    `RecordingError`, never `ModelError`.
    """
    step = Step(step="phrase", verifier=VERIFIER, passed=True, note="no model was asked")
    if client is None or answer.status != "answered" or answer.arms or not answer.text.strip():
        return None, step  # with several contrasts a sentence could be about the wrong one
    facts = facts_of(answer)
    level = answer.certainty.level if answer.certainty else "very_low"
    way = direction(answer)
    names, question = names_of(answer)

    def check(reply: PhraseReply) -> str | None:
        return check_claims(reply.prose, facts, level, way, treatment=names, extra=question)

    try:
        reply, step = complete_as(client, request_for(facts), PhraseReply, check, verifier=VERIFIER)
    except ModelError as error:
        return None, step.model_copy(update={"passed": False, "note": plain(error.message, 300)})
    return (" ".join(reply.prose.split()) if reply else None), step


def facts_of(answer: Answer) -> str:
    """The headline and the sentences under it, unwrapped. Later blocks hold other numbers."""
    blocks = answer.text[:LONGEST_FACTS].split("\n\n")[:2]
    return "\n".join(" ".join(block.split()) for block in blocks)


def names_of(answer: Answer) -> tuple[tuple[str, ...], str]:
    """The ways to name the treatment, and the question."""
    query = answer.provenance.get("query")
    if not isinstance(query, dict):
        return (), ""
    words = query.get("words")
    named = [query.get("treatment"), words.get("treatment") if isinstance(words, dict) else None]
    return tuple(str(n) for n in named if n), str(query.get("question") or "")


def direction(answer: Answer) -> Direction | None:
    """Which way the facts point. None where they do not say."""
    said = (answer.headline or facts_of(answer)).casefold().replace("’", "'")
    if answer.certainty is None or answer.certainty.level == "very_low" or answer.effect is None:
        return None
    if "can't tell" in said or "cannot tell" in said:
        return None
    if "little or no difference" in said:
        return "none"
    null = _NULL.get(answer.effect.scale, 1.0)
    if answer.effect.value == null:
        return "none"
    return "up" if answer.effect.value > null else "down"


def request_for(facts: str) -> Request:
    """The request of the phrasing step."""
    return Request(
        step="phrase",
        messages=prompts.render("phrase", facts=facts),
        response_schema={
            "type": "object",
            "properties": {"prose": {"type": "string"}},
            "required": ["prose"],
            "additionalProperties": False,
        },
        prompt=prompts.digest("phrase"),
    )
