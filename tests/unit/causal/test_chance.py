"""Streams of chance are apart and repeatable; decks, coins and noise are what they say."""

from __future__ import annotations

from copy import copy

import numpy as np
import pytest

from pyllm_causal.causal.chance import WHOLE_DECK, Deck, Streams, coins, noise


def test_a_stream_is_the_same_whatever_was_drawn_before() -> None:
    streams = Streams(3, 7)
    first = streams.at(5).integers(0, 1000, 20, dtype="uint16")
    streams.at(4).random(999)
    assert (streams.at(5).integers(0, 1000, 20, dtype="uint16") == first).all()
    assert (Streams(3, 7).at(5).integers(0, 1000, 20, dtype="uint16") == first).all()
    carried = copy(streams)  # as a worker gets it: without the generator
    assert (carried.at(5).integers(0, 1000, 20, dtype="uint16") == first).all()


def test_streams_differ_by_number_name_and_seed() -> None:
    draws = [
        tuple(Streams(seed, name).at(number).integers(0, 1 << 60, 3))
        for seed in (0, 1)
        for name in (0, 1)
        for number in range(50)
    ]
    assert len(set(draws)) == 200


def test_streams_are_independent_of_each_other() -> None:
    streams = Streams(0, 1)
    draws = np.array([streams.at(i).standard_normal(500) for i in range(200)])
    between = np.corrcoef(draws)[np.triu_indices(200, 1)]
    assert abs(between.mean()) < 5 / np.sqrt(500 * len(between))
    assert between.std() == pytest.approx(1 / np.sqrt(500), rel=0.05)


@pytest.mark.parametrize("n", [7, WHOLE_DECK - 1, WHOLE_DECK, WHOLE_DECK + 1])
def test_every_deal_holds_each_row_once(n: int) -> None:
    rng = np.random.default_rng(0)
    deck = Deck(n, rng)
    for _ in range(5):
        assert (np.sort(deck.deal(rng)) == np.arange(n)).all()


def test_deals_from_a_cut_deck_are_like_fresh_shuffles() -> None:
    """Sorted columns, the worst case for neighbours: sums over deals have the mean and the spread that shuffling gives, one deal
    says nothing about the next, and a row's own place is uniform."""
    n = WHOLE_DECK
    rng = np.random.default_rng(1)
    treatment = np.linspace(-1, 1, n)
    values, places = [], []
    for _ in range(40):
        deck = Deck(n, rng)
        deals = [deck.deal(rng) for _ in range(25)]
        values.append([treatment[d] @ treatment for d in deals])
        places += [int(d[0]) for d in deals]
    found = np.array(values)
    spread = (treatment @ treatment) / np.sqrt(n - 1)
    assert abs(found.mean()) < 4 * spread / np.sqrt(found.size)
    assert found.std() == pytest.approx(spread, rel=0.1)
    assert found.mean(axis=1).std() == pytest.approx(spread / 5, rel=0.45)  # not more alike within a deck than between
    assert abs(np.mean(places) / n - 0.5) < 4 / np.sqrt(12 * len(places))


def test_noise_and_coins_are_even() -> None:
    rng = np.random.default_rng(2)
    heads, column = coins(100_001, rng), noise(100_001, rng)
    assert heads.shape == column.shape == (100_001,)
    assert set(np.unique(heads)) == {0, 1} and abs(heads.mean() - 0.5) < 4 * 0.5 / np.sqrt(100_001)
    assert abs(column.mean() + 0.5) < 4 * 73.9 / np.sqrt(100_001) and column.std() == pytest.approx(73.9, rel=0.01)
