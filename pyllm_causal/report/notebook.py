"""An answer in a notebook: a card of HTML, a table of every estimate, and a plot that can be kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Effect, GroupedEffect, MediationEffect
from ..errors import InputError
from ..wording import DOTS, LEVEL_WORDS, safe
from .amounts import arm_words
from .chapters.answer import bounds, estimates
from .chapters.telling import Telling
from .chapters.told import UNFIT, told_of
from .document import figure_style, standalone_svg
from .figures.figure import Figure
from .page import Drawn

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("method", "value", "low", "high", "unit", "n", "note")
_CARD = """
.pyllm-causal { max-width: 46rem; padding: 1.1rem 1.3rem; border: 1px solid #dfe4ea; border-radius: 12px; background: #ffffff; color: #1d2530;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; line-height: 1.5; font-size: 15px; }
.pyllm-causal .answer { font-size: 1.15em; font-weight: 620; margin: 0 0 0.5em; }
.pyllm-causal p { margin: 0 0 0.6em; }
.pyllm-causal .sure { font-weight: 620; }
.pyllm-causal ul { list-style: none; margin: 0 0 0.8em; padding: 0; }
.pyllm-causal li { margin: 0.15em 0; }
.pyllm-causal .drawn { font-weight: 620; margin: 0.9em 0 0.4em; }
.pyllm-causal svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) {
  .pyllm-causal { background: #151a20; color: #e6e9ed; border-color: #2c343e; }
}
"""


@dataclass(frozen=True)
class Plot:
    """A figure as SVG. Shown by a notebook; `svg` is the text, `save` writes it to a file."""

    title: str
    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the figure as an SVG file. Raises `InputError` where it cannot be written."""
        from ..whole_file import write_whole

        path = Path(path)
        path = path if path.suffix.lower() == ".svg" else path.with_name(path.name + ".svg")
        try:
            write_whole(path, self.svg + "\n", errors="replace")
        except OSError as error:
            reason = error.strerror or "file error"
            raise InputError(
                f"The plot cannot be written to {safe(path, 200)} ({reason}).", "Name another file."
            ) from None
        return path


def plot(answer: Answer) -> Plot:
    """The figure that tells the answer: its estimates, or what there is instead. Raises `InputError` where there is none."""
    figure = _first(Telling(answer))
    if figure is None:
        raise InputError(
            "There is nothing to plot in this answer.", "An answer with an effect, bounds or a description has a plot."
        )
    return Plot(figure.title, standalone_svg(figure.wide))


def card(answer: Answer) -> str:
    """The answer as a piece of HTML for a notebook: headline, size, certainty with its reasons, and the plot."""
    t = Telling(answer)
    if answer.status == "error":
        error = answer.error
        said = [error.message, error.hint] if error is not None else ["There is no answer."]
        return _whole([f'<p class="answer">{_e(said[0])}</p>', *(f"<p>{_e(s)}</p>" for s in said[1:] if s)])
    parts = [f'<p class="answer">{_e(answer.headline)}</p>']
    for part in t.blocks.said:
        parts.append(f"<p>{_e(part.words)}</p>")
        if part.items:
            parts.append(f"<ul>{''.join(f'<li>· {_e(i)}</li>' for i in part.items)}</ul>")
    if answer.certainty is not None:
        c = answer.certainty
        parts.append(
            f'<p class="sure">How sure are we? {LEVEL_WORDS[c.level]} <span aria-hidden="true">{DOTS[c.level]}</span></p>'
        )
        reasons = [f"<li>+ {_e(r)}</li>" for r in c.up] + [f"<li>− {_e(r)}</li>" for r in c.down]
        parts.append(f"<ul>{''.join(reasons)}</ul>")
    if answer.would_help:
        parts.append(f"<p>What would help:</p><ul>{''.join(f'<li>· {_e(h)}</li>' for h in answer.would_help)}</ul>")
    figure = _first(t)
    if figure is not None:
        mark = hashlib.sha256((answer.text + figure.wide).encode(errors="replace")).hexdigest()[:10]
        drawing = figure.wide.replace(f"{figure.key}-wide-", f"{figure.key}-{mark}-")
        parts.append(f'<p class="drawn">{_e(figure.title)}</p>{drawing}')
    return _whole(parts)


def frame(answer: Answer) -> pd.DataFrame:
    """Every estimate as a row: `method`, `value`, `low`, `high` (at full precision, in the answer's own unit), `unit`, `n`, `note`.

    First the effect, then its parts (groups, ways, arms), the other methods, the plain comparison; bounds where there is no effect,
    what an outcome is due to, links with how often they were seen. Empty for a refusal that says nothing of the size.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for i, e in enumerate(answer.estimates):
        note = "; ".join((_headline(answer), *e.notes) if i == 0 else e.notes)
        rows.append(_row(e.method, e.effect, e.n, note))
        rows += _parts(e.effect) if i == 0 else []
    if not answer.estimates and answer.effect is not None:
        rows.append(_row(answer.method or "", answer.effect, None, "the answer"))
        rows += _parts(answer.effect)
    for arm in answer.arms or ():
        if arm.get("effect"):
            effect = Effect.model_validate({k: v for k, v in arm["effect"].items() if k in Effect.model_fields})
            rows.append(_row(str(arm.get("method") or ""), effect, None, arm_words(arm)))
    rows += _due(answer) + _links(answer)
    if answer.bounds is not None and answer.effect is None:
        low, high = answer.bounds.low, answer.bounds.high
        rows.append(_cells("bounds", None, low, high, "", "; ".join(answer.bounds.assumptions) or "nothing is assumed"))
    if answer.unadjusted is not None:
        rows.append(_row("unadjusted", answer.unadjusted, None, "a plain comparison, nothing held fixed"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _headline(answer: Answer) -> str:
    """What the first figure is; of shares of a variation it is only what a step of the first cause does."""
    if answer.attribution and any("moves" in p for p in answer.attribution):
        return "what a step of the first cause does to the average"
    return "the answer"


def _due(answer: Answer) -> list[dict[str, Any]]:
    """The parts of an attribution: shares of the variation, or amounts in the unit of the outcome."""
    parts = [p for p in answer.attribution or () if isinstance(p.get("share"), int | float)]
    query = answer.provenance.get("query") or {}
    amounts = bool(query.get("compare")) or query.get("row") is not None
    unit = (answer.effect.unit if answer.effect is not None else "") if amounts else "share of the variation"
    return [_cells("", p["share"], p.get("low"), p.get("high"), unit, f"due to {p.get('cause')}") for p in parts]


def _links(answer: Answer) -> list[dict[str, Any]]:
    """Links that were searched for, with how often they were seen."""
    return [
        _cells(
            "",
            e.get("frequency"),
            None,
            None,
            "share of resamples",
            f"{e.get('cause')} {e.get('mark', '→')} {e.get('effect')}",
        )
        for e in answer.edges or ()
    ]


def _parts(effect: Effect) -> list[dict[str, Any]]:
    if isinstance(effect, GroupedEffect):
        rows = [_row("", g, g.rows, f"among {g.group}") for g in effect.groups]
        gap = effect.difference_between_groups
        return rows + ([_row("", gap, None, "difference between the groups")] if gap is not None else [])
    if isinstance(effect, MediationEffect):
        named = {
            "direct": effect.direct,
            "indirect": effect.indirect,
            "total": effect.total,
            "proportion": effect.proportion,
        }
        return [_row("", e, None, name) for name, e in named.items() if e is not None]
    return []


def _row(method: str, effect: Effect, n: int | None, note: str) -> dict[str, Any]:
    unit = effect.unit if effect.scale == "difference" else effect.scale
    return _cells(method, effect.value, effect.low, effect.high, unit, note, n)


def _cells(
    method: str, value: float | None, low: float | None, high: float | None, unit: str, note: str, n: int | None = None
) -> dict[str, Any]:
    return {"method": method, "value": value, "low": low, "high": high, "unit": unit, "n": n, "note": note}


def _first(t: Telling) -> Figure | None:
    try:
        if t.answer.effect is not None and not t.answer.attribution:
            return estimates(t)
        if t.answer.bounds is not None:
            return bounds(t)
    except UNFIT:
        return None
    return next((b.figure for b in told_of(t) if isinstance(b, Drawn)), None)


def _whole(parts: list[str]) -> str:
    return f'<div class="pyllm-causal"><style>{_CARD}{figure_style()}</style>{"".join(parts)}</div>'


def _e(text: object) -> str:
    return escape(safe(text, 4000))
