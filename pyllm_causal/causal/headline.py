"""The one sentence that is the answer, for designs whose usual wording would not be grammatical."""

from __future__ import annotations

from ..analysis import Effect, Level
from ..wording import LITTLE, VERBS, excludes_null, null_of
from .certainty import LADDER


def headlines(
    subject: str, what: str, higher: str, lower: str, effect: Effect, little: bool, among: str = ""
) -> dict[Level, str]:
    """A sentence for every level of certainty. `higher`, `lower`: what the subject leads to ("a lower rate of death"), by the side of
    no effect on which `effect` lies; `little`: its whole interval is too small to matter."""
    top = subject[:1].upper() + subject[1:]
    out: dict[Level, str] = {}
    for level in LADDER:
        if level == "very_low":
            text = f"We can't tell whether {subject} changes {what}{among}."
        elif little:
            text = f"{top} {LITTLE[level]} {what}{among}."
        elif effect.low is None:
            text = f"We can't tell from these rows whether {subject} changes {what}{among}."
        elif not excludes_null(effect):
            text = (
                f"We can't tell from this table whether {subject} changes {what}{among}: the margin includes no effect."
            )
        else:
            text = f"{top} {VERBS[level]} {higher if effect.value > null_of(effect) else lower}{among}."
        out[level] = text
    return out
