"""What a question about one case supposes: "had she got the drug", "without the drug"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..polarity import no_and_yes
from ..profile import as_yes_no
from ..query import Value
from . import match

if TYPE_CHECKING:
    from ..profile import Column

_SUPPOSED = re.compile(
    r"(?<!have )(?<!not )\b(?:had|if|were|with|without|unless)\b(?P<said>(?:(?!(?<!have )\b(?:had|if|without)\b)[^,?.])*)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|no|without|unless)\b|n['’]t\b", re.IGNORECASE)


def supposed(question: str, treatment: Column) -> Value | None:
    """The level of a yes/no treatment that a question supposes ("had she got the drug", "without it"); None where it only says that
    things had gone otherwise."""
    if treatment.kind != "yes_no" or len(treatment.levels) != 2:
        return None
    pair = no_and_yes(treatment)
    told = {as_yes_no(level.value): level.value for level in treatment.levels}
    if pair is not None:
        told = {False: pair[0], True: pair[1]}
    asking = [s for s in re.split(r"(?<=[.!])\s+", question) if "?" in s] or [question]
    for found in _SUPPOSED.finditer(asking[-1]):
        if match.mentioned(found["said"], treatment) >= 0.5:
            return told.get(not _DENIED.search(found[0]))
    return None
