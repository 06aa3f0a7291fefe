"""The plain text: every certainty, size, outcome and scale; direction, strength and numbers are those of the record."""

from __future__ import annotations

import random
import re
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyllm_causal.analysis import (
    Answer,
    Bounds,
    Certainty,
    Dropped,
    Effect,
    Estimand,
    NotIdentified,
    Refutation,
    SampleCount,
)
from pyllm_causal.pipeline import analyse
from pyllm_causal.query import Query
from pyllm_causal.report import text as say
from pyllm_causal.report.refusal import refusal_text
from pyllm_causal.report.rests import rests_on
from pyllm_causal.wording import alike, plain_figure

LEVELS = ("high", "moderate", "low", "very_low")
# low, value, high of the plain difference; smallest difference that matters is 1
SIZES = {
    "clear up": (2.0, 3.0, 4.0),
    "clear down": (-4.0, -3.0, -2.0),
    "small and clear up": (0.2, 0.4, 0.6),
    "small and clear down": (-0.6, -0.4, -0.2),
    "small around nothing": (-0.3, 0.1, 0.5),
    "wide around nothing": (-5.0, 1.0, 7.0),
    "wide, mostly down": (-7.0, -1.0, 5.0),
}
VERB = {"high": r"\bleads to", "moderate": "probably leads to", "low": "may lead to"}


def facts(
    size: str = "clear up",
    level: str = "low",
    outcome_kind: str = "number",
    scale: str = "difference",
    kind: str = "arms",
    convention: bool = True,
    unit: str = "kg",
    per_unit: bool = False,
    query: dict[str, Any] | None = None,
    bounded: bool = True,
) -> say.Facts:
    factor = 0.02 if outcome_kind == "yes_no" else 1.0
    low, value, high = (factor * v for v in SIZES[size])
    unit = "probability" if outcome_kind == "yes_no" else unit
    ends = {"low": low, "high": high} if bounded else {"low": None, "high": None, "unbounded": True}
    plain = Effect(value=value, unit=unit, **ends)  # type: ignore[arg-type]
    means = (0.3 + value, 0.3) if outcome_kind == "yes_no" else (10 + value, 10.0)
    ratio = {k: (means[1] + v) / means[1] for k, v in (("low", low), ("value", value), ("high", high))}
    ratio = {k: max(v, 0.01) for k, v in ratio.items()}
    if scale == "percent":
        ratio = {k: 100 * (v - 1) for k, v in ratio.items()}
    effect = plain if scale == "difference" else Effect.model_validate({**ratio, "scale": scale})
    return say.Facts(
        query=Query.model_validate({"treatment": "drug", "outcome": "weight", "scale": scale, **(query or {})}),
        kind=kind,
        treated="1",
        control="0",
        per_unit=per_unit,
        outcome_kind=outcome_kind,
        unit=unit,
        effect=effect,
        plain=plain,
        means=means if kind == "arms" else None,
        certainty=Certainty.model_validate({"level": level}),
        matters=factor,
        convention=convention,
        population="everyone in the table",
    )


ALL = list(product(SIZES, LEVELS, ("number", "yes_no", "count"), ("difference", "ratio", "percent"), ("arms", "dose")))


@pytest.mark.parametrize(("size", "level", "outcome_kind", "scale", "kind"), ALL)
def test_the_headline_claims_what_it_may(size: str, level: str, outcome_kind: str, scale: str, kind: str) -> None:
    for convention in (True, False):
        f = facts(size, level, outcome_kind, scale, kind, convention)
        line = say.headline(f)
        assert line.endswith(".") and "\n" not in line and line[0].isupper()
        assert "  " not in line and "None" not in line
        if level == "very_low":
            assert line.startswith("We can't tell whether")
            assert not re.search(r"\b(higher|lower|leads?|less|more)\b", line)
            assert re.sub(r"drug = 1 rather than 0|at 1 rather than 0", "", line) == re.sub(r"\d", "", re.sub(
                r"drug = 1 rather than 0|at 1 rather than 0", "", line))  # fmt: skip
            continue
        clear = "clear" in size
        if "small" in size and (not clear or not convention):
            assert "little or no difference" in line
            assert not re.search(r"\b(higher|lower)\b", line)
            assert ("probably" in line, "may" in line) == (level == "moderate", level == "low")
        elif clear:
            assert ("higher" in line, "lower" in line) == (size.endswith("up"), size.endswith("down"))
            assert re.search(VERB[level], line)
            assert ("probably" in line, "may" in line) == (level == "moderate", level == "low")
            assert ("slightly" in line) == ("small" in size)
        else:
            assert line.startswith("We can't tell from this table whether")
            assert "margin includes no effect" in line
            assert not re.search(r"\b(higher|lower|lead|leads)\b", line)


