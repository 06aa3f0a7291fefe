"""Every number of the fixture cases stays what it was, to a relative 1e-6. `test_cases` holds them against the published ones."""

from __future__ import annotations

import json

import pytest

from tests.golden.record import NUMBERS, cases, numbers


@pytest.mark.parametrize("case", cases(), ids=lambda c: c["id"])
def test_numbers_have_not_moved(case: dict[str, object]) -> None:
    kept = json.loads(NUMBERS.read_text())[case["id"]]
    found = numbers(case)
    scale = max(abs(v) for v in kept.values())
    assert found == pytest.approx(kept, rel=1e-6, abs=1e-9 * scale)
