"""Present value by the rates of the Green Book: what is paid or gained later counts for less.

HM Treasury, The Green Book (2022), annex 6, table 7: the social time preference rate is 3.5 % a year for the first 30
years, 3.0 % from the 31st to the 75th and 2.5 % from the 76th to the 125th. A factor is the product of one over one
plus the rate of every year up to then.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

RATES: Final = ((30, 0.035), (75, 0.030), (125, 0.025))  # last year of each rate, and the rate a year
LAST_YEAR: Final = RATES[-1][0]


def rate_of(year: int) -> float:
    """Discount rate of the n-th year, as a share. Raises ValueError outside 1 to 125."""
    if not 1 <= year <= LAST_YEAR:
        raise ValueError(f"discounting: found year {year}, expected 1 to {LAST_YEAR}")
    return next(rate for last, rate in RATES if year <= last)


_WHOLE = tuple(
    accumulate(range(1, LAST_YEAR + 1), lambda factor, year: factor / (1 + rate_of(year)), initial=1.0)
)


def discount_factor(years: float) -> float:
    """What one pound or person ``years`` after the base year counts for, as a share of one now.

    Between whole years at the rate of the year that has begun. Raises ValueError below 0 or above 125.
    """
    if not 0 <= years <= LAST_YEAR:
        raise ValueError(f"discounting: found {years} years, expected 0 to {LAST_YEAR}")
    whole = int(years)
    if whole == years:
        return _WHOLE[whole]
    return _WHOLE[whole] / (1 + rate_of(whole + 1)) ** (years - whole)
