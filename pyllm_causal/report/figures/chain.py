"""An instrument as two measured pushes: how far it moves the treatment, how far the outcome, and what follows."""

from __future__ import annotations

from ...wording import safe
from .canvas import SIZE, SMALL, Canvas, wrapped
from .figure import Figure, figure

Push = tuple[str, str]  # figure and its margin, as shown


def chain(names: tuple[str, str, str], moved: Push, through: Push, so: str, title: str) -> Figure:
    """`names`: instrument, treatment, outcome. `moved`: instrument on treatment; `through`: instrument on outcome."""
    first, second, third = (safe(n, 60) for n in names)
    words = (
        f"One step of {first} moves {second} by {moved[0]} ({moved[1]}) and {third} by {through[0]} ({through[1]})."
        f" If it touches {third} through {second} alone, one unit of {second} moves {third} by {so}."
    )
    table = (
        ("step", "moves by", "margin"),
        (f"{first} on {second}", *moved),
        (f"{first} on {third}", *through),
        (f"so {second} on {third}", so, ""),
    )
    note = f"The second arrow is the outcome's move divided by the treatment's. It holds if {first} touches {third} through {second} alone."
    return figure(
        "first-stage", title, words, lambda c: _draw(c, (first, second, third), moved, through, so), table, note
    )


def _draw(c: Canvas, names: tuple[str, str, str], moved: Push, through: Push, so: str) -> None:
    if c.narrow:
        _down(c, names, moved, through, so)
        return
    wide, gap = 160.0, (c.width - 3 * 160.0 - 4) / 2
    lines = [wrapped(n, wide - 16, SIZE, 3) for n in names]
    tall = 16.0 * max(map(len, lines)) + 18
    middle = 44 + tall / 2
    for i, said in enumerate(lines):
        x = 2 + i * (wide + gap)
        c.rect(x, middle - tall / 2, wide, tall, f"box {'plain' if i == 0 else 'asked'}", 7)
        for j, line in enumerate(said):
            c.text(
                x + wide / 2, middle - 8 * len(said) + 13 + 16 * j, line, "in-plain" if i == 0 else "in-asked", "middle"
            )
    for i, (push, kind) in enumerate(((moved, "known"), ((so, ""), "asked"))):
        a, b = 2 + wide + i * (wide + gap), 2 + (i + 1) * (wide + gap)
        c.path(f"M{a:.1f} {middle:.1f} L{b - 10:.1f} {middle:.1f}", f"arrow {kind}")
        c.polygon([(b, middle), (b - 10, middle - 5), (b - 10, middle + 5)], f"tip {kind}")
        c.text((a + b) / 2 - 4, middle - 9, push[0], "strong" if i else "", "middle")
        if push[1]:
            c.text((a + b) / 2 - 4, middle + 19, push[1], "soft", "middle", SMALL)
    low = middle + tall / 2 + 26
    a, b = 2 + wide / 2, c.width - 2 - wide / 2
    c.path(
        f"M{a:.1f} {middle + tall / 2:.1f} L{a:.1f} {low:.1f} L{b:.1f} {low:.1f} L{b:.1f} {middle + tall / 2 + 10:.1f}",
        "arrow plain",
    )
    c.polygon([(b, middle + tall / 2), (b - 5, middle + tall / 2 + 10), (b + 5, middle + tall / 2 + 10)], "tip plain")
    c.text((a + b) / 2, low + 18, f"{through[0]} ({through[1]})", "", "middle")
    c.height = low + 30


def _down(c: Canvas, names: tuple[str, str, str], moved: Push, through: Push, so: str) -> None:
    wide, y = 190.0, 4.0
    centre, rail = 4 + wide / 2, c.width - 14
    middles: list[float] = []
    for i, name in enumerate(names):
        said = wrapped(name, wide - 16, SIZE, 3)
        tall = 16.0 * len(said) + 16
        c.rect(4, y, wide, tall, f"box {'plain' if i == 0 else 'asked'}", 7)
        for j, line in enumerate(said):
            c.text(centre, y + 19 + 16 * j, line, "in-plain" if i == 0 else "in-asked", "middle")
        middles.append(y + tall / 2)
        y += tall
        if i < 2:
            kind, push = ("known", moved) if i == 0 else ("asked", (so, ""))
            c.path(f"M{centre:.1f} {y:.1f} L{centre:.1f} {y + 46:.1f}", f"arrow {kind}")
            c.polygon([(centre, y + 56), (centre - 5, y + 46), (centre + 5, y + 46)], f"tip {kind}")
            c.text(centre + 12, y + 25, push[0], "strong" if i else "")
            if push[1]:
                c.text(centre + 12, y + 41, push[1], "soft", size=SMALL)
            y += 58
    c.path(
        f"M{4 + wide:.1f} {middles[0]:.1f} L{rail:.1f} {middles[0]:.1f} L{rail:.1f} {middles[2]:.1f} L{4 + wide + 10:.1f} {middles[2]:.1f}",
        "arrow plain",
    )
    c.polygon([(4 + wide, middles[2]), (14 + wide, middles[2] - 5), (14 + wide, middles[2] + 5)], "tip plain")
    c.text(rail - 8, middles[1] - 4, through[0], "", "end")
    for i, line in enumerate(wrapped(through[1], rail - wide - 20, SMALL, 2)):
        c.text(rail - 8, middles[1] + 12 + 14 * i, line, "soft", "end", SMALL)
    c.height = y + 8
