"""Lines by rule: what plain phrases are taken for, at every stage, and that nothing else is guessed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.chat.line import completions
from pyllm_causal.chat.parse import Stage, parse
from pyllm_causal.chat.utterance import Aside, Ask, Change, Command, EditGraph, Explain, WhatIf


def add(cause: str, *effects: str) -> EditGraph:
    return EditGraph((Change("add", cause=cause, effects=effects),))


def drop(cause: str, *effects: str) -> EditGraph:
    return EditGraph((Change("drop", cause=cause, effects=effects),))


def hidden(cause: str, *effects: str) -> EditGraph:
    return EditGraph((Change("hidden", cause=cause, effects=effects),))


REVIEW: dict[str, Any] = {
    "": EditGraph(),
    "  ": EditGraph(),
    "looks right": EditGraph(),
    "Yes, that looks good.": EditGraph(),
    "drop 3": EditGraph((Change("drop", 3),)),
    "please remove 3, 4 and 6": EditGraph((Change("drop", 3), Change("drop", 4), Change("drop", 6))),
    "flip 2": EditGraph((Change("flip", 2),)),
    "turn 2 round": EditGraph((Change("flip", 2),)),
    "flip age and quitting": EditGraph((Change("flip", cause="age", effects=("quitting",)),)),
    "weight drives exercise, not the other way round": EditGraph((Change("flip", cause="exercise", effects=("weight",)),)),
    "diet drives weight": add("diet", "weight"),
    "I think diet also affects the weight.": add("diet", "weight"),
    "income drives quitting too, and weight": add("income", "quitting", "weight"),
    "age -> weight": add("age", "weight"),
    "age ───▶ weight": add("age", "weight"),
    "sex is a cause of both": add("sex", "both"),
    "weight is driven by diet": add("diet", "weight"),
    "diet drives weight; age drives diet": EditGraph(
        (Change("add", cause="diet", effects=("weight",)), Change("add", cause="age", effects=("diet",)))
    ),
    "age drives weight and diet drives weight": EditGraph(
        (Change("add", cause="age", effects=("weight",)), Change("add", cause="diet", effects=("weight",)))
    ),
    "exercise is not a cause of quitting": drop("exercise", "quitting"),
    "exercise doesn’t affect quitting or weight": drop("exercise", "quitting or weight"),
    "birthplace has nothing to do with weight": drop("birthplace", "weight"),
    "drop birthplace": drop("birthplace"),
    "drop the arrow from age to weight": drop("age", "weight"),
    "what if exercise isn't a cause of quitting?": drop("exercise", "quitting"),
    "there is a hidden cause: stress affects quit and weight": hidden("stress", "quit", "weight"),
    "stress is a hidden cause of quitting and weight": hidden("stress", "quitting", "weight"),
    "stress, which is not in the file, drives quitting": hidden("stress", "quitting"),
    "why 1?": Explain("arrow", 1),
    "3": Explain("arrow", 3),
    "sign as Ann Smith": Command("picture", "sign as Ann Smith"),
    "does age drive weight?": Ask("does age drive weight?"),
    "the model is great": None,
}  # fmt: skip
ANSWERED: dict[str, Any] = {
    "": None,
    "only women": WhatIf(rows="women"),
    "women only": WhatIf(rows="women"),
    "what if we only look at women?": WhatIf(rows="women"),
    "and for men?": WhatIf(rows="men"),
    "what about people over 50?": WhatIf(rows="people over 50"),
    "where age > 50": WhatIf(rows="age > 50"),
    "everyone again": WhatIf(target="everyone", where=""),
    "for the treated": WhatIf(target="treated"),
    "what if exercise isn't a cause of quitting?": WhatIf(changes=(Change("drop", cause="exercise", effects=("quitting",)),)),
    "what if we leave out exercise?": WhatIf(changes=(Change("drop", cause="exercise"),)),
    "what if there were no arrow from age to weight?": WhatIf(changes=(Change("drop", cause="age", effects=("weight",)),)),
    "what if diet drives weight?": WhatIf(changes=(Change("add", cause="diet", effects=("weight",)),)),
    "in percent": WhatIf(scale="percent"),
    "as a ratio": WhatIf(scale="ratio"),
    "what is that as an odds ratio?": WhatIf(scale="odds_ratio"),
    "how could this be wrong?": Explain("wrong"),
    "Can I trust this?": Explain("wrong"),
    "what if there is a hidden cause?": Explain("wrong"),
    "why?": Explain("why"),
    "how sure are you?": Explain("why"),
    "which checks failed?": Explain("checks"),
    "in simpler words": Explain("simpler"),
    "what does that mean?": Explain("simpler"),
    "more": Explain("more"),
    "compare": Command("compare"),
    "/comp": Command("compare"),
    "/report out.html": Command("report", "out.html"),
    "/c": Command("help", "c"),  # columns, checks and compare begin so
    "/nonsense": Command("help", "nonsense"),
    "quit": Command("quit"),
    "drop 3": EditGraph((Change("drop", 3),)),
    "what about immigrants?": WhatIf(rows="immigrants"),
    "people over 50": WhatIf(rows="people over 50"),
    "women aged 30 to 40?": WhatIf(rows="women aged 30 to 40"),
    "those with asthma": WhatIf(rows="those with asthma"),
    "is it true that smoking kills?": Ask("is it true that smoking kills?"),
    "what if everyone quit smoking?": Ask("what if everyone quit smoking?"),
    "does smoking raise blood pressure?": Ask("does smoking raise blood pressure?"),
    "blah foo": None,
}  # fmt: skip


@pytest.mark.parametrize("line", REVIEW)
def test_while_the_picture_is_looked_through(line: str) -> None:
    assert parse(line, "review") == REVIEW[line]


@pytest.mark.parametrize("line", ANSWERED)
def test_after_an_answer(line: str) -> None:
    assert parse(line, "answered") == ANSWERED[line]


QUESTIONS = (
    "Does A change B?", "smoking and weight", "is it true that smoking kills?", "what if everyone quit smoking?", "use less sugar",
    "age, sex, income and race", "does reading a book.csv help?",
)  # fmt: skip


@pytest.mark.parametrize("line", QUESTIONS)
def test_at_the_start_everything_that_could_be_a_question_is_one(line: str) -> None:
    assert parse(line, "start") == Ask(line)
    assert parse("/quit", "start") == Command("quit") and parse("help", "start") == Command("help")


EARLY = (
    "drop 3",
    "in percent",
    "only women",
    "women only",
    "use only women",
    "why?",
    "how sure are you?",
    "what does that mean?",
)
PASSING = {
    "hello": "talk", "Thank you very much!": "talk", "no": "no", "that's wrong": "no", "open other.csv": "file",
    "/load my data.xlsx": "file", "use another file": "file", "1,2.5,x,3": "row", "quit;gain;age;sex": "row",
    "id\tage\tsex\tweight": "row",
}  # fmt: skip


@pytest.mark.parametrize("line", EARLY)
def test_a_follow_up_before_any_question_is_told_so(line: str) -> None:
    assert parse(line, "start") == Aside("early")
    assert parse(line, "answered") != Aside("early")


@pytest.mark.parametrize("stage", ["start", "review", "answered"])
def test_what_is_no_step_is_not_taken_for_one(stage: Stage) -> None:
    assert {line: parse(line, stage) for line in PASSING} == {line: Aside(kind) for line, kind in PASSING.items()}  # type: ignore[arg-type]


@given(st.text(max_size=80), st.sampled_from(["start", "review", "answered"]))
@settings(max_examples=300, deadline=None)
def test_any_line_gives_an_utterance_or_nothing(line: str, stage: Stage) -> None:
    found = parse(line, stage)
    assert found is None or isinstance(found, (Ask, EditGraph, WhatIf, Explain, Aside, Command))


@pytest.mark.parametrize(
    "line",
    [
        "drop " + "a " * 140,
        "what if " + "only " * 58,
        "x drives " + "and " * 70,
        "-" * 299,
        "why" + " is" * 90,
        "a " * 900,
    ],
)
def test_a_hostile_line_costs_no_time(line: str) -> None:
    began = time.perf_counter()
    for stage in ("start", "review", "answered"):
        parse(line, stage)  # type: ignore[arg-type]
    assert time.perf_counter() - began < 0.5


def test_completion_knows_commands_and_columns() -> None:
    names = ["qsmk", "age", "wt82_71", "agile"]
    assert [c[0] for c in completions("/co", names)] == ["/columns", "/compare"]
    assert [c[:2] for c in completions("does ag", names)] == [("age", 2), ("agile", 2)]
    assert completions("does ", names) == [] and completions("/report ag", names) == []
