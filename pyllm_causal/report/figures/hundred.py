"""A chance as a hundred rows: how many of them the outcome is true of, with the treatment and without."""

from __future__ import annotations

from ...wording import alike, safe
from .canvas import SIZE, Canvas, wrapped
from .figure import Figure, figure

STEP = 15.0


def hundred(treated: float, control: float, labels: tuple[str, str], outcome: str) -> Figure:
    """Two squares of a hundred marks. `treated` and `control` are numbers in 100."""
    shares = [max(0.0, min(100.0, v)) for v in (treated, control)]
    a, b = alike(shares)
    title = f"{safe(outcome)}: {a} of 100 {labels[0]}, {b} of 100 {labels[1]}"
    words = f"Two squares of a hundred marks. Filled, where {safe(outcome)} is true: {a} {labels[0]}, {b} {labels[1]}."
    table = (("", f"{safe(outcome)}, of 100"), (labels[0], a), (labels[1], b))
    return figure("hundred", title, words, lambda c: _draw(c, shares, (a, b), labels), table)


def _draw(c: Canvas, shares: list[float], texts: tuple[str, str], labels: tuple[str, str]) -> None:
    side = 10 * STEP
    gap = 16.0 if c.narrow else 70.0
    start = (c.width - 2 * side - gap) / 2
    lowest = 0.0
    for i, (share, text, label) in enumerate(zip(shares, texts, labels, strict=True)):
        x0 = start + i * (side + gap)
        for n in range(100):
            row, column = divmod(n, 10)
            x, y = x0 + (column + 0.5) * STEP, (row + 0.5) * STEP + 4
            if n < round(share):
                c.rect(x - 5, y - 5, 10, 10, f"bar {'treated' if i == 0 else 'control'}", 2)
            else:
                c.circle(x, y, 2.2, "speck")
        lines = [f"{text} of 100", *wrapped(label, side + gap / 2, SIZE, 2)]
        for j, line in enumerate(lines):
            c.text(x0 + side / 2, side + 24 + 17 * j, line, "strong" if j == 0 else "", "middle")
        lowest = max(lowest, side + 24 + 17 * len(lines))
    c.height = lowest
