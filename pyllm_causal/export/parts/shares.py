"""Shares free of an event by any method of the comparisons that hold covariates fixed."""

from __future__ import annotations

from typing import Any

from ...causal.estimators.doubly_robust import doubly_robust
from ...causal.estimators.means import difference_in_means, post_stratified
from ...causal.estimators.regression import flexible_regression, regression
from ...causal.estimators.weighting import weighting
from ...causal.inference import Fit
from ...causal.sample import Sample
from .interval import Effect, from_fit
from .survival import pseudo_values


def _effect(fit: Fit, sample: Sample, q: dict[str, Any]) -> Effect:
    """Shares do not differ by more than one."""
    found = from_fit(fit, sample, q)
    if q["chances"]:
        found |= {"low": max(found["low"], -1.0), "high": min(found["high"], 1.0)}
    return found


def with_difference_in_means(path: str, recipe: dict[str, Any]) -> Effect:
    """Kaplan–Meier by group."""
    sample = pseudo_values(path, recipe)
    return _effect(difference_in_means(sample), sample, recipe)


def with_post_stratified(path: str, recipe: dict[str, Any]) -> Effect:
    """Within strata."""
    sample = pseudo_values(path, recipe)
    return _effect(post_stratified(sample), sample, recipe)


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Rows made alike by regression."""
    sample = pseudo_values(path, recipe)
    return _effect(regression(sample), sample, recipe)


def with_flexible_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Rows made alike by regression with bent covariates."""
    sample = pseudo_values(path, recipe)
    return _effect(flexible_regression(sample), sample, recipe)


def with_weighting(path: str, recipe: dict[str, Any]) -> Effect:
    """Rows made alike by weights."""
    sample = pseudo_values(path, recipe)
    return _effect(weighting(sample), sample, recipe)


def with_doubly_robust(path: str, recipe: dict[str, Any]) -> Effect:
    """Rows made alike by both."""
    sample = pseudo_values(path, recipe)
    return _effect(doubly_robust(sample), sample, recipe)
