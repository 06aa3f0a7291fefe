"""Every check that can be run has words for a list: where it failed, and where it could not tell."""

from __future__ import annotations

import re
from pathlib import Path

import pyllm_causal
from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.certainty import overall
from pyllm_causal.causal.check_names import LOOKED_AT, looked_at

SOURCE = Path(pyllm_causal.__file__).parent / "causal"


def used() -> set[str]:
    """The names that checks are made with, read off the code."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py"))
    return set(re.findall(r'check="(\w+)"', text)) | set(re.findall(r'@refuter\("(\w+)"', text))


def test_every_check_has_short_words_and_none_is_left_over() -> None:
    assert used() == set(LOOKED_AT)
    assert all(1 <= len(words.split()) <= 8 and "placebo" not in words for words in LOOKED_AT.values())


def test_a_check_that_nobody_named_is_called_by_its_own_name() -> None:
    check = Refutation(check="some_new_check", question="?", expected="", observed="", verdict="inconclusive")
    assert looked_at(check) == "some new check"


def test_a_long_list_is_cut_and_counted() -> None:
    names = ("influence", "bootstrap", "donut", "leakage", "density", "trimming")
    made = [Refutation(check=n, question="?", expected="", observed="", verdict="inconclusive") for n in names]
    passed = Refutation(check="negative_outcome", question="?", expected="", observed="", verdict="passed")
    assert overall([passed, *made])[1] == (
        "1 of 7 checks passed, 6 could not tell (single rows, rows drawn anew, without the rows nearest the cut-off, columns in"
        " disguise and 2 more)."
    )
