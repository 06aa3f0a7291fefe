"""Profiles built by hand for the language tests; no file and no pandas is needed."""

from __future__ import annotations

from typing import Any

from pyllm_causal.profile import Column, Level, Profile

ROWS = 400


def column(name: str, kind: str = "number", description: str | None = None, **more: Any) -> Column:
    """A column with plausible figures for its kind; `levels` may be given as plain values."""
    levels = more.pop("levels", (0, 1) if kind == "yes_no" else ())
    fields: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "dtype": "object" if kind in ("category", "text", "time") else "float64",
        "rows": ROWS,
        "missing": 0,
        "distinct": len(levels) or 120,
        "description": description,
        "levels": tuple(Level(value=v, rows=ROWS // len(levels)) for v in levels),
    }
    if kind in ("number", "count"):
        fields |= {"low": 1.0, "high": 90.0, "minimum": 0.123456, "maximum": 97.654321}
    return Column(**(fields | more))


def profile(*columns: Column, name: str = "table.csv") -> Profile:
    return Profile(name=name, rows=ROWS, columns=columns)


def clinic() -> Profile:
    """A small table about a vaccine."""
    return profile(
        column("pid", "count", "patient number", id_like=True),
        column("treated", "yes_no", "got the vaccine (1=yes)"),
        column("result", "number", "antibody level after four weeks", unit="mg"),
        column("age", "count", "age in years", unit="years"),
        column("sex", "category", "sex of the patient", levels=("female", "male")),
        column("region", "category", "region", levels=("east", "north", "south")),
        column("weight_before", "number", "weight before the vaccine", unit="kg"),
        column("fever", "yes_no", "fever after the vaccine (1=yes)"),
        column("dose", "number", "dose in ml"),
        column("email", "text", "e-mail address", name_like=True),
        name="clinic.csv",
    )


def effect(treatment: str = "treated", outcome: str = "result", **more: Any) -> str:
    """A reading reply of kind effect, as JSON."""
    import json

    form = {"kind": "effect", "treatment": treatment, "outcome": outcome, "who": "everyone", "only": None}
    return json.dumps({"reading": form | more})
