"""Suggested checks: out of the registry, bounded, and never fewer than the rules run anyway."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.errors import ModelError
from pyllm_causal.language.challenge import candidates, suggest
from pyllm_causal.language.client import Reply, Scripted
from pyllm_causal.query import Query
from tests.server import Trouble, rubbish
from tests.unit.language.tables import clinic, column, profile

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
    text = reply([check("placebo"), check("subset", "few rows")], [control("age")], [control("weight_before")])
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([text]))
    assert got.checks == ("placebo", "subset")
    assert got.negative_outcomes == ("age",) and got.negative_exposures == ("weight_before",)
    assert got.reasons["subset"] == "few rows"
    assert got.steps[0].passed and got.steps[0].score == 1.0


def test_inventions_are_dropped_and_said() -> None:
    text = reply(
        [check("__import__('os')"), check("placebo"), check("placebo")],
        [control("ghost"), control("treated"), control("result"), control("pid"), control("email")],
        [control("weight_before"), control("weight_before"), control("age")],
    )
    got = suggest(QUERY, clinic(), REGISTRY, Scripted([text]))
    assert got.checks == ("placebo",) and got.negative_outcomes == () and got.negative_exposures == ("weight_before",)
    assert "left out" in got.steps[0].note and "ghost" in got.steps[0].note
    assert got.steps[0].score is not None and got.steps[0].score < 1


def test_everything_is_bounded() -> None:
    many = {f"check_{i}": "x" for i in range(60)}
    text = reply([check(name, "r" * 200) for name in many], [control(n) for n in clinic().names()])
    got = suggest(QUERY, clinic(), many, Scripted([text]))
    assert len(got.checks) == 12 and got.negative_outcomes == ("age", "weight_before")
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
        assert {*got.negative_outcomes, *got.negative_exposures} <= {"age", "weight_before"}


class TestControls:
    """Only what was settled before the treatment, is free, and holds numbers may be offered as a negative control."""

    def columns(self, **more: Any) -> tuple[list[str], list[str]]:
        names = (
            "dose",
            "weight_1982",
            "weight_1971",
            "weight_1990",
            "age",
            "income_1970",
            "dose_1970",
            "later",
            "region",
        )
        kinds = {"region": "category"}
        table = profile(*(column(n, kinds.get(n, "number"), levels=("a", "b") if n in kinds else ()) for n in names))
        fields = {"treatment": "dose", "outcome": "weight_1982", **more}
        return candidates(Query(**fields), table)

    def test_only_what_came_before(self) -> None:
        outcomes, exposures = self.columns()
        assert outcomes == ["weight_1971", "age", "income_1970"]
        assert exposures == ["income_1970"]  # the earlier outcome and age touch the outcome

    def test_not_what_is_held_fixed(self) -> None:
        assert self.columns(adjust_for=("age", "weight_1971")) == (["income_1970"], ["income_1970"])
        drawn = {"edges": [["income_1970", "dose"], ["dose", "weight_1982"]]}
        assert "income_1970" not in self.columns(graph=drawn)[0]

    def test_a_person_has_declared_them(self) -> None:
        assert self.columns(negative_outcomes=("later",)) == ([], [])

    def test_without_candidates_nothing_is_asked(self) -> None:
        bare = profile(column("treated", "yes_no"), column("result"), column("fever", description="fever afterwards"))
        client = Scripted([reply([check("placebo")], [control("fever")], [control("fever")])])
        got = suggest(QUERY, bare, REGISTRY, client)
        assert (got.checks, got.negative_outcomes, got.negative_exposures) == (("placebo",), (), ())
        sent = client.requests[0]
        assert list((sent.response_schema or {})["properties"]) == ["checks"] and "fever" not in str(sent)

    def test_the_enum_holds_the_candidates_only(self) -> None:
        client = Scripted([reply([])])
        suggest(QUERY, clinic(), REGISTRY, client)
        fields = (client.requests[0].response_schema or {})["properties"]
        assert fields["negative_outcomes"]["items"]["properties"]["column"]["enum"] == ["age", "weight_before"]
        assert fields["negative_exposures"]["items"]["properties"]["column"]["enum"] == ["weight_before"]
