"""Our choice of a search beside causal-learn's PC, GES, FCI and BOSS on simulated tables, and the time limits.

`python -m benchmarks.discovery [--quick] [--limits] [--part]` prints the page docs/discovery_benchmark.md and one JSON line; exit 1
when a goal is missed. The peers' runs are kept in `.bench_discovery/` (`discovery_peers`) and ours with the code that made them, so
that it can be stopped and taken up again, and nothing of the peers is run anew when our rule changes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import discovery_peers as peers
from benchmarks.discovery_worlds import KINDS, NETWORKS, RECIPES, ROWS, SEEDS, World, world
from pyllm_causal.whole_file import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

SEARCH = Path(__file__).resolve().parents[1] / "pyllm_causal" / "causal" / "discovery"
NEAR = 2.0  # SHD of the best of the peers, or …
SHARE = 0.10  # … this part of it
ROWS_NEAR = 0.80
LIMITS = ((50, 60.0), (100, 180.0))  # columns, seconds
LIMIT_ROWS, RESAMPLES = 10_000, 25


@dataclass(frozen=True)
class Mark:
    """How far one result is from the truth. shd: pairs of columns whose link differs; f1: of links whatever their direction."""

    shd: int
    f1: float
    seconds: float


def truth(w: World) -> dict[tuple[int, int], str]:
    """The links of the class of graphs that data cannot tell from the true one."""
    from pyllm_causal.causal.discovery.marks import equivalence_class

    return {one.pair: one.sign for one in equivalence_class(w.arrows)}


def held(links: peers.Marks) -> dict[tuple[int, int], str]:
    """Links as a class of graphs: a circle, which FCI puts where either may be, counts as a tail; two arrows stay what they are."""
    from pyllm_causal.causal.discovery.marks import Link
    from pyllm_causal.causal.discovery.marks import Mark as End

    def end(mark: str) -> End:
        return "arrow" if mark == "arrow" else "tail"

    return {(a, b): Link(a, b, end(at_a), end(at_b)).sign for a, b, at_a, at_b in links}


def mark(found: dict[tuple[int, int], str], right: dict[tuple[int, int], str], seconds: float) -> Mark:
    """One result against the truth."""
    shd = sum(found.get(pair) != right.get(pair) for pair in {*found, *right})
    both = len(found.keys() & right.keys())
    return Mark(shd, 2 * both / max(len(found) + len(right), 1), seconds)


def ours(w: World) -> dict[str, Any]:
    """Our search on one table, as a question of kind `discovery` runs it, without the resamples."""
    import numpy as np
    import pandas as pd

    from pyllm_causal.causal.discovery.columns import ready
    from pyllm_causal.causal.discovery.knowledge import known
    from pyllm_causal.causal.discovery.marks import from_arrows
    from pyllm_causal.causal.discovery.rule import chosen
    from pyllm_causal.causal.discovery.search import drawn
    from pyllm_causal.data import Table
    from pyllm_causal.query import Query

    columns = {
        f"c{i}": v.astype("int64") if two else v for i, (v, two) in enumerate(zip(w.values.T, w.yes_no, strict=True))
    }
    table = Table.read(pd.DataFrame(columns))
    started = time.process_time()
    made = ready(Query(kind="discovery"), table, w.seed)
    if len(made.matrix.names) != len(columns):
        raise RuntimeError(f"columns set aside: {made.aside}")
    plan = chosen(made.matrix)
    rules = known(None, made.matrix.names, dict(made.aside))
    found = drawn(made.matrix, rules, plan.tries, np.random.default_rng([w.seed, 2]), every=plan.engine == "exact")
    seconds = time.process_time() - started
    links = [(one.a, one.b, one.at_a, one.at_b) for one in from_arrows(found.pattern)]
    claimed = [(int(a), int(b)) for a, b in np.argwhere(found.arrows & ~found.arrows.T)]
    right = sum(bool(w.arrows[a, b]) for a, b in claimed)
    return {"table": w.fingerprint, "links": links, "seconds": seconds, "directions": len(claimed), "right": right}


def code() -> str:
    """A fingerprint of the code of our search."""
    told = hashlib.sha256()
    for file in sorted(SEARCH.glob("*.py")):
        if file.stem not in ("environments", "mechanisms", "stability", "edges", "evidence"):
            told.update(file.read_bytes())
    return told.hexdigest()[:12]


def our_runs(seeds: int) -> dict[str, dict[str, Any]]:
    """Our run of every cell and seed, kept by code."""
    place = peers.KEPT / f"ours-{code()}.json"
    kept: dict[str, dict[str, Any]] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    peers.KEPT.mkdir(exist_ok=True)
    for seed in range(seeds):
        for network in NETWORKS:
            for kind in KINDS:
                name = f"{network}|{kind}|{seed}"
                if name not in kept:
                    kept[name] = ours(world(network, kind, seed))
                    print(f"{name}: ours {kept[name]['seconds']:.1f} s", file=sys.stderr, flush=True)
                    write_whole(place, json.dumps(kept))
    return kept


@dataclass(frozen=True)
class Row:
    """One network and kind of data: marks by method and seed; `over`: peers that were over the limit."""

    network: str
    kind: str
    marks: dict[str, dict[int, Mark]]
    over: tuple[str, ...]

    def mean(self, who: str, what: str, seeds: set[int] | None = None) -> float:
        told = [getattr(m, what) for s, m in self.marks[who].items() if seeds is None or s in seeds]
        return sum(told) / len(told)

    def behind(self, peer: str) -> float:
        """Mean SHD of ours less that of the peer, on the seeds that both finished."""
        shared = set(self.marks["ours"]) & set(self.marks[peer])
        return self.mean("ours", "shd", shared) - self.mean(peer, "shd", shared)

    @property
    def finished(self) -> list[str]:
        return [p for p in peers.PEERS if self.marks[p]]

    @property
    def no_worse_than_pc(self) -> bool:
        return "PC" not in self.finished or self.behind("PC") <= 1e-9

    @property
    def near_best(self) -> bool:
        return all(self.behind(p) <= max(NEAR, SHARE * self.mean(p, "shd")) + 1e-9 for p in self.finished)


def table(seeds: int) -> list[Row]:
    """Every row for which ours and at least one peer have been run."""
    mine, rows = our_runs(seeds), []
    for network in NETWORKS:
        for kind in KINDS:
            marks: dict[str, dict[int, Mark]] = {"ours": {}} | {p: {} for p in peers.PEERS}
            over = []
            kept = {p: peers.kept(p, network, kind) for p in peers.PEERS}
            for seed in range(seeds):
                w = world(network, kind, seed)
                right = truth(w)
                one = mine[f"{network}|{kind}|{seed}"]
                marks["ours"][seed] = mark(held(one["links"]), right, one["seconds"])
                for p in peers.PEERS:
                    its = kept[p].get(seed)
                    if its is None or its["table"] != w.fingerprint:
                        continue
                    if its["links"] is None:
                        over.append(p)
                    else:
                        marks[p][seed] = mark(held(its["links"]), right, its["seconds"])
            rows.append(Row(network, kind, marks, tuple(dict.fromkeys(over))))
    return rows


HEAD = """# What causes what: our search beside causal-learn's

