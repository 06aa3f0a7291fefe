"""`python -m tests.statistical.sites_table`: directions from several sites on simulated worlds, as docs/sites.md. Exit 1 on a miss."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pyllm_causal.causal.discovery.environments import settled, within
from pyllm_causal.causal.discovery.marks import Link, equivalence_class, from_general, to_arrows
from tests.unit.causal.discovery.environment_worlds import Change, Places, places

DRAWS = 10
ENOUGH = 5
STREAM = 4


@dataclass(frozen=True)
class Family:
    """Worlds of one kind; see `places`. sites: numbers of sites that the table has of it."""

    share: float
    change: Change
    size: float = 1.0
    sites: tuple[int, ...] = (5,)


DIVERSE = "every mechanism differs somewhere"
FAINT = "small differences in all averages"
NONE = "no differences"
FAMILIES = {
    DIVERSE: Family(0.35, "every", sites=(2, 3, 5, 8, 12)),
    "the same, half as large": Family(0.35, "every", 0.5),
    "a few mechanisms differ": Family(0.2, "some"),
    FAINT: Family(1.0, "averages", 0.15, (3, 5)),
    NONE: Family(0.0, "nothing", sites=(3, 5)),
}

HEAD = f"""# Directions from several sites

Made by `make sites`; do not edit by hand. Can comparing sites tell the directions that one heap of all rows leaves open? {DRAWS}
random tables a row: pictures of 6 to 10 columns with 2.5 links a column on average, 300 rows a site, weights ±0.5 to 1.2, noise with
a standard deviation of 0.7 to 1.3. At each site but the first a mechanism (how one column follows from its causes) differs with the
chance below, in one of three ways drawn at random: its average by ±0.5 to 2, the logarithm of its noise by ±0.5 to 1.1, or each of its
weights by ±0.5 to 1.5.

- *{DIVERSE}*: chance 35%, and each mechanism at one site at least; then the same with differences half as large
- *a few mechanisms differ*: chance 20%, so that some differ nowhere
- *{FAINT}*: every average at every site by a normal amount of standard deviation 0.15, and nothing else
- *{NONE}*: only chance

*Open*: true links that plain PC (causal-learn, 5%, all rows in one heap) leaves without a direction. Of these *told right*, *told wrong*
and *left open* by us; *could be told*: by someone who knows the true links and which mechanism differs at which sites, from that and
from what PC goes by (colliders, and what follows from them). *All claims*: every direction that the comparison claims, open in PC or not;
*turned round*: of those, how many are true links pointing the other way.

Goals, with {ENOUGH} sites or more: of the open links that get a direction 90% right in every row where sites differ; where every mechanism
differs somewhere at full size, 90% of all open links told right over the rows together, and in each row 90% as many as could be told.
In every row, however few the sites: at most 2% of all links claimed the wrong way round; where nothing differs at most 1% claimed at all.

| sites | differences | open | could be told | told right | told wrong | left open | all claims | of these right | turned round |
|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True)
class Count:
    """Of some tables. links, open, knowable: true links, those that plain PC leaves open, those of them that could be told;
    open_told, open_right: of the open ones; told, right, turned: of all directions claimed."""

    links: int = 0
    open: int = 0
    knowable: int = 0
    open_told: int = 0
    open_right: int = 0
    told: int = 0
    right: int = 0
    turned: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def judged(world: Places) -> Count:
    """What the comparison of sites tells of one table, beside one heap of rows and beside the truth."""
    there = world.arrows | world.arrows.T
    result = settled(world.blocks, world.environment, heap(within(world.values, world.environment), 0.01))
    ways = {f.pair: f.arrow for f in result.findings if f.arrow and f.pair in result.told}
    open_ = [one.pair for one in heap(world.values) if one.arrow is None and there[one.pair]]
    known = knowable(world)
    here = [ways[pair] for pair in open_ if pair in ways]
    return Count(
        links=int(world.arrows.sum()),
        open=len(open_),
        knowable=sum(bool(known[pair] or known[pair[::-1]]) for pair in open_),
        open_told=len(here),
        open_right=sum(bool(world.arrows[way]) for way in here),
        told=len(ways),
        right=sum(bool(world.arrows[way]) for way in ways.values()),
        turned=sum(bool(world.arrows[way[::-1]]) for way in ways.values()),
    )


