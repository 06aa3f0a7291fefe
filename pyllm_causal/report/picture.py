"""What is said of the picture of causes: where the table speaks against it, how far the answer hangs on it, what to ask next."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import Answer, Contested, Effect, NextQuestion, Pictures, Redrawn
from ..wording import alike, count, plain_figure
from .text import fill, item

MOST = 3  # sentences on what is contested
MOST_SHOWN = 12  # other pictures that are listed one by one
CHOICES = {"accept": "leave it", "flip": "turn it round", "drop": "leave it out", "add": "put it in"}


def picture_lines(contested: Sequence[Contested], pictures: Pictures | None) -> list[str]:
    """For "What this rests on": at most three places of the picture that the answer rests on and the table speaks against, and
    one verdict on other pictures."""
    told = [c for c in contested if c.matters]
    lines = [item("!", c.sentence) for c in told[: MOST if len(told) <= MOST else MOST - 1]]
    if len(told) > MOST:
        lines.append(item("!", f"The table speaks against {len(told) - MOST + 1} more places of the picture."))
    if pictures is not None and (pictures.alternatives or pictures.unchanged):
        lines.append(item(" ", pictures.verdict))
        if any(a.cannot_be_told is not None and a.kind not in ("hidden", "added") for a in pictures.alternatives):
            lines.append(item(" ", pictures.beyond))  # that something hidden may drive both is said above already
    return lines


def next_lines(question: NextQuestion | None) -> list[str]:
    """The block "Next": the arrow worth a person's look, if any."""
    return [] if question is None else ["Next", item("?", question.sentence)]


def contested_lines(contested: Sequence[Contested]) -> list[str]:
    """For a person who looks at the picture itself: every contested place with what can be done about it."""
    lines = []
    for c in contested:
        rests = "" if c.matters else " The answer does not rest on it."
        lines.append(item("!", c.sentence + rests))
        lines.append(item(" ", f"You can: {_choices(c)}."))
    return lines


def _choices(c: Contested) -> str:
    """`leave it · turn it round (--flip exercise:qsmk)`."""
    flags = {"flip": "--flip", "drop": "--drop", "add": "--add"}
    told = [f"{CHOICES[k]} ({flags[k]} {c.cause}:{c.effect})" if k in flags else CHOICES[k] for k in c.choices]
    if c.about == "missing arrow":
        told.append(f"or the other way round (--add {c.effect}:{c.cause})")
    return " · ".join(told)


def robustness_text(answer: Answer) -> str:
    """How far an answered question hangs on its picture: the answer, every other picture with its figure, the verdict."""
    pictures, effect = answer.pictures, answer.effect
    if pictures is None or effect is None:
        return fill("No picture of causes bears on this answer, so no other picture could change it.")
    told = [a for a in pictures.alternatives if a.effect is not None]
    told.sort(key=lambda a: (bool(a.keeps), -abs((a.effect or effect).value - effect.value)))
    untold = [a for a in pictures.alternatives if a.effect is None]
    lines = [item("●", f"As drawn: {_figure(effect)}")]
    lines += [_line(a) for a in told[:MOST_SHOWN]]
    if len(told) > MOST_SHOWN:
        lines.append(item(" ", f"and {count(len(told) - MOST_SHOWN)} more, nearer to the answer"))
    lines += [_line(a) for a in untold[:3]]
    if len(untold) > 3:
        lines.append(item("?", f"{count(len(untold) - 3)} more under which it cannot be told"))
    if pictures.unchanged:
        plural = "s that change" if pictures.unchanged != 1 else " that changes"
        lines.append(
            item("·", f"{count(pictures.unchanged)} more plausible picture{plural} nothing in what is compared")
        )
    blocks = [fill(answer.headline), "\n".join(["The answer under other pictures of causes", *lines])]
    disputed = [c for c in answer.contested if c.matters]
    if disputed:
        blocks.append("\n".join(["Where the table speaks against the picture", *contested_lines(disputed[:MOST])]))
    blocks.append("\n".join([fill(s) for s in (pictures.verdict, pictures.beyond) if s]))
    blocks.append("\n".join(next_lines(answer.next_question)))
    return "\n\n".join(b for b in blocks if b)


def _line(a: Redrawn) -> str:
    if a.effect is None:
        return item("?", f"If {a.change}: cannot be told")
    return item("✓" if a.keeps else "✗", f"If {a.change}: {_figure(a.effect)}")


def _figure(effect: Effect) -> str:
    """`3.3 kg higher (2.3 to 4.3)`: the interval in the direction of the figure."""
    if effect.low is None or effect.high is None:
        return plain_figure(effect)
    factor = 100 if effect.unit == "probability" else 1
    sign = -1 if effect.value < 0 and effect.scale in ("difference", "percent") else 1
    low, high = sorted((sign * factor * effect.low, sign * factor * effect.high))
    shown = alike([factor * abs(effect.value), low, high])
    return f"{plain_figure(effect)} ({shown[1]} to {shown[2]})"
