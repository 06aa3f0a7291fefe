"""Which of two columns is the cause? Told by what changes from one environment (site, period, country) to the next.

Along the right arrow a change stays where it is made; along the wrong one both ends seem to change (`discovery.environments`).
"""

from __future__ import annotations

from collections.abc import Sequence

from .independence import Columns

MOST_ROWS = 10_000


def turned_by_places(
    columns: Columns,
    environment: str,
    cause: str,
    effect: str,
    causes_of_cause: Sequence[str],
    causes_of_effect: Sequence[str],
    looked_at: int,
) -> int | None:
    """The number of environments where they say that `effect` is the cause, whichever of them is left out; None otherwise.

    looked_at: how many arrows are held against the environments in all.
    """
    import numpy as np

    from .discovery.environments import arrow_against_environments

    causes_of_cause = [c for c in causes_of_cause if c != environment]
    causes_of_effect = [c for c in causes_of_effect if c != environment]
    names = dict.fromkeys([environment, cause, effect, *causes_of_cause, *causes_of_effect])
    blocks = columns.raw(list(names), MOST_ROWS)
    if blocks is None or environment in (cause, effect) or not len(blocks[cause]):
        return None
    place = np.unique(blocks[environment], axis=0, return_inverse=True)[1].ravel()
    if place.max() < 1:
        return None
    found = arrow_against_environments(
        blocks[cause],
        blocks[effect],
        place,
        [blocks[c] for c in causes_of_cause],
        [blocks[c] for c in causes_of_effect],
        looked_at=looked_at,
    )
    return found.environments if found.about == "other way" and found.stable else None
