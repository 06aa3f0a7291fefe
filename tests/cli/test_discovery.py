"""`ask "what causes what …"` end to end without a model, and the flags that say what is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyllm_causal.cli.flags import overrides
from pyllm_causal.errors import QueryError
from tests.cli.terminal import run


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    sun, rain = rng.normal(size=(2, 400))
    nectar = sun + rain + rng.normal(size=400)
    honey = nectar + rng.normal(size=400)
    path = tmp_path_factory.mktemp("hives") / "hives.csv"
    rows = [f"{a:.4f},{b:.4f},{c:.4f},{d:.4f}" for a, b, c, d in zip(sun, rain, nectar, honey, strict=True)]
    path.write_text("\n".join(["sun,rain,nectar,honey", *rows]))
    return path


ASKED = ("ask", "What causes what in these hives?", "--model", "none", "--simulations", "20")


def test_asked_in_words(table: Path) -> None:
    done = run(*ASKED, "--data", table)
    assert done.code == 0
    assert "nectar may affect honey" in done.out and "draft to criticise" in " ".join(done.out.split())


def test_with_everything_that_is_known(table: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_text(json.dumps({"forbidden": [["honey", "nectar"]]}))
    flags = ["--outcome", "honey", "--knowledge", file, "--tier", "sun, rain", "--tier", "nectar,honey"]
    flags += ["--require", "rain:honey", "--forbid", "sun:honey", "--time-limit", "30", "--json"]
    done = run(*ASKED, "--data", table, *flags)
    assert done.code == 0
    query = done.document["provenance"]["query"]
    assert query["knowledge"] == {
        "tiers": [["sun", "rain"], ["nectar", "honey"]],
        "required": [["rain", "honey"]],
        "forbidden": [["honey", "nectar"], ["sun", "honey"]],
    }
    assert query["time_limit"] == 30 and query["outcome"] == "honey"
    found = {(e["cause"], e["effect"]): e["source"] for e in done.document["edges"]}
    assert found[("rain", "honey")] == "you" and ("sun", "honey") not in found
    assert "rain and nectar may affect honey" in done.document["headline"] or "rain" in done.document["headline"]


def test_chosen_columns(table: Path) -> None:
    done = run(*ASKED, "--data", table, "--columns", "nectar", "--columns", "honey", "--json")
    assert [(e["cause"], e["effect"], e["mark"]) for e in done.document["edges"]] == [("nectar", "honey", "—")]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"require": ["rain"]}, "not a pair A:B"),
        ({"forbid": ["a:b:c"]}, "Names with a colon"),
        ({"forbid": [":b"]}, "not a pair A:B"),
        ({"knowledge": "/nowhere.json"}, "no file"),
        ({"time_limit": "soon"}, "not a number"),
    ],
)
def test_what_cannot_be_read_is_said(flags: dict[str, object], says: str) -> None:
    with pytest.raises(QueryError) as caught:
        overrides(flags)
    assert says in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("text", ["[]", "{", '{"tiers": 3}', '{"other": []}', "[" * 2000, '{"required": [["a"]]}'])
def test_a_file_that_holds_something_else(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(QueryError, match="form that is needed"):
        overrides({"knowledge": str(file)})


def test_tiers_are_given_once(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_text('{"tiers": [["a"], ["b"]]}')
    with pytest.raises(QueryError, match="given twice"):
        overrides({"knowledge": str(file), "tier": ["a", "b"]})
