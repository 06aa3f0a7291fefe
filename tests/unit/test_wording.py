"""Numbers and names as a person reads them."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyllm_causal.analysis import Effect
from pyllm_causal.wording import (
    LITTLE,
    VERBS,
    alike,
    as_subject,
    columns_text,
    count,
    excludes_null,
    join,
    null_of,
    number,
    safe,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.26, "3.3"),
        (-3.26, "−3.3"),
        (0.03449, "0.034"),
        (0.0999, "0.10"),
        (9.96, "10"),
        (99.6, "100"),
        (126, "130"),
        (1234, "1,200"),
        (-98765.4, "−99,000"),
        (1e9, "1,000,000,000"),
        (1e-5, "0.000010"),
        (1.5e-9, "1.5e−09"),
        (2.5e20, "2.5e+20"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "unknown"),
    ],
)
def test_two_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_more_digits_for_experts() -> None:
    assert number(3.14159, 4) == "3.142"
    assert number(0.000123456, 4) == "0.0001235"


@given(st.floats(min_value=1e-6, max_value=1e14))
def test_a_number_stays_within_five_percent_and_keeps_its_sign(value: float) -> None:
    for signed in (value, -value):
        shown = float(number(signed).replace(",", "").replace("−", "-"))
        assert shown == pytest.approx(signed, rel=0.051)
        assert (shown > 0) == (signed > 0)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([3.3, 2.41, 4.34], ["3.3", "2.4", "4.3"]),
        ([-0.5, 12.0, 25.0], ["−0.5", "12", "25"]),
        ([1790.0, 551.0, 3038.0], ["1,800", "600", "3,000"]),
        ([0.0, 0.0], ["0", "0"]),
        ([0.0004, 0.18, -0.17], ["0.0004", "0.18", "−0.17"]),
        ([5.0, math.inf], ["5.0", "∞"]),
        ([math.nan, 0.0], ["unknown", "0"]),
        ([-0.001, 12.0], ["−0.001", "12"]),
    ],
)
def test_numbers_that_stand_together_are_rounded_together(values: list[float], texts: list[str]) -> None:
    assert alike(values) == texts


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), min_size=1, max_size=5)
)
def test_rounding_together_never_turns_a_sign_nor_the_order(values: list[float]) -> None:
    shown = [float(t.replace(",", "").replace("−", "-")) for t in alike(values)]
    for value, text in zip(values, shown, strict=True):
        assert text * value >= 0 or abs(text) < 1e-300
    for (a, x), (b, y) in zip(zip(values, shown, strict=True), list(zip(values, shown, strict=True))[1:], strict=False):
        if abs(a - b) > 0.2 * max(abs(a), abs(b)) and min(abs(a), abs(b)) > 0.2 * max(abs(v) for v in values):
            assert (a < b) == (x < y)


@pytest.mark.parametrize(
    "text", ["\x1b[31mred\x1b[0m", "a\u202eb", "a\nb\tc\rd", "\x9b31m", "a\x00b", "\ufeffx", "\ud800x"]
)
def test_names_are_made_safe(text: str) -> None:
    shown = safe(text)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]
    assert "\n" not in shown


def test_safe_keeps_what_people_write() -> None:
    assert safe("höhe über null (m) 漢字 😀 “q”") == "höhe über null (m) 漢字 😀 “q”"
    assert safe("  a   b ") == "a b"
    assert safe("a\nb") == "a b"
    assert safe(5) == "5"
    assert len(safe("x" * 500)) == 80 and safe("x" * 500).endswith("…")


@given(st.text(max_size=300), st.integers(1, 100))
def test_safe_is_bounded_and_settled(text: str, limit: int) -> None:
    shown = safe(text, limit)
    assert len(shown) <= limit
    assert safe(shown, limit) == shown
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]


def test_lists() -> None:
    assert join([]) == "" and join(["a"]) == "a" and join(["a", "b"]) == "a and b"
    assert join(["a", "b", "c"], "or") == "a, b or c"
    assert join(["a\x1b[1m"]) == "a[1m"
    assert columns_text([]) == "nothing"
    assert columns_text([f"c{i}" for i in range(12)]).endswith("c10 and c11")
    assert columns_text([f"c{i}" for i in range(30)], 5) == "c0, c1, c2, c3 and 26 others"
    assert count(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("adverts", "having adverts"),
        ("the new rules", "having the new rules"),
        ("quitting cigarettes", "quitting cigarettes"),
        ("stress", "stress"),
        ("a virus", "a virus"),
        ("the job training programme", "the job training programme"),
        ("having children's shoes", "having children's shoes"),
    ],
)
def test_a_plural_is_made_the_subject_of_a_singular_verb(words: str, subject: str) -> None:
    assert as_subject(words) == subject


def test_verbs_never_grow_stronger_down_the_ladder() -> None:
    assert VERBS["high"] == "leads to"
    assert "probably" in VERBS["moderate"] and "probably" in LITTLE["moderate"]
    for level in ("low", "very_low"):
        assert "may" in VERBS[level] and "may" in LITTLE[level]
    assert "may" not in LITTLE["high"] and "probably" not in LITTLE["high"]


@pytest.mark.parametrize(
    ("scale", "low", "high", "excluded"),
    [
        ("difference", 0.1, 2.0, True),
        ("difference", -2.0, -0.1, True),
        ("difference", -0.1, 0.1, False),
        ("difference", 0.0, 1.0, False),
        ("percent", -5.0, 5.0, False),
        ("percent", 1.0, 5.0, True),
        ("ratio", 0.5, 0.9, True),
        ("ratio", 0.5, 1.1, False),
        ("odds_ratio", 1.1, 1.9, True),
        ("rate_ratio", 0.1, 1.0, False),
        ("difference", None, None, False),
    ],
)
def test_no_effect_is_zero_or_one(scale: str, low: float | None, high: float | None, excluded: bool) -> None:
    effect = Effect.model_validate({"value": 1.0, "low": low, "high": high, "scale": scale})
    assert null_of(effect) == (0.0 if scale in ("difference", "percent") else 1.0)
    assert excludes_null(effect) is excluded
