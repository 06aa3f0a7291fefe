"""What is said of the picture of causes: where the table speaks against it, how far the answer hangs on it, what to ask next."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from ..analysis import Answer, Contested, Effect, NextQuestion, Pictures, Redrawn
from ..wording import alike, count, plain_figure, safe
from .text import fill, item

MOST = 3  # sentences on what is contested
MOST_SHOWN = 12  # other pictures that are listed one by one
MOST_TOLD = 5  # contested places told at length to a person who looks at the picture itself
FLAGS = {"flip": "--flip", "drop": "--drop", "add": "--add"}
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


def contested_lines(contested: Sequence[Contested], more: int = 0, most: int = MOST_TOLD) -> list[str]:
    """For a person who looks at the picture itself: contested places with what can be done about each, `most` of them at length,
    the others by name; `more` beyond those are only counted."""
    lines = []
    for c in contested[:most]:
        rests = "" if c.matters else " The answer does not rest on it."
        lines.append(item("!", c.sentence + rests))
        lines.append(item(" ", f"You can: {_choices(c)}."))
    left = contested[most:]
    if left or more:
        matters = "" if any(c.matters for c in left) else ", on which the answer does not rest"
        named = ", ".join(f"{safe(c.cause)} and {safe(c.effect)}" for c in left)
        told = f": {named}" + (", …" if more else "") if left else ""
        lines.append(item("!", f"{count(len(left) + more)} more places like that{matters}{told}."))
    return lines


def how_to_change(contested: Sequence[Contested], graph: str) -> str:
    """The command that makes the choices on a contested picture in the file `graph`; empty where there is nothing to choose."""
    flags = [_flag(k, c) for c in contested for k in c.choices if k in FLAGS]
    return f"To change the picture: pyllm-causal graph apply {graph} {flags[0]} -o changed.json" if flags else ""


def _choices(c: Contested) -> str:
    """`leave it · turn it round (--flip exercise:qsmk)`."""
    told = [f"{CHOICES[k]} ({_flag(k, c)})" if k in FLAGS else CHOICES[k] for k in c.choices]
    if c.about == "missing arrow":
        told.append(f"or the other way round ({_arrow('--add', c.effect, c.cause)})")
    return " · ".join(told)


def _flag(choice: str, c: Contested) -> str:
    return _arrow(FLAGS[choice], c.cause, c.effect)


def _arrow(flag: str, cause: str, effect: str) -> str:
    """`--drop age:weight`, quoted for a shell where the names need it."""
    return f"{flag} {quote(f'{safe(cause)}:{safe(effect)}')}"


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
        more = "more " if told else ""
        lines.append(
            item("·", f"{count(pictures.unchanged)} {more}plausible picture{plural} nothing in what is compared")
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