Made by `make bench-discovery`; do not edit by hand.

Tables of {rows:,} rows are simulated from the arrows of five networks of the literature (`benchmarks/networks.py` names the papers)
and from random graphs with three links a node on average, {seeds} seeds each. Chances and weights are drawn anew for every seed:

{recipes}

Each cell: *structural Hamming distance* (pairs of columns whose link is missing, needless or has another direction than in the class
of graphs that data can tell apart; lower is better) · *F1 of the links* whatever their direction · *CPU seconds*. PC, GES, FCI and BOSS
are causal-learn {version}'s, run with their defaults: Fisher's z and BIC on numbers, chi-square and BDeu on yes/no columns, Fisher's z
and BIC on mixed ones, as a plain user would. FCI's circles count as tails, in its favour. Ours is what `kind: discovery` chooses,
without the resamples and without directions from the shape of the noise. A peer has {limit} CPU seconds a run; after two runs over
that its further seeds are not tried. *n* is the number of seeds that a method finished where it is not all;
comparisons are on the seeds that both finished.

Goals: never worse than plain PC, and in at least {near:.0%} of the rows within {within:g} of the best peer's distance, or {share:.0%} of it.

| network | data | ours | PC | GES | FCI | BOSS | not worse than PC | near the best |
|---|---|---|---|---|---|---|---|---|"""


def page(rows: list[Row], seeds: int) -> str:
    """The page in Markdown."""
    from importlib.metadata import version

    recipes = "\n".join(f"- *{kind}*: {told}." for kind, told in RECIPES.items())
    lines = [
        HEAD.format(
            rows=ROWS,
            seeds=seeds,
            recipes=recipes,
            version=version("causal-learn"),
            limit=peers.LIMIT,
            near=ROWS_NEAR,
            within=NEAR,
            share=SHARE,
        )
    ]
    for row in rows:
        cells = []
        for who in ("ours", *peers.PEERS):
            done = len(row.marks[who])
            if not done:
                cells.append(f"over {peers.LIMIT} s" if who in row.over else "not run")
                continue
            told = f"{row.mean(who, 'shd'):.1f} · {row.mean(who, 'f1'):.2f} · {row.mean(who, 'seconds'):.1f}"
            cells.append(told if done == seeds else f"{told} (n={done})")
        judged = ["yes" if row.no_worse_than_pc else "**no**", "yes" if row.near_best else "**no**"]
        lines.append(f"| {row.network} | {row.kind} | {' | '.join([*cells, *judged])} |")
    return "\n".join(lines)


def losses(rows: list[Row]) -> str:
    """Rows where ours is behind a peer, the worst first."""
    found = [(row.behind(p), p, row) for row in rows for p in row.finished if row.behind(p) > 1e-9]
    told = []
    for gap, p, r in sorted(found, key=lambda f: -f[0]):
        its = f"n={len(r.marks[p])}, its SHD {r.mean(p, 'shd'):.1f}, F1 {r.mean(p, 'f1'):.2f}"
        told.append(f"{gap:+.1f} behind {p}: {r.network}, {r.kind} ({its}; our F1 {r.mean('ours', 'f1'):.2f})")
    return "\n".join(told)


def limits() -> list[dict[str, Any]]:
    """Columns, rows, resamples done and seconds of a whole question of kind `discovery` on two cores."""
    import numpy as np
    import pandas as pd

    from benchmarks.discovery_worlds import linear
    from benchmarks.networks import random_graph
    from pyllm_causal.pipeline import analyse

    told = []
    for columns, most in LIMITS:
        rng = np.random.default_rng(columns)
        values = linear(random_graph(columns, rng), LIMIT_ROWS, rng)
        frame = pd.DataFrame(values, columns=[f"c{i}" for i in range(columns)])
        started = time.perf_counter()
        answer = analyse({"kind": "discovery"}, frame, workers=2)
        seconds = time.perf_counter() - started
        resamples = min((e["resamples"] for e in answer.edges), default=0)
        told.append(
            {"columns": columns, "rows": LIMIT_ROWS, "resamples": resamples, "seconds": round(seconds, 1), "most": most}
        )
    return told


def main() -> int:
    """Run what is missing, print the page, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="two seeds, no time limits, nothing of the peers is run")
    parser.add_argument(
        "--losses", action="store_true", help="only the rows where ours is behind, of what has been run"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument(
        "--kept", action="store_true", help="nothing of the peers is run: the page of what has been run"
    )
    given = parser.parse_args()
    seeds = 2 if given.quick else given.seeds
    if not (given.quick or given.losses or given.kept):
        peers.fill(seeds)
    rows = table(seeds)
    if given.losses:
        print(losses(rows))
        return 0
    near = sum(r.near_best for r in rows) / len(rows)
    worse = [f"{r.network}, {r.kind}" for r in rows if not r.no_worse_than_pc]
    timed = [] if given.quick else limits()
    print(page(rows, seeds))
    if timed:
        print("\n## Time limits\n\nA whole question of kind `discovery`, with its resamples, on two cores.\n")
        print("| columns | rows | resamples | seconds | goal |\n|---|---|---|---|---|")
        for t in timed:
            print(
                f"| {t['columns']} | {t['rows']:,} | {t['resamples']} | {t['seconds']} | at most {t['most']:g} s with {RESAMPLES} |"
            )
    kept = all(t["seconds"] <= t["most"] and t["resamples"] >= RESAMPLES for t in timed)
    met = not worse and near >= ROWS_NEAR and kept
    print(
        "\n"
        + json.dumps({"met": met, "near_best": round(near, 3), "worse_than_PC": worse, "limits": timed, "seeds": seeds})
    )
    return int(not met)


if __name__ == "__main__":
    raise SystemExit(main())
