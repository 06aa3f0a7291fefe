"""Agreement: do other methods, resting on other models, give the same answer?"""

from __future__ import annotations

from ...analysis import Refutation
from ..agreement import agreement
from . import Trial, refuter


@refuter("other_methods", "answer the question with other methods and compare")
def other_methods(trial: Trial) -> Refutation | None:
    """Passes within one standard error; fails beyond two, or where one clearly says the opposite (`causal/agreement.py`)."""
    return agreement(trial.estimates.headline.effect, [e.effect for e in trial.estimates.others])
