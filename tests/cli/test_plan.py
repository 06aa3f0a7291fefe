"""Planning without data: the two ends, the ways that a picture opens, what to collect, and how large an experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.causal.ways import ways
from pyllm_causal.errors import CausalError
from pyllm_causal.graph import Graph
from pyllm_causal.language import exam
from pyllm_causal.language.client import Scripted
from pyllm_causal.plan import dictionary, plan
from pyllm_causal.report.planned import Plan
from tests.cli.terminal import run, table_file
from tests.server import Server

QUESTION = "Does drinking coffee cause headaches?"


def kinds(made: Plan) -> dict[str, tuple[str, ...]]:
    return {w.kind: w.needs for w in made.ways}


class TestWays:
    """Each against a picture whose answer is in the textbooks."""

    def of(
        self, *pairs: tuple[str, str], hidden: dict[str, list[str]] | None = None, seen: str = "abcmz"
    ) -> dict[str, Any]:
        found = ways(Graph.of(*pairs, unmeasured=hidden), "t", "y", set(seen))
        return {w.kind: (w.needs, w.adjust_for) for w in found}

    def test_back_door(self) -> None:
        assert self.of(("t", "y"), ("a", "t"), ("a", "y"))["adjustment"] == (("a",), ("a",))
        assert self.of(("t", "y"), ("a", "t"), ("b", "y"))["adjustment"] == ((), ())

    def test_a_collider_is_not_held_fixed(self) -> None:
        pairs = (("t", "y"), ("u", "t"), ("u", "a"), ("v", "a"), ("v", "y"))
        assert self.of(*pairs)["adjustment"] == ((), ())  # M-shape (Pearl 2009)

    def test_a_hidden_cause_leaves_no_adjustment(self) -> None:
        assert list(self.of(("t", "y"), hidden={"u": ["t", "y"]})) == ["experiment"]

    def test_instrument(self) -> None:
        found = self.of(("t", "y"), ("z", "t"), hidden={"u": ["t", "y"]})
        assert found["instrument"] == (("z",), ()) and "adjustment" not in found
        assert "instrument" not in self.of(("t", "y"), ("z", "t"), ("z", "y"), hidden={"u": ["t", "y"]})
        # Card (1995): nearness to college is one only given region
        given_region = self.of(("t", "y"), ("z", "t"), ("a", "z"), ("a", "y"), hidden={"u": ["t", "y"]})
        assert given_region["instrument"] == (("z", "a"), ("a",))

    def test_front_door(self) -> None:
        found = self.of(("t", "m"), ("m", "y"), hidden={"u": ["t", "y"]})
        assert found["front_door"][0] == ("m",) and "adjustment" not in found
        assert "front_door" not in self.of(("t", "m"), ("m", "y"), hidden={"u": ["t", "y"], "v": ["m", "y"]})

    def test_an_experiment_always_does(self) -> None:
        assert list(self.of(("y", "t"))) == ["experiment"]


class TestByHand:
    def test_the_words_of_the_question_are_the_ends(self) -> None:
        made = plan(QUESTION, shared_causes=["stress"])
        assert (made.treatment, made.outcome) == ("drinking coffee", "headaches")
        assert made.receipt == "If drinking coffee changes, how does headaches change?"
        assert kinds(made) == {"experiment": (), "adjustment": ("stress",)}
        assert [c.name for c in made.collect] == ["drinking coffee", "headaches", "stress"]

    def test_an_empty_picture_claims_nothing(self) -> None:
        made = plan(QUESTION)
        assert kinds(made) == {"experiment": ()} and "No shared cause is in the picture yet" in made.text

    def test_hidden_nudge_and_between(self) -> None:
        made = plan(QUESTION, hidden=["sleep"], nudges=["price"])
        assert kinds(made) == {"experiment": (), "instrument": ("price",)} and "Not measured: sleep" in made.text
        through = plan(QUESTION, hidden=["sleep"], between=["caffeine in the blood"])
        assert kinds(through) == {"experiment": (), "front_door": ("caffeine in the blood",)}
        assert through.leave_out.keys() == {"caffeine in the blood"}

    def test_sizes(self) -> None:
        made = plan(QUESTION, matters=0.05, baseline=0.1)
        assert made.experiment is not None and made.experiment.rows_per_arm == 686  # see test_experiment
        assert "686 each" in made.text
        assert plan(QUESTION, matters=5, spread=10).experiment.rows_per_arm == 64  # type: ignore[union-attr]
        unknown = plan(QUESTION, matters=5)
        assert (
            unknown.experiment is not None and unknown.experiment.rows_per_arm is None and "not known" in unknown.text
        )
        assert "--matters" in plan(QUESTION).text

    def test_without_ends_it_asks(self) -> None:
        made = plan("Hm?")
        assert made.status == "choose" and made.exit_code == 2 and "--treatment" in made.text
        assert plan("Hm?", treatment="a", outcome="b").status == "planned"

    @pytest.mark.parametrize(
        "bad",
        [
            {"shared_causes": ["a"], "nudges": ["a"]},
            {"shared_causes": [" "]},
            {"matters": -1},
            {"matters": 2, "baseline": 0.5},
        ],
    )
    def test_contradictions_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(CausalError) as caught:
            plan(QUESTION, **bad)
        assert caught.value.exit_code == 2 and caught.value.hint


DESCRIBED = """
training: took part in the job training (1=yes)
- age: age in years
`earnings` = yearly earnings, in dollars
earnings_before | earnings in the year before
satisfaction: satisfaction after the training
"""


def test_from_a_description_alone() -> None:
    assert list(dictionary(DESCRIBED)) == ["training", "age", "earnings", "earnings_before", "satisfaction"]
    made = plan("Does the training raise earnings?", describe=DESCRIBED)
    assert (made.treatment, made.outcome) == ("training", "earnings")
    assert kinds(made)["adjustment"] == ("age", "earnings_before")
    assert list(made.leave_out) == ["satisfaction"]


def test_a_table_gives_the_spread(tmp_path: Path) -> None:
    rows = range(50)
    columns = {"dose": [i % 2 for i in rows], "score": [i % 5 for i in rows], "won": [int(i % 10 == 0) for i in rows]}
    table = table_file(tmp_path, columns)
    made = plan("Does the dose change the score?", data=table, treatment="dose", outcome="score", matters=1)
    assert made.experiment is not None and made.experiment.spread == pytest.approx(2**0.5 * (50 / 49) ** 0.5)
    made = plan("Does the dose change winning?", data=table, treatment="dose", outcome="won", matters=0.05)
    assert made.experiment is not None and made.experiment.baseline == pytest.approx(0.1)
    assert made.experiment.rows_per_arm == 686


def said(**more: Any) -> str:
    things = [
        {"name": "stress", "role": "shared_cause", "reason": "stressed people drink more", "hidden": False},
        {"name": "coffee machine", "role": "nudge", "reason": "near the desk", "hidden": False},
        {"name": "sick leave", "role": "consequence", "reason": "comes later", "hidden": False},
    ]
    reply = {
        "treatment": "drinking coffee",
        "outcome": "headaches",
        "outcome_kind": "yes_no",
        "unit": "",
        "things": things,
    }
    return json.dumps(reply | more)


class TestModel:
    def test_a_draft_and_where_it_comes_from(self) -> None:
        made = plan(QUESTION, client=Scripted([said()]))
        assert kinds(made) == {"experiment": (), "adjustment": ("stress",), "instrument": ("coffee machine", "stress")}
        assert list(made.leave_out) == ["sick leave"] and {e.source for e in made.graph.edges} == {"you", "model"}
        assert "nobody has checked it" in made.text and "has not passed the exam" in made.text
        assert made.steps[0].score == 1.0 and list(made.provenance["language"]["recordings"]) == ["plan.json"]

    def test_a_model_that_passed_is_not_warned_about(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exam, "trusted", lambda model, base=None: True)
        assert "has not passed" not in plan(QUESTION, client=Scripted([said()])).text

    def test_votes(self) -> None:
        luck = [{"name": "luck", "role": "shared_cause", "reason": "x", "hidden": True}]
        made = plan(QUESTION, client=Scripted([said(), said(things=luck), said()]), drafts=3)
        assert "luck" not in made.text and "2 of 3 drafts" in made.text

    def test_the_person_wins(self) -> None:
        made = plan(QUESTION, client=Scripted([said()]), outcome="migraine", shared_causes=["stress"])
        assert made.outcome == "migraine" and [e.source for e in made.graph.edges if e.cause == "stress"] == [
            "you",
            "you",
        ]

    @pytest.mark.parametrize("reply", ["", "{}", said(treatment="x", outcome="X"), said(things=7), "[]"])
    def test_rubbish_leaves_the_rules(self, reply: str) -> None:
        made = plan(QUESTION, client=Scripted([reply] * 2))
        assert made.treatment == "drinking coffee" and not made.steps[0].passed and len(made.graph.edges) == 1

    @settings(max_examples=60, deadline=None)
    @given(
        text=st.text(max_size=80),
        names=st.lists(
            st.text(max_size=20) | st.sampled_from(["stress", "headaches", "\x1b[31m", "{{x}}"]), max_size=6
        ),
        role=st.sampled_from(["shared_cause", "nudge", "between", "consequence", "x"]),
    )
    def test_no_reply_whatever_breaks_it(self, text: str, names: list[str], role: str) -> None:
        things = [{"name": n, "role": role, "reason": n, "hidden": i % 2 == 0} for i, n in enumerate(names)]
        for reply in (text, said(things=things), said(treatment=text, outcome="y")):
            try:
                made = plan(QUESTION, client=Scripted([reply, reply]))
            except CausalError as error:
                assert error.message  # noqa: PT017 - any clear error will do
                continue
            assert all(c.isprintable() or c == "\n" for c in made.text) and made.graph.cycle() is None


class TestCommand:
    def test_text_and_document(self) -> None:
        done = run(
            "plan", QUESTION, "--shared-cause", "stress", "--matters", "0.05", "--baseline", "0.1", "--per-week", "100"
        )
        assert done.code == 0 and "A plan, not a finding." in done.out and "14 weeks" in done.out
        document = run("plan", QUESTION, "--shared-cause", "stress", "--hidden", "sleep", "--json").document
        assert document["status"] == "planned" and [w["kind"] for w in document["ways"]] == ["experiment"]
        assert Plan.model_validate(document).text == document["text"]

    def test_exit_code_two_when_a_person_must_say_more(self) -> None:
        assert run("plan", "Hm?").code == 2 and run("plan", "").code == 2
        assert run("plan", QUESTION, "--matters", "-1").code == 2

    def test_record_and_replay(self, tmp_path: Path) -> None:
        with Server(replies={"plan": said()}) as server:
            first = run(
                "plan", QUESTION, "--model", "openai/m", "--api-base", server.url, "--record", tmp_path / "r", "--json"
            )
        again = run("plan", QUESTION, "--replay", tmp_path / "r", "--json")
        assert first.code == again.code == 0 and again.document == first.document
        (tmp_path / "plan.json").write_text(first.out)
        assert run("plan", QUESTION, "--replay", tmp_path / "plan.json", "--json").document == first.document
