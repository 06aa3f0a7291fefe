"""The command line in this process: the real `main()`, with its own streams and arguments, for speed."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """What a run left behind. `error` is an exception that came through, which no user may ever see."""

    code: int
    out: str
    err: str
    error: BaseException | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as exactly one JSON document, without NaN or Infinity."""

        def refuse(name: str) -> Any:
            raise AssertionError(f"{name} in the output")

        found = json.loads(self.out, parse_constant=refuse)
        assert isinstance(found, dict)
        return found


def run(*arguments: str | Path, stdin: str = "") -> Run:
    """One command, in this process."""
    from pyllm_causal.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    caught: BaseException | None = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pyllm-causal", *map(str, arguments)])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        except Exception as error:  # noqa: BLE001 - a test tells what came through
            caught, code = error, 1
    texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]  # type: ignore[attr-defined]
    return Run(code, texts[0], texts[1], caught)


def start(*arguments: str | Path, environment: Mapping[str, str] | None = None, stdin: str = "") -> Run:
    """One command, as a process of its own."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-m", "pyllm_causal", *map(str, arguments)],
        capture_output=True,
        input=stdin.encode(),
        env=env,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def without_seconds(text: str) -> str:
    """A JSON answer without the only part that may differ between two runs, key order kept."""
    document = json.loads(text)
    document["provenance"].pop("seconds")
    return json.dumps(document, ensure_ascii=False)


def folder_of(path: Path) -> dict[str, bytes]:
    """Every file under `path` with its content, to see that a run wrote nothing."""
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def query_file(folder: Path, query: Any, name: str = "query.json") -> Path:
    """`query` (a document, or text as it is) as a file."""
    path = folder / name
    path.write_text(query if isinstance(query, str) else json.dumps(query), encoding="utf-8")
    return path


def drug_table(folder: Path) -> Path:
    """Eighty rows in which a drug raises the result by one."""
    draw = random.Random(8)
    rows = [(draw.randint(20, 70), i % 2, round(i % 2 + draw.gauss(0, 1), 3)) for i in range(80)]
    age, drug, result = zip(*rows, strict=True)
    return table_file(folder, {"age": age, "drug": drug, "result": result})


def table_file(folder: Path, columns: Mapping[str, Sequence[Any]], name: str = "table.csv") -> Path:
    """Columns as a CSV file; None is an empty cell."""
    import csv

    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([["" if v is None else v for v in row] for row in zip(*columns.values(), strict=True)])
    return path
