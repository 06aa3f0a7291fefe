"""The answer to "what causes what?": known pictures, hostile tables, limits, and the same answer whatever the workers."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal.analysis import Answer
from pyllm_causal.errors import QueryError, UnknownColumn
from pyllm_causal.pipeline import analyse


def clinic(rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """age → dose ← weight, dose → relief: every arrow is told by independences; and columns that are no use."""
    rng = np.random.default_rng(seed)
    age, weight = rng.normal(50, 10, rows), rng.normal(70, 12, rows)
    dose = 0.7 * (age - 50) / 10 + 0.7 * (weight - 70) / 12 + rng.normal(size=rows)
    relief = 0.9 * dose + rng.normal(size=rows)
    return pd.DataFrame({
        "patient_id": np.arange(rows) + 1000, "age": age, "weight": weight, "dose": dose, "relief": relief,
        "relief_pct": 100 * relief, "site": "north", "seen": pd.date_range("2020-01-01", periods=rows).astype(str),
        "note": [f"patient number {i} was seen on a day and said a few words about it" for i in range(rows)],
    })  # fmt: skip


def ask(
    frame: pd.DataFrame, simulations: int | None = 20, workers: int | None = 1, seed: int = 0, **fields: Any
) -> Answer:
    return analyse({"kind": "discovery"} | fields, frame, simulations=simulations, workers=workers, seed=seed)


def marks(answer: Answer) -> dict[tuple[str, str], str]:
    return {(e["cause"], e["effect"]): e["mark"] for e in answer.edges or ()}


def told(answer: Answer, name: str) -> Any:
    return next(d for d in answer.diagnostics if d.name == name)


TRUTH = {("age", "dose"): "→", ("weight", "dose"): "→", ("dose", "relief"): "→"}


def test_a_known_picture() -> None:
    answer = ask(clinic())
    assert answer.status == "answered" and answer.exit_code == 0
    assert marks(answer) == TRUTH
    assert answer.graph is not None and {(e.cause, e.effect, e.source) for e in answer.graph.edges} == {
        (*p, "data") for p in TRUTH
    }
    for edge in answer.edges or ():
        assert edge["resamples"] == 20 and edge["frequency"] > 0.8 and edge["direction_frequency"] > 0.8
        assert edge["evidence"]["strength"] > 0.3 and edge["source"] == "data"
        assert f"seen in {edge['times']} of 20 resamples" in edge["sentence"]
    assert answer.certainty is not None and answer.certainty.level in ("low", "very_low")
    assert "draft to criticise" in " ".join(answer.text.split()) and "hidden" in answer.text
    assert set(told(answer, "set_aside").figures["columns"]) == {"patient_id", "relief_pct", "site", "seen", "note"}
    assert "relief_pct (it says the same as relief)" in " ".join(answer.text.split())


def test_a_chain_gets_no_invented_direction() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=900)
    b = a + rng.normal(size=900)
    answer = ask(pd.DataFrame({"a": a, "b": b, "c": b + rng.normal(size=900)}))
    assert marks(answer) == {("a", "b"): "—", ("b", "c"): "—"}
    assert answer.graph is not None and not answer.graph.edges
    assert "the direction of none" in answer.headline and "cannot tell which" in answer.text


def test_with_an_outcome_its_causes_come_first() -> None:
    answer = ask(clinic(), outcome="relief")
    assert answer.headline == "dose may affect relief directly."
    assert answer.text.index("What may affect relief") < answer.text.index("The other links")
    assert "What relief may affect" not in answer.text
    assert (
        "dose" in ask(clinic(), outcome="age").text
        and "it may itself affect dose" in ask(clinic(), outcome="age").headline
    )


def test_nothing_linked_is_said() -> None:
    rng = np.random.default_rng(0)
    answer = ask(pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd")))
    assert answer.edges == () and answer.headline.startswith("No two of these 4 columns")
    assert answer.certainty is not None and answer.certainty.level == "very_low"


def test_mixed_kinds_and_a_category() -> None:
    rng = np.random.default_rng(5)
    town = rng.choice(["north", "south", "west"], 1_500)
    sport = rng.random(1_500) < np.where(town == "north", 0.7, 0.3)
    pulse = 70 - 6 * sport + 4 * (rng.random(1_500) < 0.5) + rng.normal(0, 4, 1_500)
    frame = pd.DataFrame({"town": town, "sport": np.where(sport, "yes", "no"), "pulse": pulse})
    found = ask(frame)
    assert {frozenset(pair) for pair in marks(found)} == {frozenset(("town", "sport")), frozenset(("sport", "pulse"))}


def test_the_same_seed_and_any_workers_give_the_same_answer() -> None:
    frame = clinic(80)
    one, two, other = ask(frame, workers=1), ask(frame, workers=2), ask(frame, seed=7)
    assert one.edges == two.edges and one.text == two.text and one.graph == two.graph
    assert one.edges != other.edges


def test_a_limit_is_held_and_marked() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(2_000, 40)) @ rng.normal(size=(40, 40)), columns=[f"m{i}" for i in range(40)])
    began = time.monotonic()
    answer = ask(frame, None, time_limit=1.0)
    assert time.monotonic() - began < 4.0
    assert answer.status == "answered" and answer.edges and answer.provenance["partial"] is True
    assert told(answer, "time_limit").status == "warning" and told(answer, "time_limit").figures["reached"] is True
    assert "the time limit of 1 s was reached" in " ".join(answer.text.split())
    assert answer.certainty is not None and answer.certainty.level == "very_low"


def test_ctrl_c_returns_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyllm_causal.causal.discovery import stability

    calls, real = 0, stability.search

    def interrupted(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 13:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(stability, "search", interrupted)
    answer = ask(clinic(400))
    assert answer.status == "answered" and answer.provenance["partial"] is True
    assert told(answer, "resamples").figures == {"resamples": 12, "asked": 20}
    assert "you stopped me after 12 of 20 resamples" in " ".join(answer.text.split()).lower()


def test_ctrl_c_while_hidden_causes_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyllm_causal.causal.discovery.engines.hidden", interrupted)
    answer = ask(clinic(400))
    assert marks(answer) == TRUTH and answer.provenance["partial"] is True
    assert {e["hidden"] for e in answer.edges or ()} == {"unknown"}
    assert "you stopped me before hidden causes were looked for" in " ".join(answer.text.split()).lower()


def test_without_checks_nothing_is_repeated() -> None:
    answer = analyse({"kind": "discovery"}, clinic(300), checks=False)
    assert {e["frequency"] for e in answer.edges or ()} == {None}
    assert answer.certainty is not None and answer.certainty.level == "very_low"


def test_knowledge_is_obeyed_and_told() -> None:
    given = {
        "tiers": [["age", "weight"], ["dose", "relief"]],
        "forbidden": [["dose", "relief"]],
        "required": [["age", "relief"], ["note", "dose"]],
    }
    answer = ask(clinic(), knowledge=given)
    found = marks(answer)
    assert found[("age", "relief")] == "→" and found[("relief", "dose")] == "→"
    required = next(e for e in answer.edges or () if e["cause"] == "age" and e["effect"] == "relief")
    assert required["source"] == "you" and required["sentence"] == "age affects relief, as you say."
    broken = told(answer, "knowledge").figures["broken"]
    assert [(b["rule"], b["cause"], b["effect"]) for b in broken] == [("required", "note", "dose")]
    assert "note could not be looked at: it is free text" in " ".join(answer.text.split())


def test_a_persons_picture_is_held_against_the_data() -> None:
    graph = {"edges": [["age", "dose"], ["relief", "dose"], ["age", "relief"]]}
    text = " ".join(ask(clinic(), graph=graph).text.split())
    assert "age → dose: the data agree." in text
    assert "relief → dose: the data suggest the other way round." in text
    assert "age → relief: no direct link is seen in the data." in text


def test_rows_left_out_are_counted() -> None:
    frame = clinic(400)
    frame.loc[:150, "weight"] = np.nan
    frame["mostly_gone"] = np.where(np.arange(400) < 300, np.nan, 1.0 * np.arange(400))
    answer = ask(frame, where="age > 30")
    assert answer.sample is not None
    assert answer.sample.used + sum(d.rows for d in answer.sample.dropped) == 400
    assert [d.reason for d in answer.sample.dropped] == [
        "not age > 30",
        "a gap in one of the columns, most often in weight",
    ]
    assert "mostly_gone" in told(answer, "set_aside").figures["columns"]
    assert "rows have no gap" in answer.text


def test_a_column_that_follows_from_others_is_set_aside() -> None:
    frame = clinic(300)
    frame["total"] = 2 * frame["age"] - frame["weight"] + 3 * frame["dose"]
    answer = ask(frame)
    assert "total (it can be worked out from other columns)" in " ".join(answer.text.split())
    assert marks(answer).keys() == TRUTH.keys()


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame({"a": ["some text of many words that is free"] * 3 + [f"x{i} y z w v u" for i in range(60)]}), "Only 0 of the columns"),
        (pd.DataFrame({"a": [1.5, 2.5], "b": [2.0, 1.0]}), "Only 2 rows"),
        (pd.DataFrame({"a": np.arange(100.0) ** 2, "b": 1}), "Only 1 of the columns"),
        (pd.DataFrame({"a": np.random.default_rng(0).normal(size=100), "b": np.nan}), "Only 1 of the columns"),
        (pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=list("abc")), "Only 30 rows"),
    ],
)  # fmt: skip
def test_too_little_is_refused(frame: pd.DataFrame, says: str) -> None:
    answer = ask(frame)
    assert answer.status == "not_identified" and answer.exit_code == 3
    assert answer.why_not is not None and answer.why_not.startswith(says)
    assert answer.would_help and not answer.edges


def test_a_column_with_infinite_cells_is_set_aside() -> None:
    frame = clinic(400)
    frame.loc[3, "weight"] = np.inf
    assert "weight (it holds infinite values)" in " ".join(ask(frame).text.split())


def test_names_are_names() -> None:
    """Unicode, code, markup and terminal escapes are columns like any other, and cannot reach a terminal."""
    odd = ["__import__('os').system('x')", "größe → 重さ", "\x1b[31mred", "<b>bold</b>"]
    frame = clinic().rename(columns=dict(zip(["age", "weight", "dose", "relief"], odd, strict=True)))
    answer = ask(frame)
    assert len(answer.edges or ()) == 3
    assert "\x1b" not in answer.text and "__import__" in answer.text


def test_two_columns_and_one_outlier() -> None:
    rng = np.random.default_rng(2)
    a = rng.normal(size=300)
    b = rng.normal(size=300)
    a[0] = b[0] = 1e6  # without ranks this one row would be a link
    assert ask(pd.DataFrame({"a": a, "b": b})).edges == ()


def test_the_outcome_is_kept_of_two_copies() -> None:
    answer = ask(clinic(), outcome="relief_pct")
    assert answer.headline == "dose may affect relief_pct directly."
    assert "relief (it says the same as relief_pct)" in " ".join(answer.text.split())


def test_an_outcome_that_cannot_be_looked_at_is_refused() -> None:
    answer = ask(clinic(), outcome="note")
    assert answer.status == "not_identified" and "note cannot be looked at: it is free text" in str(answer.why_not)


def test_chosen_columns_and_ids_that_are_asked_for() -> None:
    answer = ask(clinic(), columns=["age", "dose", "patient_id"])
    assert marks(answer).keys() == {("age", "dose")}
    assert not any(d.name == "set_aside" for d in answer.diagnostics)


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"columns": ["age", "does"]}, UnknownColumn, "does"),
        ({"knowledge": {"required": [["age", "does"]]}}, UnknownColumn, "does"),
        ({"treatment": "age"}, QueryError, "`treatment` has no use"),
        ({"outcome": "dose", "columns": ["age", "weight"]}, QueryError, "not among `columns`"),
        ({"where": "age > 1000"}, QueryError, "No row fits"),
        ({"design": {"kind": "randomised"}}, QueryError, "design has no use"),
        ({"missing": "impute"}, QueryError, "impute"),
    ],
)
def test_what_has_no_use_is_an_error(fields: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ask(clinic(100), **fields)


def test_asked_in_words_without_a_model() -> None:
    answer = pc.ask("What causes what in this table?", clinic(300), simulations=20)
    assert answer.status == "answered" and answer.provenance["query"]["kind"] == "discovery"
    assert {frozenset(p) for p in marks(answer)} >= {frozenset(("dose", "relief"))}
    about = pc.ask("What causes what in this table?", clinic(300), simulations=20, outcome="relief")
    assert about.provenance["query"]["outcome"] == "relief" and "dose may affect relief" in about.headline


def test_rows_of_one_unit_are_told() -> None:
    frame = clinic(300)
    frame["patient_id"] = np.arange(300) // 3 + 1000
    assert "Several rows have the same patient_id" in " ".join(ask(frame).text.split())
    assert "Several rows" not in ask(clinic(300)).text


def test_the_answer_is_a_picture_that_the_graph_commands_read() -> None:
    from pyllm_causal.graph_formats import parse

    answer = ask(clinic())
    assert parse(answer.model_dump_json()).graph == answer.graph


def test_a_method_by_name() -> None:
    answer = ask(clinic(), method="pc")
    assert answer.method == "pc" and marks(answer) == TRUTH
    assert "You asked for the PC algorithm" in " ".join(answer.text.split())


def test_hidden_causes_are_spoken_of() -> None:
    answer = ask(clinic())
    assert {(e["cause"], e["effect"]): e["hidden"] for e in answer.edges or ()} == {
        ("age", "dose"): "possible",
        ("weight", "dose"): "possible",
        ("dose", "relief"): "not_alone",
    }
    assert "Only dose → relief would not be due to that alone" in " ".join(answer.text.split())
    rng = np.random.default_rng(3)
    z, w, h = rng.normal(size=(3, 3_000))
    x, y = z + h + 0.5 * rng.normal(size=3_000), w + h + 0.5 * rng.normal(size=3_000)
    confounded = ask(pd.DataFrame({"z": z, "x": x, "y": y, "w": w}))
    assert marks(confounded)[("x", "y")] == "↔"
    assert confounded.graph is not None and ("x", "y") not in {(e.cause, e.effect) for e in confounded.graph.edges}
    assert "perhaps only because something that is not in the table causes both" in " ".join(confounded.text.split())
