"""3 · Like with like? Balance before and after, who has a counterpart, and what the data can carry."""

from __future__ import annotations

from collections.abc import Iterator

from ...wording import count, safe
from ..figures.balance import balance, overlap
from ..figures.figure import Figure
from ..page import Block, Paragraph, Points, Section, Sign
from .telling import Telling
from .told import drawn

# Diagnoses that a picture in another part already tells.
PICTURED = (
    "event_study",
    "group_time",
    "synthetic_paths",
    "discontinuity_plot",
    "kaplan_meier",
    "dose_curve",
    "repeats",
    "first_step",
    "log_rank",
    "pre_fit",
)


def chapter(t: Telling) -> Section | None:
    """The section, or None where nothing was looked at."""
    blocks: list[Block] = [*drawn(_balance, t), *drawn(_overlap, t)]
    points: list[tuple[Sign, str]] = [
        ("✓" if d.status == "ok" else "!", t.sentence(d.finding))
        for d in t.answer.diagnostics
        if d.name not in PICTURED
    ]
    if points:
        blocks.append(Points(tuple(sorted(points, key=lambda p: p[0] != "!"))))
    lost = _sample(t)
    if lost:
        blocks.insert(0, Paragraph(lost))
    if not blocks:
        return None
    compared = t.diagnosis("balance") is not None or t.diagnosis("overlap") is not None
    return Section("likeness", "Is like compared with like?" if compared else "What the data can carry", tuple(blocks))


def _balance(t: Telling) -> Iterator[Figure]:
    found = t.diagnosis("balance") or t.diagnosis("start")
    rows = found.figures.get("covariates") if found is not None else None
    if found is not None and rows:
        yield balance(rows, t.said(found.finding), "after weighting")


def _overlap(t: Telling) -> Iterator[Figure]:
    found = t.diagnosis("overlap")
    shares = found.figures.get("shares") if found is not None else None
    if found is not None and shares and len(shares) == 2:
        yield overlap(shares, found.figures["edges"], t.said(found.finding), t.treatment)


def _sample(t: Telling) -> str:
    sample = t.answer.sample
    if sample is None:
        return ""
    text = f"{count(sample.used)} of {count(sample.rows)} rows were used"
    if sample.by_arm:
        text += ": " + ", ".join(f"{count(n)} with {safe(a, 60)}" for a, n in sample.by_arm.items())
    text += "."
    if sample.dropped:
        gone = "; ".join(f"{count(d.rows)}: {safe(d.reason, 120)}" for d in sample.dropped[:8])
        text += f" Left out: {gone}."
    if sample.population:
        text += f" The answer is about {safe(sample.population, 300)}."
    return text
