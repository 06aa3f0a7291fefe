"""7 · Repeat it: seed, versions, the fingerprint of the data, the query, and a script that stands alone."""

from __future__ import annotations

import json
from typing import Any

from ...wording import count, safe
from ..page import Block, Code, Grid, Paragraph, Section
from .telling import Telling


def chapter(t: Telling) -> Section | None:
    """The section, or None for an answer that does not say where it comes from."""
    told = t.answer.provenance
    data = told.get("data")
    if not isinstance(data, dict):
        return None
    rows = [
        (
            "table",
            f"{safe(data.get('name'), 120)}: {_count(data.get('rows'))} rows, {_count(data.get('columns'))} columns",
        ),
        ("fingerprint of the table", safe(data.get("fingerprint"), 100)),
        ("seed", safe(told.get("seed", 0))),
    ]
    if told.get("simulations") is not None:
        rows.append(("repeats of each check", safe(told["simulations"])))
    if told.get("partial"):
        rows.append(("cut short", "the checks were stopped before all were done"))
    versions = told.get("versions")
    if isinstance(versions, dict):
        rows.append(("versions", ", ".join(f"{safe(n, 40)} {safe(v, 40)}" for n, v in versions.items())))
    language = told.get("language")
    if isinstance(language, dict) and language.get("model"):
        rows.append(("language model", safe(language["model"], 120)))
    blocks: list[Block] = [Grid("What this came from", (("what", "is"), *rows))]
    query = told.get("query")
    if isinstance(query, dict):
        blocks.append(
            Paragraph(
                "The same query, table and seed give the same numbers: save the query as query.json and run the command."
            )
        )
        blocks.append(Code("The command", _command(data, told), "sh"))
        blocks.append(Code("query.json", _json(query), "json"))
    if not t.script and t.answer.effect is not None:
        blocks.append(
            Paragraph(
                "With the table at hand, the command pyllm-causal export script prints a script that repeats the figure from public"
                " libraries alone, where one can; pyllm-causal rerun says what differs."
            )
        )
    if t.script:
        blocks.append(Code("A script that stands alone: the same figure from public libraries", t.script, "python"))
    return Section("repeat", "Repeat it", tuple(blocks))


def _json(document: dict[str, Any]) -> str:
    """Readable JSON in which nothing could be taken for a tag, and nothing is invisible."""
    text = json.dumps(document, indent=2, ensure_ascii=False).replace("<", "\\u003c")
    return "".join(ch if ch == "\n" or ch.isprintable() else json.dumps(ch)[1:-1] for ch in text)


def _count(value: Any) -> str:
    return count(value) if isinstance(value, int) else safe(value)


def _command(data: dict[str, Any], told: dict[str, Any]) -> str:
    import shlex

    name = safe(data.get("name"), 120) or "table.csv"
    text = f"pyllm-causal analyse query.json --data {shlex.quote(name)} --seed {safe(told.get('seed', 0))}"
    return text + (f" --simulations {safe(told['simulations'])}" if told.get("simulations") is not None else "")
