"""How much of a model one run may use: tokens and dollars, counted as they go, refused before they are spent.

What a call can take at most is known beforehand: no tokeniser makes more tokens than the prompt has bytes, and the
reply is bounded by `max_tokens`. A provider that counts hidden tokens beyond that is caught at the next call.
"""

from __future__ import annotations

import json

from ..errors import ModelError
from ..settings import Settings
from .client import Reply, Request
from .prices import Price, price_of

# The chat template around every message, and the beginning and end of the prompt.
_MESSAGE = 24


def most_tokens(request: Request) -> tuple[int, int]:
    """Upper bounds of the tokens that a filled request sends and may get back."""
    size = sum(len(m.content.encode("utf-8", "replace")) + _MESSAGE for m in request.messages) + _MESSAGE
    if request.response_schema is not None:
        size += len(json.dumps(request.response_schema).encode())
    return size, request.max_tokens or 0


class Budget:
    """The account of one client. `dollars` is None once something unknown was spent."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calls = 0
        self.tokens = 0
        self.dollars: float | None = 0.0
        self._bound = 0.0  # an upper bound in dollars, with what failed calls may have cost
        self._bound_tokens = 0
        self._price: Price | None = None
        self._looked = False

    @property
    def price(self) -> Price | None:
        """The model's price, looked up once."""
        if not self._looked:
            self._price, self._looked = price_of(self.settings), True
        return self._price

    def allow(self, request: Request) -> None:
        """Raise `ModelError` when the call could go beyond what is left. Nothing has been sent then."""
        settings = self.settings
        sent, back = most_tokens(request)
        if settings.budget_tokens is not None:
            left = settings.budget_tokens - self._bound_tokens
            if sent + back > left:
                raise ModelError(
                    f"The budget of {settings.budget_tokens:,} tokens could be exceeded: this call may take up to "
                    f"{sent + back:,}, and {max(0, left):,} are left. Nothing was sent.",
                    "Raise --budget-tokens, or send less with --share names.",
                )
        if settings.budget is None or settings.local:
            return
        if self.price is None:
            if settings.budget_tokens is not None:
                return
            raise ModelError(
                f"What {settings.model} costs is not known, so a budget in dollars cannot be kept. Nothing was sent.",
                "Give --budget-tokens N, which can be kept; or leave --budget out.",
            )
        most, left_dollars = self.price.bound(sent, back), settings.budget - self._bound
        if most > left_dollars:
            raise ModelError(
                f"The budget of {money(settings.budget)} could be exceeded: this call may cost up to {money(most)}, and "
                f"{money(max(0.0, left_dollars))} are left. Nothing was sent.",
                "Raise --budget, or use a cheaper model.",
            )

    def spent(self, request: Request, reply: Reply) -> None:
        """Count a reply. What the server does not tell is counted at its bound."""
        sent, back = most_tokens(request)
        taken = (
            sent if reply.tokens_in is None else reply.tokens_in,
            back if reply.tokens_out is None else reply.tokens_out,
        )
        self.calls += 1
        self.tokens += sum(taken)
        self._bound_tokens += sum(taken)
        if reply.cost is not None:
            self._bound += reply.cost
        elif self.price is not None:
            self._bound += self.price.bound(*taken)
        self.dollars = None if self.dollars is None or reply.cost is None else self.dollars + reply.cost

    def lost(self, request: Request) -> None:
        """Count a call that failed after it was sent: it may have been charged in full."""
        sent, back = most_tokens(request)
        self._bound_tokens += sent + back
        if self.price is not None:
            self._bound += self.price.bound(sent, back)
        if not self.settings.in_process:
            self.dollars = None

    def __str__(self) -> str:
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        cost = "unknown" if self.dollars is None else "nothing" if self.settings.in_process else money(self.dollars)
        return f"language model: {calls}, {self.tokens:,} tokens, cost so far {cost}"


def money(dollars: float) -> str:
    """Dollars with cents, or with two digits below a cent."""
    if dollars == 0 or dollars >= 0.01:
        return f"${dollars:,.2f}"
    return f"${dollars:.2g}" if dollars >= 0.0001 else "under $0.0001"