@pytest.mark.parametrize(("size", "level", "outcome_kind", "scale", "kind"), ALL)
def test_the_size_has_the_right_direction_and_the_right_numbers(
    size: str, level: str, outcome_kind: str, scale: str, kind: str
) -> None:
    f = facts(size, level, outcome_kind, scale, kind)
    text = " ".join(say.size_sentences(f))
    assert "None" not in text and "  " not in text and "−" not in text and "(somewhere" in text
    first = text.split(" (somewhere")[0]
    up, down = ("more", "fewer") if outcome_kind == "yes_no" else ("higher", "lower")
    assert (f" {up}" in first, f" {down}" in first) == (f.plain.value > 0, f.plain.value < 0)
    factor = 100 if outcome_kind == "yes_no" else 1
    assert f.plain.low is not None and f.plain.high is not None
    low, value, high = alike([factor * abs(v) for v in (f.plain.low, f.plain.value, f.plain.high)])
    assert f" {value}" in first
    found = re.search(r"\(somewhere between ([^)]*)\)", text)
    assert found is not None
    between = found[1]
    if f.plain.low >= 0:
        assert between.startswith(f"{low} and {high}") and between.endswith(up)
    elif f.plain.high <= 0:
        assert between.startswith(f"{high} and {low}") and between.endswith(down)
    else:
        assert between.startswith(low) and f"{down} and {high}" in between and between.endswith(up)
    unsure = level == "very_low"
    assert text.startswith("The best single figure, too unsure to lean on") == unsure
    if not unsure and "wide" in size:
        assert text.startswith("The best single figure is")
    if outcome_kind == "yes_no" and kind == "arms":
        of = alike([100 * m for m in f.means or ()])
        assert f"about {of[0]} of 100 with drug = 1, against {of[1]} of 100 with drug = 0" in text
    if outcome_kind != "yes_no":
        assert f"{value} kg {up if f.plain.value > 0 else down}" in first


@pytest.mark.parametrize(
    ("scale", "size", "kind", "said"),
    [
        ("ratio", "clear up", "number", "The average is 1.3 times as high (somewhere between 1.2 and 1.4 times)."),
        ("ratio", "clear down", "number", "The average is 0.70 times as high (somewhere between 0.60 and 0.80 times)."),
        ("ratio", "clear up", "yes_no", "The chance is 1.2 times as high (somewhere between 1.1 and 1.3 times)."),
        ("odds_ratio", "clear up", "yes_no", "The odds are 1.2 times as high (somewhere between 1.1 and 1.3 times)."),
        ("rate_ratio", "clear up", "count", "The rate is 1.3 times as high (somewhere between 1.2 and 1.4 times)."),
        ("percent", "clear up", "number", "In percent that is 30% higher (somewhere between 20 and 40% higher)."),
        ("percent", "clear down", "number", "In percent that is 30% lower (somewhere between 20 and 40% lower)."),
        (
            "percent",
            "wide around nothing",
            "number",
            "In percent that is 10% higher (somewhere between 50% lower and 70% higher).",
        ),
    ],
)
def test_other_scales_have_a_sentence_of_their_own(scale: str, size: str, kind: str, said: str) -> None:
    assert said in " ".join(say.size_sentences(facts(size, "low", kind, scale)))


def test_units_are_said_and_never_doubled() -> None:
    text = " ".join(say.size_sentences(facts(unit="kg")))
    assert "3.0 kg higher" in text and "between 2.0 and 4.0 kg higher" in text
    assert "probability" not in " ".join(say.size_sentences(facts(outcome_kind="yes_no")))
    assert "3.0 higher" in " ".join(say.size_sentences(facts(unit="")))


def test_doses() -> None:
    each = facts(kind="dose", per_unit=True)
    assert say.headline(each).startswith("Each further unit of drug may lead to higher weight")
    assert "for each further unit of drug" in " ".join(say.size_sentences(each))
    two = facts(kind="dose")
    assert say.headline(two).startswith("Having drug at 1 rather than 0 may lead")
    assert "with drug at 1 than at 0" in " ".join(say.size_sentences(two))
    chance = " ".join(say.size_sentences(facts(kind="dose", outcome_kind="yes_no", per_unit=True)))
    assert chance.startswith("On average, weight is true of 6.0 more in 100 for each further unit of drug")


