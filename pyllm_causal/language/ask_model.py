"""One schema-bound call: parse, check, one repair that names the fault, then give up in good order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..analysis import Step
from ..errors import ModelError
from .client import Client, Message, Reply, Request

Parsed = TypeVar("Parsed", bound=BaseModel)

LONGEST = 20_000
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|\Z)", re.DOTALL)


def object_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema object with exactly these fields, as strict mode wants it: all required, no others."""
    return {"type": "object", "properties": dict(fields), "required": list(fields), "additionalProperties": False}


class Rubbish(ValueError):
    """A reply that is not the JSON asked for; the text says why, fit for the model."""


def complete_as(
    client: Client,
    request: Request,
    model: type[Parsed],
    check: Callable[[Parsed], str | None] | None = None,
    verifier: str = "",
) -> tuple[Parsed | None, Step]:
    """A validated reply, or None after one repair. `check` returns a fault in words, or None.

    Rubbish never raises; `ModelError` of the first call does, that of the repair ends the step.
    """
    reply = client.complete(request)
    parsed, fault = _judge(reply, model, check)
    repairs = 0
    if fault is not None:
        repairs = 1
        try:
            reply = client.complete(repair(request, reply, fault))
            parsed, fault = _judge(reply, model, check)
        except ModelError as error:
            fault = error.message
    step = Step(
        step=request.step,
        verifier=verifier or f"schema and cross-field rules of {request.step}",
        passed=fault is None,
        repairs=repairs,
        note=plain(fault or "", 300),
    )
    return (parsed if fault is None else None), step


def repair(request: Request, reply: Reply, fault: str) -> Request:
    """The request again, with the faulty reply and what is wrong with it."""
    said = plain(reply.text, 1500) or "(empty)"
    turns = (
        Message(role="assistant", content=said),
        Message(role="user", content=f"That reply cannot be used: {plain(fault, 400)} Reply again with the JSON only."),
    )
    return request.model_copy(update={"messages": (*request.messages, *turns)})


def _judge(
    reply: Reply, model: type[Parsed], check: Callable[[Parsed], str | None] | None
) -> tuple[Parsed | None, str | None]:
    try:
        parsed = model.model_validate(parse(reply))
    except Rubbish as error:
        return None, str(error)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        said = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:3])
        return None, said + "."
    fault = check(parsed) if check else None
    return (parsed, None) if fault is None else (None, fault)


def parse(reply: Reply) -> Any:
    """The JSON object in a reply. Raises `Rubbish`."""
    text = _THOUGHT.sub("", reply.text).strip()
    if len(text) > LONGEST:
        raise Rubbish("the reply is far too long.")
    if fenced := _FENCE.search(text):
        text = fenced.group(1).strip()
    start = text.find("{")
    if start < 0:
        raise Rubbish("the reply holds no JSON object.")
    try:
        value, _ = _DECODER.raw_decode(text[start:])
        # Lone surrogates pass the decoder and break every later output.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        if reply.finish_reason == "length":
            raise Rubbish("the reply was cut off; make it shorter.") from None
        raise Rubbish("the reply is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Rubbish("the reply is not a JSON object.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def plain(text: str, limit: int) -> str:
    """`text` on one line, printable, without markup characters, at most `limit` characters."""
    text = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    text = re.sub(r"\s+", " ", re.sub(r"[<>`\\]", "", text)).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
