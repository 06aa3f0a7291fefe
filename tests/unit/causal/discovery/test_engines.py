"""causal-learn's searches behind their door: known pictures, hidden causes, limits, silence."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest

from pyllm_causal.causal.discovery import engines
from pyllm_causal.causal.discovery.edges import Seen, with_hidden
from pyllm_causal.causal.discovery.engines import ENGINES, TimeUp, fitting, hidden, run
from pyllm_causal.causal.discovery.marks import arrow, line, link
from pyllm_causal.causal.discovery.rule import chosen
from pyllm_causal.causal.discovery.search import search
from pyllm_causal.errors import QueryError
from tests.unit.causal.discovery.pictures import free, linear, matrix


def collider(rows: int = 2_000, noise: str = "normal") -> np.ndarray:
    """0 → 2 ← 1, 2 → 3."""
    dag = np.zeros((4, 4), dtype=bool)
    dag[0, 2] = dag[1, 2] = dag[2, 3] = True
    return linear(dag, rows, np.random.default_rng(6), noise)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_finds_a_known_picture_and_says_nothing(engine: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = {one.arrow for one in run(engine, matrix(collider(noise="laplace")))}
    assert found >= {(0, 2), (1, 2), (2, 3)} and len(found) <= 4  # LiNGAM may keep a weak arrow more
    assert capfd.readouterr() == ("", "")


def test_categories_are_tested_by_the_test_for_columns_of_every_kind() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 2, 3_000), rng.normal(size=3_000)
    c = (a + b + rng.normal(size=3_000) > 0.5).astype(float)
    assert {one.arrow for one in run("pc", matrix(np.column_stack([a, b, c]), "yny"))} == {(0, 2), (1, 2)}


def test_a_hidden_cause_is_seen_and_takes_the_direction_away() -> None:
    rng = np.random.default_rng(3)
    z, w, h = rng.normal(size=(3, 4_000))
    x, y = z + h + 0.5 * rng.normal(size=4_000), w + h + 0.5 * rng.normal(size=4_000)
    found = hidden(matrix(np.column_stack([z, x, y, w])), np.inf)
    assert found is not None and found[1, 2].sign == "↔"
    seen = Seen(arrow(1, 2), "well", 100, 100, 90)
    weakened = with_hidden([seen], found, free(4))[0]
    assert weakened.link.sign == "↔" and weakened.hidden == "likely" and weakened.this_way == 0


def test_a_second_search_only_weakens() -> None:
    known = Seen(arrow(0, 1), "known", 100, 100, 100)
    both = link(0, 1, "arrow", "arrow")
    assert with_hidden([known], {(0, 1): both}, free(2)) == (known,)
    open_ = Seen(line(0, 1), "well", 100, 100, 0)
    assert with_hidden([open_], {(0, 1): arrow(0, 1)}, free(2))[0].link == line(0, 1)
    one = Seen(arrow(0, 1), "well", 100, 100, 100)
    assert with_hidden([one], {(0, 1): arrow(0, 1)}, free(2))[0].hidden == "not_alone"
    assert with_hidden([one], {(0, 1): link(0, 1, "circle", "arrow")}, free(2))[0].hidden == "possible"
    assert with_hidden([one], {}, free(2))[0].hidden == "possible"
    assert with_hidden([one], None, free(2)) == (one,)


def test_many_columns_or_few_rows_get_no_second_search() -> None:
    rng = np.random.default_rng(0)
    assert hidden(matrix(rng.normal(size=(500, 30))), np.inf) is None
    assert hidden(matrix(rng.normal(size=(50, 3))), np.inf) is None


def test_time_stops_them_in_the_middle() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 25)) @ rng.normal(size=(25, 25))
    began = time.monotonic()
    with pytest.raises(TimeUp):
        run("ges", matrix(values), began + 1.0)
    assert time.monotonic() - began < 4
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0
    found = search(matrix(values), free(25), "ges", 1, rng, time.monotonic() - 1)
    assert not found.finished


def test_somebody_elses_alarm_is_left_alone() -> None:
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        run("pc", matrix(collider(300)), time.monotonic() + 60)
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("method", "columns", "kinds", "says"),
    [
        ("ges", 31, "n" * 31, "at most 30 columns"),
        ("lingam", 2, "ny", "numbers only"),
        ("ges", 2, "nc", "no categories"),
        ("magic", 2, "nn", "no way to search called 'magic'"),
        ("exact", 13, "n" * 13, "at most 12"),
    ],
)
def test_what_they_cannot_take_is_said(method: str, columns: int, kinds: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        chosen(matrix(np.random.default_rng(0).normal(size=(60, columns)), kinds), method)


def test_the_one_asked_for_is_named() -> None:
    plan = chosen(matrix(collider(100)), "lingam")
    assert plan.engine == "lingam" and "DirectLiNGAM" in plan.why
    fitting("pc", matrix(collider(100)))
    assert set(engines.MOST_COLUMNS) == set(ENGINES)
