"""The conditional-independence test keeps its level whatever the columns, finds links, and says what it cannot test."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.causal.independence import Columns, Independence, coded, independent
from pyllm_causal.data import Table
from pyllm_causal.query import Query
from tests.unit.causal.independence_worlds import WORLDS, column

Floats = np.ndarray[Any, np.dtype[np.float64]]


def found(x: Floats, y: Floats, *z: Floats, **more: Any) -> Independence:
    result = independent(column(x), column(y), [column(c) for c in z], **more)
    assert result is not None
    return result


@pytest.mark.parametrize("name", WORLDS)
def test_level_is_kept_in_every_world(name: str) -> None:
    # 60 tables without a link: five or more below 1 % would happen once in 3,000 suites a world at the stated level
    below = 0
    for i in range(60):
        x, y, z = WORLDS[name](np.random.default_rng([i, 300]), 300, 0.0)
        result = independent(x, y, z)
        below += result is not None and result.p_value < 0.01
    assert below < 5


@pytest.mark.parametrize("name", [n for n in WORLDS if n not in ("rare", "counts", "two categories")])
def test_links_are_found_in_every_world(name: str) -> None:
    seen = 0
    for i in range(10):
        x, y, z = WORLDS[name](np.random.default_rng([i, 2000]), 2000, 0.4)
        result = independent(x, y, z)
        seen += result is not None and result.p_value < 0.001
    assert seen >= 9


def test_without_the_bends_the_same_worlds_would_fail() -> None:
    # a straight-line test of the bent world rejects nearly always: the world is a real trap
    x, y, z = WORLDS["bent"](np.random.default_rng(1), 1500, 0.0)
    base = np.column_stack([np.ones(1500), *z])
    left = [c[:, 0] - base @ np.linalg.lstsq(base, c[:, 0], rcond=None)[0] for c in (x, y)]
    assert abs(np.corrcoef(*left)[0, 1]) * np.sqrt(1500) > 4
    result = independent(x, y, z)
    assert result is not None and result.p_value > 0.01


def test_size_is_the_partial_correlation() -> None:
    # true partial correlation of x and y given z: 0.5·1 / sqrt(1 · (0.25 + 1)) = 0.447
    rng = np.random.default_rng(2)
    z, e = rng.normal(size=(2, 20_000))
    x, y = z + e, 2 * z + 0.5 * e + rng.normal(size=20_000)
    assert found(x, y, z).size == pytest.approx(0.447, abs=0.02)
    assert found(x, y, z + 0.001 * rng.normal(size=20_000)).size == pytest.approx(0.447, abs=0.02)
    assert found(-x, y, z).size == pytest.approx(0.447, abs=0.02)


def test_size_of_a_category_is_the_correlation_ratio() -> None:
    # three equal groups with means −1, 0, 1 and unit noise: explained share 2/3 of 5/3, over one dimension
    rng = np.random.default_rng(3)
    group = rng.integers(0, 3, 20_000)
    y = group + rng.normal(size=20_000)
    blocks = np.eye(3)[group][:, 1:]
    result = independent(blocks, column(y))
    assert result is not None and result.size == pytest.approx(np.sqrt(0.4), abs=0.02)
    swapped = independent(column(y), blocks)
    assert swapped is not None and swapped.size == pytest.approx(result.size, abs=1e-9)


def test_unrelated_columns_have_no_size_and_a_small_error() -> None:
    rng = np.random.default_rng(4)
    result = found(*rng.normal(size=(2, 2500)))
    assert result.size < 0.05 and result.error == pytest.approx(0.02, rel=0.15) and result.rows == 2500


def test_clusters_are_honoured() -> None:
    naive = honest = 0
    for i in range(60):
        rng = np.random.default_rng([i, 5])
        groups = np.repeat(np.arange(40), 25)
        x = rng.normal(size=40)[groups] + 0.5 * rng.normal(size=1000)
        y = rng.normal(size=40)[groups] + 0.5 * rng.normal(size=1000)
        naive += found(x, y).p_value < 0.01
        honest += found(x, y, cluster=groups).p_value < 0.01
    assert naive > 20 and honest < 5


def test_sampling_weights_bring_back_the_population() -> None:
    # rows were kept with a chance that depends on x and y together, which links them in the sample alone
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 8000))
    chance = np.where(x * y > 0, 0.9, 0.3)
    kept = rng.random(8000) < chance
    assert found(x[kept], y[kept]).p_value < 1e-6
    assert found(x[kept], y[kept], weights=1 / chance[kept]).p_value > 0.01


def test_rare_levels_that_never_meet_are_no_link() -> None:
    # 60 of 20,000 rows each, expected to meet 0.2 times: a plain t-test of the product is at −5
    x, y = np.zeros(20_000), np.zeros(20_000)
    x[:60], y[60:120] = 1, 1
    assert found(x, y).p_value > 0.05


def test_what_cannot_be_told_is_none() -> None:
    rng = np.random.default_rng(7)
    x, y, z = (column(c) for c in rng.normal(size=(3, 500)))
    assert independent(np.full((500, 1), 2.0), y) is None  # one value
    assert independent(2 * z - 1, y, [z]) is None  # known from z
    assert independent(x[:30], y[:30]) is None  # too few rows
    assert independent(x[:80], y[:80], [column(c) for c in rng.normal(size=(30, 80))]) is None  # too many held fixed
    assert independent(x, y, cluster=np.arange(500) % 6) is None  # too few groups
    assert independent(np.full((500, 1), np.nan), y) is None
    gone = x.copy()
    gone[20:] = np.nan
    assert independent(gone, y) is None


def test_near_duplicates_go_together_completely_or_cannot_be_told() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=400)
    result = found(x, x + 1e-3 * rng.normal(size=400))
    assert result.size > 0.99 and result.p_value < 1e-30
    assert independent(column(x), column(rng.normal(size=400)), [column(x + 1e-5 * rng.normal(size=400))]) is None


def test_rows_are_counted_pair_by_pair() -> None:
    rng = np.random.default_rng(9)
    data = rng.normal(size=(4, 600))
    data[0, :100], data[1, 500:], data[3, 200:400] = np.nan, np.nan, np.inf
    table = Columns({name: column(c) for name, c in zip("abcd", data, strict=True)})
    rows = {pair: table.test(*pair).rows for pair in ("ab", "bc", "cd")}  # type: ignore[union-attr, misc]
    assert rows == {"ab": 400, "bc": 500, "cd": 400}
    assert table.test("a", "b", ["d"]).rows == 200  # type: ignore[union-attr]


def test_same_answer_every_time_and_for_either_order() -> None:
    x, y, z = WORLDS["nine columns"](np.random.default_rng(10), 800, 0.2)
    first, again, turned = independent(x, y, z), independent(x, y, z), independent(y, x, z)
    assert first == again and turned is not None and first is not None
    assert turned.size == pytest.approx(first.size, abs=1e-6)


def test_columns_of_a_table_become_numbers_and_indicators() -> None:
    rng = np.random.default_rng(11)
    n = 400
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=n),
            "smokes": rng.choice(["yes", "no"], n),
            "town": rng.choice(["a", "b", "c"], n, p=[0.5, 0.49, 0.01]),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
            "same": 1,
            "village": [f"v{i % 100}" for i in range(n)],  # four rows each: holding it fixed would hold nothing fixed
            "first": ["0", *["1", "2"] * 199, "2"],
        }
    )
    table, query, rows = Table.read(frame), Query(kind="association"), np.arange(n)
    blocks = {name: coded(table, name, query, rows) for name in table.names}
    shapes = {name: None if b is None else b.shape[1] for name, b in blocks.items()}
    assert shapes == {
        "amount": 1,
        "smokes": 1,
        "town": 1,
        "when": 1,
        "same": None,
        "village": None,
        "first": 1,
    }  # the rare town joins the first
    assert set(np.unique(blocks["smokes"])) == {0.0, 1.0}  # type: ignore[arg-type]
    assert np.nanmax(blocks["when"]) > 50  # type: ignore[arg-type]


def test_fast_enough_for_many_tests() -> None:
    x, y, z = WORLDS["nine columns"](np.random.default_rng(12), 1566, 0.0)
    table = Columns({"x": x, "y": y} | {str(i): c for i, c in enumerate(z)})
    given = [str(i) for i in range(9)]
    table.test("x", "y", given)
    started = time.process_time()
    for _ in range(5):
        table.test("x", "y", given)
    assert (time.process_time() - started) / 5 < 0.2  # about 0.015 s on a quiet core


def test_a_million_rows_are_thinned_out() -> None:
    rng = np.random.default_rng(13)
    result = found(*rng.normal(size=(2, 200_000)))
    assert result.rows == 30_000
