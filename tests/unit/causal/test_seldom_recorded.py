"""A shared cause with many gaps, left out of a drafted picture, must not make a silent wrong answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Answer
from pyllm_causal.pipeline import analyse

GRAPH = {
    "edges": [
        {"cause": c, "effect": e, "source": "data"} for c, e in (("age", "pill"), ("age", "pain"), ("pill", "pain"))
    ]
}


def table(seed: int, gaps: float, drives: float = 2.0, yes_no: bool = False) -> pd.DataFrame:
    """The pill does nothing; smoking drives pill and pain (`drives` times), and is recorded in some rows only."""
    rng = np.random.default_rng(seed)
    n = 2000
    smoker = (rng.random(n) < 0.5).astype(float)
    pill = (rng.random(n) < 0.25 + 0.5 * smoker).astype(int)
    line = drives * (smoker - 0.5)
    pain = (rng.random(n) < 1 / (1 + np.exp(-line))).astype(int) if yes_no else (line + rng.normal(size=n))
    smoker[rng.random(n) < gaps] = np.nan
    return pd.DataFrame({"age": rng.integers(20, 70, n), "smoker": smoker, "pill": pill, "pain": pain})


def asked(frame: pd.DataFrame, source: str = "data", describe: str | None = None) -> Answer:
    query = {"treatment": "pill", "outcome": "pain", "graph": GRAPH, "sources": {"graph": source}}
    return analyse(query, frame, workers=1, simulations=20, describe=describe)


def warned(answer: Answer) -> bool:
    return any(d.name == "seldom_recorded" for d in answer.diagnostics)


@pytest.mark.parametrize("yes_no", [False, True])
@pytest.mark.parametrize("gaps", [0.3, 0.6])
def test_a_shared_cause_with_gaps_is_named_and_nothing_is_claimed(gaps: float, yes_no: bool) -> None:
    found = asked(table(1, gaps, yes_no=yes_no))
    assert found.effect is not None and found.effect.low is not None and found.effect.low > 0.05  # wrong: it is nothing
    told = next(d for d in found.diagnostics if d.name == "seldom_recorded")
    assert told.figures["column"] == "smoker" and abs(float(told.figures["with"] or 0)) < 0.35 * float(
        told.figures["without"] or 0
    )
    assert found.certainty is not None and found.certainty.level == "very_low"
    assert "smoker is recorded in" in found.text and found.headline.startswith("We can't tell")


def test_a_column_with_gaps_that_changes_nothing_is_not_named() -> None:
    """25 tables in which the column drives the treatment alone: no more than one warning by chance."""
    assert sum(warned(asked(table(seed, 0.4, drives=0.0))) for seed in range(25)) <= 1


def test_nothing_is_said_of_a_persons_picture_or_of_what_came_later() -> None:
    frame = table(2, 0.3)
    assert warned(asked(frame))
    assert not warned(asked(frame, source="you"))
    assert not warned(asked(frame, describe="smoker: smokes at the follow-up, six months after the treatment"))
    assert not warned(asked(frame.drop(columns="smoker")))
