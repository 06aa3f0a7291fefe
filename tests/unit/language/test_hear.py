"""The one language step of the chat: bounded, checked, never evaluated, and never the only way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyllm_causal.chat.listen import utterance
from pyllm_causal.chat.utterance import Ask, Change, Command, EditGraph, Explain, WhatIf
from pyllm_causal.errors import ModelError, QueryError
from pyllm_causal.language.client import Request, Scripted
from pyllm_causal.language.hear import MOST_CHANGES, hear, request_for, schema
from tests.unit.chat.talks import QUESTION, Talk

LINE = "people with more money give up more easily"


def heard(*replies: Any) -> tuple[Any, Any, Scripted]:
    talk = Talk()
    client = Scripted([r if isinstance(r, (str, Exception)) else json.dumps({"heard": r}) for r in replies])
    found, step = hear(LINE, talk.study.table.profile, None, "answered", client)
    return (None if found is None else utterance(found, "answered")), step, client


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ({"kind": "edit", "changes": [{"op": "add", "cause": "income", "effect": "quit"}]},
         EditGraph((Change("add", cause="income", effects=("quit",)),))),
        ({"kind": "what_if", "changes": [{"op": "drop", "cause": "sport", "effect": "quit"}]},
         WhatIf(changes=(Change("drop", cause="sport", effects=("quit",)),))),
        ({"kind": "hidden", "name": "stress", "affects": ["quit", "gain"]},
         EditGraph((Change("hidden", cause="stress", effects=("quit", "gain")),))),
        ({"kind": "only", "only": [{"column": "age", "op": ">", "value": 40}, {"column": "sex", "op": "==", "value": 1}]},
         WhatIf(where="age > 40 and sex == 1")),
        ({"kind": "scale", "scale": "ratio"}, WhatIf(scale="ratio")),
        ({"kind": "explain", "topic": "wrong"}, Explain("wrong")),
        ({"kind": "command", "name": "compare"}, Command("compare")),
        ({"kind": "ask", "question": "does age change gain?"}, Ask("does age change gain?")),
        ({"kind": "unclear"}, None),
        ({"kind": "yes"}, None),  # there is no picture to accept
    ],
)  # fmt: skip
def test_a_reply_becomes_an_utterance(reply: Any, found: Any) -> None:
    said, step, _ = heard(reply)
    assert said == found and step.passed


@pytest.mark.parametrize(
    "reply",
    [
        {"kind": "edit", "changes": [{"op": "add", "cause": "money", "effect": "quit"}]},
        {"kind": "edit", "changes": [{"op": "delete everything", "cause": "age", "effect": "quit"}]},
        {"kind": "edit", "changes": []},
        {"kind": "edit", "changes": [{"op": "add", "cause": "age", "effect": "age"}]},
        {"kind": "edit", "changes": [{"op": "add", "cause": "age", "effect": "quit"}] * (MOST_CHANGES + 1)},
        {"kind": "only", "only": [{"column": "age", "op": "or 1 ==", "value": 1}]},
        {"kind": "only", "only": [{"column": "__import__('os')", "op": "==", "value": 1}]},
        {"kind": "hidden", "name": "<>", "affects": ["quit"]},
        {"kind": "hidden", "name": "stress", "affects": []},
        {"kind": "command", "name": "shell"},
        {"kind": "scale", "scale": "made up"},
        {"kind": "dance"},
        "no JSON at all",
        '{"heard": null}',
    ],
)
def test_anything_else_is_asked_for_once_more_and_then_left(reply: Any) -> None:
    said, step, client = heard(reply, reply)
    assert said is None and not step.passed and step.repairs == 1 and len(client.requests) == 2
    said, step, _ = heard(reply, {"kind": "explain", "topic": "why"})
    assert said == Explain("why") and step.repairs == 1


def test_a_value_in_a_condition_is_quoted_never_run() -> None:
    evil = '1" or name != "'
    said, _, _ = heard({"kind": "only", "only": [{"column": "sex", "op": "==", "value": evil}]})
    talk = Talk()
    talk.say(QUESTION)
    talk.say("")
    with pytest.raises(QueryError, match="holds numbers, not the text"):
        talk.conversation._done(said)
    assert len(talk.study.history) == 1  # nothing was computed


def test_no_row_is_sent_and_names_alone_where_that_is_wished() -> None:
    talk = Talk()
    profile = talk.study.table.profile
    request = request_for(LINE, profile, profile.names(), None, "answered", "names")
    sent = json.dumps([m.content for m in request.messages])
    assert (LINE in sent and "income" in sent and "240" not in sent and "family income" not in sent) or "bands" in sent
    assert request.response_schema == schema(profile.names())


def test_a_model_is_asked_only_where_no_rule_knows_and_may_fail() -> None:
    asked: list[str] = []

    def answer(request: Request) -> str | Exception:
        asked.append(request.step)
        if request.step == "utterance":
            if len([s for s in asked if s == "utterance"]) == 1:
                return json.dumps(
                    {"heard": {"kind": "edit", "changes": [{"op": "add", "cause": "income", "effect": "quit"}]}}
                )
            return ModelError("The server is gone.", "")
        if request.step == "read":
            reading = {
                "kind": "effect",
                "treatment": "quit",
                "outcome": "gain",
                "who": "everyone",
                "only": [],
                "design": None,
            }
            return json.dumps({"reading": reading})
        if request.step == "challenge":
            return json.dumps({"checks": [], "negative_outcomes": [], "negative_exposures": []})
        return json.dumps({"prose": ""})

    talk = Talk(client=Scripted(answer))
    talk.say(QUESTION)
    for line in ("why 1?", "drop sport", "/undo", "/picture"):
        talk.say(line)
    assert asked == ["read"]
    assert "Added: income → quit." in talk.say(LINE) and asked[-1] == "utterance"
    said = talk.say("something else that no rule knows")
    assert "The server is gone. I go on without it." in said and "I did not understand that" in said


def test_a_model_that_cannot_be_reached_leaves_the_built_in_reader() -> None:
    talk = Talk(client=Scripted(lambda request: ModelError("No connection.", "")))
    said = talk.say(QUESTION)
    assert "No connection. I read it without the model." in said and "I read that as" in said
