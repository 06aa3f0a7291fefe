"""Wrong pictures are contested by the right name, right ones are left alone; `make contest` writes the table."""

from __future__ import annotations

import pytest

from tests.statistical.contest_table import DRAWS, measured, page

pytestmark = pytest.mark.statistical


def test_wrong_pictures_are_contested_by_name_and_right_ones_left_alone() -> None:
    found = measured()
    assert all(len(cases) == DRAWS for cases in found.wrong.values())
    assert found.met, page(found)
