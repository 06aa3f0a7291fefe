"""Sentences written by hand, held against answers of ten kinds: what is wrong must be named, and what is right left alone."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.answer_file import answer_of
from pyllm_causal.errors import InputError
from pyllm_causal.lint import Lint, lint

ANSWERS = Path(__file__).parent / "lint_answers"


def held(name: str, text: str) -> Lint:
    return lint(text, answer_of(json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))))


def faults(found: Lint) -> list[str]:
    return sorted({f.kind for f in found.findings if f.severity == "fault"})


# (answer, sentence): nothing is wrong
RIGHT = [
    # one observational table, low: 3.3 kg (2.3 to 4.3)
    ("observational", "Quitting smoking may lead to higher weight."),
    ("observational", "Quitting smoking may increase weight by 3.3 kg (95% CI 2.3 to 4.3)."),
    ("observational", "On average, people who quit gained 3.3 kg more (between 2.3 and 4.3 kg)."),
    ("observational", "Quitting smoking might make people gain about 3 kg, somewhere between 2.3 and 4.3."),
    ("observational", "The data suggest that quitting smoking causes some weight gain."),
    ("observational", "This does not prove that quitting smoking makes people heavier."),
    ("observational", "Quitting smoking could lead to a weight gain of 3.32 kg; the margin runs from 2.31 to 4.32."),
    ("observational", "A plain comparison, with nothing held fixed, gives 2.5 kg more."),
    ("observational", "The four methods agree: between 2.9 and 3.7 kg."),
    ("observational", "We used 1,407 of the 1,629 people in the file."),
    ("observational", "Between 1971 and 1982 quitters may have gained 3.3 kg because of quitting."),
    ("observational", "Those who kept smoking gained less."),
    ("observational", "At least 2.3 kg of weight gain may be due to quitting smoking."),
    # an experiment, high: 45 in 100 (41 to 49), 79 against 34
    ("randomised", "The incentive increased the share who collected their result by 45 percentage points."),
    ("randomised", "The incentive leads to a higher chance of collecting the test result."),
    ("randomised", "With the incentive 79% collected their result, against 34% without."),
    ("randomised", "The incentive raises the chance of collecting the result by 45 points (95% CI 41 to 49)."),
    ("randomised", "45 more in 100 collected their test result (somewhere between 41 and 49)."),
    ("randomised", "The offer of the incentive more than doubled the chance of collecting the result."),
    ("randomised", "Collecting the result is made likelier by the incentive."),
    # an experiment, moderate: 1,800 (500 to 3,100)
    ("randomised_money", "The training programme probably raises earnings by about 1,800 dollars (500 to 3,100)."),
    ("randomised_money", "The training programme may increase earnings."),
    ("randomised_money", "Earnings were 1,794 higher with the training programme."),
    ("randomised_money", "Higher earnings are probably due to the training programme."),
    ("randomised_money", "There were 445 rows."),
    # refused
    ("refusal", "We can't tell whether smoking changes birth weight."),
    ("refusal", "It is unclear from this table whether smoking lowers birth weight."),
    ("refusal", "The instrument is too weak: its strength is 0.12, where 10 is wanted."),
    # a description
    ("association", "The average wage is 7.10 for men and 4.59 for women."),
    ("association", "Women earn 2.51 less an hour on average than men in this table."),
    ("association", "Being female goes along with a lower hourly wage."),
    ("association", "This does not show that being female changes the wage."),
    # an instrument: those moved by it, low: 0.13 (0.03 to 0.24)
    (
        "instrument",
        "Each further year of schooling may lead to higher log wages among those whose schooling was changed by nearc4.",
    ),
    (
        "instrument",
        "Schooling may raise log wages by 0.13 (0.03 to 0.24) among those whose educ was changed by nearc4.",
    ),
    ("instrument", "For everyone else the effect can be another."),
    ("instrument", "Least squares, without the instrument, would have given 0.075."),
    # a ratio, high: 0.69 times (0.55 to 0.87)
    ("hazard", "The combined chemotherapy lowers the rate of death to 0.69 times (95% CI 0.55 to 0.87)."),
    ("hazard", "The combined chemotherapy reduces the rate of death by 31% (between 13% and 45%)."),
    ("hazard", "By time 2,100, 62 of 100 with the chemotherapy were still free of it, against 49 of 100."),
    ("hazard", "Patients given the combined chemotherapy survived longer."),
    # by group, very low
    ("by_group", "We can't tell whether the effect of quitting smoking on weight gain differs between women and men."),
    (
        "by_group",
        "It is uncertain whether it differs: the rise is 3.5 in women (1.9 to 5.1) and 3.5 in men (2.2 to 4.8).",
    ),
    # very low: 4.3 in 100 (0.7 to 7.9)
    ("very_low", "We can't tell whether the sex of the applicant changes the chance of admission."),
    ("very_low", "The best single figure, too unsure to lean on, is 4.3 more admissions in 100 (0.7 to 7.9)."),
    # the margin includes no effect
    ("mlda", "We can't tell whether the legal drinking age changes deaths by internal causes near the cut-off."),
    ("mlda", "No clear effect of the legal drinking age on deaths by internal causes was found near the cut-off."),
    # little or no difference
    ("little", "Mammography probably makes little or no difference to death from breast cancer."),
    ("little", "Mammography had no effect on death from breast cancer that would matter (1.11 against 1.12 of 100)."),
]

# (answer, sentence, what is wrong)
WRONG = [
    ("observational", "Quitting smoking makes people gain weight.", {"overclaim"}),
    ("observational", "Quitting smoking probably leads to weight gain.", {"overclaim"}),
    ("observational", "This study proves that quitting smoking may lead to weight gain.", {"overclaim"}),
    ("observational", "Undoubtedly, quitting smoking may increase weight.", {"overclaim"}),
    ("observational", "Quitting smoking may increase weight by 4.3 kg.", {"number"}),
    ("observational", "Quitting smoking may increase weight by 5 kg (2.3 to 4.3).", {"number"}),
    ("observational", "Quitting smoking may increase weight by 3.3 kg (95% CI 1.0 to 6.0).", {"number"}),
    ("observational", "Quitting smoking may increase weight by 3.3 pounds.", {"unit"}),
    ("observational", "Quitting smoking may increase weight by 3.3%.", {"unit"}),
    ("observational", "Quitting smoking may reduce weight by 3.3 kg.", {"direction"}),
    ("observational", "Quitting smoking may lead to lower weight.", {"direction"}),
    ("observational", "Weight gain may make people quit smoking.", {"swapped"}),
    ("observational", "Quitting smoking may increase weight by 2.5 kg.", {"number"}),
    ("observational", "Quitting smoking may increase weight in the general population by 3.3 kg.", {"population"}),
    ("observational", "Quitting smoking may lead to more weight among women.", {"population"}),
    ("observational", "Quitting smoking has no effect on weight.", {"direction"}),
    ("observational", "Quitting smoking may double weight gain.", {"number"}),
    ("observational", "Weight gain is caused by quitting smoking.", {"overclaim"}),
    ("randomised", "The incentive increased collecting the result by 45%.", {"unit"}),
    ("randomised", "The incentive increased collecting the result by 49 percentage points.", {"number"}),
    ("randomised", "The incentive lowers the chance of collecting the test result.", {"direction"}),
    ("randomised", "The incentive tripled the chance of collecting the result.", {"number"}),
    ("randomised", "Collecting the test result increases the incentive.", {"swapped"}),
    ("randomised", "The incentive always raises the chance of collecting the result.", {"overclaim"}),
    ("randomised", "The incentive does not affect whether people collect the result.", {"direction"}),
    ("randomised", "Only among those who took part does the incentive raise the chance of collecting the result.", {"population"}),
    ("randomised_money", "The training programme raises earnings by 1,800.", {"overclaim"}),
    ("randomised_money", "The training programme probably raises earnings by 2,500.", {"number"}),
    ("randomised_money", "The training programme probably lowers earnings by 1,800.", {"direction"}),
    ("randomised_money", "The training programme probably raises earnings by 3,100.", {"number"}),
    ("refusal", "Smoking lowers birth weight.", {"overclaim"}),
    ("refusal", "Smoking may lower birth weight by 8%.", {"number", "overclaim"}),
    ("refusal", "Smoking has no effect on birth weight.", {"overclaim"}),
    ("association", "Being female lowers the wage by 2.51.", {"overclaim"}),
    ("association", "Women earn less because of being female.", {"overclaim"}),
    ("association", "Women earn 3.51 less than men.", {"number"}),
    ("instrument", "Schooling may raise log wages for everyone.", {"population"}),
    ("instrument", "Schooling raises log wages by 0.13.", {"overclaim"}),
    ("instrument", "Among those whose educ was changed by nearc4, schooling may raise log wages by 13%.", {"unit"}),
    ("instrument", "Among those whose educ was changed by nearc4, schooling may raise log wages by 0.24.", {"number"}),
    ("instrument", "Higher wages may lead to more schooling among those whose educ was changed by nearc4.", {"swapped"}),
    ("hazard", "The combined chemotherapy increases the rate of death.", {"direction"}),
    ("hazard", "The combined chemotherapy reduces the rate of death by 69%.", {"number"}),
    ("hazard", "The combined chemotherapy reduces the rate of death by 31 percentage points.", {"unit"}),
    ("hazard", "The combined chemotherapy halved the rate of death.", {"number"}),
    ("by_group", "Quitting smoking makes women gain more weight than men.", {"certainty"}),
    ("by_group", "The rise is 3.5 in women and 2.1 in men.", {"certainty", "number"}),
    ("very_low", "The sex of the applicant changes the chance of admission.", {"certainty"}),
    ("very_low", "Admission was 4.3 points more common for women (0.7 to 7.9).", {"certainty"}),
    ("mlda", "The legal drinking age may increase deaths by internal causes near the cut-off.", {"overclaim"}),
    ("mlda", "The legal drinking age has no effect on deaths by internal causes near the cut-off.", {"overclaim"}),
    ("little", "Mammography prevents death from breast cancer.", {"overclaim"}),
]  # fmt: skip


# More sentences, written before they were tried; of these only whether anything is wrong.
ALSO_RIGHT = [
    ("observational", "Our results suggest that smoking cessation could result in a weight gain of roughly 3.3 kg."),
    ("observational", "Compared with those who continued, quitters were 3.3 kg heavier in 1982."),
    ("observational", "We cannot rule out that an unmeasured cause explains the difference."),
    ("observational", "There is low-certainty evidence that quitting may raise weight by 2.3 to 4.3 kg."),
    ("observational", "Because nobody dealt the treatment out at random, a hidden cause could explain it."),
    ("observational", "People who quit may have put on an extra 3.3 kg on average."),
    ("observational", "The effect of quitting smoking on weight may be positive."),
    ("observational", "Quitting smoking may not be the only reason for the gain."),
    ("observational", "A hidden cause would have to matter about 30 times as much as age to wipe the answer out."),
    (
        "randomised",
        "Offering the incentive made people far more likely to collect their result: 79 of 100 did, against 34 of 100.",
    ),
    ("randomised", "Thanks to the incentive, 45 more people in every 100 collected the result."),
    ("randomised", "The incentive works: about 45 in 100 more (41 to 49)."),
    ("randomised", "Of 2,834 people, 79% of those offered the incentive collected the result."),
    ("randomised", "The incentive raised collection from 34% to 79%."),
    ("randomised_money", "Men in the programme probably earned more because of it."),
    ("randomised_money", "The programme is likely to raise earnings by somewhere between $500 and $3,100."),
    ("randomised_money", "It is likely that the training programme increased earnings by $1,794."),
    ("refusal", "The data cannot say what smoking does to birth weight."),
    ("refusal", "Any effect of smoking on birth weight fits the table."),
    ("association", "Men earn 7.10 an hour and women 4.59 on average."),
    (
        "association",
        "The difference of 2.51 is a description; it is not due to sex alone as far as this table can tell.",
    ),
    (
        "instrument",
        "Among those whose schooling was moved by the nearness of a college, one more year may raise log wages by 0.13 (0.03 to 0.24).",
    ),
    ("hazard", "Lev+5FU cut the rate of death by about 31%."),
    ("hazard", "The hazard ratio was 0.69 (0.55–0.87)."),
    ("hazard", "Treatment with Lev+5FU lowers the rate of status."),
    ("hazard", "The combined chemotherapy saves lives."),
    ("by_group", "Whether the effect differs between women and men is unclear."),
    ("very_low", "With very low certainty, 43 of 100 women and 39 of 100 men would be admitted."),
    ("mlda", "The margin, from 0.5 lower to 2.7 higher, includes no effect."),
    ("little", "Screening probably made little or no difference: 1.11 against 1.12 deaths in 100."),
    ("observational", "Quitters weighed 3.3 kg more than they would have, with a margin of 2.3 to 4.3 kg."),
    ("observational", "We analysed 1,407 people; 63 had no weight recorded."),
    ("observational", "Body weight may go up by about 3.3 kg after quitting smoking."),
    ("observational", "Weight change was recorded between 1971 and 1982."),
    ("observational", "The certainty is low, because people chose for themselves whether to quit."),
    ("observational", "Quitting smoking possibly causes weight gain, but it does not have to."),
    ("observational", "Older people were more likely to quit."),
    ("randomised", "Without the incentive 34 of 100 collected their result; with it, 79 did."),
    ("randomised", "The share who collected the test result rose by 45 percentage points (41 to 49)."),
    ("randomised", "An incentive increases the probability of collecting the result by 0.45."),
    ("randomised", "For every 100 people offered the incentive, 45 more collected the result."),
    ("randomised_money", "The training programme may well raise earnings."),
    ("randomised_money", "Earnings in 1978 were about 1,800 higher in the training group."),
    ("refusal", "This table cannot settle whether smoking lowers birth weight."),
    ("refusal", "Better data are needed."),
    ("association", "Women earned less than men on average."),
    ("association", "Hourly wages differ between women and men."),
    ("instrument", "Schooling may raise log wages of those whose educ was changed by nearc4 by about 0.13."),
    ("instrument", "For others the effect can differ."),
    ("hazard", "With Lev+5FU, death came later."),
    ("hazard", "The rate was 31% lower (95% CI 13% to 45%)."),
    ("by_group", "For everyone the rise is 3.4 kg (2.5 to 4.4), but whether it differs by sex cannot be told."),
    ("very_low", "It is too uncertain to say whether sex changes admission."),
    ("mlda", "We found no clear change in deaths near the cut-off."),
    ("little", "Mammography probably makes little or no difference to deaths."),
]
ALSO_WRONG = [
    ("observational", "Quitting smoking leads to weight gain."),
    ("observational", "Stopping smoking increases body weight by 3.3 kg (95% CI: 2.3, 4.3)."),
    ("observational", "There was a significant effect of quitting smoking on weight gain."),
    ("observational", "Smoking cessation was responsible for 3.3 kg of weight gain."),
    ("observational", "Quitting smoking may cause a 3.3 kg loss of weight."),
    ("observational", "Quitting smoking may increase weight by 33 kg."),
    ("observational", "Quitting smoking may increase weight by 0.33 kg."),
    ("observational", "All people who quit may gain 3.3 kg, everywhere in the world."),
    ("observational", "The impact of quitting smoking on weight is 3.3 kg."),
    ("observational", "If you quit smoking you will gain 3.3 kg."),
    ("randomised", "The incentive raised collection by 79 percentage points."),
    ("randomised", "The incentive raised collection from 34% to 89%."),
    ("randomised", "The incentive decreased the chance of collecting the result by 45 points."),
    ("randomised", "Of 2,384 people, 79% collected the result."),
    ("randomised", "The incentive raised the chance of collecting the result by 45 percent."),
    ("randomised_money", "The training programme increased 1978 earnings by $1,794."),
    ("randomised_money", "The training programme probably increased earnings by between $900 and $3,100."),
    ("randomised_money", "The training programme probably increased earnings by 1,794 percent."),
    ("randomised_money", "Earnings probably increase the training programme."),
    ("refusal", "Smoking is likely to reduce birth weight."),
    ("refusal", "Smoking makes babies lighter."),
    ("association", "Sex affects hourly wages."),
    ("association", "The effect of being female on the hourly wage is −2.51."),
    ("instrument", "Everyone may earn more with each further year of schooling."),
    ("instrument", "Each further unit of educ leads to higher lwage among those whose educ was changed by nearc4."),
    ("hazard", "Lev+5FU raises the rate of status."),
    ("hazard", "The combined chemotherapy had no effect on the rate of death."),
    ("hazard", "The hazard ratio was 0.96 (0.55 to 0.87)."),
    ("by_group", "The effect is larger in women."),
    ("very_low", "Women may be more likely to be admitted."),
    ("very_low", "Being a woman raises the chance of admission by 4.3 points."),
    ("mlda", "Reaching the legal drinking age raises deaths by internal causes."),
    ("little", "Mammography probably reduces death from breast cancer by 0.01 in 100."),
    ("little", "Mammography probably halves death from breast cancer."),
    ("observational", "It is certain that quitting smoking makes you heavier."),
    ("observational", "Quitting smoking may cause weight to fall."),
    ("observational", "Smokers who quit may gain 3.3 stones."),
    ("observational", "Quitting smoking may raise weight by 3.3 kg for the whole population."),
    ("observational", "Thanks to quitting smoking people gained 3.3 kg."),
    ("observational", "The weight gain of 3.3 kg was caused by quitting smoking."),
    ("observational", "Quitting smoking may raise weight by 3.3 kg (95% CI 2.3 to 5.3)."),
    ("observational", "Quitting smoking may raise weight, by 3.3 kg in men."),
    ("observational", "Quitting smoking never changes weight."),
    ("randomised", "The share who collected the test result rose by 4.5 percentage points."),
    ("randomised", "The incentive quadrupled the chance of collecting."),
    ("randomised", "The incentive makes people less likely to collect the result."),
    ("randomised", "Among women, the incentive raised collection by 45 points."),
    ("randomised_money", "The training programme definitely raises earnings."),
    ("randomised_money", "The training programme probably raises earnings by 18,000."),
    ("randomised_money", "The training programme probably raises earnings by 474."),
    ("refusal", "Each pack smoked reduces log birth weight."),
    ("association", "Being female reduces hourly wages."),
    ("association", "On average women earned 5.59."),
    ("instrument", "Schooling may raise the log wages of all workers by 0.13."),
    ("instrument", "Schooling may lower log wages among those whose educ was changed by nearc4."),
    ("hazard", "The rate was 45% lower."),
    ("hazard", "Lev+5FU raises the hazard to 1.69 times."),
    ("by_group", "Quitting smoking affects women more than men."),
    ("very_low", "Sex may change the chance of admission."),
    ("mlda", "Drinking age does not affect deaths by internal causes."),
    ("little", "Mammography increases deaths from breast cancer."),
]


@pytest.mark.parametrize(("name", "sentence"), [*RIGHT, *ALSO_RIGHT])
def test_a_right_sentence_is_left_alone(name: str, sentence: str) -> None:
    found = held(name, sentence)
    assert found.clean, found.findings


@pytest.mark.parametrize(("name", "sentence", "kinds"), WRONG)
def test_what_is_wrong_is_named(name: str, sentence: str, kinds: set[str]) -> None:
    found = held(name, sentence)
    assert set(faults(found)) == kinds, found.findings
    assert all(f.quote and f.quote in sentence and f.right and f.why for f in found.findings)


@pytest.mark.parametrize(("name", "sentence"), ALSO_WRONG)
def test_other_wrong_sentences_are_caught(name: str, sentence: str) -> None:
    assert faults(held(name, sentence))


@pytest.mark.parametrize("path", sorted(ANSWERS.glob("*.json")), ids=lambda p: p.stem)
def test_the_words_of_the_answer_itself_are_right(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    body = document["text"].split("How sure are we?")[0]
    found = lint(body, answer_of(document))
    assert found.clean, [f for f in found.findings if f.severity == "fault"]


def test_a_figure_without_its_margin_is_a_note() -> None:
    found = held("observational", "Quitting smoking may increase weight by 3.3 kg.")
    assert [(f.kind, f.severity) for f in found.findings] == [("interval", "note")]
    assert "2.3" in found.findings[0].right


def test_whom_it_is_about_left_out_is_a_note() -> None:
    found = held("instrument", "Schooling may raise log wages by 0.13 (0.03 to 0.24).")
    assert [(f.kind, f.severity) for f in found.findings] == [("population", "note")]


def test_an_abstract_is_read_sentence_by_sentence() -> None:
    text = (
        "Smoking rates have fallen for decades. We followed 1,629 people from 1971 to 1982. Quitting smoking makes people"
        " gain weight. The gain was 3.3 kg (95% CI 2.3 to 4.3). This proves it."
    )
    found = held("observational", text)
    assert found.sentences == 5
    assert [(f.sentence, f.kind) for f in found.findings] == [(3, "overclaim"), (5, "overclaim")]


def test_an_empty_or_endless_text_is_an_error() -> None:
    with pytest.raises(InputError):
        held("observational", "  ")
    with pytest.raises(InputError):
        held("observational", "a" * 30_000)


def test_answers_that_are_bent_are_refused_or_read() -> None:
    rng = random.Random(7)
    weird: list[Any] = [
        None,
        -1,
        1e308,
        "x",
        "",
        [],
        {},
        {"a": 1},
        [1, 2],
        True,
        {"value": "x"},
        [{"effect": {"value": "x"}}],
    ]
    read = 0
    for path in sorted(ANSWERS.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for _ in range(60):
            bent = copy.deepcopy(document)
            spot = rng.choice(list(places(bent)))
            place = bent
            for key in spot[:-1]:
                place = place[key]
            place[spot[-1]] = copy.deepcopy(rng.choice(weird))
            try:
                lint("Quitting may increase weight by 3.3 kg (2.3 to 4.3) because of 4%.", answer_of(bent))
                read += 1
            except InputError:
                continue
    assert read > 100


def places(part: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        yield (*before, key)
        yield from places(value, (*before, key))
