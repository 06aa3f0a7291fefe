"""causal-learn's PC, GES, FCI and BOSS, run plainly on the simulated tables; every result is kept in `.bench_discovery/peers/`.

`python -m benchmarks.discovery_peers` fills in what is missing and can be stopped at any time. A run has so many CPU seconds
(`LIMIT`); where two in a row of a cell are over, further seeds of that peer and cell are not tried.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.discovery_worlds import KINDS, NETWORKS, SEEDS, World, world
from pyllm_causal.whole_file import write_whole

KEPT = Path(__file__).resolve().parents[1] / ".bench_discovery"
LIMIT = 20  # CPU seconds of one run of a peer
PEERS = ("PC", "GES", "FCI", "BOSS")
Marks = list[tuple[int, int, str, str]]  # a < b, mark at a, mark at b


@dataclass(frozen=True)
class Run:
    """One run: the links found, or None when over the limit or failed; `seconds` of CPU."""

    links: Marks | None
    seconds: float
    failed: str = ""


def _pc(w: World) -> Any:
    from causallearn.search.ConstraintBased.PC import pc

    test = "chisq" if w.kind == "binary" else "fisherz"
    return pc(w.values, indep_test=test, show_progress=False).G.graph


def _fci(w: World) -> Any:
    from causallearn.search.ConstraintBased.FCI import fci

    test = "chisq" if w.kind == "binary" else "fisherz"
    return fci(w.values, test, show_progress=False)[0].graph


def _ges(w: World) -> Any:
    from causallearn.search.ScoreBased.GES import ges

    return ges(w.values, "local_score_BDeu" if w.kind == "binary" else "local_score_BIC")["G"].graph


def _boss(w: World) -> Any:
    import random

    from causallearn.search.PermutationBased.BOSS import boss

    random.seed(w.seed)
    score = "local_score_BDeu" if w.kind == "binary" else "local_score_BIC_from_cov"
    return boss(w.values, score, verbose=False).graph


RUNS: dict[str, Callable[[World], Any]] = {"PC": _pc, "GES": _ges, "FCI": _fci, "BOSS": _boss}


def _child(peer: str, w: World, send: Any) -> None:
    import contextlib

    resource.setrlimit(resource.RLIMIT_CPU, (_spent_already() + LIMIT, _spent_already() + LIMIT + 1))
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        started = time.process_time()
        try:
            matrix = RUNS[peer](w)
        except Exception as error:  # noqa: BLE001 (a peer that fails is a result)
            send.send((None, time.process_time() - started, type(error).__name__))
            return
        spent = time.process_time() - started
    from pyllm_causal.causal.discovery.marks import from_general

    send.send(([(one.a, one.b, one.at_a, one.at_b) for one in from_general(matrix)], spent, ""))


def _spent_already() -> int:
    return int(time.process_time()) + 1


def run(peer: str, w: World) -> Run:
    """One run in a process of its own, so that the limit holds."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(peer, w, there))
    process.start()
    there.close()
    try:
        return Run(*here.recv())
    except EOFError:
        return Run(None, LIMIT, "over the limit")
    finally:
        process.join()


def place(peer: str, network: str, kind: str) -> Path:
    """Where the runs of one peer and cell are kept: one file with all its seeds."""
    return KEPT / "peers" / f"{network.replace(' ', '_')}-{kind.lower()}-{peer}.json"


def kept(peer: str, network: str, kind: str) -> dict[int, dict[str, Any]]:
    """The kept runs by seed: {"table": fingerprint, "links", "seconds", "failed"}."""
    path = place(peer, network, kind)
    if not path.is_file():
        return {}
    return {int(seed): one for seed, one in json.loads(path.read_text(encoding="utf-8")).items()}


def wanted(seeds: int) -> Iterator[tuple[int, str, str, str]]:
    """Every run, all cells of one seed before the next."""
    for seed in range(seeds):
        for network in NETWORKS:
            for kind in KINDS:
                for peer in PEERS:
                    yield seed, network, kind, peer


def fill(seeds: int) -> None:
    """Run what is missing; a line a run on standard error."""
    from causallearn.search.ConstraintBased.FCI import fci  # noqa: F401  (imported once, before the children are forked)
    from causallearn.search.ConstraintBased.PC import pc  # noqa: F401
    from causallearn.search.PermutationBased.BOSS import boss  # noqa: F401
    from causallearn.search.ScoreBased.GES import ges  # noqa: F401

    for seed, network, kind, peer in wanted(seeds):
        done = kept(peer, network, kind)
        if seed > 1 and all(s in done and done[s]["links"] is None for s in (0, 1)):
            continue
        w = world(network, kind, seed)
        if done.get(seed, {}).get("table") == w.fingerprint:
            continue
        found = run(peer, w)
        done[seed] = {"table": w.fingerprint, "links": found.links, "seconds": found.seconds, "failed": found.failed}
        place(peer, network, kind).parent.mkdir(parents=True, exist_ok=True)
        write_whole(place(peer, network, kind), json.dumps(done))
        print(
            f"{network}, {kind}, seed {seed}: {peer} {found.seconds:.1f} s {found.failed}", file=sys.stderr, flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=SEEDS)
    fill(parser.parse_args().seeds)
