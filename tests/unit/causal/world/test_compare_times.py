"""Only between two times is a difference a rise or a fall."""

from __future__ import annotations

import pytest

from pyllm_causal.causal.world.compare import in_time
from tests.unit.language.tables import column


@pytest.mark.parametrize(
    ("name", "first", "second", "timed"),
    [
        ("when", "March", "September", True), ("when", "sept.", "dec", True), ("when", "May", "April", False),
        ("status", "married", "separated", False), ("team", "marketing", "sepsis unit", False),
        ("survey_year", 2019, 2020, True), ("month", 3, 9, True), ("candidate", 1, 2, False), ("overtime", 1, 2, False),
        ("phase", "before", "after", True), ("phase", "after", "before", False),
    ],
)  # fmt: skip
def test_two_times_and_what_only_looks_like_them(name: str, first: str | int, second: str | int, timed: bool) -> None:
    assert in_time(column(name, "category", None), first, second) == timed
