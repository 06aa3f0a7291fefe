"""Chance for thousands of simulations, each with a stream of its own, at a few nanoseconds a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

APART = 0x9E3779B97F4A7C15F39CC0605CEDC835  # steps from one stream to the next: 2¹²⁸ over the golden ratio, so that none overlap
WHOLE_DECK = 4096  # rows from which a deck is cut instead of shuffled anew


@dataclass(frozen=True)
class Streams:
    """A generator for each simulation of one check. `seed` and `name` (a number) choose the check's own sequence.

    The same generator is placed at another point of a sequence of 2¹²⁸ numbers, which is much quicker than a new one: what
    `at` returned before must not be used any more.
    """

    seed: int
    name: int

    @cached_property
    def _source(self) -> tuple[np.random.PCG64DXSM, np.random.Generator, Any]:
        import numpy as np

        bits = np.random.PCG64DXSM(np.random.SeedSequence([self.seed, self.name]))
        return bits, np.random.Generator(bits), bits.state

    def at(self, number: int) -> np.random.Generator:
        """The generator of simulation `number`, the same whatever was drawn before."""
        bits, generator, start = self._source
        bits.state = start
        bits.advance(number * APART % (1 << 128))
        return generator

    def __getstate__(self) -> dict[str, int]:
        return {"seed": self.seed, "name": self.name}  # a worker makes its own generator


class Deck:
    """Orders of n rows, each uniformly at random. A large table is shuffled once, in two ways, and every deal cuts the deck
    at a random place: any two deals have next to nothing in common (correlations of the order of 1/√n), for a tenth of the
    time of shuffling anew."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        import numpy as np

        self.n = n
        self._cards: NDArray[np.int32] | None = None
        if n >= WHOLE_DECK:
            cards = rng.permutation(n).astype("int32")
            self._cards, self._places = np.concatenate([cards, cards]), rng.permutation(n)

    def deal(self, rng: np.random.Generator) -> NDArray[np.integer]:
        """(n,) row numbers, each once."""
        if self._cards is None:
            return rng.permutation(self.n)
        cut = int(rng.random() * self.n)
        return self._cards[cut : cut + self.n].take(self._places)


def noise(n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """(n,) independent whole numbers, uniform from −128 to 127: a column that means nothing."""
    import numpy as np

    return np.frombuffer(rng.bytes(n), dtype=np.int8)


def coins(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(n,) independent fair 0 or 1."""
    import numpy as np

    return np.unpackbits(np.frombuffer(rng.bytes((n + 7) // 8), dtype=np.uint8), count=n)
