"""Every error that a caller can meet.

    CausalError                 message + hint; `str(error)` is fit for a user
    ├── InputError              exit 2: the request cannot be carried out as it stands
    │   ├── DataError           the table cannot be read or is unusable
    │   ├── QueryError          the query contradicts itself, the table or the grammar
    │   │   ├── UnknownColumn   a name that is not in the table (with near misses)
    │   │   └── NotExported     an answer that no script can repeat (`export/`)
    │   ├── GraphError          a cycle, a self-loop, an unknown node, an invalid adjustment set
    │   ├── RecordingError      a replay that is missing, stale or unreadable
    │   ├── AnswerError         a file that is no answer document (`answer_file.py`)
    │   └── SettingsError       a setting that is missing or makes no sense
    ├── ModelError              exit 2: the language model could not be reached or gave nothing usable
    └── InternalError           exit 1: our fault

"This cannot be told from these data" is a result (`NotIdentified`), not an error.
"""

from __future__ import annotations

from collections.abc import Iterable


class CausalError(Exception):
    """Base of all errors: what happened (`message`) and what to do next (`hint`)."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(CausalError):
    """The request cannot be carried out as it stands."""

    code = "input"
    exit_code = 2


class DataError(InputError):
    """The table cannot be read, or is unusable."""

    code = "data"


class QueryError(InputError):
    """The query contradicts itself, the table or the grammar."""

    code = "query"


class UnknownColumn(QueryError):
    """A name that is not a column of the table.

    `role` is the part that the name plays in the query, e.g. "treatment".
    """

    code = "unknown_column"

    def __init__(self, name: str, columns: Iterable[str], role: str = "column") -> None:
        from difflib import get_close_matches

        known = list(columns)
        folded = {c.casefold(): c for c in known}
        near = [folded[m] for m in get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)]
        if near:
            hint = "Did you mean " + " or ".join(repr(n) for n in near) + "?"
        else:
            shown = ", ".join(repr(c) for c in known[:12])
            hint = f"The columns are {shown}{' and others' if len(known) > 12 else ''}."
        super().__init__(f"The {role} {name!r} is not a column of the table.", hint)
        self.name = name


class GraphError(InputError):
    """The graph is not a usable causal graph."""

    code = "graph"


class RecordingError(InputError):
    """A recorded reply is missing, stale or unreadable."""

    code = "recording"


class SettingsError(InputError):
    """A setting is missing or makes no sense."""

    code = "settings"


class ModelError(CausalError):
    """The language model could not be reached, or gave nothing usable."""

    code = "model"
    exit_code = 2


class InternalError(CausalError):
    """A fault of this program."""

    code = "internal"
    exit_code = 1
