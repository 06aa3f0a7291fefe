"""What the chat says back: the picture, every edit with its cost, what-ifs and whether the answer hangs on them."""

from __future__ import annotations

import math

import pytest

from pyllm_causal.analysis import Effect
from pyllm_causal.chat import explain
from pyllm_causal.chat.names import resolve
from pyllm_causal.chat.option import Option
from pyllm_causal.chat.phrases import NO, YES
from pyllm_causal.errors import GraphError
from pyllm_causal.graph import Graph
from pyllm_causal.query import Query
from pyllm_causal.report.refit import refitted
from pyllm_causal.report.text import fill, item
from tests.unit.chat.talks import GRAPH, QUESTION, Talk


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.say(QUESTION)
    return talk


@pytest.fixture(scope="module")
def answered() -> Talk:
    """A conversation with one answer. Tests that change it take it back."""
    talk = Talk()
    talk.say(QUESTION)
    talk.say("")
    return talk


def pairs(talk: Talk) -> set[tuple[str, str]]:
    pending = talk.study.pending
    assert pending is not None and pending.graph is not None
    return set(pending.graph.pairs())


def test_the_receipt_and_the_picture_come_before_any_number(talk: Talk) -> None:
    said = Talk().say(QUESTION)
    assert said.startswith(
        "I read that as: If “quit” (quit smoking) goes from 0 to 1, how does “gain” (weight gained over"
    )
    assert "1 age, sex and sport -> quit and gain" in said and "2 quit -> gain your question" in said
    assert "Enter = looks right" in said and talk.study.history == [] and talk.study.pending is not None


def test_an_edit_is_echoed_with_what_it_costs_and_undone(talk: Talk) -> None:
    said = talk.say("income drives quitting too, and weight")
    assert "Added: income → quit, income → gain." in said
    assert "30 rows have no income recorded; I leave them out of the comparison and say so." in said
    assert "The comparison falls from 240 to 210 rows." in said
    assert {("income", "quit"), ("income", "gain")} <= pairs(talk)
    assert "Taken back" in talk.say("/undo") and pairs(talk) == set(GRAPH.pairs())
    assert "set aside" in talk.say("/undo") and talk.study.pending is None


def test_lines_can_be_asked_about_dropped_and_turned(talk: Talk) -> None:
    assert "Nobody has given a reason. You said so." in talk.say("why 1?")
    assert "That arrow is your question" in talk.say("why 2?")
    said = talk.say("drop sport -> quitting")
    assert "Took out: sport → quit." in said and "No longer held fixed: sport." in said
    assert ("sport", "quit") not in pairs(talk) and ("sport", "gain") in pairs(talk)
    assert "There is no line 9" in talk.say("drop 9")
    for line in ("drop 3", "quitting does not affect gain"):
        assert "That arrow is your question; it stays." in talk.say(line)
    before = pairs(talk)
    assert "circle" in talk.say("gain drives weight0; weight0 drives age") and pairs(talk) == before
    assert "the other way round" in talk.say("quitting drives age")
    assert "Turned round, now: quit → age." in talk.say("flip age -> quitting")


def test_a_hidden_cause_of_both_blocks_the_answer_and_one_of_one_side_does_not(talk: Talk) -> None:
    said = talk.say("there is a hidden cause: stress affects quitting and weight")
    assert "Added a cause that is not in the file: stress → quit, stress → gain." in said
    assert "! With this it cannot be worked out from the file" in said
    assert "not in the file: stress -> quit and gain" in talk.say("/picture")
    assert "Took out: stress → gain. Now it can be worked out." in talk.say("stress does not affect weight")
    assert "Took out the cause that is not in the file: stress." in talk.say("drop stress")


def test_a_word_that_is_no_column_is_asked_about_once_with_a_suggestion(talk: Talk) -> None:
    said = talk.say("diet drives weight")
    assert "There is no column called “diet”" in said and "1 none of the columns: a cause called “diet”" in said
    assert "Added a cause that is not in the file: diet → gain." in talk.say("")
    assert "leave the picture as it is" in talk.say("golf drives weight")
    assert talk.say("2") == "" and "golf" not in str(pairs(talk))
    assert "No column goes by “moon”" in talk.say("age drives moon")
    talk.say("golf drives weight")
    assert "Say a number from 1 to 2" in talk.say("7") and "Took out" in talk.say("drop sport")  # a menu is no trap


def test_what_if_on_some_rows_shows_the_others_and_whether_they_differ(answered: Talk) -> None:
    before = answered.study.at_hand
    said = answered.say("what if we only look at women?")
    assert "Women: " in said and "Men: " in said and "No sign that it differs between them." in said
    assert "This is the second way you looked at this question." in said
    assert answered.study.at_hand is before  # a look in passing
    women = answered.study.history[-1]
    assert women.provenance["query"]["where"] == "sex == 1" and women.effect is not None
    assert explain.figure(women.effect) in said
    assert "I cannot tell which rows “tall people” are" in answered.say("only tall people")
    assert "Only sport >= 3" in answered.say("only sport >= 3")
    looks = answered.study.history[-1].provenance["ledger"]["looks"]
    answered.say("only sport>=3.0")
    assert answered.study.history[-1].provenance["ledger"]["looks"] == looks  # the same rows, spelled otherwise


