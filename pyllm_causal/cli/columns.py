"""`pyllm-causal columns`: what is in a table, and what of it a language model would see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console, inputs
from .options import AsJson, Debug, Describe, Share

if TYPE_CHECKING:
    from ..data import Table
    from ..profile import Column

_KINDS = {"count": "whole number", "yes_no": "yes/no", "time": "date or time", "text": "free text"}
_MARKS = {"id_like": "an identifier", "time_like": "a time", "name_like": "names or addresses of people"}
_MOST = 5


def columns(
    data: Annotated[str, typer.Argument(help="The table.", metavar="FILE")],
    describe: Describe = None,
    share: Share = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the columns of a table: kind, range or values, what is missing, and what a language model would see.

    Example: pyllm-causal columns coaching.csv

    Nothing is sent. Exact extremes are shown to you alone; a model gets rounded ranges, and no value that is rare.
    """

    def run() -> tuple[Table, dict[str, Any]]:
        from ..data import Table

        how = inputs.share(share)
        table = Table.read(data, describe=inputs.describe(describe))
        return table, table.profile.shared(how)  # type: ignore[arg-type]

    table, seen = console.guard(run, as_json, debug)
    shown = {str(column["name"]): column for column in seen["columns"]}
    profile = table.profile
    if as_json:
        console.document(
            {
                "name": profile.name,
                "rows": profile.rows,
                "notes": table.notes,
                "columns": [c.model_dump(mode="json") | {"a_model_sees": shown[c.name]} for c in profile.columns],
            }
        )
        return
    from ..wording import count, safe

    console.out(f"{safe(profile.name)}: {count(profile.rows)} rows, {count(len(profile.columns))} columns.")
    for note in table.notes:
        console.out(f"  {safe(note, 300)}")
    rows = [
        (safe(c.name, 32), _KINDS.get(c.kind, c.kind), _content(c), _missing(c), _seen(shown[c.name]))
        for c in profile.columns
    ]
    console.out("")
    for line in _table(("column", "kind", "what is in it", "missing", "a language model would see"), rows):
        console.out(line)


def _content(column: Column) -> str:
    """Values or exact range, for the person who has the table."""
    from ..wording import safe

    told = []
    unit = f" {safe(column.unit, 12)}" if column.unit else ""
    few = column.levels and column.distinct <= _MOST and column.kind != "number"
    if column.levels and (few or column.kind in ("yes_no", "category", "constant")):
        more = f" and {column.distinct - _MOST} more" if column.distinct > _MOST else ""
        told.append(", ".join(safe(level.value, 20) for level in column.levels[:_MOST]) + more)
    elif column.minimum is not None and column.maximum is not None:
        told.append(f"{_plain(column.minimum)} to {_plain(column.maximum)}{unit}")
    elif column.distinct:
        told.append(f"{column.distinct:,} different values")
    told += [f"{mark}?" for flag, mark in _MARKS.items() if getattr(column, flag)]
    return "; ".join(told)


def _seen(column: dict[str, Any]) -> str:
    """What a model would see beside the name and the kind."""
    from ..wording import safe

    if "kind" not in column:
        return "the name"
    told = ["name, kind"]
    if "levels" in column:
        told.append(f"{len(column['levels'])} values with their counts")
    elif "low" in column:
        told.append(f"about {_plain(column['low'])} to {_plain(column['high'])}")
    if "description" in column:
        told.append(f"“{safe(column['description'], 40)}”")
    return ", ".join(told)


def _missing(column: Column) -> str:
    from ..wording import count

    return count(column.missing) if column.missing else "none"


def _plain(value: float) -> str:
    return f"{value:,.6g}".replace("-", "−")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    widths = [min(width, 36) for width in widths]
    return [
        "  ".join(cell if len(cell) > width else f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        .rstrip()
        for row in (head, *rows)
    ]  # fmt: skip
