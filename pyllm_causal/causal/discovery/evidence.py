"""How strong a link is, among rows alike in the other causes of its effect."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..independence import Columns
from .columns import Matrix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


class Evidence:
    """Tests links of (p, p) `arrows` (lines both ways) on the rows of a search, with the test for columns of every kind."""

    def __init__(self, matrix: Matrix, arrows: Bools) -> None:
        self._matrix, self._arrows = matrix, arrows
        self._columns: Columns | None = None

    def of(self, cause: int, effect: int, until: float) -> dict[str, Any]:
        """{strength in [0, 1], chance, rows, given}; empty where time is up (`until` of `time.monotonic`) or it cannot be tested."""
        import numpy as np

        if time.monotonic() > until:
            return {}
        if self._columns is None:
            self._columns = Columns({str(i): self._matrix.block(i) for i in range(len(self._matrix.names))})
        into = self._arrows[:, effect] & ~self._arrows[effect]
        given = [int(i) for i in np.flatnonzero(into) if i != cause]
        found = self._columns.test(str(cause), str(effect), [str(i) for i in given])
        if found is None:
            return {}
        return {
            "strength": found.size,
            "chance": found.p_value,
            "rows": found.rows,
            "given": [self._matrix.names[i] for i in given],
        }
