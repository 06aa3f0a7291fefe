"""Every registered method has a script that repeats its answer to six digits, or a reason why it has none."""

from __future__ import annotations

import ast
import json
import runpy
import sys
from pathlib import Path

import pytest
from export_worlds import WORLDS, World

from pyllm_causal import analyse
from pyllm_causal.analysis import Answer
from pyllm_causal.causal.designs import every
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.export import script
from pyllm_causal.export.parts.run import alike, flat
from pyllm_causal.export.recipe import COMMON, WITHOUT

PUBLIC = {"numpy", "pandas", "scipy", "statsmodels", "linearmodels", "sklearn", "threadpoolctl"}


def run_here(
    path: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, float]:
    """What a script prints, run in this process: quick, for imports are done. `test_alone.py` runs one by itself."""
    monkeypatch.setattr(sys, "argv", [str(path), str(table), "--json"])
    runpy.run_path(str(path), run_name="__main__")
    found: dict[str, float] = json.loads(capsys.readouterr().out)
    return found


def imported(text: str) -> set[str]:
    """The packages that a script imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
def test_the_script_repeats_the_answer(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.csv"
    world.make().to_csv(table, index=False)
    answer = analyse({**world.query, "method": world.method}, table, checks=False, seed=3)
    assert answer.method == world.method
    effect = answer.effect
    assert effect is not None and effect.low is not None and effect.high is not None
    text = script(answer, table)
    (tmp_path / "repeat.py").write_text(text, encoding="utf-8")
    found = run_here(tmp_path / "repeat.py", table, capsys, monkeypatch)
    figures = dict(flat(found))
    assert all(alike(figures[k], getattr(effect, k)) for k in ("value", "low", "high")), (found, effect)
    for part in ("direct", "indirect"):
        if hasattr(effect, part):
            assert alike(figures[f"{part} low"], getattr(effect, part).low)
    for group in getattr(effect, "groups", ()):
        assert alike(figures[f"{group.group} value"], group.value)
        assert alike(figures["difference high"], effect.difference_between_groups.high)
    # the effect that was built in, within three times the margin (that of six placebos is no 95 %)
    assert abs(found["value"] - world.truth) <= 1.5 * (found["high"] - found["low"]), (found, world.truth)
    assert imported(text) <= PUBLIC | set(sys.stdlib_module_names)
    assert not (Path.cwd() / "hacked").exists()


def test_every_method_is_here_or_has_a_reason() -> None:
    methods = {*REGISTRY, *(m for d in every() for m in d.methods)}
    written = {w.method for w in WORLDS}
    assert methods - written <= set(WITHOUT) and not written & set(WITHOUT), (
        "a new method needs a world in export_worlds.py, or a reason in recipe.WITHOUT"
    )
    assert set(COMMON) == set(REGISTRY)
    assert all(len(reason) > 20 for reason in WITHOUT.values())


def test_a_table_of_another_seed_is_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = next(w for w in WORLDS if w.name == "means")
    table = tmp_path / "table.csv"
    frame = world.make()
    frame.to_csv(table, index=False)
    answer: Answer = analyse({**world.query}, table, checks=False)
    (tmp_path / "repeat.py").write_text(script(answer, table), encoding="utf-8")
    frame["y"] = frame["y"] + frame["t"]
    frame.to_csv(table, index=False)
    with pytest.raises(SystemExit, match="not what the answer says"):
        run_here(tmp_path / "repeat.py", table, capsys, monkeypatch)
    frame.iloc[:-1].to_csv(table, index=False)
    with pytest.raises(SystemExit, match="rows"):
        run_here(tmp_path / "repeat.py", table, capsys, monkeypatch)