def heap(values: np.ndarray, alpha: float = 0.05) -> tuple[Link, ...]:
    """What plain PC makes of one heap of rows."""
    from causallearn.search.ConstraintBased.PC import pc

    return from_general(pc(values, alpha=alpha, show_progress=False).G.graph)


def knowable(world: Places) -> np.ndarray:
    """(p, p) arrows that follow from the links, the colliders and which mechanisms differ between which two sites (Yang, Katcoff &
    Uhler 2018, theorem 3.9: a link has a direction where exactly one of its ends differs; then Meek 1995)."""
    fixed = np.zeros_like(world.arrows)
    for one in world.changed:
        for other in world.changed:
            differs = one | other
            fixed |= world.arrows & (differs[:, None] != differs)
    whole = to_arrows(equivalence_class(world.arrows, fixed), len(fixed))
    return np.asarray(whole & ~whole.T)


def counted(family: Family, sites: int, draws: int = DRAWS) -> Count:
    """Over `draws` tables."""
    found = Count()
    for draw in range(draws):
        rng = np.random.default_rng([STREAM, draw, sites])
        nodes = int(rng.integers(6, 11))
        found += judged(places(rng, nodes, sites, family.share, change=family.change, size=family.size))
    return found


Measured = dict[tuple[int, str], Count]


def missed(found: Measured) -> list[str]:
    """The goals that some rows miss, in words."""
    out = []
    for (sites, name), c in found.items():
        if c.turned > 0.02 * c.links:
            out.append(f"{sites} sites, {name}: {c.turned} of {c.links} links turned round")
        if name == NONE and c.told > 0.01 * c.links:
            out.append(f"{sites} sites, {name}: {c.told} directions claimed")
        if sites >= ENOUGH and name != NONE and c.open_right < 0.9 * c.open_told:
            out.append(f"{sites} sites, {name}: {c.open_right} of {c.open_told} told are right")
        if sites >= ENOUGH and name == DIVERSE and c.open_right < 0.9 * c.knowable:
            out.append(f"{sites} sites, {name}: {c.open_right} told right, {c.knowable} could be told")
    diverse = together(found, (DIVERSE,))
    if diverse.open_right < 0.9 * diverse.open:
        out.append(f"{DIVERSE}: {diverse.open_right} of {diverse.open} open links told right")
    return out


def together(found: Measured, names: Collection[str]) -> Count:
    """The rows of some families with enough sites as one."""
    return sum((c for (sites, name), c in found.items() if sites >= ENOUGH and name in names), Count())


def page(found: Measured) -> str:
    """The results in Markdown."""
    lines = [HEAD]
    for (sites, name), c in found.items():
        shares = (c.knowable, c.open_right, c.open_told - c.open_right, c.open - c.open_told)
        told = " | ".join(_share(n, c.open) for n in shares)
        lines.append(
            f"| {sites} | {name} | {c.open} | {told} | {_share(c.told, c.links)} | {_share(c.right, c.told)} | {c.turned} of {c.links} |"
        )
    one, two = together(found, [name for name in FAMILIES if name != NONE]), together(found, (DIVERSE,))
    misses = missed(found)
    lines += [
        "",
        f"With {ENOUGH} sites or more, of {one.open_told} open links that got a direction {one.open_right} got the right one"
        f" ({_share(one.open_right, one.open_told)}); of {two.open} open links where every mechanism differs somewhere at full size"
        f" {two.open_right} were told right ({_share(two.open_right, two.open)}). "
        + ("Goals met." if not misses else "Goals missed: " + "; ".join(misses) + "."),
    ]
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def measured(draws: int = DRAWS) -> Measured:
    """Every row of the table."""
    return {(n, name): counted(family, n, draws) for name, family in FAMILIES.items() for n in family.sites}


if __name__ == "__main__":
    result = measured()
    print(page(result), end="")
    sys.exit(bool(missed(result)))