def test_the_level_that_counts_is_named() -> None:
    f = facts(outcome_kind="yes_no", query={"outcome_event": "dead"})
    assert "a higher chance of weight = dead" in say.headline(f)
    assert "weight = dead would be true of" in " ".join(say.size_sentences(f))


def test_the_askers_words_come_with_the_columns_name() -> None:
    f = facts(query={"words": {"treatment": "quitting smoking", "outcome": "gain in weight"}})
    line = say.headline(f)
    assert line.startswith("Quitting smoking (drug = 1 rather than 0) may lead to")
    assert "gain in weight (weight)" in line


def test_whom_it_is_about() -> None:
    f = facts(query={"target": "treated", "where": "age > 40"})
    assert " among everyone in the table" in say.headline(f)
    assert "among everyone" not in say.headline(facts())
    assert "among everyone in the table" in " ".join(say.size_sentences(facts()))


def test_without_an_interval_nothing_is_claimed() -> None:
    f = facts(bounded=False)
    line, text = say.headline(f), " ".join(say.size_sentences(f))
    assert line.startswith("We can't tell from these rows whether")
    assert "somewhere" not in text and "cannot be said from these rows" in text


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect(value=-1.63, low=-2, high=-1, unit="kg"), "1.6 kg lower"),
        (Effect(value=0.142, low=0, high=1, unit="probability"), "14 more in 100"),
        (Effect(value=-0.142, low=-1, high=0, unit="probability"), "14 fewer in 100"),
        (Effect(value=1.27, low=1, high=2, scale="ratio"), "1.3 times as high"),
        (Effect(value=5.43, low=3, high=9, scale="odds_ratio"), "odds 5.4 times as high"),
        (Effect(value=-12.3, low=-20, high=-1, scale="percent", unit="%"), "12% lower"),
        (Effect(value=640.0, low=None, high=None), "640 higher"),
    ],
)
def test_one_figure_in_a_few_words(effect: Effect, said: str) -> None:
    assert plain_figure(effect) == said


def rests(query: dict[str, Any] | None = None, strategy: str = "adjustment", adjust: tuple[str, ...] = ("age",)) -> str:
    sample = SampleCount(
        rows=1629,
        used=1566,
        dropped=(
            Dropped(reason="no weight", rows=60, by_arm={"drug = 1": 20, "drug = 0": 40}),
            Dropped(reason="not age > 40", rows=1),
            Dropped(reason="in another arm", rows=1, by_arm={"other arms": 1}),
            Dropped(reason="w is 0", rows=1),
            Dropped(reason="no drug", rows=7, by_arm={"no drug": 7}),
        ),
    )
    estimand = Estimand.model_validate({"strategy": strategy, "adjust_for": adjust})
    return " ".join(
        " ".join(
            rests_on(facts(query=query), estimand, sample, None, Effect(value=2.5, low=1, high=4, unit="kg"))
        ).split()
    )


def test_every_row_is_accounted_for_in_words() -> None:
    text = rests()
    assert "1,566 of 1,629 rows; left out: 60 with no weight (20 with drug = 1, 40 with drug = 0)" in text
    assert "1 outside age > 40" in text and "1 in another arm" in text and "1 where w is 0" in text
    assert text.count("7 with no drug") == 1
    assert "Compared rows alike in age." in text
    assert "A plain comparison, with nothing held fixed, gives 2.5 kg higher." in text


def test_columns_held_fixed_stand_in_the_order_of_their_weight() -> None:
    columns = tuple(f"c{i}" for i in range(9))
    estimand = Estimand(strategy="adjustment", adjust_for=columns)
    weighed = checked("leave_one_out", "sensitivity", "passed").model_copy(
        update={"figures": {"tested": 9, "without": 1.0, "with": 2.0, "without c7": 1.0, "without c3": 1.5}}
    )

    def said(*checks: Refutation, fixed: Estimand = estimand) -> str:
        return " ".join(" ".join(rests_on(facts(), fixed, SampleCount(rows=9, used=9), "Ann", None, checks)).split())

    assert "alike in c7, c3, c0, c1, c2 and 4 more (those named move the answer most; --expert and the report" in said(
        weighed
    )
    assert "alike in c0, c1, c2, c3, c4 and 4 more (--expert and the report name them all)." in said()
    few = estimand.model_copy(update={"adjust_for": columns[:4]})
    assert "alike in c3, c0, c1 and c2." in said(weighed, fixed=few)
    answer = Answer(status="answered", headline="", text="", estimand=estimand)
    assert "held fixed: c0, c1, c2, c3, c4, c5, c6, c7, c8" in " ".join(say.expert_text(answer).split())


