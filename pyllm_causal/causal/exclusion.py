"""Which columns a graph makes instruments, given what is held fixed; and the arrow that spoils one that is none.

Graphs are mappings node -> children, hidden causes included, as in `separation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..graph import Graph
from . import separation as sep
from .dag import Children, Dag, bits

MOST = 60  # candidates looked at, nearest to the treatment first: milliseconds even with a thousand nodes


def valid_instrument(
    children: sep.Picture,
    instrument: str,
    treatment: str,
    outcome: str,
    given: Collection[str] = (),
    selected: Collection[str] = (),
) -> bool:
    """Whether `instrument` identifies the effect of the treatment once `given` is held fixed, in rows that `selected` chose.

    The graphical criterion of Brito & Pearl (2002, definition 1), for total effects: nothing held fixed comes after the
    treatment, the instrument touches the treatment, and with the first arrows of the causal paths out of the treatment
    taken away it is separated from the outcome. Linear in nodes and arrows.
    """
    frame = sep.Frame.of(children, treatment, outcome, selected)
    z, held = frame.dag.mask([instrument]), frame.dag.mask(given)
    if (z | held) & (frame.late | frame.dag.below(frame.outcome)) or frame.distorted:
        return False
    held |= frame.selected
    return bool(not frame.cut.connected(z, held) & frame.outcome and frame.dag.connected(z, held) & frame.treatment)


def open_between(
    children: sep.Picture,
    instrument: str,
    treatment: str,
    outcome: str,
    given: Collection[str],
    selected: Collection[str] = (),
) -> bool:
    """Whether a path joins instrument and outcome that does not pass through the effect asked about."""
    cut = sep.Frame.of(children, treatment, outcome).cut
    return not sep.separated(cut, instrument, outcome, {*given, *selected})


def touches(
    children: sep.Picture, instrument: str, treatment: str, given: Collection[str], selected: Collection[str] = ()
) -> bool:
    """Whether instrument and treatment are connected once `given` is held fixed."""
    return not sep.separated(children, instrument, treatment, {*given, *selected})


def conditioning_set(
    children: sep.Picture,
    instruments: Collection[str],
    treatment: str,
    outcome: str,
    usable: Collection[str],
    selected: Collection[str] = (),
) -> tuple[str, ...] | None:
    """Columns that make every one of `instruments` valid when held fixed, sorted; None where no set does.

    Tried in turn: the usable columns next to the outcome in the moral graph of its and the instruments' ancestors (the
    nearest separator of van der Zander, Textor & Liśkiewicz 2015, which exists if any ancestral set works; those next to
    the outcome also buy precision, Henckel, Buttenschoen & Maathuis 2024), and the part of it that the instruments can reach.
    """
    search = _Search.of(children, treatment, outcome, usable, selected)
    if not set(instruments) <= search.frame.dag.at.keys():
        return None
    found = search.held_for(search.frame.dag.mask(instruments))
    return None if found is None else tuple(search.frame.dag.named(found))


@dataclass(frozen=True)
class _Search:
    """What the instruments of one effect have in common. late: what comes after treatment or outcome; base: what comes before
    the outcome other than through the treatment; touched: what is connected with the treatment, by what is held fixed."""

    frame: sep.Frame
    columns: int
    late: int
    base: int
    touched: dict[int, int]

    @classmethod
    def of(
        cls, children: sep.Picture, treatment: str, outcome: str, usable: Collection[str], selected: Collection[str]
    ) -> _Search:
        frame = sep.Frame.of(children, treatment, outcome, selected)
        late = frame.late | frame.dag.below(frame.outcome)
        columns = frame.dag.mask(usable) & ~(late | frame.selected)
        return cls(frame, columns, late, frame.cut.above(frame.outcome | frame.selected), {})

    def held_for(self, instruments: int) -> int | None:
        """Columns that make every instrument valid; None where none do."""
        frame = self.frame
        if frame.distorted or instruments & self.late:
            return None
        within = self.base | frame.cut.above(instruments)
        allowed = self.columns & within & ~instruments
        reached = frame.cut.met(frame.outcome, allowed | frame.selected, within)
        if reached & instruments:
            return None  # what the outcome meets first, no set of columns separates from it
        near = allowed & reached
        if not instruments & ~self.touching(near):
            return near
        needed = near & frame.cut.met(instruments, near | frame.selected, within)
        return needed if not instruments & ~self.touching(needed) else None

    def touching(self, held: int) -> int:
        """Nodes connected with the treatment once the columns are held fixed."""
        if held not in self.touched:
            self.touched[held] = self.frame.dag.connected(self.frame.treatment, held | self.frame.selected)
        return self.touched[held]

    def candidates(self) -> list[tuple[int, int]]:
        """(nearness, node): columns that share an ancestor with the treatment, or are one, and that the outcome does not meet
        first; the nearest to the treatment come first."""
        frame = self.frame
        met = frame.cut.met(frame.outcome, (self.columns & self.base) | frame.selected, self.base)
        direct, up = frame.dag.parents_of(frame.treatment), frame.dag.above(frame.treatment)
        found = frame.dag.below(up) & self.columns & ~met
        tiers = (found & direct, found & up & ~direct, found & ~up)
        return [(nearness, node) for nearness, tier in enumerate(tiers) for node in bits(tier)]


def instruments_of(
    graph: Graph, treatment: str, outcome: str, usable: set[str], selected: Collection[str] = ()
) -> list[tuple[str, tuple[str, ...]]]:
    """Every usable column that the graph makes an instrument, with what must be held fixed; best first.

    Those that act on the treatment directly come first, then those that act through others, then those that merely share a
    cause with it; among equals the ones that need less held fixed, then by name. Conditional instruments are found as well
    (Card 1995: nearness to a college, given region), which DoWhy 0.14 does not list. Columns that touch the treatment only
    once a shared consequence is held fixed are not looked for: as instruments they would be very weak.
    """
    dag = Dag.of(graph.children())
    if treatment not in dag.at or outcome not in dag.at:
        return []
    search = _Search.of(dag, treatment, outcome, usable, selected)
    if not dag.below(search.frame.treatment) & search.frame.outcome or search.frame.distorted:
        return []
    found: list[tuple[int, int, str, tuple[str, ...]]] = []
    for nearness, node in search.candidates()[:MOST]:
        held = search.held_for(1 << node)
        if held is not None:
            found.append((nearness, held.bit_count(), dag.names[node], tuple(dag.named(held))))
    return [(node, held) for _, _, node, held in sorted(found)]


@dataclass(frozen=True)
class Breach:
    """Why a column is no instrument: `kind` direct (an arrow past the treatment), shared (something drives both it and the
    outcome), late (it comes after the treatment or the outcome), untouched (it does not move the treatment), other.

    nodes: the arrow's two ends, or the shared causes.
    """

    kind: str
    nodes: tuple[str, ...] = ()


def breach(
    children: Children,
    instrument: str,
    treatment: str,
    outcome: str,
    given: Iterable[str],
    blockable: Iterable[str] = (),
    selected: Collection[str] = (),
) -> Breach | None:
    """What spoils `instrument` given `given`; None where nothing does. `blockable` are columns that could have been held fixed."""
    held = set(given)
    if instrument in sep.reach([treatment, outcome], children):
        return Breach("late", (instrument,))
    if not open_between(children, instrument, treatment, outcome, held, selected):
        return None if touches(children, instrument, treatment, held, selected) else Breach("untouched", (instrument,))
    past = {n: [c for c in kids if n != treatment] for n, kids in children.items()}  # the treatment passes nothing on
    down, onward = sep.reach([instrument], past), sep.reach([outcome], sep.parents_of(past))
    if outcome in down - held:
        steps = sorted(c for c in past[instrument] if c in onward and c not in held)
        if steps:
            return Breach("direct", (instrument, outcome if outcome in steps else steps[0]))
    above = sep.reach([instrument], sep.parents_of(children)) - {instrument}
    causes = sorted((above & onward) - held - set(blockable))
    nearest = [c for c in causes if not any(k in causes for k in children[c])]
    if causes:
        return Breach("shared", tuple(nearest or causes))
    return Breach("other", (instrument,))
