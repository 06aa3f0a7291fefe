"""What a model costs, from the price list that litellm ships. Read as a file: importing litellm takes seconds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..settings import Settings

_FILE = "model_prices_and_context_window_backup.json"
_LONG_PROMPT = 128_000


@dataclass(frozen=True)
class Price:
    """US dollars a token: usual prices for reckoning, and the highest that may apply (long prompts, priority)."""

    tokens_in: float
    tokens_out: float
    most_in: float
    most_out: float

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """What a reply cost; an upper bound where part of the prompt was cached."""
        if tokens_in > _LONG_PROMPT:
            return self.bound(tokens_in, tokens_out)
        return self.tokens_in * tokens_in + self.tokens_out * tokens_out

    def bound(self, tokens_in: int, tokens_out: int) -> float:
        """The most that a call of this size can cost."""
        return self.most_in * tokens_in + self.most_out * tokens_out


def price_of(settings: Settings) -> Price | None:
    """The price of the model in `settings`; None where nobody has told us, `--api-base` servers included."""
    model = settings.model or ""
    if settings.offline or settings.in_process or settings.address is not None:
        return None
    provider = settings.provider or "openai"
    for name in (model, model.partition("/")[2] or model):
        entry = _entries().get(name)
        if isinstance(entry, dict) and str(entry.get("litellm_provider", "")).startswith(provider):
            return _price(entry)
    return None


def _price(entry: dict[str, Any]) -> Price | None:
    tokens_in, tokens_out = (entry.get(name) or 0.0 for name in ("input_cost_per_token", "output_cost_per_token"))
    if min(tokens_in, tokens_out) <= 0:
        return None  # a price of nothing stands for one that is not known

    def most(*starts: str) -> float:
        return max(float(v) for k, v in entry.items() if k.startswith(starts) and isinstance(v, (int, float)))

    return Price(
        tokens_in,
        tokens_out,
        most("input_cost_per_token", "cache_creation_input_token_cost"),
        most("output_cost_per_token", "output_cost_per_reasoning_token"),
    )


@lru_cache(maxsize=1)
def _entries() -> dict[str, Any]:
    import json
    from importlib.machinery import PathFinder
    from pathlib import Path

    found = PathFinder.find_spec("litellm")
    for folder in (found.submodule_search_locations or ()) if found else ():
        try:
            entries = json.loads((Path(folder) / _FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(entries, dict):
            return entries
    return {}
