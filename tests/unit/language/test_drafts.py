"""Several drafts and a vote, graphs that fit the design, and the alarm over bad controls."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyllm_causal.data import Table
from pyllm_causal.graph import Graph
from pyllm_causal.language import alarm, exam, vote
from pyllm_causal.language.alarm import BadControl
from pyllm_causal.language.client import Request, Scripted
from pyllm_causal.language.draft import Draft, draft_graph
from pyllm_causal.profile import Profile
from pyllm_causal.query import Query
from tests.unit.language.tables import column, profile

QUERY = Query(treatment="dose", outcome="score")


def table(*more: Any) -> Profile:
    return profile(column("dose"), column("score"), column("age"), column("mood"), column("town"), *more)


def hidden(*names: str, suspects: tuple[str, ...] = ()) -> str:
    return json.dumps(
        {
            "unmeasured": [{"name": n, "reason": "why"} for n in names],
            "suspects": [{"column": s, "reason": "late"} for s in suspects],
        }
    )


class TestVotes:
    def test_more_than_half_decide(self) -> None:
        replies = [
            hidden("motivation", "luck"),
            hidden("Motivations", suspects=("mood",)),
            hidden("luck", suspects=("mood",)),
        ]
        client = Scripted(replies)
        draft = draft_graph(QUERY, table(), client, drafts=3)
        assert draft.graph.hidden() == ["motivation", "luck"]
        assert "(2 of 3 drafts)" in str(draft.graph.unmeasured[0].reason)
        assert [(b.column, b.alarm) for b in draft.bad_controls] == [("mood", "suspect")]
        assert {(r.temperature, r.seed) for r in client.requests} == {(vote.WARM, 0), (vote.WARM, 1), (vote.WARM, 2)}

    def test_one_voice_of_three_is_not_enough(self) -> None:
        draft = draft_graph(QUERY, table(), Scripted([hidden("luck"), hidden(), hidden()]), drafts=3)
        assert draft.graph.unmeasured == () and "luck" in draft.steps[0].note and draft.steps[0].score == 0.0

    def test_one_draft_alone_is_cold(self) -> None:
        client = Scripted([hidden()])
        draft_graph(QUERY, table(), client)
        assert client.requests[0].temperature is None and client.requests[0].seed is None

    def test_drafts_that_fail_are_said(self) -> None:
        draft = draft_graph(QUERY, table(), Scripted([hidden("luck"), "x", "x", hidden("luck")]), drafts=3)
        assert draft.graph.hidden() == ["luck"] and draft.steps[0].repairs == 1 and draft.steps[0].passed

    @given(st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=7))
    def test_the_majority_is_one(self, ballots: list[list[int]]) -> None:
        for thing, share in vote.majority(ballots).items():
            assert share == sum(thing in b for b in ballots) / len(ballots) > 0.5

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=12))
    def test_no_circle_survives(self, pairs: list[tuple[str, str]]) -> None:
        kept = vote.acyclic(pairs)
        assert Graph.of(*kept).cycle() is None and (not pairs or pairs[0][0] == pairs[0][1] or pairs[0] in kept)


def roles(**parts: str) -> dict[str, Any]:
    said = [{"column": c, "role": r, "reason": f"{c} is so"} for c, r in parts.items()]
    return {"columns": said, "arrows": [{"cause": "age", "effect": "mood", "reason": "x"}]}


def directed(
    *replies: dict[str, Any], drafts: int = 1, with_table: Profile | None = None
) -> tuple[Draft, list[Request]]:
    left = iter(replies)

    def answer(request: Request) -> str:
        return hidden() if request.step == "draft" else json.dumps(next(left))

    client = Scripted(answer)
    return draft_graph(QUERY, with_table or table(), client, drafts=drafts), client.requests


OWN_END = {"arrows": [{"cause": "dose", "effect": "age"}]}


class TestDirections:
    def test_a_model_that_has_not_passed_is_not_asked(self) -> None:
        draft, requests = directed()
        assert [r.step for r in requests] == ["draft"]
        assert draft.graph.edges == draft_graph(QUERY, table(), None).graph.edges

    @pytest.fixture
    def passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exam, "trusted", lambda model, base=None: True)

    def test_a_late_column_is_taken_out_and_said(self, passed: None) -> None:
        draft, _ = directed(roles(age="consequence", mood="between", town="shared_cause"))
        pairs = draft.graph.pairs()
        assert ("dose", "mood") in pairs and ("mood", "score") in pairs and ("mood", "dose") not in pairs
        assert ("age", "dose") in pairs, "age is settled before: no model makes it late"
        assert {b.column: b.alarm for b in draft.bad_controls} == {"age": "suspect", "mood": "between"}
        town = next(e for e in draft.graph.edges if e.cause == "town")
        assert "the model: town is so" in str(town.reason) and town.source == "data"
        assert all(
            e.source == "model" and e.confidence == "likely" for e in draft.graph.edges if "mood" in (e.cause, e.effect)
        )

    def test_a_bare_majority_does_not_take_a_cause_away(self, passed: None) -> None:
        late, early = roles(mood="consequence"), roles(mood="shared_cause")
        draft, requests = directed(late, early, late, drafts=3)
        assert ("mood", "dose") in draft.graph.pairs()
        assert [b.alarm for b in draft.bad_controls] == ["suspect"] and "2 of 3 drafts" in draft.bad_controls[0].reason
        assert sum(r.step == "roles" for r in requests) == 3

    def test_every_other_role_keeps_the_arrows(self, passed: None) -> None:
        draft, _ = directed(roles(age="unrelated", mood="cause_of_outcome", town="cause_of_treatment"))
        kept = set(draft_graph(QUERY, table(), None).graph.pairs())
        assert set(draft.graph.pairs()) - kept == {("age", "mood")} and kept <= set(draft.graph.pairs())

    def test_arrows_are_voted_and_never_a_circle(self, passed: None) -> None:
        one = {"columns": [], "arrows": [{"cause": "age", "effect": "mood"}, {"cause": "mood", "effect": "town"}]}
        two = {"columns": [], "arrows": [{"cause": "town", "effect": "age"}, {"cause": "age", "effect": "mood"},
                                         {"cause": "mood", "effect": "town"}, {"cause": "age", "effect": "dose"}]}  # fmt: skip
        draft, _ = directed(two, two, one, drafts=3)
        draft.graph.check(table().names())
        assert ("age", "mood") in draft.graph.pairs() and ("town", "age") not in draft.graph.pairs()

    @pytest.mark.parametrize(
        "reply",
        [
            {"columns": 7},
            {"columns": [{"column": "ghost", "role": "between"}]},
            {},
            {"arrows": [{"cause": "dose", "effect": "age"}]},
        ],
    )
    def test_rubbish_changes_nothing(self, passed: None, reply: dict[str, Any]) -> None:
        draft, _ = directed(reply, reply)
        assert draft.graph.edges == draft_graph(QUERY, table(), None).graph.edges


class TestDesigns:
    """A draft never contradicts its own design."""

    def pairs(self, design: dict[str, Any], **more: Any) -> set[tuple[str, str]]:
        names = ("z", "m", "unit", "year", "group", "since", "run", "s")
        wide = table(*(column(n) for n in names))
        query = Query(treatment="dose", outcome="score", design=design, **more)  # type: ignore[arg-type]
        graph = draft_graph(query, wide, None).graph
        graph.check(wide.names())
        return set(graph.pairs())

    def test_instrument(self) -> None:
        pairs = self.pairs({"kind": "instrument", "instruments": ["z"]})
        assert ("z", "dose") in pairs and ("z", "score") not in pairs
        assert {("age", "z"), ("age", "dose"), ("age", "score")} <= pairs

    @pytest.mark.parametrize("kind", ["mediation", "front_door"])
    def test_mediators(self, kind: str) -> None:
        pairs = self.pairs({"kind": kind, "mediators": ["m"]})
        assert {("dose", "m"), ("m", "score"), ("age", "m")} <= pairs and ("m", "dose") not in pairs
        assert (("dose", "score") in pairs) == (kind == "mediation")  # a front door leaves no way past the mediator

    def test_discontinuity(self) -> None:
        pairs = self.pairs({"kind": "discontinuity", "running": "run", "cutoff": 3})
        assert pairs == {("dose", "score"), ("run", "dose"), ("run", "score")}

    @pytest.mark.parametrize(
        "design",
        [
            {"kind": "differences", "group": "group", "time": "year"},
            {"kind": "differences", "unit": "unit", "time": "year", "first_treated": "since"},
            {"kind": "synthetic_control", "unit": "unit", "time": "year", "treated_unit": 1, "start": 3},
        ],
    )
    def test_comparisons_over_time_hold_nothing_else_fixed(self, design: dict[str, Any]) -> None:
        pairs = self.pairs(design)
        assert ("year", "score") in pairs and not {c for c, _ in pairs} & {"age", "mood", "since", "m"}

    def test_panel(self) -> None:
        pairs = self.pairs({"kind": "panel", "unit": "unit", "time": "year"})
        assert {("unit", "dose"), ("unit", "score"), ("age", "score")} <= pairs

    def test_strata(self) -> None:
        pairs = self.pairs({"kind": "randomised", "strata": ["s"]})
        assert ("s", "dose") in pairs and ("age", "dose") not in pairs and ("age", "score") in pairs

    def test_the_treatment_may_be_the_group(self) -> None:
        query = Query(treatment="group", outcome="score", design={"kind": "differences", "group": "group", "time": "year"})  # type: ignore[arg-type]  # fmt: skip
        graph = draft_graph(query, table(column("group"), column("year")), None).graph
        graph.check(table(column("group"), column("year")).names())


def raised(*columns: Any, treatment: str = "dose", outcome: str = "score", **more: Any) -> dict[str, str]:
    drawn = draft_graph(Query(treatment=treatment, outcome=outcome, **more), table(*columns), None)
    return {b.column: b.alarm for b in drawn.bad_controls}


@pytest.mark.parametrize(
    ("name", "description", "watched"),
    [
        ("months", None, True), ("time_to_failure", None, True), ("follow_up_days", None, True), ("fu", "days of follow-up", True),
        ("months", "months of training before the start", False), ("tenure", None, False), ("age", "age in years", False),
    ],
)  # fmt: skip
def test_how_long_a_row_was_watched_is_not_held_fixed(name: str, description: str | None, watched: bool) -> None:
    """Adjusting for the time until a pump failed or the study ended halves the effect of the pump on failing."""
    table = Table.read(
        pd.DataFrame({name: [3.5, 1.0, 7.25, 2.5] * 10, "failed": [0, 1, 0, 1] * 10}),
        describe={name: description} if description else None,
    )
    assert alarm._watched(table.profile.column(name), table.profile.column("failed")) == watched


class TestAlarm:
    @pytest.mark.parametrize(
        ("late", "kind"),
        [
            (column("pain", description="pain after the treatment"), "after"),
            (column("score_pct"), "proxy"),
            (column("log_dose"), "copy"),
            (column("x", description="reason for the score"), "leak"),
            (column("x", "yes_no", description="completed the study (1=yes)"), "collider"),
            (column("responded", "yes_no"), "collider"),
            (column("x", missing=300), "unusable"),
        ],
    )
    def test_kinds(self, late: Any, kind: str) -> None:
        assert raised(late) == {late.name: kind}

    @pytest.mark.parametrize(
        "early",
        [
            column("x", "yes_no", description="dropped out of school before the programme"),
            column("x", description="reason for the visit"),
            column("x", description="type of housing"),
            column("retained_earnings"),
            column("x", description="date of birth"),
        ],
    )
    def test_no_false_alarm(self, early: Any) -> None:
        assert raised(early) == {}

    def test_plain_words(self) -> None:
        bad = [
            BadControl(column="fever", reason="r", alarm="after"),
            BadControl(column="pulse", reason="r", alarm="after"),
            BadControl(column="gaps", reason="r", alarm="unusable"),
            BadControl(column="mood", reason="the model says 99 and proves it", alarm="suspect"),
        ]
        text = alarm.lines(bad, QUERY)
        assert text == [
            "fever and pulse may come after dose: holding it fixed could hide part of the effect, so they were left out.",
            "mood may come too late, as the language model suspects; no rule says so, so it was still held fixed.",
        ]
        held = alarm.lines(bad, Query(treatment="dose", outcome="score", adjust_for=("fever",)))
        assert "you asked to hold it fixed all the same" in " ".join(held) and held[0].startswith("pulse")

    def test_names_are_made_safe(self) -> None:
        (line,) = alarm.lines([BadControl(column="a\x1b[31m\nb", reason="r", alarm="leak")], QUERY)
        assert line.isprintable()