def test_what_if_without_an_arrow_says_whether_the_answer_hangs_on_it(answered: Talk) -> None:
    said = answered.say("what if sex isn't a cause of quitting?")
    assert "Without that arrow: " in said and "The answer does not hang on it." in said
    assert "not the one you settled on" in said
    said = answered.say("what if age does not affect quitting and sport does not affect quitting?")
    assert said.startswith("With those changes: ") and "No longer held fixed: age and sport." in said


def test_explanations_hold_only_figures_of_the_answer(answered: Talk) -> None:
    answer = answered.study.at_hand
    assert answer is not None and answer.certainty is not None and answer.effect is not None
    assert explain.figure(answer.effect) in answered.say("in simpler words")
    wrong = answered.say("how could this be wrong?")
    assert all(r.rstrip(".")[1:40] in wrong for r in answer.certainty.down)
    assert answer.estimand is not None and answer.estimand.statement[:50] in answered.say("why?")
    assert "Nothing was checked." in answered.say("which checks failed?") or answer.refutations
    assert "What this rests on" in answered.say("more")
    assert "1 quit → gain" in answered.say("compare")


def test_an_edit_after_an_answer_warns_and_can_be_taken_back(answered: Talk) -> None:
    said = answered.say("drop sport")
    assert "You have seen an answer already" in said and answered.conversation.stage == "review"
    assert "as they were" in answered.say("/undo") and answered.conversation.stage == "answered"


def test_a_signature_is_given_only_when_it_is_said(talk: Talk) -> None:
    assert talk.study.pending is not None and talk.study.pending.graph is not None
    assert talk.study.pending.graph.signed_by is None
    assert "Ann Smith signed the picture" in talk.say("/picture sign as Ann Smith")
    assert talk.study.pending.graph.signed_by == "Ann Smith"
    talk.say("drop sport")
    assert talk.study.pending.graph.signed_by is None
    assert "nothing I know" in talk.say("/picture dance")


def test_an_accepted_picture_counts_as_the_persons() -> None:
    talk = Talk(graph=None)  # drafted by rule
    talk.say(QUESTION)
    pending = talk.study.pending
    assert pending is not None and pending.query is not None and pending.query.source("graph") == "data"
    talk.say("looks right")
    query = talk.study.query
    assert query is not None and query.source("graph") == "you" and query.graph is not None
    assert {e.source for e in query.graph.edges if e.cause != "quit"} == {"data"}  # who drew the arrows stays as it was
    assert query.graph.signed_by is None


def test_a_question_that_cannot_be_told_ends_in_a_menu_of_columns() -> None:
    talk = Talk()
    said = talk.say("what about it all?")
    assert "Which column is the thing that is done or changed?" in said and "(Enter)" in said
    number = next(i for i, o in enumerate(talk.conversation.menu, 1) if o.label.startswith("quit"))
    said = talk.say(str(number))
    assert "Which one may be changed by it?" in said
    number = next(i for i, o in enumerate(talk.conversation.menu, 1) if o.label.startswith("gain"))
    assert "I read that as" in talk.say(str(number)) and "Is it right?" in talk.say("/picture")


def test_an_open_menu_takes_the_name_of_any_column_and_lets_other_lines_pass() -> None:
    talk = Talk(graph=None)
    talk.say("what about it all?")
    assert "This chat is about" in talk.say("open other.csv") and talk.conversation.menu == ()
    talk.say("what about it all?")
    assert "Which one may be changed by it?" in talk.say("sport")
    assert "how does “weight0” (weight at the start, kg) change" in talk.say("weight at the start")


def test_a_question_that_cannot_be_read_leaves_the_one_under_review_where_it_is(talk: Talk) -> None:
    talk.say("drop sport")
    before = talk.study.pending
    said = talk.say("is there something about the weather?")
    assert "The question before still waits: /picture shows it." in said and talk.study.pending is before
    assert "Taken back; the picture is as it was." in talk.say("/undo")
    talk.say("")
    assert len(talk.study.history) == 1


def test_a_follow_up_before_an_answer_is_no_question(talk: Talk) -> None:
    assert "Ask a question first" in Talk().say("why?")
    for line in ("only women", "in percent"):
        assert "press Enter to have it worked out, then say it again" in talk.say(line)
    assert "press Enter to have it worked out" in talk.say("how sure are you?")
    assert "say what to change" in talk.say("no") and talk.conversation.stage == "review"


@pytest.mark.parametrize(
    ("line", "chosen"), [("No.", 2), ("nah", 2), ("n", 2), ("yeah", 1), ("it stays", 1), ("That's right!", 1)]
)
def test_yes_and_no_answer_the_question_that_is_open(answered: Talk, line: str, chosen: int) -> None:
    kept = []
    answered.conversation.offer(
        "Right?", [Option("yes", lambda: kept.append(1), YES), Option("no", lambda: kept.append(2), NO)]
    )
    answered.say(line)
    assert kept == [chosen] and answered.conversation.menu == ()


