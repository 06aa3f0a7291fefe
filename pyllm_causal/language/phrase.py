"""Two to four sentences around the facts, by a model; checked by code; the deterministic text stays otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Answer, Effect, Step
from ..errors import ModelError
from . import abroad, prompts
from .ask_model import complete_as, object_of, plain
from .claims import LONGEST, Direction, check_claims
from .client import Client, Request

VERIFIER = "numbers, strength and sign against the facts"
LONGEST_FACTS = 6_000
_NULL = {"difference": 0.0, "percent": 0.0}


class ProseReply(BaseModel):
    """The prose."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    prose: Annotated[StrictStr, Field(max_length=4 * LONGEST)]


def phrase(answer: Answer, client: Client | None, language: str | None = None) -> tuple[str | None, Step]:
    """Prose for an answered question, or None when the deterministic text must stay.

    Prose is accepted only when `check_claims` finds nothing; a faulty one is asked for once more. With `language` (an
    ISO code, None or "en" for English) the finding is put into that language by rule, where rules for it exist, and a
    model may only put plain words around those sentences. Raises `RecordingError`, never `ModelError`.
    """
    step = Step(step="phrase", verifier=VERIFIER, passed=True, note="no model was asked")
    modelled = answer.method == "structural_model"  # lists and bounds, which no rule holds prose against
    if answer.status != "answered" or modelled or not answer.text.strip():
        return None, step
    foreign = None
    if language not in (None, "en"):
        foreign = abroad.finding(answer, direction(answer), language or "")
    if client is None or answer.arms:
        return (
            " ".join(foreign.split()) if foreign else None
        ), step  # of several contrasts it might tell the wrong one
    facts = foreign or facts_of(answer)
    level = answer.certainty.level if answer.certainty else "very_low"
    way = direction(answer)
    names, question = names_of(answer)

    def check(prose: str) -> str | None:
        if foreign and language:
            return abroad.fault(prose, facts, language, question)
        return check_claims(prose, facts, level, way, treatment=names, extra=question)

    kept = " ".join(facts.split()) if foreign else None
    prose, step = worded(client, "phrase", facts, check, VERIFIER)
    return (kept if prose is None else prose), step


def worded(
    client: Client, name: str, facts: str, check: Callable[[str], str | None], verifier: str
) -> tuple[str | None, Step]:
    """Prose about `facts` by the step `name`, on one line; None where the model fails or `check` finds fault twice."""
    request = Request(
        step=name,
        messages=prompts.render(name, facts=facts),
        response_schema=object_of({"prose": {"type": "string"}}),
        prompt=prompts.digest(name),
    )
    try:
        reply, step = complete_as(client, request, ProseReply, lambda r: check(r.prose), verifier=verifier)
    except ModelError as error:
        return None, Step(step=name, verifier=verifier, passed=False, score=0.0, note=plain(error.message, 300))
    step = step.model_copy(update={"score": 0.0 if reply is None else 1.0 - 0.5 * step.repairs})
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
    effect = answer.effect
    if effect.scale == "hazard_ratio":
        return None  # a higher hazard is a shorter time: only copied sentences can keep the two apart
    parts = [*getattr(effect, "groups", ())]
    parts += [part for name in ("direct", "indirect") if (part := getattr(effect, name, None)) is not None]
    ways = {_way(part) for part in (effect, *parts)}
    return ways.pop() if len(ways) == 1 else None  # groups or parts that point different ways have no one direction


def _way(effect: Effect) -> Direction:
    null = _NULL.get(effect.scale, 1.0)
    return "none" if effect.value == null else "up" if effect.value > null else "down"
