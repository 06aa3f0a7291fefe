"""What is refused, what is rejected with a column's name, and what is adjusted for."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal.analysis import Estimand, NotIdentified
from pyllm_causal.causal.identify import identify
from pyllm_causal.errors import CausalError, GraphError, QueryError
from pyllm_causal.pipeline import parse_query

RNG = np.random.default_rng(0)
NAMES = ("t", "y", "x", "z", "m", "c", "w")
TABLE = pc.Table.read(
    pd.DataFrame(
        {n: RNG.integers(0, 2, 60) if n == "t" else RNG.standard_normal(60) for n in NAMES}
        | {"same": 1, "place": "north", "gone": np.nan}
    )
)


def asked(*edges: tuple[str, str], hidden: dict[str, list[str]] | None = None, **more: Any) -> Estimand | NotIdentified:
    graph = {
        "edges": [list(e) for e in edges],
        "unmeasured": [{"name": n, "affects": a} for n, a in (hidden or {}).items()],
    }
    return identify(parse_query({"treatment": "t", "outcome": "y", "graph": graph} | more), TABLE)


def adjusts(found: Estimand | NotIdentified) -> set[str]:
    assert isinstance(found, Estimand), found
    return set(found.adjust_for)


def refuses(found: Estimand | NotIdentified, code: str, *words: str) -> None:
    assert isinstance(found, NotIdentified) and found.code == code and found.status == "not_identified"
    assert all(w in found.reason for w in words) and found.would_help


CONFOUNDED = (("x", "t"), ("x", "y"), ("t", "y"))


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (CONFOUNDED, {"x"}),
        ((("t", "y"),), set()),
        ((*CONFOUNDED, ("t", "m"), ("m", "y")), {"x"}),  # a mediator stays out
        ((*CONFOUNDED, ("t", "c"), ("y", "c")), {"x"}),  # a collider stays out
        ((("x", "t"), ("x", "m"), ("z", "m"), ("z", "y"), ("t", "y")), set()),  # M-bias: nothing is needed
        ((*CONFOUNDED, ("z", "t")), {"x"}),  # an instrument stays out
        ((("x", "t"), ("x", "y"), ("t", "m"), ("m", "y"), ("z", "m"), ("z", "y")), {"x"}),
        ((*CONFOUNDED, ("same", "t"), ("same", "y")), {"x", "same"}),  # one value throughout confounds nothing
    ],
)
def test_adjustment(edges: tuple[tuple[str, str], ...], expected: set[str]) -> None:
    assert adjusts(asked(*edges)) == expected


def test_one_of_two_that_would_do_is_enough() -> None:
    assert len(adjusts(asked(("x", "t"), ("x", "w"), ("w", "y"), ("t", "y"))) & {"x", "w"}) == 1


def test_a_hidden_cause_of_both_is_refused_by_name() -> None:
    refuses(asked(("t", "y"), hidden={"motivation": ["t", "y"]}), "hidden_cause", "motivation")


def test_a_hidden_cause_behind_a_measured_one_is_not() -> None:
    assert adjusts(asked(("x", "t"), ("t", "y"), hidden={"motivation": ["x", "y"]})) == {"x"}


def test_a_column_without_values_cannot_be_adjusted_for() -> None:
    refuses(asked(("gone", "t"), ("gone", "y"), ("t", "y")), "hidden_cause", "gone")


def test_a_hidden_cause_that_only_a_model_suspects_refuses_nothing() -> None:
    graph = {
        "edges": [list(e) for e in CONFOUNDED],
        "unmeasured": [{"name": "luck", "affects": ["t", "y"], "source": "model"}],
    }
    assert adjusts(identify(parse_query({"treatment": "t", "outcome": "y", "graph": graph}), TABLE)) == {"x"}


def test_a_reversed_arrow_is_refused() -> None:
    refuses(asked(("y", "t")), "reversed", "y", "t")
    refuses(asked(("y", "m"), ("m", "t")), "reversed")
    refuses(asked(("y", "t"), design={"kind": "randomised"}), "reversed")


# ---- rows chosen by something ----------------------------------------------------------------------------------------


def test_rows_chosen_by_a_collider_are_refused() -> None:
    refuses(asked(*CONFOUNDED, ("t", "s"), ("y", "s"), selected_on=["s"]), "selected_on_collider", "s", "t")
    refuses(asked(*CONFOUNDED, selected_on=["y"]), "selected_on_collider", "y")
    refuses(asked(("t", "m"), ("m", "y"), selected_on=["m"]), "selected_on_collider", "m")
    collider = (("t", "y"), ("t", "s"), ("y", "s"))
    refuses(asked(*collider, selected_on=["s"], design={"kind": "randomised"}), "selected_on_collider")


def test_choosing_rows_by_a_confounder_does_not_hold_it_fixed() -> None:
    assert adjusts(asked(*CONFOUNDED, selected_on=["x"])) == {"x"}
    assert adjusts(asked(*CONFOUNDED, where="x > 0")) == {"x"}


def test_choosing_rows_opens_a_path_that_must_then_be_blocked() -> None:
    m_bias = (("x", "t"), ("x", "m"), ("z", "m"), ("z", "y"), ("t", "y"))
    assert adjusts(asked(*m_bias)) == set()
    for more in ({"selected_on": ["m"]}, {"where": "m > 0"}):
        found = adjusts(asked(*m_bias, **more))
        assert found & {"x", "z"}


@pytest.mark.parametrize("more", [{"adjust_for": ["x"]}, {"design": {"kind": "randomised"}}])
def test_a_filter_on_the_outcome_is_refused_with_or_without_a_graph(more: dict[str, Any]) -> None:
    query = parse_query({"treatment": "t", "outcome": "y", "where": "y > 0"} | more)
    refuses(identify(query, TABLE), "selected_on_collider", "y")


def test_a_filter_on_a_consequence_is_refused() -> None:
    refuses(asked(*CONFOUNDED, ("t", "m"), ("m", "y"), where="m > 0"), "selected_on_collider", "m")


# ---- what the asker gives against the graph --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "given", "named"),
    [
        ((("t", "m"), ("m", "y")), ["m"], "m"),  # a mediator
        ((*CONFOUNDED, ("t", "c"), ("y", "c")), ["x", "c"], "c"),  # a collider after both
        ((("x", "t"), ("x", "m"), ("z", "m"), ("z", "y"), ("t", "y")), ["m"], "m"),  # a collider before both
        (CONFOUNDED, [], "x"),  # a confounder left out
        ((*CONFOUNDED, ("z", "t"), ("z", "y")), ["x"], "z"),
    ],
)
def test_an_invalid_set_is_rejected_by_name(edges: tuple[tuple[str, str], ...], given: list[str], named: str) -> None:
    with pytest.raises(GraphError) as caught:
        asked(*edges, adjust_for=given)
    assert named in caught.value.message.split() or f"{named}" in caught.value.message
    assert caught.value.hint and caught.value.exit_code == 2


def test_a_valid_set_of_the_asker_is_used_as_given() -> None:
    assert adjusts(asked(*CONFOUNDED, ("z", "y"), adjust_for=["z", "x"])) == {"x", "z"}


def test_a_set_that_no_column_can_save_is_a_refusal_and_no_error() -> None:
    refuses(asked(*CONFOUNDED, hidden={"u": ["t", "y"]}, adjust_for=["x"]), "hidden_cause", "u")


@pytest.mark.parametrize("late", ["m", "c"])
def test_randomised_rejects_what_comes_after(late: str) -> None:
    with pytest.raises(GraphError, match=late):
        asked(("t", "m"), ("m", "y"), ("t", "c"), design={"kind": "randomised"}, adjust_for=[late])
    with pytest.raises(GraphError, match=late):
        asked(("t", "m"), ("m", "y"), ("t", "c"), design={"kind": "randomised", "strata": [late]})


@pytest.mark.parametrize("edge", [("ages", "t"), ("t", "Y"), ("x ", "t")])
def test_a_misspelt_column_never_becomes_a_hidden_cause(edge: tuple[str, str]) -> None:
    with pytest.raises(GraphError, match="unmeasured"):
        asked(*CONFOUNDED, edge)


def test_cycles_and_loops_are_rejected() -> None:
    with pytest.raises(GraphError, match="circle"):
        asked(("t", "y"), ("y", "z"), ("z", "t"))
    with pytest.raises(GraphError, match="itself"):
        asked(("t", "t"))


@pytest.mark.parametrize("name", ["t", "y"])
def test_treatment_and_outcome_cannot_be_adjusted_for(name: str) -> None:
    with pytest.raises(QueryError, match=name):
        identify(parse_query({"treatment": "t", "outcome": "y", "adjust_for": [name]}), TABLE)


def test_without_graph_set_or_design_nothing_causal_is_said() -> None:
    for more in ({}, {"graph": {"edges": []}}, {"graph": {"edges": [["x", "y"]]}}):
        found = identify(parse_query({"treatment": "t", "outcome": "y"} | more), TABLE)
        assert isinstance(found, NotIdentified) and found.status == "needs_review"


def test_an_empty_set_is_the_askers_claim() -> None:
    found = identify(parse_query({"treatment": "t", "outcome": "y", "adjust_for": []}), TABLE)
    assert adjusts(found) == set() and isinstance(found, Estimand) and "your claim" in found.assumptions[0]


def test_the_answer_is_the_same_under_every_hash_seed() -> None:
    code = (
        "import json, numpy as np, pandas as pd, pyllm_causal as pc\n"
        "rng = np.random.default_rng(0); n = 300; X = rng.standard_normal((n, 6)); names = list('abcdef')\n"
        "d = pd.DataFrame(X, columns=names)\n"
        "d['t'] = (rng.random(n) < .5).astype(int); d['y'] = d.t + d.a + rng.standard_normal(n)\n"
        "e = [[c, 't'] for c in names] + [[c, 'y'] for c in names] + [['t', 'y'], ['a', 'b']]\n"
        "a = pc.analyse({'treatment': 't', 'outcome': 'y', 'graph': {'edges': e}}, d).model_dump(mode='json')\n"
        "a['provenance'].pop('seconds'); print(json.dumps(a))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_three_hundred_columns_are_identified_quickly() -> None:
    import time

    rng = np.random.default_rng(1)
    names = [f"v{i}" for i in range(300)]
    data = pd.DataFrame(rng.standard_normal((50, 300)), columns=names)
    data = data.assign(t=rng.integers(0, 2, 50), y=rng.standard_normal(50))
    edges = [[a, b] for i, a in enumerate(names) for b in names[i + 1 : i + 4]]
    edges += [[n, "t"] for n in names[::7]] + [[n, "y"] for n in names[::5]] + [["t", "y"]]
    table = pc.Table.read(data)
    query = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": edges}})
    identify(parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": [["t", "y"]]}}), table)  # imports
    start = time.process_time()
    assert isinstance(identify(query, table), Estimand)
    assert time.process_time() - start < 3


def test_errors_are_of_the_tree() -> None:
    with pytest.raises(CausalError):
        pc.analyse({"treatment": "nope", "outcome": "y"}, TABLE)