def test_nothing_that_goes_wrong_ends_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    assert "no picture yet" in talk.say("/picture") and talk.on
    assert "nothing to undo" in talk.say("/undo") and talk.on
    talk.say(QUESTION)

    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(talk.study, "accept", stopped)
    assert "Stopped. Nothing that was answered is lost" in talk.say("") and talk.on
    assert talk.conversation.stage == "review"

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(talk.study, "accept", broken)
    talk.conversation._debug = False
    assert "Something went wrong inside (ZeroDivisionError)" in talk.say("") and talk.on
    talk.say("/quit")
    assert not talk.on


def test_help_names_nine_commands_and_columns_are_described(answered: Talk) -> None:
    said = answered.say("/help")
    for name in ("help", "columns", "picture", "checks", "compare", "undo", "report", "save", "quit"):
        assert f"/{name}" in said
    assert said.count("/") == 9
    assert "income whole number · family income, bands · 12% missing" in answered.say("/columns income")
    assert "No column holds “zzz”" in answered.say("/columns zzz")


QUERY = Query(treatment="quit", outcome="gain", question=QUESTION, words={"treatment": "quitting"})


@pytest.mark.parametrize(
    ("phrase", "names"),
    [
        ("quitting", ("quit",)), ("weight", ("gain",)), ("gain", ("gain",)), ("both", ("quit", "gain")), ("AGE", ("age",)),
        ("sport", ("sport",)), ("weight0", ("weight0",)), ("family income", ("income",)), ("stress", ("stress",)),
        ("moonlight", ()),
    ],
)  # fmt: skip
def test_a_phrase_names_a_column_or_nothing(answered: Talk, phrase: str, names: tuple[str, ...]) -> None:
    graph = GRAPH.with_hidden("stress", "gain")
    assert resolve(phrase, answered.study.table.profile, QUERY, graph).names == names


def effect(value: float, error: float, scale: str = "difference") -> Effect:
    if scale == "ratio":
        low, high = (math.exp(math.log(value) + s * 1.96 * error) for s in (-1, 1))
    else:
        low, high = value - 1.96 * error, value + 1.96 * error
    return Effect(value=value, low=low, high=high, std_error=error, scale=scale)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (effect(3, 0.5), effect(3.2, 0.5), "The answer does not hang on it."),
        (effect(3, 0.5), effect(3.4, 0.5), "It moves the answer a little"),
        (effect(3, 0.5), effect(4, 0.5), "by more than its own error"),
        (effect(3, 0.5), effect(0.3, 0.5), "the data fit no effect as well"),
        (effect(0.3, 0.5), effect(3, 0.5), "no longer fit no effect"),
        (effect(3, 0.5), effect(-3, 0.5), "it turns round"),
        (effect(2, 0.1, "ratio"), effect(2.04, 0.1, "ratio"), "The answer does not hang on it."),
        (effect(2, 0.1, "ratio"), effect(0.5, 0.1, "ratio"), "it turns round"),
    ],
)
def test_whether_an_answer_hangs_on_a_change_goes_by_its_own_error(before: Effect, after: Effect, said: str) -> None:
    assert said in explain.verdict(before, after)


def test_whether_two_groups_differ_goes_by_both_errors() -> None:
    assert explain.differ(effect(3, 0.5), effect(4, 0.5)) == "No sign that it differs between them."
    assert "higher in the second group" in explain.differ(effect(3, 0.3), effect(4.2, 0.4))
    assert "higher in the first group" in explain.differ(effect(2, 0.1, "ratio"), effect(1, 0.1, "ratio"))
    assert "cannot be said" in explain.differ(effect(3, 0.5).model_copy(update={"std_error": None}), effect(3, 1))


def test_a_block_is_wrapped_anew_without_losing_an_item() -> None:
    long = "the first reason is so long that it takes more than one line of the text, and then some more words"
    lines = [item("+", long), item("−", "short"), item(" ", "Another one without a sign.")]
    found = refitted("\n".join(["How sure are we?   Low", *lines]))
    assert [f[2] for f in found] == ["How sure are we?   Low", long, "short", "Another one without a sign."]
    assert refitted(fill(f"{long}. {long}"))[0][2] == f"{long}. {long}"


def test_the_edits_of_a_graph_take_its_signature_off_and_stay_graphs() -> None:
    graph = GRAPH.sign("Ann", "2026-01-01").with_hidden("stress", "quit").with_hidden("stress", "gain")
    assert graph.signed_by is None and graph.unmeasured[0].affects == ("quit", "gain")
    assert graph.without_hidden("stress") == GRAPH
    flipped = Graph.of(("a", "b"), ("b", "c")).flipped("a", "b")
    assert set(flipped.pairs()) == {("b", "a"), ("b", "c")}
    with pytest.raises(GraphError, match="circle"):
        Graph.of(("a", "b"), ("b", "c"), ("a", "c")).flipped("a", "c").check(["a", "b", "c"])
