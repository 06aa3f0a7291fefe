"""What is given is obeyed or told to be broken, whatever is given (200 random trials), and checked anew after the search."""

from __future__ import annotations

import numpy as np
import pytest

from pyllm_causal.causal.discovery.knowledge import breaches, known
from pyllm_causal.causal.discovery.marks import arrow, from_arrows, line, link
from pyllm_causal.causal.discovery.search import drawn
from pyllm_causal.query import Knowledge
from tests.unit.causal.discovery.pictures import linear, matrix, random_dag


def random_knowledge(names: list[str], rng: np.random.Generator) -> Knowledge:
    """Any mixture, contradictions, circles and columns that are not there included."""
    pool = [*names, "gone"]

    def pairs(most: int) -> tuple[tuple[str, str], ...]:
        return tuple(tuple(rng.choice(pool, 2).tolist()) for _ in range(rng.integers(0, most)))

    tiers: tuple[tuple[str, ...], ...] = ()
    if rng.random() < 0.5:
        order = rng.permutation(names).tolist()
        cut = int(rng.integers(1, len(names)))
        tiers = (tuple(order[:cut]), tuple(order[cut : cut + 3]))
    return Knowledge(tiers=tiers, required=pairs(4), forbidden=pairs(6))


def truly_broken(given: Knowledge, arrows: np.ndarray, names: list[str]) -> set[tuple[str, str, str]]:
    """What the result does not satisfy, read straight from the matrix: an arrow is one way only, a line is both ways."""
    at = {name: i for i, name in enumerate(names)}
    out = set()
    for c, e in given.required:
        if c not in at or e not in at or not arrows[at[c], at[e]] or arrows[at[e], at[c]]:
            out.add(("required", c, e))
    for c, e in given.forbidden:
        if c in at and e in at and arrows[at[c], at[e]]:
            out.add(("forbidden", c, e))
    tier = {}
    for number, members in enumerate(given.tiers):
        for name in members:
            tier.setdefault(name, number)
    for c in names:
        for e in names:
            if c in tier and e in tier and tier[c] > tier[e] and arrows[at[c], at[e]]:
                out.add(("tiers", c, e))
    return out


def test_two_hundred_random_constraints_are_satisfied_or_reported() -> None:
    broken_ones = kept = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(4, 9))
        names = [f"c{i}" for i in range(size)]
        given = random_knowledge(names, rng)
        rules = known(given, names, {"gone": "it is empty"})
        found = drawn(matrix(linear(random_dag(size, 1.5, rng), 300, rng)), rules, 2, rng, every=seed % 4 == 0)
        links = from_arrows(found.arrows)
        reported = {(b.rule, b.cause, b.effect) for b in (*rules.broken, *breaches(given, links, names, rules.broken))}
        truth = truly_broken(given, found.arrows, names)
        assert truth <= reported, seed
        broken_ones += len(truth)
        kept += len(given.required) + len(given.forbidden) - len(truth)
        # what could be fed in is obeyed: only what contradicts itself or cannot be looked at is broken
        assert truth <= {(b.rule, b.cause, b.effect) for b in rules.broken}, seed
    assert broken_ones > 50 and kept > 300  # the trials do test both


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Knowledge(required=(("a", "a"),)), "nothing affects itself"),
        (Knowledge(required=(("a", "b"), ("b", "c"), ("c", "a"))), "round in a circle"),
        (Knowledge(required=(("a", "b"),), forbidden=(("a", "b"),)), "you also forbid it"),
        (Knowledge(required=(("b", "a"),), tiers=(("a",), ("b",))), "your tiers put b after a"),
        (Knowledge(required=(("a", "gone"),)), "gone could not be looked at: it is empty"),
        (Knowledge(required=(("a", "else"),)), "not among the columns"),
        (Knowledge(tiers=(("a",), ("b", "a"))), "a stands in two tiers"),
    ],
)
def test_contradictions_are_told(given: Knowledge, says: str) -> None:
    rules = known(given, ["a", "b", "c"], {"gone": "it is empty"})
    assert len(rules.broken) == 1 and says in rules.broken[0].sentence


def test_a_result_that_disobeys_is_found_out() -> None:
    given = Knowledge(
        required=(("a", "b"),), forbidden=(("b", "c"), ("c", "d")), tiers=(("a", "b"), ("c", "d"), ("e",))
    )
    names = ["a", "b", "c", "d", "e"]
    wrong = [line(0, 1), arrow(1, 2), line(2, 3), arrow(4, 0)]
    found = {(b.rule, b.cause, b.effect) for b in breaches(given, wrong, names, ())}
    assert found == {("required", "a", "b"), ("forbidden", "b", "c"), ("forbidden", "c", "d"), ("tiers", "e", "a")}


def test_marks_of_hidden_causes_count_as_what_they_say() -> None:
    given = Knowledge(forbidden=(("a", "b"), ("b", "a")))
    assert not breaches(given, [link(0, 1, "arrow", "arrow")], ["a", "b"], ())
    found = breaches(given, [link(0, 1, "circle", "arrow")], ["a", "b"], ())
    assert [(b.cause, b.effect) for b in found] == [("a", "b")]


def test_tiers_give_directions_that_the_data_cannot() -> None:
    rng = np.random.default_rng(2)
    dag = np.zeros((3, 3), dtype=bool)
    dag[0, 1] = dag[1, 2] = True
    rules = known(Knowledge(tiers=(("c0",), ("c1", "c2"))), ["c0", "c1", "c2"], {})
    found = drawn(matrix(linear(dag, 1_000, rng)), rules, 3, rng)
    assert [one.arrow for one in from_arrows(found.pattern)] == [
        (0, 1),
        (1, 2),
    ]  # the second follows: no collider at c1
