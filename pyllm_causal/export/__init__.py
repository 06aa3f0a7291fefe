"""An answer as a standalone script on public libraries that repeats it."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

from ..analysis import Answer
from ..wording import safe

if TYPE_CHECKING:
    from ..data import Table
    from .excerpt import Ref

DIGITS = 8  # to which a script agrees here before it is written; 6 are promised on other machines
HEAD = '''"""Repeats one causal answer: reads the table, and prints the effect with its interval.

The values below say which rows and columns were used, and what was decided on the way. The code is complete: it needs
Python 3.11 or newer with %s, and nothing else.
"""

from __future__ import annotations
'''


def script(answer: Answer, data: str | Path | Table) -> str:
    """A Python script that reads the table and prints the answer's effect and interval; it needs no part of this package.

    `data` is the file that the answer was made from. What a person or a table put into words is in the script as literals
    alone. Raises `NotExported` where no script repeats the answer, with the reason, and `DataError` where the file is another one.
    """
    from ..data import Table
    from ..errors import DataError
    from .recipe import recipe
    from .writer import check_reading, file_of

    path = Path(str(data))
    table = Table.read(path)
    told = answer.provenance.get("data")
    if isinstance(told, dict) and told.get("fingerprint") not in (None, table.fingerprint):
        raise DataError(
            f"{path.name} is not the table that the answer was made from.", "`pyllm-causal rerun` says what differs."
        )
    found = recipe(answer, table)
    file = file_of(path, len(table.names))
    check_reading(table, found.values["columns"], path, file)
    values = {"title": safe(answer.headline, 300), "file": file, **found.values}
    return _written(_tried(found.functions, path, values), values)


def _tried(functions: tuple[Ref, ...], path: Path, values: dict[str, Any]) -> Ref:
    """The first of the functions that gives the answer's figures on the table, to more digits than are promised: that of a
    well-known library where it does, else this package's own. A script that would not repeat its answer is not written."""
    from importlib import import_module

    from .parts.run import alike, flat
    from .writer import NotExported

    said = dict(flat(values["answer"]))
    for function in functions:
        try:
            found = dict(flat(getattr(import_module(function.module), function.name)(str(path), values)))
        except Exception:  # noqa: BLE001 - a library may refuse these columns in any way, or not be installed
            continue
        if found.keys() == said.keys() and all(alike(found[k], said[k], DIGITS) for k in said):
            return function
    raise NotExported("A script for this answer does not come to the same figures.", "Please report it.")


def beside(answer: Answer, path: str | Path) -> Path:
    """The table of an answer by its name: in the working folder, or else beside the answer. Raises `DataError`."""
    from ..errors import DataError

    told = answer.provenance.get("data")
    name = told.get("name") if isinstance(told, dict) else None
    for folder in (Path(), Path(path).parent):
        if isinstance(name, str) and name and (folder / Path(name).name).is_file():
            return folder / Path(name).name
    raise DataError("The table of this answer is not here.", "Name it with --data FILE.")


def _written(function: Ref, values: dict[str, Any]) -> str:
    from .excerpt import Ref, excerpt

    imports, code = excerpt(function)
    more, runner = excerpt(Ref(f"{function.module.rpartition('.')[0]}.run", "run"))
    lines = sorted({*imports, *more}, key=lambda line: (line.startswith("from"), line))
    needed = [
        n for n in ("numpy", "pandas", "scipy", "statsmodels", "linearmodels", "threadpoolctl") if _imports(lines, n)
    ]
    head = HEAD % (", ".join(needed[:-1]) + f" and {needed[-1]}" if len(needed) > 1 else needed[0])
    literal = pformat(values, width=116, sort_dicts=False, compact=True)
    return "\n".join([
        head, *lines, "", f"RECIPE = {literal}", "", "", code, "", "", runner, "", "",
        'if __name__ == "__main__":', f"    run(RECIPE, {function.name})", "",
    ])  # fmt: skip


def _imports(lines: list[str], library: str) -> bool:
    return any(line.split()[1].split(".")[0] == library for line in lines)
