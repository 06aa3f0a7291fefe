"""What is needed to repeat an answer, and who signed the picture under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..data import Table
    from ..query import Query


def provenance(query: Query, table: Table, seed: int, seconds: dict[str, float]) -> dict[str, Any]:
    """What is needed to repeat the answer."""
    from importlib.metadata import PackageNotFoundError, version

    from .. import __version__

    versions = {"pyllm_causal": __version__}
    for package in ("dowhy", "numpy", "pandas", "scipy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # pragma: no cover - all are dependencies
            continue
    dumped = query.model_dump(mode="json", exclude_defaults=True)
    return {
        "versions": versions,
        "seed": seed,
        "data": data_told(table) | {"used": {name: table.digest(name) for name in _names_in(dumped, table)}},
        "query": {"kind": query.kind, **dumped},
        "columns": {
            name: told
            for name in (query.treatment, query.outcome)
            if name in table.names and (told := table.profile.column(str(name)).description)
        },
        "seconds": {k: round(v, 3) for k, v in seconds.items()},
    }


def _names_in(dumped: Any, table: Table) -> list[str]:
    """The columns that a query names anywhere, in the order of the table."""
    found: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, str):
            found.add(part)
        elif isinstance(part, dict):
            for key, value in part.items():
                look(key)
                look(value)
        elif isinstance(part, (list, tuple)):
            for value in part:
                look(value)

    look(dumped)
    return [name for name in table.names if name in found]


def data_told(table: Table) -> dict[str, Any]:
    """What is said of the table: its name, size, fingerprint and notes of the reading."""
    return {
        "name": table.profile.name,
        "rows": table.profile.rows,
        "columns": len(table.names),
        "fingerprint": table.fingerprint,
        "notes": list(table.notes),
    }


def reviewer(query: Query) -> str | None:
    """Who signed the picture that the answer rests on; None where nobody did, or where it was changed since."""
    return query.graph.signed_by if query.graph is not None and query.source("graph") == "you" else None
