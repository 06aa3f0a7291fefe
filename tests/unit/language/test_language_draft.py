"""The first graph: rules on roles and timing decide; a model may add, and takes nothing away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.errors import CausalError, ModelError
from pyllm_causal.language.client import Reply, Scripted
from pyllm_causal.language.draft import Draft, draft_graph
from pyllm_causal.profile import Column, Profile
from pyllm_causal.query import Query
from tests.server import Trouble, rubbish
from tests.unit.language.tables import clinic, column, profile

QUERY = Query(treatment="treated", outcome="result")
NOTHING = '{"unmeasured": [], "suspects": []}'


def kept(draft: Draft, outcome: str = "result") -> list[str]:
    return [e.cause for e in draft.graph.edges if e.effect == outcome and e.source == "data"]


def out(draft: Draft) -> dict[str, str]:
    return {b.column: b.reason for b in draft.bad_controls}


def reply(unmeasured: list[Any] | None = None, suspects: list[Any] | None = None, **more: Any) -> str:
    return json.dumps({"unmeasured": unmeasured or [], "suspects": suspects or [], **more})


def by_rule(treatment: str, outcome: str, *columns: Column, **fields: Any) -> Draft:
    return draft_graph(Query(treatment=treatment, outcome=outcome, **fields), profile(*columns), None)


def numbers(*names: str) -> list[Column]:
    return [column(name) for name in names]


class TestRules:
    def test_shared_causes_point_at_both_ends(self) -> None:
        draft = draft_graph(QUERY, clinic(), None)
        assert kept(draft) == ["age", "sex", "region", "weight_before", "dose"]
        pairs = draft.graph.pairs()
        assert pairs[0] == ("treated", "result")
        assert all((c, "treated") in pairs for c in kept(draft))
        assert out(draft) == {"fever": "it may come after the treatment: its name or description says “after”"}
        assert all(e.reason and e.confidence for e in draft.graph.edges if e.source == "data")
        draft.graph.check(clinic().names())

    def test_years_in_names(self) -> None:
        names = "quit wt82_71 wt71 wt82 price71 price82 price71_82 age"
        draft = by_rule("quit", "wt82_71", *numbers(*names.split()))
        assert kept(draft, "wt82_71") == ["wt71", "price71", "age"]
        assert set(out(draft)) == {"wt82", "price82", "price71_82"}
        assert "1982" in out(draft)["wt82"]

    def test_years_before_the_outcome(self) -> None:
        draft = by_rule("train", "re78", *numbers("train", "re74", "re75", "re78", "re79"))
        assert kept(draft, "re78") == ["re74", "re75"]
        assert list(out(draft)) == ["re79"]

    def test_years_in_descriptions(self) -> None:
        columns = (
            column("quit", description="gave up between 1971 and 1982"),
            column("y", description="weight in 1982"),
            column("a", description="income in 1971"),
            column("b", description="died by 1992"),
        )
        draft = by_rule("quit", "y", *columns)
        assert kept(draft, "y") == ["a"] and list(out(draft)) == ["b"]

    def test_a_numbering_is_no_year(self) -> None:
        draft = by_rule("t", "y78", *numbers("t", "y78", *(f"item{i}" for i in range(70, 90))))
        assert len(kept(draft, "y78")) == 20

    @pytest.mark.parametrize(
        "late",
        [
            column("score_post"),
            column("score_followup"),
            column("days_to_discharge"),
            column("x", description="satisfaction on leaving"),
            column("x", description="engagement in the month after the campaign"),
            column("x", description="side effects seen"),
            column("x", description="died within a year"),
            column("endline_income"),
        ],
    )
    def test_what_comes_after_stays_out(self, late: Column) -> None:
        assert late.name in out(by_rule("t", "y", column("t"), column("y"), late))

    @pytest.mark.parametrize(
        "early",
        [
            column("score_pre"),
            column("x", description="spend before the campaign"),
            column("x", description="illnesses at admission"),
            column("baseline_income"),
            column("x", description="prior visits"),
            column("age"),
            column("x", description="stayed before the follow-up began"),
        ],
    )
    def test_what_comes_before_stays_in(self, early: Column) -> None:
        assert kept(by_rule("t", "y", column("t"), column("y"), early), "y") == [early.name]

    @pytest.mark.parametrize(
        ("name", "treatment", "outcome"),
        [
            ("log_wage", "t", "wage"),
            ("wage", "t", "lwage"),
            ("wagesq", "t", "wage"),
            ("days_to_recovery", "t", "recovered"),
            ("recovered", "t", "days_to_recovery"),
            ("recovery_rate", "t", "recovery"),
            ("dose_squared", "dose", "y"),
            ("ln_dose", "dose", "y"),
        ],
    )
    def test_copies_and_parts_stay_out(self, name: str, treatment: str, outcome: str) -> None:
        draft = by_rule(treatment, outcome, *numbers(treatment, outcome, name))
        assert kept(draft, outcome) == [] and name in out(draft)

    @pytest.mark.parametrize(
        ("name", "treatment", "outcome"),
        [
            ("father_educ", "educ", "wage"),
            ("previous_cancellations", "t", "cancelled"),
            ("mother_weight", "t", "weight"),
        ],
    )
    def test_a_relative_or_earlier_one_stays_in(self, name: str, treatment: str, outcome: str) -> None:
        assert kept(by_rule(treatment, outcome, *numbers(treatment, outcome, name)), outcome) == [name]

    def test_unusable_columns(self) -> None:
        draft = by_rule(
            "t",
            "y",
            *numbers("t", "y"),
            column("pid", "count", id_like=True),
            column("note", "text"),
            column("same", "constant", levels=(1,)),
            column("void", "empty"),
            column("when", "time", time_like=True),
            column("person", "category", name_like=True),
            column("gaps", missing=300),
        )
        assert kept(draft, "y") == [] and out(draft) == {"gaps": "75% of its values are missing"}

    def test_roles_are_no_covariates(self) -> None:
        columns = numbers("t", "y", "m", "z", "c", "w", "a")
        mediation = by_rule("t", "y", *columns, kind="mediation", design={"kind": "mediation", "mediators": ["m"]})
        assert ("t", "m") in mediation.graph.pairs() and "m" not in kept(mediation, "y")
        design = {"kind": "instrument", "instruments": ["z"]}
        instrument = by_rule("t", "y", *columns, design=design, cluster="c", weights="w")
        assert ("z", "t") in instrument.graph.pairs() and ("z", "y") not in instrument.graph.pairs()
        assert kept(instrument, "y") == ["m", "a"]

    def test_chance_needs_a_person(self) -> None:
        columns = numbers("t", "y", "a")
        mine = by_rule("t", "y", *columns, design={"kind": "randomised"})
        assert ("a", "t") not in mine.graph.pairs() and ("a", "y") in mine.graph.pairs()
        claimed = by_rule("t", "y", *columns, design={"kind": "randomised"}, sources={"design": "model"})
        assert ("a", "t") in claimed.graph.pairs()

    def test_no_pair_no_graph(self) -> None:
        assert draft_graph(Query(kind="discovery"), clinic(), None).graph.edges == ()


class TestModel:
    def test_it_may_add_a_hidden_cause(self) -> None:
        hidden = [{"name": "health scare", "reason": "ill people seek it"}]
        draft = draft_graph(QUERY, clinic(), Scripted([reply(hidden)]))
        (cause,) = draft.graph.unmeasured
        assert (cause.name, cause.affects, cause.source) == ("health scare", ("treated", "result"), "model")
        draft.graph.check(clinic().names())

    def test_it_may_suspect_but_not_remove(self) -> None:
        suspects = [{"column": "age", "reason": "no cause"}, {"column": "ghost", "reason": "x"}]
        draft = draft_graph(QUERY, clinic(), Scripted([reply(suspects=suspects)]))
        assert kept(draft) == kept(draft_graph(QUERY, clinic(), None))
        assert "still held fixed" in out(draft)["age"] and "ghost" not in out(draft)

    @pytest.mark.parametrize(
        "more",
        [
            {"remove": ["age"]},
            {"edges": [["result", "treated"]]},
            {"no_effect": ["age"], "matters": 1, "adjust_for": []},
            {"graph": {"edges": []}},
            {"unmeasured": [], "suspects": [{"column": c, "reason": "drop it"} for c in clinic().names()]},
        ],
    )
    def test_nothing_it_says_removes_an_arrow(self, more: dict[str, Any]) -> None:
        draft = draft_graph(QUERY, clinic(), Scripted([reply(**more) if "suspects" not in more else json.dumps(more)]))
        assert draft.graph.edges == draft_graph(QUERY, clinic(), None).graph.edges

    @pytest.mark.parametrize("name", ["vaccine", "Vaccines", "antibody level", "patient sex", "old age", "weight"])
    def test_what_is_measured_is_not_hidden(self, name: str) -> None:
        draft = draft_graph(QUERY, clinic(), Scripted([reply([{"name": name, "reason": "x"}])]))
        assert draft.graph.unmeasured == () and name in draft.steps[0].note

    def test_names_are_bounded_and_never_columns(self) -> None:
        names = [
            "Age",
            "weight before",
            "",
            "  ",
            "a" * 150,
            "<b>luck</b>",
            "luck",
            "mood",
            "mood",
            "zeal",
            "wit",
            "more",
        ]
        draft = draft_graph(QUERY, clinic(), Scripted([reply([{"name": n, "reason": "r" * 900} for n in names])]))
        found = [u.name for u in draft.graph.unmeasured]
        assert len(found) == len({f.casefold() for f in found}) == 5
        assert not {"age", "weight before"} & {f.casefold() for f in found}
        assert all(len(f) <= 40 and "<" not in f for f in found)
        assert all(len(u.reason or "") <= 160 for u in draft.graph.unmeasured)
        assert "left out" in draft.steps[0].note
        draft.graph.check(clinic().names())

    @pytest.mark.parametrize("name", sorted(rubbish()))
    def test_rubbish_leaves_the_rules(self, name: str) -> None:
        bad = rubbish()[name]
        text = bad.text if isinstance(bad, Trouble) else bad
        draft = draft_graph(QUERY, clinic(), Scripted([Reply(text=text)] * 2))
        assert draft.graph.edges == draft_graph(QUERY, clinic(), None).graph.edges

    def test_a_server_that_is_gone_leaves_the_rules(self) -> None:
        draft = draft_graph(QUERY, clinic(), Scripted([ModelError("gone")]))
        assert kept(draft) == kept(draft_graph(QUERY, clinic(), None))
        assert not draft.steps[0].passed and draft.steps[0].note == "gone"

    def test_no_row_is_sent(self) -> None:
        table: Profile = profile(
            column("treated", "yes_no"),
            column("result"),
            column("doctor", "category", name_like=True, levels=("Dr. Hush",)),
        )
        client = Scripted([NOTHING])
        draft_graph(QUERY, table, client)
        text = client.requests[0].model_dump_json()
        assert "Hush" not in text and "0.123456" not in text and '\\"treated\\"' in text


THINGS = st.text(max_size=30) | st.sampled_from([*clinic().names(), "<|im_end|>", "{{ x }}"])
ITEMS = st.lists(st.fixed_dictionaries({"name": THINGS, "column": THINGS, "reason": THINGS}) | THINGS, max_size=8)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200), unmeasured=ITEMS, suspects=ITEMS)
def test_no_reply_whatever_breaks_the_draft(text: str, unmeasured: list[Any], suspects: list[Any]) -> None:
    plain = draft_graph(QUERY, clinic(), None)
    for said in (text, reply(unmeasured, suspects)):
        try:
            draft = draft_graph(QUERY, clinic(), Scripted([said, said]))
        except CausalError:
            pytest.fail("a reply must not raise")
        assert draft.graph.edges == plain.graph.edges
        assert set(out(draft)) >= set(out(plain))
        draft.graph.check(clinic().names())
