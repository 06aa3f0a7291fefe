"""Suggested checks: out of the registry, bounded, and never fewer than the rules run anyway."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.errors import ModelError
from pyllm_causal.language.challenge import suggest
from pyllm_causal.language.client import Reply, Scripted
from pyllm_causal.query import Query
from tests.server import Trouble, rubbish
from tests.unit.language.tables import clinic

QUERY = Query(treatment="treated", outcome="result")
REGISTRY = {"placebo": "shuffle the treatment", "subset": "leave rows out", "bootstrap": "draw rows again"}


def reply(checks: list[Any], outcomes: list[Any] | None = None, exposures: list[Any] | None = None) -> str:
    return json.dumps({
        "checks": checks, "negative_outcomes": outcomes or [], "negative_exposures": exposures or [],
    })  # fmt: skip


def check(name: str, reason: str = "because") -> dict[str, str]:
    return {"check": name, "reason": reason}


def control(name: str, reason: str = "because") -> dict[str, str]:
    return {"column": name, "reason": reason}


def test_registered_checks_and_real_columns() -> None:
    text = reply([check("placebo"), check("subset", "few rows")], [control("weight_before")], [control("age")])
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([text]))
    assert got.checks == ("placebo", "subset")
    assert got.negative_outcomes == ("weight_before",) and got.negative_exposures == ("age",)
    assert got.reasons["subset"] == "few rows"
    assert got.steps[0].passed and got.steps[0].score == 1.0


def test_inventions_are_dropped_and_said() -> None:
    text = reply(
        [check("__import__('os')"), check("placebo"), check("placebo")],
        [control("ghost"), control("treated"), control("result"), control("pid"), control("email")],
        [control("age"), control("age")],
    )
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([text]))
    assert got.checks == ("placebo",) and got.negative_outcomes == () and got.negative_exposures == ("age",)
    assert "left out" in got.steps[0].note and "ghost" in got.steps[0].note
    assert got.steps[0].score is not None and got.steps[0].score < 1


def test_everything_is_bounded() -> None:
    many = {f"check_{i}": "x" for i in range(60)}
    text = reply([check(name, "r" * 200) for name in many], [control(n) for n in clinic().names()])
    got = suggest(QUERY, clinic(), many, Scripted([text]))
    assert len(got.checks) == 12 and len(got.negative_outcomes) == 3
    assert all(len(r) <= 160 for r in got.reasons.values())


@pytest.mark.parametrize("name", sorted(rubbish()))
def test_rubbish_suggests_nothing(name: str) -> None:
    bad = rubbish()[name]
    text = bad.text if isinstance(bad, Trouble) else bad
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([Reply(text=text)] * 2))
    assert got.checks == () and got.negative_outcomes == () and got.negative_exposures == ()


def test_no_model_and_no_pair() -> None:
    client = Scripted([])
    assert suggest(QUERY, clinic(), REGISTRY, None).checks == ()
    assert suggest(Query(kind="discovery"), clinic(), REGISTRY, client).checks == ()
    assert suggest(QUERY, clinic(), {}, client).checks == ()
    assert client.requests == []


def test_a_server_that_is_gone() -> None:
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([ModelError("gone")]))
    assert got.checks == () and not got.steps[0].passed and got.steps[0].note == "gone"


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(max_size=200), names=st.lists(st.text(max_size=20) | st.sampled_from([*REGISTRY, "age"]), max_size=9)
)
def test_no_reply_whatever_breaks_it(text: str, names: list[str]) -> None:
    for said in (text, reply([check(n) for n in names], [control(n) for n in names], [control(n) for n in names])):
        got = suggest(QUERY, clinic(), REGISTRY, Scripted([said, said]))
        assert set(got.checks) <= set(REGISTRY)
        chosen = {*got.negative_outcomes, *got.negative_exposures}
        assert chosen <= set(clinic().names()) - {"treated", "result", "pid", "email"}
