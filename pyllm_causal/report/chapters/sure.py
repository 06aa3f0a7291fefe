"""4 · How sure, and why: the grade with its reasons, and every check with what it found."""

from __future__ import annotations

from ...analysis import Refutation
from ...wording import DOTS, LEVEL_WORDS, safe
from ..page import Block, Grid, Paragraph, Points, Section, Sign
from .telling import Telling

VERDICTS: dict[str, str] = {"passed": "✓ passed", "failed": "✗ failed", "inconclusive": "? could not tell"}
FOOTER = "Wording follows GRADE's style; this is not a GRADE assessment."


def chapter(t: Telling) -> Section | None:
    """The section, or None where nothing was graded or checked."""
    answer = t.answer
    blocks: list[Block] = []
    if answer.certainty is not None:
        c = answer.certainty
        blocks.append(Paragraph(f"{LEVEL_WORDS[c.level]} certainty {DOTS[c.level]}", strong=True))
        reasons: list[tuple[Sign, str]] = [("+", t.sentence(r)) for r in c.up]
        reasons += [("−", t.sentence(r)) for r in c.down]
        if reasons:
            blocks.append(Points(tuple(reasons)))
    if answer.checked is not None and answer.checked.sentence:
        blocks.append(Paragraph(answer.checked.sentence))
    failed = [
        (r, r.meaning.removeprefix("If this fails, "))
        for r in answer.refutations
        if r.verdict == "failed" and r.meaning
    ]
    if failed:
        blocks.append(
            Points(
                tuple(
                    ("✗", f"{r.question} Found: {r.observed}. This suggests that {meaning}") for r, meaning in failed
                ),
                "What failed, and what that means:",
            )
        )
    told = t.blocks.one("failed")
    if told:
        blocks.append(Paragraph(f"In other words: {told}"))
    if answer.refutations:
        rows = (("question", "expected", "found", "verdict"), *(_row(r) for r in answer.refutations))
        blocks.append(Grid("Every check", rows))
    return Section("sure", "How sure, and why", tuple(blocks)) if blocks else None


def _row(r: Refutation) -> tuple[str, str, str, str]:
    verdict = "· for information" if r.family == "sensitivity" else VERDICTS[r.verdict]
    if r.suggested_by != "rule":
        verdict += f" (suggested by {'a language model' if r.suggested_by == 'model' else 'you'})"
    return (safe(r.question, 300), safe(r.expected, 300), safe(r.observed, 600), verdict)
