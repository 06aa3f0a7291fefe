"""A graph alone: where no adjustment will do, its own front door or instruments are used, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal.errors import QueryError

HIDDEN = [{"name": "luck", "affects": ["t", "y"]}]


def world(seed: int = 0, n: int = 4000) -> pd.DataFrame:
    """Effect of t on y: 3 through m; z moves t, and w drives both z and y."""
    rng = np.random.default_rng(seed)
    u, w = rng.standard_normal((2, n))
    z = w + rng.standard_normal(n)
    t = z + u + rng.standard_normal(n)
    m = 1.5 * t + rng.standard_normal(n)
    return pd.DataFrame({"w": w, "z": z, "t": t, "m": m, "y": 2 * m + 2 * u + w + rng.standard_normal(n)})


def asked(*edges: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"treatment": "t", "outcome": "y", "graph": {"edges": edges, "unmeasured": HIDDEN}, **more}


def test_a_front_door_is_found() -> None:
    answer = pc.analyse(asked(("t", "m"), ("m", "y"), ("w", "y")), world())
    assert answer.estimand is not None and answer.estimand.strategy == "front_door"
    assert answer.effect is not None and answer.effect.std_error is not None
    assert abs(answer.effect.value - 3) < 4 * answer.effect.std_error < 0.5


def test_a_conditional_instrument_is_found() -> None:
    answer = pc.analyse(asked(("z", "t"), ("w", "z"), ("w", "y"), ("t", "y")), world())
    assert answer.estimand is not None and answer.estimand.strategy == "instrument"
    assert answer.estimand.adjust_for == ("w",)
    assert answer.effect is not None and answer.effect.std_error is not None
    assert abs(answer.effect.value - 3) < 4 * answer.effect.std_error < 1
    assert answer.provenance["query"]["design"] == {"kind": "instrument", "instruments": ["z"]}


def test_who_drew_the_graph_claims_the_design() -> None:
    edges = (("z", "t"), ("w", "z"), ("w", "y"), ("t", "y"))
    mine = pc.analyse(asked(*edges), world()).certainty
    drafted = pc.analyse(asked(*edges, sources={"graph": "data"}), world()).certainty
    assert mine is not None and drafted is not None
    assert (mine.level, drafted.level) == ("moderate", "low")


def test_compliers_come_by_the_instrument_even_where_adjustment_would_do() -> None:
    edges = (("z", "t"), ("w", "z"), ("w", "y"), ("t", "y"))
    query = {"treatment": "t", "outcome": "y", "graph": {"edges": edges}, "target": "compliers"}
    answer = pc.analyse(query, world())
    assert answer.estimand is not None and answer.estimand.strategy == "instrument"


def test_compliers_without_an_instrument_are_an_error() -> None:
    query = {
        "treatment": "t",
        "outcome": "y",
        "graph": {"edges": [["w", "t"], ["w", "y"], ["t", "y"]]},
        "target": "compliers",
    }
    with pytest.raises(QueryError, match="instrument"):
        pc.analyse(query, world())


def test_without_either_it_is_refused_with_bounds_and_the_experiment_that_would_settle_it() -> None:
    data = world()
    data["t"] = (data["t"] > 0).astype(int)
    answer = pc.analyse(asked(("t", "y"), ("w", "t"), ("w", "y")), data)
    assert answer.status == "not_identified" and answer.exit_code == 3
    assert answer.bounds is not None and answer.bounds.low < 0 < answer.bounds.high
    (likely,) = answer.bounds.narrower
    assert (
        "no more than w" in likely.assumptions[0] and answer.bounds.low < likely.low < likely.high < answer.bounds.high
    )
    assert answer.experiment is not None
    # a tenth of a standard deviation, rounded: about 2·(2.8/0.1)² rows a group (Lehr's rule), for any outcome
    share = answer.experiment["matters"] / answer.experiment["spread"]
    assert 0.09 < share < 0.11
    assert answer.experiment["rows_per_arm"] == pytest.approx(2 * (1.96 + 0.84) ** 2 / share**2, rel=0.01)
    assert "The experiment that would settle it" in answer.text


def test_a_yes_no_outcome_gets_one_sided_bounds() -> None:
    data = world()
    data["t"], data["y"] = (data["t"] > 0).astype(int), (data["y"] > 0).astype(int)
    answer = pc.analyse(asked(("t", "y")), data)
    assert answer.bounds is not None
    assert answer.bounds.high - answer.bounds.low == pytest.approx(1)  # Manski 1990
    never_lower, never_higher = answer.bounds.narrower
    assert (never_lower.low, never_lower.high) == (0, pytest.approx(answer.bounds.high))
    assert (never_higher.low, never_higher.high) == (pytest.approx(answer.bounds.low), 0)
