"""The plain text taken apart: paragraphs, lists under a head, named blocks; none of it lost."""

from __future__ import annotations

from pyllm_causal.report.blocks import Said, blocks_of
from pyllm_causal.report.document import html
from pyllm_causal.report.notebook import card
from pyllm_causal.report.story import page_of
from pyllm_causal.report.text import fill, item
from tests.unit.report.designs import answer

LONG = "rain may affect harvest, and this item is so long that it takes more than one line of the text of an answer"


def test_a_list_keeps_its_items_and_a_paragraph_stays_one() -> None:
    listed = "\n".join(["Links that are seen again", item("·", LONG), item("·", "sun may affect harvest.")])
    found = blocks_of("\n\n".join(["Headline.", fill(f"{LONG}. {LONG}."), listed, "How sure are we?   Low\n  + yes"]))
    assert found.said == (
        Said(f"{LONG}. {LONG}."),
        Said("Links that are seen again", (LONG, "sun may affect harvest.")),
    )
    assert found.named["sure"][-1] == "yes"


def test_a_list_as_a_sentence_says_how_many_items_it_leaves_out() -> None:
    said = Said("Links", tuple(f"a{i} may affect b." for i in range(6)))
    assert said.line(1000).count("may affect") == 6 and "more" not in said.line(1000)
    assert said.line(50) == "Links: a0 may affect b; a1 may affect b; and 4 more."
    assert said.line(1) == "Links: a0 may affect b; and 5 more."
    assert Said("A paragraph.").line(1) == "A paragraph."


def test_the_links_of_a_search_are_a_list_in_the_report_and_in_a_notebook() -> None:
    found = answer("discovery")
    assert "\n  · rain may affect harvest" in found.text
    for page in (html(page_of(found)), card(found)):
        assert "again ·" not in page and "· rain may affect harvest" not in page.replace("<li>· ", "")
        assert page.count("rain may affect harvest (seen in") >= 1 and "<li" in page
