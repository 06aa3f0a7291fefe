"""A structure that was searched for: links as arrows where the data tell the direction, thicker the more often they were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...wording import safe
from .canvas import SMALL, Canvas, wrapped
from .figure import Figure, figure
from .layout import layers, place

LINE = 16.0
MOST = 40  # links that are drawn
NUMBERED = 40.0  # between two boxes, for a number to have room


@dataclass(frozen=True)
class Tie:
    """One link. `mark` is → where it has a direction; `frequency` (0 to 1) how often it was seen again, if that was tried.

    `resamples`: in how many that was tried; 0 where it is not known.
    """

    cause: str
    effect: str
    mark: str
    frequency: float | None
    resamples: int = 0

    @property
    def times(self) -> str:
        """In how many resamples it was seen; of 100 where their number is not known."""
        return "" if self.frequency is None else f"{self.frequency * (self.resamples or 100):.0f}"


def network(ties: Sequence[Tie], title: str, note: str) -> Figure:
    """The links with how often each was seen."""
    table = (
        ("link", "direction", "seen again"),
        *(
            (f"{safe(t.cause, 40)} {t.mark} {safe(t.effect, 40)}", "yes" if t.mark == "→" else "not told", _seen(t))
            for t in ties
        ),
    )
    words = "Links between columns. " + "; ".join(
        f"{safe(t.cause, 40)} {'may affect' if t.mark == '→' else 'is linked to'} {safe(t.effect, 40)}, seen {_seen(t)}"
        for t in ties
    )
    if len(ties) > MOST:
        note += f" The {MOST} links seen most often are drawn; the list below has all."
    kept = sorted(ties, key=lambda t: -(t.frequency or 0.0))[:MOST]
    return figure(
        "network", title, words + ".", lambda c: _draw(c, kept), table, note, "Every link, with how often it was seen"
    )


def _seen(tie: Tie) -> str:
    return "—" if tie.frequency is None else f"in {tie.times} of {tie.resamples or 100} resamples"


def _draw(c: Canvas, ties: Sequence[Tie]) -> None:
    nodes = list(dict.fromkeys(n for t in ties for n in (t.cause, t.effect)))
    directed = [(t.cause, t.effect) for t in ties if t.mark == "→"]
    order = layers(nodes, directed)
    rank = {
        n: (order[n], i) for i, n in enumerate(nodes)
    }  # a link without direction runs along it, so no circle comes up
    pairs = [min((t.cause, t.effect), (t.effect, t.cause), key=lambda p: rank[p[0]]) for t in ties]
    layer = layers(nodes, pairs)
    depth = max(layer.values(), default=0) + 1
    gap = min(70.0 if c.narrow else 90.0, 0.4 * c.width / depth)
    wide = min(160.0, (c.width - 4 - gap * (depth - 1)) / depth)
    start = (c.width - depth * wide - (depth - 1) * gap) / 2
    columns = [start + wide / 2 + i * (wide + gap) for i in range(depth)]
    size = 11.0 if wide < 80 else 13.0
    lines = {n: wrapped(n, wide - 12, size, 3) for n in nodes}
    heights = {n: LINE * len(v) + 12 for n, v in lines.items()}
    placed = place(nodes, pairs, heights, columns, 20.0)
    for t, pair in zip(ties, pairs, strict=True):
        _tie(c, t, pair[0] == t.cause, placed.routes[pair], wide)
    for t, pair in zip(ties, pairs, strict=True):  # after all lines, so that none runs through a number
        if t.frequency is not None and gap >= NUMBERED:
            (x1, y1), (x2, y2) = placed.routes[pair][:2]
            c.text((x1 + x2) / 2, (y1 + y2) / 2 + 10, t.times, "soft", "middle", SMALL)
    for n in nodes:
        x, y = placed.middle[n]
        c.rect(x - wide / 2, y + 6 - heights[n] / 2, wide, heights[n], "box plain", 7)
        for i, line in enumerate(lines[n]):
            c.text(x, y + 6 - heights[n] / 2 + 17 + LINE * i, line, "in-plain", "middle", size)
    c.height = placed.height + 14


def _tie(c: Canvas, t: Tie, forward: bool, route: Sequence[tuple[float, float]], wide: float) -> None:
    arrow = t.mark == "→"
    left, right = (9.0 if arrow and not forward else 0.0), (9.0 if arrow and forward else 0.0)
    (x1, y1), (x2, y2) = route[0], route[-1]
    passing = [(x + side * wide / 2, y) for x, y in route[1:-1] for side in (-1, 1)]
    points = [(x1 + wide / 2 + left, y1), *passing, (x2 - wide / 2 - right, y2)]
    shape = f"M{points[0][0]:.1f} {points[0][1] + 6:.1f}"
    for (ax, ay), (bx, by) in pairwise(points):
        pull = (bx - ax) / 2
        shape += f" C{ax + pull:.1f} {ay + 6:.1f} {bx - pull:.1f} {by + 6:.1f} {bx:.1f} {by + 6:.1f}"
    often = "often" if t.frequency is not None and t.frequency >= 0.8 else "some"
    c.path(shape, f"arrow {often}{'' if arrow else ' loose'}")
    if arrow:
        (x, y), step = (points[-1], right) if forward else (points[0], -left)
        c.polygon([(x + step, y + 6), (x, y + 1.5), (x, y + 10.5)], f"tip {often}")
