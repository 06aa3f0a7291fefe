"""The NHEFS conversation of the design at a pseudo-terminal, with recorded replies and without a model.

`python -m tests.cli.chat.conversations` writes both transcripts anew; look at the difference before committing it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.cli.chat.terminals import PROMPT, ROOT, Person, plain

SCRIPTS = ROOT / "fixtures" / "conversations"
HERE = Path(__file__).parent
ARGUMENTS: dict[str, list[str | Path]] = {
    "no_model": ["--graph", SCRIPTS / "nhefs_picture.json"],
    "with_model": ["--replay", SCRIPTS / "nhefs_weight"],
}


def transcript(name: str, folder: Path) -> str:
    """What a person sees who types the lines of a script."""
    data = ROOT / "fixtures" / "data"
    person = Person(
        data / "nhefs.csv", "--describe", f"@{data / 'nhefs.describe.txt'}", "--simulations", "20", "--workers", "1",
        *ARGUMENTS[name], folder=folder,
    )  # fmt: skip
    person.wait_for(PROMPT)
    person.talk((SCRIPTS / f"{name}.txt").read_text(encoding="utf-8").splitlines())
    assert person.end() == 0, person.complaints()
    return plain(person.screen)


if __name__ == "__main__":
    for name in ARGUMENTS:
        with tempfile.TemporaryDirectory() as folder:
            (HERE / f"{name}.txt").write_text(transcript(name, Path(folder)), encoding="utf-8")