def checked(check: str, family: str, verdict: str, **more: str) -> Refutation:
    said = {"question": "Is it so?", "expected": "about 48 of 50 each time", "observed": "leak is a copy", **more}
    return Refutation.model_validate({"check": check, "family": family, "verdict": verdict, **said})


def test_a_failed_check_says_what_was_asked_what_was_found_and_what_it_means() -> None:
    planted = checked(
        "planted_effect", "dummy_outcome", "passed", observed="recovered 47 of 50", meaning="If this fails, no."
    )
    failed = checked("leakage", "graph", "failed", meaning="If this fails, a column holds the answer itself.")
    text = " ".join(" ".join(say.checks_lines("One check failed.", (planted, failed))).split())
    assert "✗ Is it so? Found: leak is a copy. This suggests that a column holds the answer itself." in text
    assert "If this fails" not in text and text.index("✗") < text.index("made-up outcomes")
    assert "the method recovered 47 of 50 (about 48 of 50 each time is right" in text
    odd = say.checks_lines("", (checked("leave_one_out", "graph", "failed", meaning="It turns."),))
    assert odd[-1].endswith("It turns.")


def test_a_statement_about_hidden_causes_is_no_failed_check() -> None:
    answer = Answer(
        status="answered", headline="", text="",
        refutations=(checked("hidden_cause", "sensitivity", "failed"), checked("leakage", "graph", "failed")),
    )  # fmt: skip
    text = " ".join(say.expert_text(answer).split())
    assert "· hidden_cause (for information): Is it so? Found: leak is a copy" in text
    assert "✗ leakage (failed): Is it so? Found: leak is a copy" in text


def test_whose_word_it_is() -> None:
    assert "checked" not in rests()
    assert "you have not checked it" in rests({"sources": {"graph": "model"}})
    assert "you have not checked it" in rests({"sources": {"graph": "data"}}, adjust=())
    assert "formed at random." in rests(strategy="randomised", adjust=())
    claimed = rests({"design": {"kind": "randomised"}, "sources": {"design": "model"}}, "randomised", ())
    assert "nobody has confirmed that" in claimed


def test_how_sure_has_a_word_a_picture_and_every_reason() -> None:
    lines = say.sure(Certainty(level="low", up=("a reason",), down=("a doubt",)), True, "0.5 kg")
    assert lines[0] == "How sure are we?   Low   ●●○○"
    assert "  + a reason" in lines and "  − a doubt" in lines
    assert "our convention, not yours" in lines[-1] and "0.5 kg" in lines[-1]
    assert len(say.sure(Certainty(level="high"))) == 1


def test_a_refusal_is_as_well_made() -> None:
    refusal = NotIdentified(
        code="hidden_cause", reason="Illness is not in the file.", would_help=("a column for illness",),
        bounds=Bounds(low=-0.21, high=0.4, assumptions=("nothing is assumed",)),
    )  # fmt: skip
    query = Query(treatment="stress", outcome="weight")
    first, text = refusal_text(refusal, query, "Those with stress weigh more.", False)
    assert first == "We can't tell from this table whether stress changes weight."
    assert "anything from 0.21 lower to 0.40 higher (nothing is assumed)" in text
    assert "without any claim about causes: Those with stress weigh more." in text
    chance = refusal_text(refusal, query, "", True, yes_no=True)[1]
    assert "anything from 21 fewer in 100 to 40 more in 100" in chance
    assert "What is needed from you:" in chance and "claim about causes" not in chance


def test_prose_stands_under_the_headline() -> None:
    text = "Headline.\n\nSentences.\n\nHow sure"
    assert say.with_prose(text, "Prose.").split("\n\n")[:2] == ["Headline.", "Prose."]
    assert say.with_prose("Only this.", "Prose.") == "Only this."


FIRST = "Quitting (qsmk = 1 rather than 0) may lead to higher weight (in St. Louis)."


