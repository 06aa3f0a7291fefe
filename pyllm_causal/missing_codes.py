"""Numbers that stand for "not known", where the description of a column says so ("999 = no answer", "missing: -9")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_CODE = r"(?<![\w.,])(?P<{0}>-?\d+(?:\.\d+)?)(?![\w]|[.,]\d)"
_MEANS = (
    r"[\"'”’)]?\s*(?:=|:|–|—|\bmeans\b|\bis\b|\bare\b|\bstands? for\b|\bfor\b|\bif\b|\bwhen\b|\bwhere\b)\s*[\"'“‘(]?\s*"
)
_PLAIN = (
    r"(?:(?:it (?:is|was) |value |values |data |answer )*(?:missing|unknown|not known|unrecorded|not recorded|not reported|not stated"
    r"|not asked|not measured|not answered|not available|unavailable|no (?:answer|response|reply|data|information|value|measurement|record)"
    r"|refus(?:ed|al)|do(?:es)?n['’]?t know|don['’]t know|did not answer|n/?a\b|keine angabe|unbekannt|fehlend))"
)
# words that name a level as often as a gap: believed of numbers that nobody would use for a level
_PERHAPS = r"(?:not applicable|inapplicable|absent|not present|did not (?:take part|attend|sit)|other|none|skipped|no test|not tested)"
_TELLS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_CODE.format('code')}{_MEANS}(?:{_PLAIN}|(?P<perhaps>{_PERHAPS}))",
        rf"\b{_PLAIN}(?: (?:values?|data|answers?))?(?: (?:is|are|was|were))?(?: (?:coded|recorded|marked|entered|given|written|shown))?"
        rf"\s*(?:=|:|\bas\b|\bby\b|\bwith\b)\s*[\"'“‘(]?\s*{_CODE.format('code')}",
    )
)
_ODD = re.compile(r"-\d+|9{2,}|8{2,}|7{2,}|9{2,}[6-9]", re.ASCII)


def told(description: str) -> list[float]:
    """The numbers that a description declares to stand for a gap, in its order."""
    found: list[float] = []
    for tells in _TELLS:
        for match in tells.finditer(description):
            code = match["code"]
            if match.groupdict().get("perhaps") and not _ODD.fullmatch(code):
                continue
            if float(code) not in found:
                found.append(float(code))
    return found


def without_codes(series: pd.Series, description: str) -> tuple[pd.Series, str, int]:
    """(the column with its declared codes as gaps, these codes in words, the rows that have one; as it was, "" and 0 where there is
    nothing to do). Only of numbers, and never so that fewer than two values would be left."""
    import numpy as np

    codes = told(description) if series.dtype.kind in "if" else []
    codes = [c for c in codes if bool((series == c).any())]
    hit = series.isin(codes)
    if not codes or series[~hit].dropna().nunique() < 2:
        return series, "", 0
    return series.astype(np.float64).mask(hit), " and ".join(f"{c:g}" for c in codes), int(hit.sum())


def said(gone: Sequence[tuple[str, str, int]]) -> str:
    """One sentence about all columns (name, codes, rows), those with most gaps first."""
    parts = [f"{codes} in {name!r} ({rows:,} rows)" for name, codes, rows in sorted(gone, key=lambda g: -g[2])]
    more = f" and the like in {len(parts) - SHOWN} more columns" if len(parts) > SHOWN else ""
    verb = "was" if len(parts) == 1 and " and " not in gone[0][1] else "were"
    shown = ", ".join(parts[:SHOWN])
    return f"{shown}{more} {verb} read as missing, as {'its description says' if len(parts) == 1 else 'their descriptions say'}."


SHOWN = 4  # columns that are named
