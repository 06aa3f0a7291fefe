"""What a person gives by hand wins, needs no model, and is refused in plain words where it cannot be used."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pyllm_causal.errors import CausalError, QueryError, UnknownColumn
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.read import read_question
from tests.unit.language.tables import clinic, column, effect, profile

PAIR = {"treatment": "treated", "outcome": "result"}
VAGUE = "Does it work?"


def read(question: str = VAGUE, **given: Any) -> Any:
    return read_question(question, clinic(), None, overrides=given, draft=False)


class TestWithoutAModel:
    def test_both_ends(self) -> None:
        query = read(**PAIR).query
        assert (query.kind, query.treatment, query.outcome, query.sources) == ("effect", "treated", "result", {})

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            ({"by": "sex"}, "effect_by_group"),
            ({"row": 3}, "counterfactual"),
            ({"design": {"kind": "mediation", "mediators": ("fever",)}}, "mediation"),
            ({"design": {"kind": "instrument", "instruments": ("region",)}}, "effect"),
            ({"design": {"kind": "discontinuity", "running": "age", "cutoff": 60}}, "effect"),
            ({"design": {"kind": "differences", "time": "fever", "group": "treated"}}, "effect"),
            ({"kind": "association"}, "association"),
        ],
    )
    def test_parts_decide_the_kind(self, given: dict[str, Any], kind: str) -> None:
        query = read(**PAIR, **given).query
        assert query.kind == kind and query.source("design") == "you"
        assert "design" not in given or query.design.kind == given["design"]["kind"]

    def test_kinds_without_a_pair(self) -> None:
        assert read(kind="discovery").query.kind == "discovery"
        query = read(kind="attribution", outcome="result").query
        assert (query.kind, query.outcome) == ("attribution", "result")

    def test_a_person_takes_a_claim_of_the_question_over(self) -> None:
        question = "In this randomised trial, does the vaccine raise the antibody level?"
        assert read(question).query.source("design") == "model"
        assert read(question, **PAIR, design={"kind": "randomised"}).query.source("design") == "you"

    def test_values_are_those_of_the_column(self) -> None:
        table = profile(column("arm", "category", levels=("1", "2")), column("y"))
        got = read_question(
            VAGUE, table, None, overrides={"treatment": "arm", "outcome": "y", "treated": 1, "control": 2}
        )
        assert got.query is not None and (got.query.treated, got.query.control) == ("1", "2")

    def test_further_fields(self) -> None:
        query = read(
            **PAIR, matters=0.5, target="treated", scale="percent", cluster="region", adjust_for=("age",)
        ).query
        assert (query.matters, query.target, query.scale, query.cluster) == (0.5, "treated", "percent", "region")
        assert query.adjust_for == ("age",)


def test_they_win_over_a_model() -> None:
    reply = effect(outcome="fever", who="treated")
    got = read_question(
        "Among those who got the vaccine, did it raise fever?", clinic(), Scripted([reply] * 2), draft=False,
        overrides={"outcome": "result", "target": "everyone"},
    )  # fmt: skip
    assert got.query is not None and (got.query.outcome, got.query.target) == ("result", "everyone")


PYDANTIC = re.compile(
    r"Input should|pydantic|valid (?:tuple|dictionary|string|number)|type=|validation error", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"adjust_for": "age"}, "`adjust_for` must be a list of column names"),
        ({"categorical": "age"}, "`categorical` must be a list of column names"),
        ({"adjust_for": [1]}, "`adjust_for` must be a list of column names"),
        ({"selected_on": "age"}, "`selected_on` must be a list"),
        ({"matters": -1}, "`matters` must be a number above zero"),
        ({"matters": "much"}, "`matters` must be a number above zero"),
        ({"matters": float("nan")}, "`matters` must be a number above zero"),
        ({"target": "men"}, "`target` must be one of everyone"),
        ({"scale": "log"}, "`scale` must be one of difference"),
        ({"kind": "magic"}, "`kind` must be one of effect"),
        ({"missing": "guess"}, "`missing` must be drop or impute"),
        ({"treated": [1]}, "`treated` must be one value"),
        ({"design": "randomised"}, "`design` must be an object"),
        ({"design": {}}, "`design` must be an object"),
        ({"design": {"kind": "magic"}}, "There is no design 'magic'"),
        ({"design": {"kind": "discontinuity", "running": "age"}}, "lacks `cutoff`"),
        ({"design": {"kind": "instrument", "instruments": []}}, "lacks `instruments`"),
        ({"design": {"kind": "synthetic_control"}}, "lacks `unit` and `time` and `treated_unit` and `start`"),
        ({"design": {"kind": "discontinuity", "running": "age", "cutoff": "old"}}, "at fault: `cutoff`"),
        ({"design": {"kind": "randomised", "luck": 1}}, "at fault: `luck`"),
        ({"graph": [1]}, "`graph` must be an object"),
        ({"where": 3}, "`where` must be text"),
        ({"by_levels": "ab"}, "`by_levels` must be two values"),
        ({"magic": 1}, "is not a field"),
        ({"treatment": "age", "outcome": "age"}, "same column"),
    ],
)
def test_bad_values_are_refused_in_our_words(given: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError) as caught:
        read(**(PAIR | given))
    assert says in caught.value.message and caught.value.hint
    assert not PYDANTIC.search(caught.value.message + caught.value.hint)


@pytest.mark.parametrize(
    "given",
    [
        {"treatment": "treeted"},
        {"adjust_for": ["age", "ghost"]},
        {"by": "ghost"},
        {"design": {"kind": "instrument", "instruments": ("ghost",)}},
        {"design": {"kind": "panel", "unit": "ghost"}},
        {"design": {"kind": "discontinuity", "running": "ghost", "cutoff": 1}},
    ],
)
def test_unknown_columns_are_named(given: dict[str, Any]) -> None:
    with pytest.raises(UnknownColumn) as caught:
        read(**(PAIR | given))
    assert "ghost" in caught.value.message or "treeted" in caught.value.message


@pytest.mark.parametrize("value", [object(), {"a": {"b": []}}, b"x", float("inf"), [[]], ("",), 10**400])
def test_nothing_else_breaks(value: Any) -> None:
    for name in (
        "treatment",
        "adjust_for",
        "design",
        "graph",
        "matters",
        "row",
        "compare",
        "words",
        "where",
        "treated",
    ):
        said = ""
        try:
            read(**(PAIR | {name: value}))
        except CausalError as error:
            said = error.message
        assert not PYDANTIC.search(said)
