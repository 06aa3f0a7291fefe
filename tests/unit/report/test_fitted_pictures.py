"""Reports of answers to fitted pictures: the figures of the text, and none that is not the answer."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pyllm_causal.analysis import Answer
from pyllm_causal.report.document import markdown
from pyllm_causal.report.story import page_of
from tests.unit.causal.world.tables import answer, shop


def told(**query: Any) -> tuple[Answer, str]:
    frame, _ = shop(600, 3)
    frame["month"] = ["March" if i % 2 else "April" for i in range(len(frame))]
    frame.loc[frame["month"] == "April", "wealth"] += 8
    found = answer(frame, outcome="sales", simulations=20, **query)
    return found, markdown(page_of(found)).replace("\\", "")


def test_shares_are_rounded_as_in_the_text_and_no_single_figure_is_shown() -> None:
    found, page = told(kind="attribution")
    assert page.startswith("# What drives sales?")
    shares = re.findall(r"· (\w+): (\d+ \([−\d]+ to \d+\)) of 100", found.text)
    assert len(shares) == 4
    for cause, figure in shares:
        assert f"| {cause} | {figure} of 100 |" in page
    assert "best single figure" not in page and "held fixed" not in page


def test_a_change_says_between_which_groups() -> None:
    found, page = told(kind="attribution", compare={"column": "month", "from": "March", "to": "April"})
    assert page.startswith("# Why does sales differ between month = March and April?")
    figure = re.search(r"· wealth: (\S+ \(\S+ to \S+\))", found.text)
    assert figure is not None and f"| wealth | {figure[1]} |" in page


@pytest.mark.parametrize("query", [{}, {"changes": {"price": 25.0}}, {"changes": {"price": 25.0}, "row": 3}])
def test_what_would_be_names_every_change(query: dict[str, Any]) -> None:
    _, page = told(kind="counterfactual", **query)
    assert "None" not in page and "held fixed" not in page
    if not query:
        assert page.startswith("# Which single change would do most for sales?")
        assert "more of price" in page and "promo: 1 against 0" in page and "chance" not in page.split("## 3")[0]
