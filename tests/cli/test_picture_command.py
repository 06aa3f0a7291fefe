"""`pyllm-causal graph check` with what is contested, `graph apply`, and `graph robustness`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Contested
from pyllm_causal.graph_formats import load
from pyllm_causal.report.picture import contested_lines, how_to_change
from tests.cli.terminal import query_file, run, table_file

ROOT = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    n = 1500
    c = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-2 * c))).astype(int)
    columns = {"c": c.round(4).tolist(), "t": t.tolist(), "y": (t - 2 * c + rng.normal(size=n)).round(4).tolist()}
    return table_file(tmp_path_factory.mktemp("picture"), columns)


def graph_file(folder: Path, edges: list[Any], **more: Any) -> Path:
    path = folder / "g.json"
    roles = {"exposure": ["t"], "outcome": ["y"]}
    document = {"format": "pyllm-causal graph", "version": 1, "roles": roles, "columns": ["c", "t", "y"]}
    path.write_text(json.dumps(document | {"graph": {"edges": edges}} | more), encoding="utf-8")
    return path


def test_check_shows_what_can_be_done_and_apply_does_it(table: Path, tmp_path: Path) -> None:
    path = graph_file(tmp_path, [["c", "y"], ["t", "y"]])
    assert run("graph", "sign", path, "--by", "Ann").code == 0
    done = run("graph", "check", path, "--data", table)
    assert done.code == 2
    flat = " ".join(done.out.split())
    assert "The picture draws no link between c and t" in flat and "--add c:t" in flat and "leave it" in flat
    (command,) = (line for line in done.out.splitlines() if "graph apply" in line)
    words = shlex.split(command.partition("pyllm-causal ")[2])
    words[-1] = str(tmp_path / words[-1])
    assert run(*words).code == 0 and "c:t" in words
    assert ("c", "t") in load(tmp_path / "changed.json").graph.pairs()
    document = run("graph", "check", path, "--data", table, "--json").document
    record = document["verdict"]["contested"][0]
    assert record["about"] == "missing arrow" and {record["cause"], record["effect"]} == {"c", "t"}
    done = run("graph", "apply", path, "--add", "c:t")
    assert done.code == 0 and "+ c ──▶ t" in done.out and "signature of Ann no longer holds" in done.err
    assert load(path).graph.signed_by is None and ("c", "t") in load(path).graph.pairs()
    done = run("graph", "check", path, "--data", table)
    assert done.code == 0 and "draws no link" not in done.out


def test_what_is_not_shown_at_length_is_named_or_counted() -> None:
    records = [
        Contested(
            cause=f"c{i}", effect="it's", about="arrow", sentence=f"Sentence {i}.", choices=("accept", "drop"),
            evidence="links", matters=i < 2,
        )
        for i in range(7)
    ]  # fmt: skip
    lines = " ".join(" ".join(contested_lines(records, more=3)).split())
    assert lines.count("You can") == 5 and "Sentence 5" not in lines
    assert "5 more places like that, on which the answer does not rest: c5 and it's, c6 and it's, …." in lines
    assert "more places" not in " ".join(contested_lines(records[:5]))
    assert """--drop 'c0:it'"'"'s'""" in lines
    assert how_to_change(records, "g.json").startswith("To change the picture: pyllm-causal graph apply g.json --drop ")
    assert how_to_change((), "g.json") == ""


def test_apply_flips_drops_and_writes_elsewhere(tmp_path: Path) -> None:
    path = graph_file(tmp_path, [["c", "t"], ["c", "y"], ["t", "y"]])
    before = path.read_bytes()
    done = run("graph", "apply", path, "--flip", "c:t", "--drop", "c -> y", "-o", tmp_path / "new.json")
    assert done.code == 0 and path.read_bytes() == before
    assert sorted(load(tmp_path / "new.json").graph.pairs()) == [("t", "c"), ("t", "y")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Nothing is to be changed"),
        (["--flip", "y:c"], "is not in the picture"),
        (["--add", "c:t"], "is in the picture already"),
        (["--add", "y:c"], "circle"),
        (["--drop", "c"], "names no two columns"),
        (["--add", "c:\x1b[31mz"], "names no two columns"),
    ],
)
def test_apply_refuses_what_cannot_be(arguments: list[str], said: str, tmp_path: Path) -> None:
    path = graph_file(tmp_path, [["c", "t"], ["c", "y"], ["t", "y"]])
    before = path.read_bytes()
    done = run("graph", "apply", path, *arguments)
    assert done.code == 2 and said in done.err and "\x1b" not in done.err
    assert path.read_bytes() == before


def test_a_name_with_a_colon_is_understood(tmp_path: Path) -> None:
    path = graph_file(tmp_path, [["c:1", "t"], ["t", "y"]])
    assert run("graph", "apply", path, "--flip", "c:1:t").code == 0
    assert ("t", "c:1") in load(path).graph.pairs()


def test_robustness_lists_other_pictures(table: Path, tmp_path: Path) -> None:
    edges = [{"cause": "c", "effect": "t", "confidence": "likely"}, ["c", "y"], ["t", "y"]]
    query = query_file(tmp_path, {"treatment": "t", "outcome": "y", "graph": {"edges": edges}})
    done = run("graph", "robustness", query, "--data", table)
    flat = " ".join(done.out.split())
    assert done.code == 0 and "As drawn: " in flat and "✗ If c is caused by t, not the other way round:" in flat
    assert "turns the answer round" in flat
    document = run("graph", "robustness", query, "--data", table, "--json").document
    assert document["pictures"]["kept"] == 0 and document["pictures"]["of"] == 1
    assert run("graph", "robustness", query, "--data", table, "--graph", tmp_path / "no.json").code == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [("nhefs_weight", "nhefs.csv"), ("card_wage", "close_college.csv"), ("lalonde_earnings", "nsw.csv")],
)
def test_the_shipped_pictures_answer(name: str, data: str) -> None:
    done = run("graph", "robustness", ROOT / "graphs" / f"{name}.json", "--data", ROOT / "data" / data)
    assert (
        done.code == 0 and "The answer under other pictures of causes" in done.out and "plausible picture" in done.out
    )