@pytest.mark.parametrize(
    ("prose", "kept"),
    [
        ("Quitting may lead to higher weight. On average, it is 3 kg higher.", "On average, it is 3 kg higher."),
        ("Those who quit may lead to more. On average, it is 3 kg higher.", "On average, it is 3 kg higher."),
        ("Quitting (qsmk = 1 rather than 0) may lead to higher weight. Sure.", "Sure."),
        ("Quitting may lead to weight 3 kg higher. Sure.", "Quitting may lead to weight 3 kg higher. Sure."),
        ("On average, it is 3 kg higher. Sure.", "On average, it is 3 kg higher. Sure."),
        ("It may lead to more weight in St. Louis. Sure.", "It may lead to more weight in St. Louis. Sure."),
        ("Quitting may lead to higher weight.", ""),
    ],
)
def test_the_headline_is_said_once(prose: str, kept: str) -> None:
    text = f"{FIRST}\n\nWeight is 3 kg higher.\n\nHow sure"
    blocks = [FIRST, kept, "Weight is 3 kg higher.", "How sure"]
    assert say.with_prose(text, prose).replace("\n", " ") == "  ".join(b for b in blocks if b)


def test_names_with_hyphens_and_long_names_are_not_broken() -> None:
    name = "a-very-long-name-" + "x" * 40
    f = facts(query={"treatment": name, "words": {"outcome": "the weight " + "of everyone " * 3}})
    whole = say.full_text(
        say.headline(f), [say.size_sentences(f)], f, "1", (),
        rests_on(f, Estimand(strategy="adjustment", adjust_for=(name,)), SampleCount(rows=9, used=9), None, None),
    )  # fmt: skip
    assert whole.count(name) >= 4
    assert max(len(line) for line in whole.splitlines()) <= 100


FIXTURES = Path(__file__).parents[2] / "fixtures" / "data"


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    draw = random.Random(9)
    rows = []
    for _ in range(300):
        age = draw.randint(20, 70)
        drug = int(draw.random() < age / 90)
        rows.append(
            (age, drug, draw.choice(["x", "y", "z"]), round(50 - 3 * drug + age / 10 + draw.gauss(0, 2), 2),
             "dead" if draw.random() < 0.5 - 0.25 * drug else "alive", draw.randint(0, 3) + 2 * drug)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["age", "drug", "arm", "weight (kg)", "fate", "visits"])


WHOLE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "lower number": (
        {"outcome": "weight (kg)", "adjust_for": ["age"]},
        ["may lead to lower weight (kg)", "kg lower with drug = 1 than with drug = 0", "Compared rows alike in age"],
    ),
    "fewer events": (
        {"outcome": "fate", "outcome_event": "dead", "adjust_for": ["age"]},
        ["a lower chance of fate = dead", "fewer in 100"],
    ),
    "experiment": (
        {"outcome": "visits", "design": {"kind": "randomised"}, "scale": "rate_ratio"},
        ["leads to higher visits", "The rate is", "formed at random"],
    ),
    "several arms": (
        {"treatment": "arm", "control": "x", "outcome": "visits", "adjust_for": []},
        ["arm = y rather than x", "arm = z rather than x", "2 comparisons were made"],
    ),
    "association": (
        {"kind": "association", "outcome": "fate", "outcome_event": "dead"},
        ["fate = dead is true of", "of 100 where drug is 0", "does not say that one thing changes another"],
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_answers_read_well(name: str, people: pd.DataFrame) -> None:
    fields, words = WHOLE[name]
    answer = analyse({"treatment": "drug", **fields}, people)
    text = " ".join(answer.text.split())
    for word in words:
        assert word in text, answer.text
    for ugly in (
        "None",
        "nan",
        "inf ",
        "..",
        " ,",
        "( ",
        " )",
        "probability",
        "_no",
        "1 covariates",
        "between between",
    ):
        assert ugly not in text, answer.text
    assert max(len(line) for line in answer.text.splitlines()) <= 90
    assert not re.search(r"\d\.\d{5,}", answer.text)


def test_numbers_in_the_text_are_those_of_the_record(people: pd.DataFrame) -> None:
    answer = analyse({"treatment": "drug", "outcome": "weight (kg)", "adjust_for": ["age"]}, people)
    assert answer.effect is not None and answer.effect.low is not None and answer.effect.high is not None
    value, low, high = alike([abs(answer.effect.value), abs(answer.effect.low), abs(answer.effect.high)])
    assert f"is {value} kg lower" in " ".join(answer.text.split())
    assert f"(somewhere between {high} and {low} kg lower)" in " ".join(answer.text.split())
