"""A picture is called "your graph" only where a person drew it or stands by it."""

from __future__ import annotations

import re

from ..query import Query

_YOURS = re.compile(r"\b([Yy])our (?:graph|picture)\b")


def whose(text: str, query: Query) -> str:
    """`text`, with "your graph" as "the drafted picture" where nobody has taken it on."""
    if query.graph is None or query.source("graph") == "you":
        return text
    return _YOURS.sub(lambda found: "The drafted picture" if found[1] == "Y" else "the drafted picture", text)
