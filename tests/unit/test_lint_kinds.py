"""Sentences as people write them, held against answers of every other kind than one effect: what drives something, why it changed,
single rows, links that were searched for, bounds, arms, survival. True ones pass; of wrong ones the fault is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyllm_causal.answer_file import answer_of
from pyllm_causal.lint import Lint, lint

ANSWERS = Path(__file__).parent / "lint_answers"


def held(name: str, text: str) -> Lint:
    return lint(text, answer_of(json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))))


RIGHT = [
    # shares of the variation, low: ad_spend 34 (30 to 40), price 29, visits 13, 23 unexplained; order of the first two uncertain
    ("drivers", "Ad spend may drive sales."),
    ("drivers", "Price may drive sales, and ad spend may do as much."),
    ("drivers", "About 34% of the variation of sales may come from ad spend (30 to 40)."),
    ("drivers", "Price may account for 29 of 100 parts of the variation in sales."),
    ("drivers", "Almost a quarter of the variation (23%) is not explained."),
    ("drivers", "A higher price may lower sales; more visits may raise them."),
    ("drivers", "We can't tell whether ad spend or price matters more for sales."),
    ("drivers", "An extra 20 of ad spend may raise sales by 24 (somewhere between 23 and 26)."),
    # a change: sales fell by 25 (23 to 28), from 135 to 110; price −24 (−26 to −21), the others' margins include none; low
    ("why_changed", "Sales fell by 25 between March and April."),
    ("why_changed", "Average sales fell from 135 in March to 110 in April."),
    ("why_changed", "Most of the fall in sales may be due to the price."),
    ("why_changed", "The price may explain 24 of the 25 that sales fell by."),
    ("why_changed", "The higher price may account for 95% of the drop in sales."),
    ("why_changed", "The fall may be due to price (−24, between −26 and −21)."),
    ("why_changed", "Whether ad spend had a part in the fall is unclear."),
    ("why_changed", "Sales were lower in April than in March."),
    # two regions: south 11 lower; price −9.3
    ("why_regions", "Sales are lower in the south than in the north."),
    ("why_regions", "The gap between the regions may be mostly due to price."),
    ("why_regions", "Sales in the south are 11 lower on average."),
    # one row, 170 above the average; visits 227, price −41
    ("why_row", "Row 77 has sales 170 above the average, and most of that may be due to visits."),
    ("why_row", "Visits may have added 227 to the sales of row 77 (216 to 245)."),
    ("why_row", "The price may have pulled the sales of row 77 down by 41."),
    # one row otherwise: 215 (214 to 216) instead of 201, with a price of 18
    ("one_row", "With a price of 18, sales of row 12 might have been about 215 instead of 201."),
    ("one_row", "At price = 18 the model gives sales of 215 for row 12 (214 to 216)."),
    ("one_row", "A lower price may have raised sales in row 12."),
    ("one_row", "Nobody knows what sales of row 12 would really have been at another price."),
    # a patient: 37 to 100 in 100
    ("one_patient", "We can't tell whether the patient in row 4 would have survived with the drug."),
    ("one_patient", "The chance that row 4 would have survived with the drug is between 37 and 100 in 100."),
    ("one_patient", "Of 100 such patients the model expects 73 to survive with the drug and 41 without."),
    # everybody at a price of 18: 252 against 236, 16 higher (14 to 17), low
    ("everybody", "If everybody had a price of 18, average sales may be higher."),
    ("everybody", "With the price at 18 sales may be 16 higher (14 to 17)."),
    ("everybody", "With price = 18 average sales would be about 252, against 236 as things are, by the model."),
    ("everybody", "A price of 18 may raise sales by 16."),
    # the best single change: visits 30 (27 to 31) for 19 more, ad_spend 24, price −23
    ("best_change", "Of single changes, more visits may raise sales most."),
    ("best_change", "19 more visits may raise sales by 30 (27 to 31)."),
    ("best_change", "A higher price may lower sales."),
    ("best_change", "Ad spend may raise sales by about 24."),
    # links: price → sales, visits → sales, ad_spend — visits; low
    ("discovery", "Price may affect sales."),
    ("discovery", "Price and visits may affect sales directly."),
    ("discovery", "Ad spend and visits are linked, but the data cannot tell which way."),
    ("discovery", "The link between price and sales was seen in 40 of 40 resamples."),
    ("discovery", "Visits might be a cause of sales."),
    ("discovery", "Sales may be affected by the price."),
    ("discovery", "No direct link between ad spend and sales was found."),
    ("discovery", "Sales go along with visits."),
    # refused with bounds: −44 to 56 in 100
    ("bounds", "We can't tell whether the drug changes survival."),
    ("bounds", "Without further assumptions the data allow anything from 44 fewer in 100 to 56 more in 100."),
    ("bounds", "84 of 100 survived with the drug and 75 of 100 without, which is a description and no effect."),
    ("bounds", "Illness may lie behind both, and it was not measured."),
    # still free of it at 24: 46 against 30 of 100, 15 more (11 to 20), high
    ("survival", "The drug raises the chance of being free of died at 24 months by 15 in 100 (11 to 20)."),
    ("survival", "By 24 months 46 of 100 with the drug are still alive, against 30 of 100 without."),
    ("survival", "Patients given the drug lived longer."),
    # three arms: call 11 more in 100 (5 to 17), visit 23 more (17 to 29), high
    ("arms", "A call raises the chance of paying by 11 in 100 (5 to 17)."),
    ("arms", "A visit raises the share who paid by 23 percentage points (17 to 29)."),
    ("arms", "With a visit 56 of 100 paid, against 33 of 100 with none."),
    ("arms", "Reminders lead to more people who paid."),
    # at a cut-off: 4.8 (2.2 to 7.5), moderate
    ("cutoff", "Near the cut-off the scholarship probably raises the grade by 4.8 (2.2 to 7.5)."),
    ("cutoff", "For those near the cut-off a scholarship probably leads to a better grade."),
    ("cutoff", "Far from the cut-off the effect of the scholarship may be different."),
    # what drives it, very low: a column left out
    ("left_out", "We can't tell what drives sales."),
    ("left_out", "It is unclear whether price drives sales, because quality may be behind both."),
]

# (answer, sentence, what is wrong)
WRONG = [
    ("drivers", "Ad spend drives sales.", {"overclaim"}),
    ("drivers", "Price is proven to drive sales.", {"overclaim"}),
    ("drivers", "A higher price may raise sales.", {"direction"}),
    ("drivers", "More visits may lower sales.", {"direction"}),
    ("drivers", "Ad spend may account for 55% of the variation of sales.", {"number"}),
    ("drivers", "Price may account for 34% of the variation of sales.", {"number"}),
    ("drivers", "Price may drive sales most.", {"overclaim"}),
    ("drivers", "Sales may drive ad spend.", {"swapped"}),
    ("drivers", "Price has no effect on sales.", {"direction"}),
    ("drivers", "Everything is explained: only 7% of the variation of sales is left.", {"number"}),
    ("why_changed", "Sales rose by 25 between March and April.", {"direction"}),
    ("why_changed", "Sales fell by 40 between March and April.", {"number"}),
    ("why_changed", "The price caused the fall in sales.", {"overclaim"}),
    ("why_changed", "The fall in sales may be due to ad spend.", {"overclaim"}),
    ("why_changed", "The price may explain 60% of the fall in sales.", {"number"}),
    ("why_changed", "Sales fell from 155 to 110.", {"number"}),
    ("why_changed", "The price certainly made sales fall.", {"overclaim"}),
    ("why_regions", "Sales are higher in the south than in the north.", {"direction"}),
    ("why_regions", "Sales are lower in the south because of the price.", {"overclaim"}),
    ("why_regions", "Sales in the south are 20 lower on average.", {"number"}),
    ("why_row", "Visits caused the high sales of row 77.", {"overclaim"}),
    ("why_row", "Most of the distance may be due to price.", {"overclaim"}),
    ("why_row", "Visits may have added 150 to the sales of row 77.", {"number"}),
    ("why_row", "Sales of row 77 are 170 below the average.", {"direction"}),
    ("one_row", "With a price of 18, sales of row 12 would have been 215.", {"overclaim"}),
    ("one_row", "With a price of 18, sales of row 12 might have been 250 instead of 201.", {"number"}),
    ("one_row", "With a price of 18, sales of row 12 might have been lower.", {"direction"}),
    ("one_row", "The lower price would have raised sales of row 12 for certain.", {"overclaim"}),
    ("one_patient", "The drug would have saved the patient in row 4.", {"overclaim"}),
    ("one_patient", "The patient in row 4 would have survived with the drug.", {"overclaim"}),
    ("one_patient", "The chance of surviving with the drug is between 60 and 80 in 100 for row 4.", {"number"}),
    ("everybody", "If everybody had a price of 18, average sales would fall.", {"direction", "overclaim"}),
    ("everybody", "A price of 18 raises sales by 16.", {"overclaim"}),
    ("everybody", "A price of 18 may raise sales by 36.", {"number"}),
    ("everybody", "A price of 18 may lower sales.", {"direction"}),
    ("everybody", "With a price of 18 sales may be 16% higher.", {"unit"}),
    ("best_change", "More visits raise sales most.", {"overclaim"}),
    ("best_change", "A higher price may raise sales.", {"direction"}),
    ("best_change", "The price may be the single change that moves sales most.", {"overclaim"}),
    ("best_change", "19 more visits may raise sales by 60.", {"number"}),
    ("best_change", "19 more visits may raise sales by 24.", {"number"}),
    ("discovery", "Price affects sales.", {"overclaim"}),
    ("discovery", "Sales may affect price.", {"swapped"}),
    ("discovery", "Ad spend may affect visits.", {"overclaim"}),
    ("discovery", "Ad spend may affect sales directly.", {"overclaim"}),
    ("discovery", "Ad spend has no effect on sales.", {"overclaim"}),
    ("discovery", "Price has no effect on sales.", {"overclaim"}),
    ("discovery", "Price may lower sales.", {"overclaim"}),
    ("discovery", "The link between price and sales was seen in 12 of 40 resamples.", {"number"}),
    ("discovery", "The data prove that visits cause sales.", {"overclaim"}),
    ("discovery", "Sales are caused by price.", {"overclaim"}),
    ("bounds", "The drug raises survival by 9 in 100.", {"overclaim"}),
    ("bounds", "The drug may save lives.", {"overclaim"}),
    ("bounds", "The drug has no effect on survival.", {"overclaim"}),
    ("bounds", "The data allow anything from 20 fewer in 100 to 56 more in 100.", {"number"}),
    ("survival", "The drug lowers the chance of being free of died at 24 months.", {"direction"}),
    ("survival", "The drug raises the chance of being free of died at 24 months by 30 in 100.", {"number"}),
    ("arms", "A call raises the chance of paying by 23 in 100.", {"number"}),
    ("arms", "A visit lowers the chance of paying.", {"direction"}),
    ("arms", "A visit raises the chance of paying by 40 in 100.", {"number"}),
    ("arms", "A call has no effect on paying.", {"direction"}),
    ("cutoff", "The scholarship raises the grade near the cut-off by 4.8.", {"overclaim"}),
    ("cutoff", "Near the cut-off the scholarship probably lowers the grade.", {"direction"}),
    ("cutoff", "The scholarship probably raises the grade of everyone by 4.8.", {"population"}),
    ("cutoff", "Near the cut-off the scholarship probably raises the grade by 7.5.", {"number"}),
    ("left_out", "Price may drive sales.", {"certainty"}),
    ("left_out", "Price drives sales most.", {"certainty"}),
]


@pytest.mark.parametrize(("name", "sentence"), RIGHT)
def test_a_true_sentence_passes(name: str, sentence: str) -> None:
    found = held(name, sentence)
    assert found.clean, found.findings


@pytest.mark.parametrize(("name", "sentence", "kinds"), WRONG)
def test_a_wrong_one_is_named(name: str, sentence: str, kinds: set[str]) -> None:
    found = held(name, sentence)
    assert {f.kind for f in found.findings if f.severity == "fault"} == kinds, found.findings
    assert all(f.quote and f.quote in sentence and f.right and f.why for f in found.findings)
