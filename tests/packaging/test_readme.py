"""The README shows what the command prints."""

from __future__ import annotations

from pathlib import Path

import pyllm_causal

ROOT = Path(__file__).parents[2]


def test_the_answer_in_the_readme_is_the_one_that_is_printed() -> None:
    data = ROOT / "fixtures" / "data"
    answer = pyllm_causal.ask(
        "Does quitting smoking make people gain weight?",
        data / "nhefs.csv",
        describe=(data / "nhefs.describe.txt").read_text(encoding="utf-8"),
        replay=ROOT / "fixtures" / "recordings" / "nhefs_weight",
    )
    assert str(answer) in (ROOT / "README.md").read_text(encoding="utf-8")
    assert answer.effect is not None and answer.effect.low is not None
    assert 3.0 <= answer.effect.value <= 3.7 and answer.effect.low > 0
