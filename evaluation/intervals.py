"""Confidence intervals for proportions and rates, vectorised.

Conventions are those of the Office for Health Improvement and Disparities (OHID) as published in its
technical guide "Confidence intervals" and in the R package PHEindicatormethods: Wilson's score interval for
proportions; for counts and rates Byar's approximation, replaced by the exact chi-square interval below ten
events.

Every function takes scalars or arrays that broadcast together, and returns two float arrays of the broadcast
shape. Missing input (NaN), a negative count or a denominator that is not positive give NaN, never a guess.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]

CONFIDENCE = 0.95
EXACT_BELOW = 10  # events below which Byar's approximation gives way to the exact interval (OHID)


def checked_confidence(confidence: float) -> float:
    """The confidence itself; ValueError where it lies outside 0..1 (95 for 0.95, say)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    return confidence


def normal_quantile(confidence: float) -> float:
    """Two-sided quantile of the standard normal distribution: 1.96 for a confidence of 0.95."""
    return float(special.ndtri(checked_confidence(confidence) + (1 - confidence) / 2))


def wilson(
    numerator: ArrayLike, denominator: ArrayLike, *, confidence: float = CONFIDENCE, multiplier: float = 1
) -> Interval:
    """Wilson score interval of ``numerator / denominator``, times ``multiplier`` (100 for percent).

    Source: Wilson EB, J Am Stat Assoc 1927;22:209-212; in the form of Newcombe RG, Stat Med 1998;17:857-872,
    method 3. A numerator outside 0..denominator is no proportion and gives NaN.
    """
    x, n = _floats(numerator, denominator)
    z = normal_quantile(confidence)
    valid = (n > 0) & (x >= 0) & (x <= n)
    x, n = np.where(valid, x, np.nan), np.where(valid, n, np.nan)
    half = z * np.sqrt(z * z + 4 * x * (1 - x / n))
    scale = multiplier / (2 * (n + z * z))
    return (2 * x + z * z - half) * scale, (2 * x + z * z + half) * scale


def byar(events: ArrayLike, *, confidence: float = CONFIDENCE) -> Interval:
    """Byar's approximation of the Poisson interval of a count.

    Source: Breslow NE, Day NE, Statistical Methods in Cancer Research vol. II, IARC 1987, p. 69. Where the
    lower formula falls below zero (very few events at a high confidence) the lower limit is NaN; with no
    event it is 0. Published figures use :func:`poisson`, which is exact where this approximation is poor.
    """
    (x,) = _floats(events)
    z = normal_quantile(confidence)
    x = np.where(x >= 0, x, np.nan)
    positive = np.where(x > 0, x, np.nan)
    lower = positive * (1 - 1 / (9 * positive) - z / (3 * np.sqrt(positive))) ** 3
    lower = np.where(x == 0, 0.0, np.where(lower >= 0, lower, np.nan))
    above = x + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return lower, upper


def poisson_exact(events: ArrayLike, *, confidence: float = CONFIDENCE) -> Interval:
    """Exact Poisson interval of a count, from the chi-square distribution.

    Source: Garwood F, Biometrika 1936;28:437-442: half the alpha/2 quantile of chi-square with 2x degrees of
    freedom, half the 1 - alpha/2 quantile with 2x + 2; written with the inverse incomplete gamma function,
    which is the same quantile without the loss of precision near 1. With no event the lower limit is 0.
    """
    (x,) = _floats(events)
    tail = (1 - confidence) / 2
    x = np.where(x >= 0, x, np.nan)
    lower = np.where(x == 0, 0.0, special.gammaincinv(np.where(x > 0, x, np.nan), tail))
    return lower, np.asarray(special.gammainccinv(x + 1, tail), dtype=np.float64)


def poisson(events: ArrayLike, *, confidence: float = CONFIDENCE) -> Interval:
    """Interval of a count by OHID's convention: exact below ten events, Byar's from ten on."""
    (x,) = _floats(events)
    few = x < EXACT_BELOW
    lower, upper = byar(np.where(few, np.nan, x), confidence=confidence)
    exact_lower, exact_upper = poisson_exact(np.where(few, x, np.nan), confidence=confidence)
    return np.where(few, exact_lower, lower), np.where(few, exact_upper, upper)


def rate(
    numerator: ArrayLike, denominator: ArrayLike, *, confidence: float = CONFIDENCE, multiplier: float = 1
) -> Interval:
    """Interval of a crude rate ``numerator / denominator * multiplier``; the denominator counts as known.

    Source: OHID as above: the interval of the count (:func:`poisson`) divided by the denominator.
    """
    x, n = _floats(numerator, denominator)
    n = np.where(n > 0, n, np.nan)
    lower, upper = poisson(x, confidence=confidence)
    return lower / n * multiplier, upper / n * multiplier


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    return tuple(np.broadcast_arrays(*arrays))
