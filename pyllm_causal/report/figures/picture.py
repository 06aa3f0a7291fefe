"""The picture of causes: boxes and arrows, the question bold, what is held fixed filled, what nobody measured dashed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...graph import Edge, Graph
from ...wording import columns_text, count, join, safe
from .canvas import SMALL, Canvas, wrapped
from .figure import Figure, figure
from .layout import Placed, layers, place

Role = Literal["asked", "fixed", "hidden", "plain"]
Pair = tuple[str, str]
LINE = 16.0  # pixels a line of a box
MOST_NAMES = 9  # in one box
MOST_BOXES = 26  # above that only what touches the question is drawn


@dataclass(frozen=True)
class Drawing:
    """What is drawn. `fixed` are held fixed, `draws` says whose picture it is, `sketch` that a design implies it."""

    graph: Graph
    treatment: str
    outcome: str
    fixed: tuple[str, ...] = ()
    names: Mapping[str, str] | None = None
    sketch: bool = False


@dataclass(frozen=True)
class Box:
    """Causes with the same arrows share a box."""

    key: str
    members: tuple[str, ...]
    role: Role


@dataclass(frozen=True)
class Arrow:
    """One arrow between boxes. `yours` where all it stands for was drawn by the reader, `unsure` where any is doubted."""

    pair: Pair
    asked: bool
    hidden: bool
    yours: bool
    unsure: bool


def picture(drawing: Drawing, title: str) -> Figure:
    """The figure, with every arrow in its table."""
    boxes, arrows, left_out = _grouped(drawing)
    drawn = {a.yours for a in arrows if not a.asked and not a.hidden}
    mixed = not drawing.sketch and len(drawn) > 1
    words = _spoken(drawing)
    note = _legend(drawing, boxes, arrows, mixed, left_out)
    return figure(
        "picture",
        title,
        words,
        lambda c: _draw(c, drawing, boxes, arrows, mixed),
        _table(drawing),
        note,
        "Every arrow, with who drew it",
    )


def _grouped(drawing: Drawing) -> tuple[list[Box], list[Arrow], int]:
    """Boxes and arrows, and how many columns are not drawn because the picture would be too full."""
    graph, own = drawing.graph, (drawing.treatment, drawing.outcome)
    pairs = graph.pairs()
    nodes = list(dict.fromkeys((*own, *graph.nodes())))
    boxes = _boxes(drawing, nodes, pairs)
    left_out = 0
    if len(boxes) > MOST_BOXES:
        near = {n for pair in pairs if set(pair) & set(own) for n in pair} | set(own)
        kept = [n for n in nodes if n in near]
        left_out = len(nodes) - len(kept)
        pairs = [p for p in pairs if p[0] in near and p[1] in near and set(p) & set(own)]
        boxes = _boxes(drawing, kept, pairs)
    of = {m: b.key for b in boxes for m in b.members}
    hidden = set(graph.hidden())
    told: dict[Pair, list[Edge]] = {}
    unseen: set[Pair] = set()
    for cause, effect in pairs:
        pair = (of[cause], of[effect])
        told.setdefault(pair, []).extend(e for e in graph.edges if (e.cause, e.effect) == (cause, effect))
        if cause in hidden:
            unseen.add(pair)
    asked = (of[own[0]], of[own[1]])
    told.setdefault(asked, [])
    arrows = [
        Arrow(
            pair,
            pair == asked,
            pair in unseen,
            bool(edges) and all(e.source == "you" for e in edges),
            any(e.confidence == "unsure" for e in edges),
        )
        for pair, edges in told.items()
        if pair[0] != pair[1]
    ]
    return boxes, arrows, left_out


def _boxes(drawing: Drawing, nodes: Sequence[str], pairs: Sequence[Pair]) -> list[Box]:
    hidden = set(drawing.graph.hidden())
    sources = {(e.cause, e.effect): (e.source, e.confidence == "unsure") for e in drawing.graph.edges}

    def role(n: str) -> Role:
        if n in (drawing.treatment, drawing.outcome):
            return "asked"
        return "hidden" if n in hidden else "fixed" if n in drawing.fixed else "plain"

    groups: dict[object, list[str]] = {}
    for n in nodes:
        causes = frozenset((a, sources.get((a, n))) for a, b in pairs if b == n)
        effects = frozenset((b, sources.get((n, b))) for a, b in pairs if a == n)
        alone = role(n) == "asked"
        groups.setdefault(n if alone else (role(n), causes, effects), []).append(n)
    return [Box(members[0], tuple(members), role(members[0])) for members in groups.values()]


def _draw(c: Canvas, drawing: Drawing, boxes: Sequence[Box], arrows: Sequence[Arrow], mixed: bool) -> None:
    keys, pairs = [b.key for b in boxes], [a.pair for a in arrows]
    layer = layers(keys, pairs)
    depth = max(layer.values(), default=0) + 1
    gap = min(76.0, 0.42 * c.width / depth) if c.narrow else min(110.0, 0.46 * c.width / depth)
    wide = min(190.0, (c.width - 4 - gap * (depth - 1)) / depth)
    total = depth * wide + (depth - 1) * gap
    start = (c.width - total) / 2
    columns = [start + wide / 2 + i * (wide + gap) for i in range(depth)]
    size = 12.0 if wide < 120 else 13.0
    lines = {b.key: _lines(b, drawing, wide - 14, size) for b in boxes}
    heights = {k: LINE * len(v) + 14 for k, v in lines.items()}
    placed = place(keys, pairs, heights, columns, 22.0, (drawing.treatment, drawing.outcome))
    top = 6.0
    for arrow in sorted(arrows, key=lambda a: a.asked):
        _arrow(c, arrow, placed, heights, wide, top, mixed, (drawing.treatment, drawing.outcome))
    for b in boxes:
        x, y = placed.middle[b.key]
        tall = heights[b.key]
        c.rect(x - wide / 2, y + top - tall / 2, wide, tall, f"box {b.role}", 7)
        for i, line in enumerate(lines[b.key]):
            c.text(x, y + top - tall / 2 + 18 + LINE * i, line, f"in-{b.role}", "middle", size)
    c.height = placed.height + top + 8


def _lines(box: Box, drawing: Drawing, room: float, size: float) -> list[str]:
    names = drawing.names or {}
    kept = box.members if len(box.members) <= MOST_NAMES else box.members[: MOST_NAMES - 1]
    said = [wrapped(names.get(m, m), room, size, 3 if len(box.members) < 4 else 2) for m in kept]
    if len(said) > 1 and any(len(lines) > 1 for lines in said):  # a dot tells where the next one begins
        said = [
            wrapped("· " + names.get(m, m), room, size, len(lines) + 1) for m, lines in zip(kept, said, strict=True)
        ]
    out = [line for lines in said for line in lines]
    if len(kept) < len(box.members):
        out.append(f"and {len(box.members) - len(kept)} more")
    return out


def _arrow(
    c: Canvas,
    arrow: Arrow,
    placed: Placed,
    heights: Mapping[str, float],
    wide: float,
    top: float,
    mixed: bool,
    asked: Pair,
) -> None:
    cause, effect = arrow.pair
    route = placed.routes[arrow.pair]
    x1, y1 = placed.middle[cause]
    x2, y2 = placed.middle[effect]
    tip = 12.0 if arrow.asked else 9.0
    leave = y1 + _port(placed, heights, cause, effect, True, asked)
    arrive = y2 + _port(placed, heights, effect, cause, False, asked)
    passing = [(x + side * wide / 2, y) for x, y in route[1:-1] for side in (-1, 1)]  # level past the boxes of a layer
    points = [(x1 + wide / 2, leave), *passing, (x2 - wide / 2 - tip, arrive)]
    shape = f"M{points[0][0]:.1f} {points[0][1] + top:.1f}"
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        pull = (bx - ax) * 0.5
        shape += f" C{ax + pull:.1f} {ay + top:.1f} {bx - pull:.1f} {by + top:.1f} {bx:.1f} {by + top:.1f}"
    kind = "asked" if arrow.asked else "unseen" if arrow.hidden else "unsure" if arrow.unsure else "known"
    yours = " yours" if mixed and arrow.yours and not arrow.asked else ""
    c.path(shape, f"arrow {kind}{yours}")
    end, half = points[-1], tip * 0.5
    c.polygon(
        [(end[0] + tip, end[1] + top), (end[0], end[1] + top - half), (end[0], end[1] + top + half)],
        f"tip {kind}{yours}",
    )
    if mixed and arrow.yours and not arrow.asked:
        c.circle(points[0][0] + 5, points[0][1] + top, 4.0, "tip known yours")
    if arrow.unsure and not arrow.asked:
        middle = points[len(points) // 2]
        c.text((points[0][0] + middle[0]) / 2, (points[0][1] + middle[1]) / 2 + top - 5, "?", "soft", "middle", SMALL)


def _port(placed: Placed, heights: Mapping[str, float], at: str, other: str, out: bool, asked: Pair) -> float:
    """How far from the middle of a box an arrow touches it: side by side in the order of their other ends, the question's own
    in the middle."""
    routes = [(p, r) for p, r in placed.routes.items() if p[0 if out else 1] == at]
    near = [p for p, _ in sorted(routes, key=lambda pr: (pr[1][1 if out else -2][1], pr[0]))]
    place = next(i for i, p in enumerate(near) if p[1 if out else 0] == other)
    middle = float(near.index(asked)) if asked in near else (len(near) - 1) / 2
    farthest = max(middle, len(near) - 1 - middle) or 1.0
    return min(13.0, (heights[at] / 2 - 6.0) / farthest) * (place - middle)


def _legend(drawing: Drawing, boxes: Sequence[Box], arrows: Sequence[Arrow], mixed: bool, left_out: int) -> str:
    parts = ["An arrow means: may change. The bold arrow is the question"]
    if any(b.role == "fixed" for b in boxes):
        parts.append("filled boxes are held fixed")
    if any(b.role == "hidden" for b in boxes):
        parts.append("a dashed box is not in the table")
    if any(a.unsure for a in arrows):
        parts.append("a question mark is an arrow that is doubted")
    if mixed:
        parts.append("arrows that begin with a dot are yours, the others were drafted")
    text = "; ".join(parts) + "."
    if left_out:
        text += (
            f" {count(left_out)} columns that do not touch the question are left out; the list below has every arrow."
        )
    if drawing.sketch:
        text += " Nobody drew this: it is what the design takes for granted."
    return text


def _spoken(drawing: Drawing) -> str:
    names = drawing.names or {}

    def called(n: str) -> str:
        return safe(names.get(n, n))

    said: dict[tuple[str, ...], list[str]] = {}
    for cause, effects in drawing.graph.children().items():
        if effects:
            said.setdefault(tuple(effects), []).append(called(cause))
    text = (
        f"A picture of causes. The question is whether {called(drawing.treatment)} changes {called(drawing.outcome)}."
    )
    for changed, causes in said.items():
        text += f" {columns_text(causes)} may change {columns_text([called(e) for e in changed])}."
    if drawing.fixed:
        text += f" Held fixed: {columns_text([called(n) for n in drawing.fixed], 30)}."
    hidden = [called(h) for h in drawing.graph.hidden()]
    return text + (f" Not in the table: {join(hidden)}." if hidden else "")


_WHO = {"you": "you", "model": "the language model", "data": "the program"}


def _table(drawing: Drawing) -> tuple[tuple[str, ...], ...]:
    if drawing.sketch:
        return ()
    edges = [
        (safe(e.cause), safe(e.effect), safe(e.reason or "", 200), e.confidence or "", _WHO[e.source])
        for e in drawing.graph.edges
    ]
    unseen = [
        (f"{safe(u.name)} (not in the table)", safe(a), safe(u.reason or "", 200), "", _WHO[u.source])
        for u in drawing.graph.unmeasured
        for a in u.affects
    ]
    if not edges and not unseen:
        return ()
    rows = [("cause", "may change", "because", "how sure", "drawn by"), *edges, *unseen]
    used = [i for i in range(5) if i < 2 or any(r[i] for r in rows[1:])]
    return tuple(tuple(r[i] for i in used) for r in rows)
