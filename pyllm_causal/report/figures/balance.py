"""Like with like? How far the groups lie apart in each trait before and after, and how many have a counterpart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...wording import columns_text, number, safe
from .axis import Axis, draw_below
from .canvas import SIZE, SMALL, Canvas, width_of, wrapped
from .figure import Figure, figure
from .frame import key

ALIKE = 0.1  # standard deviations that count as alike (Austin 2009)
MOST = 30  # traits in one figure


def balance(covariates: Sequence[Mapping[str, Any]], title: str, after: str) -> Figure:
    """`covariates`: column, before and after (absolute standardised differences), as in the diagnosis `balance`.

    `after` says in a word or two what was done to make the groups alike.
    """
    rows = sorted(covariates, key=lambda r: -float(r["before"]))
    shown = rows[:MOST]
    table = (
        ("trait", "plain groups", after),
        *((safe(r["column"]), number(float(r["before"])), number(float(r["after"]))) for r in rows),
    )
    alike = [r["column"] for r in rows if float(r["after"]) <= ALIKE]
    words = (
        f"How far the two groups lie apart in each trait, in standard deviations, before and {after}."
        f" Within {number(ALIKE)}, which counts as alike: {columns_text(alike, 30) if alike else 'none'}."
    )
    note = "In standard deviations; inside the shaded band the groups count as alike."
    if len(rows) > len(shown):
        note += f" The {len(shown)} traits that differed most of {len(rows)}."
    return figure("balance", title, words, lambda c: _draw(c, shown, after), table, note)


def _draw(c: Canvas, rows: Sequence[Mapping[str, Any]], after: str) -> None:
    labels = 0.0 if c.narrow else min(max(width_of(str(r["column"])) for r in rows) + 16, 230.0)
    taken = key(c, 14, [("diamond", "hollow plain", "before"), ("square", "dot main", after)])
    top = 14 + taken + 6
    high = max(0.25, *(float(r[k]) for r in rows for k in ("before", "after"))) * 1.06
    axis = Axis(0.0, high, labels + 8, c.width - 12)
    step = 40.0 if c.narrow else 25.0
    bottom = top + step * len(rows)
    c.rect(axis.at(0), top, axis.at(ALIKE) - axis.at(0), bottom - top, "band")
    draw_below(c, axis, top, bottom, 4 if c.narrow else 6)
    c.line(axis.at(0), top, axis.at(0), bottom, "zero")
    for i, r in enumerate(rows):
        y = top + step * i + (28 if c.narrow else 12.5)
        name = wrapped(str(r["column"]), (c.width if c.narrow else labels) - 14, SIZE, 1)[0]
        c.text(axis.at(0) + 2 if c.narrow else 2, y - 13 if c.narrow else y + 4.5, name)
        a, b = axis.at(float(r["before"])), axis.at(float(r["after"]))
        c.line(a, y, b, y, "whisker plain")
        c.mark(a, y, "diamond", "hollow plain", 4.5)
        c.mark(b, y, "square", "dot main", 4.5)
    c.text((axis.start + axis.end) / 2, bottom + 34, "standard deviations apart", "soft", "middle", SMALL)
    c.height = bottom + 42


def overlap(shares: Mapping[str, Sequence[float]], edges: Sequence[float], title: str, treatment: str) -> Figure:
    """Two histograms back to back: the chance of treatment in each group. `shares` (two groups) sum to one each."""
    (first, up), (second, down) = list(shares.items())[:2]
    table = (
        ("chance of treatment", safe(first), safe(second)),
        *(
            (f"{number(100 * a)} to {number(100 * b)} in 100", f"{number(100 * u)}%", f"{number(100 * d)}%")
            for a, b, u, d in zip(edges[:-1], edges[1:], up, down, strict=True)
        ),
    )
    words = (
        f"How likely each row was to have {safe(treatment)}, judged by what is held fixed: {safe(first)} above the line,"
        f" {safe(second)} below. Where both have bars, each row has counterparts in the other group."
    )
    note = "Where there are bars on both sides of the line, like can be compared with like."
    return figure("overlap", title, words, lambda c: _mirror(c, (first, up), (second, down), edges), table, note)


def _mirror(
    c: Canvas, first: tuple[str, Sequence[float]], second: tuple[str, Sequence[float]], edges: Sequence[float]
) -> None:
    tall = 90.0 if c.narrow else 105.0
    taken = key(
        c, 14, [("square", "dot treated", f"{first[0]} (above)"), ("square", "dot control", f"{second[0]} (below)")]
    )
    top = 14 + taken + 4
    middle, bottom = top + tall, top + 2 * tall
    axis = Axis(edges[0], edges[-1], 8, c.width - 8)
    most = max(*first[1], *second[1], 1e-9)
    for (_, values), sign, kind in ((first, -1, "treated"), (second, 1, "control")):
        for a, b, v in zip(edges[:-1], edges[1:], values, strict=True):
            high = (tall - 4) * v / most
            x, wide = axis.at(a) + 1, axis.at(b) - axis.at(a) - 2
            c.rect(x, middle - high if sign < 0 else middle, wide, high, f"bar {kind}")
    c.line(axis.start, middle, axis.end, middle, "edge")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        if edges[0] - 1e-9 <= tick <= edges[-1] + 1e-9:
            x = axis.at(tick)
            c.line(x, top, x, bottom)
            anchor = "start" if tick == 0 else "end" if tick == 1 else "middle"
            c.text(x, bottom + 16, f"{100 * tick:.0f}", "soft", anchor, SMALL)
    c.text(c.width / 2, bottom + 34, "chance of treatment, in 100", "soft", "middle", SMALL)
    c.height = bottom + 42
