"""What a person says by hand is taken as said, and where it cannot be, that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.terminal import run, table_file


def tar(folder: Path) -> str:
    """A front door: something hidden drives smoking and damage; all of the effect, 2 × 1.5, passes through tar."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=2000)
    smoking = (rng.random(2000) < 1 / (1 + np.exp(-hidden))).astype(int)
    through = 2 * smoking + rng.normal(size=2000)
    damage = 1.5 * through + 2 * hidden + rng.normal(size=2000)
    return str(table_file(folder, {"smoking": smoking.tolist(), "tar": through.tolist(), "damage": damage.tolist()}))


def test_a_front_door_said_by_hand_is_not_contradicted_by_a_drafted_picture(tmp_path: Path) -> None:
    asked = ("ask", "Does smoking raise damage?", "--data", tar(tmp_path), "--simulations", "20", "--json")
    found = run(*asked, "--design", "front_door", "--mediator", "tar")
    assert found.code == 0, found.err
    effect = found.document["effect"]
    assert abs(effect["value"] - 3) < 3 * effect["std_error"] and found.document["estimand"]["strategy"] == "front_door"


def test_holding_fixed_has_no_place_in_what_goes_together(tmp_path: Path) -> None:
    asked = ("ask", "Is smoking correlated with damage?", "--data", tar(tmp_path))
    found = run(*asked, "--adjust-for", "tar")
    assert found.code == 2 and "nothing is held fixed" in found.err and "--kind effect" in found.err
    assert run(*asked).code == 0


def test_a_drafted_picture_is_not_called_yours(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {"drug": [0, 1] * 100, "result": rng.normal(size=200).tolist(), "age": rng.normal(size=200).tolist()}
    table = str(table_file(tmp_path, columns))
    asked = ("ask", "Does drug change result?", "--data", table, "--selected-on", "result")
    found = run(*asked)
    assert found.code == 3 and "our graph" not in found.out and "our picture" not in found.out, found.out


def test_a_list_of_ones_own_says_what_it_takes_for_granted(tmp_path: Path) -> None:
    found = run(
        "ask", "Does smoking raise damage?", "--data", tar(tmp_path), "--adjust-for", "tar", "--simulations", "20"
    )
    assert "had smoking changed it, part of the effect would be hidden" in " ".join(found.out.split())


def test_no_script_of_a_fitted_picture_and_why(tmp_path: Path) -> None:
    table = tar(tmp_path)
    picture = tmp_path / "p.dagitty"
    picture.write_text("dag { smoking -> tar -> damage }", encoding="utf-8")
    found = run("ask", "What drives damage?", "--data", table, "--graph", str(picture), "--json")
    assert found.code == 0, found.err
    answer = tmp_path / "answer.json"
    answer.write_text(found.out, encoding="utf-8")
    script = run("export", "script", str(answer), "--data", table)
    assert script.code == 2 and "no script of their own" in script.err and "rerun" in script.err


def test_a_column_that_the_picture_leaves_out_is_named(tmp_path: Path) -> None:
    picture = tmp_path / "p.dagitty"
    picture.write_text("dag { tar -> damage }", encoding="utf-8")
    found = run("ask", "What drives damage?", "--data", tar(tmp_path), "--graph", str(picture))
    assert found.code == 0 and "the table has smoking, of which the picture says nothing" in " ".join(found.out.split())


def test_places_with_too_few_rows_are_the_reason_given(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    columns = {name: rng.normal(size=200).tolist() for name in ("a", "b")} | {
        "site": [f"place {i}" for i in range(200)]
    }
    found = run("ask", "What causes what?", "--data", str(table_file(tmp_path, columns)), "--environment", "site")
    said = " ".join(found.out.split())
    assert found.code == 3 and "of 200 rows belong to a value of site" in said and "have no gap" not in said
