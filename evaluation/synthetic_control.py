"""Synthetic control: one treated unit against the mix of other units that went along with it before.

======================  ==========================================================================
``synthetic_control``   effect, weights, placebos in space and in time, leave-one-out, problems
``convex_weights``      non-negative weights with sum 1 that bring donors closest to a target
======================  ==========================================================================

Method: Abadie A, Diamond A, Hainmueller J, J Am Stat Assoc 2010;105:493-505; Abadie A, J Econ Lit 2021;59:391-425.
Weights fit the outcome of every period before the date, all periods weighted the same, and covariates where given
(means over the periods before). No search for predictor weights: with all the outcomes before in the fit it adds
little (Kaul A et al, J Bus Econ Stat 2022;40:1362-1376) and leaves the analyst a choice (Ferman B, Pinto C,
Possebom V, J Policy Anal Manage 2020;39:510-532).

Significance: every donor in turn is taken for treated, with all other units, the treated one too, as its donors
(Abadie et al. 2010, section 3.4); the p-value is the share of all units whose ratio of errors after to errors before
(root mean square) is at least that of the treated unit. The interval spans the constant effects that this test at
5 % does not reject (Firpo S, Possebom V, J Causal Inference 2018;6(2)).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from evaluation import intervals

Floats = NDArray[np.float64]

POOR_FIT = 0.25  # of the spread between units: an error before the date from which the fit is poor
NEARLY_ALL = 0.9  # weight of one donor from which the comparison is with that donor
COUNTED = 0.001  # weight below which a donor is not counted as used
FEW_BEFORE = 8  # periods before the date below which a good fit says little
LARGE = 0.5  # of the effect: a placebo date's effect from which it is doubtful
EXACT = 1e-9  # of the spread: an error before below which the fit is exact


@dataclass(frozen=True)
class SyntheticControl:
    """Result for one treated unit.

    ``effect``: mean gap (observed minus synthetic) from ``since`` on, in units of the outcome; ``lower``,
    ``upper``: interval by inverting the placebo test (infinite where there are too few donors, NaN where no
    constant effect agrees with it); ``before``, ``after``: root mean square gap; ``ratio``: after over before;
    ``spread``: standard deviation between units, mean over the periods before, by which an error is judged; ``p``:
    rank of the ratio among all units, over their number.

    Frames. ``weights``: unit, weight, largest first, all donors. ``series``: period, observed, synthetic, gap,
    is_after. ``placebos``: unit, effect, before, after, ratio, is_treated, highest ratio first; ``gaps``: the gap of
    each donor, taken for treated: unit, period, gap. ``left_out``: unit
    (each donor in use left out), effect, before. ``in_time``: one row a placebo date, of which there is one
    halfway through the periods before (none where those are fewer than four): since, effect, before, after, ratio.
    """

    effect: float
    lower: float
    upper: float
    p: float
    before: float
    after: float
    ratio: float
    spread: float
    weights: pd.DataFrame = field(repr=False, compare=False)
    series: pd.DataFrame = field(repr=False, compare=False)
    placebos: pd.DataFrame = field(repr=False, compare=False)
    gaps: pd.DataFrame = field(repr=False, compare=False)
    left_out: pd.DataFrame = field(repr=False, compare=False)
    in_time: pd.DataFrame = field(repr=False, compare=False)
    problems: tuple[str, ...]


class _Panel(NamedTuple):
    """Outcomes (periods x units, the treated unit first), covariates (rows x units), which periods are after."""

    units: list[object]
    periods: list[object]
    value: Floats
    covariates: Floats
    is_after: NDArray[np.bool_]

    @property
    def spread(self) -> float:
        """Standard deviation between units, mean over the periods before."""
        return float(self.value[~self.is_after].std(axis=1, ddof=1).mean())


class _Fit(NamedTuple):
    """Weights of the donors and the gap of each period."""

    weights: Floats
    gap: Floats
    effect: float
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """After over before; after an exact fit any gap is infinitely much, and none is none."""
        if self.before == 0:
            return np.inf if self.after > 0 else 0.0
        return self.after / self.before


def synthetic_control(
    frame: pd.DataFrame,
    treated: object,
    since: object,
    *,
    covariates: Sequence[str] = (),
    confidence: float = intervals.CONFIDENCE,
) -> SyntheticControl:
    """Effect on ``treated`` from the period ``since`` on; every other unit of ``frame`` is a donor.

    ``frame``: unit, period, outcome and the covariates, every unit in every period. Leave units out of the frame
    that were treated themselves, that border on the treated one or had shocks of their own. A covariate counts
    as much in the fit as one period, both measured in standard deviations between units. Raises ValueError for
    a missing value, a unit that lacks a period, fewer than two donors, two periods before or one after.
    """
    panel = _panel(frame, treated, since, covariates)
    fit = _fitted(panel, 0)
    placebos = [_fitted(panel, place) for place in range(1, len(panel.units))]
    ratios = np.array([one.ratio for one in placebos])
    lower, upper = _interval(fit, placebos, panel.is_after, confidence)
    left_out = _left_out(panel, fit)
    in_time = _in_time(panel)
    weights = pd.DataFrame({"unit": panel.units[1:], "weight": fit.weights}).sort_values(
        ["weight", "unit"], ascending=[False, True], ignore_index=True
    )
    observed = panel.value[:, 0]
    return SyntheticControl(
        effect=fit.effect,
        lower=lower,
        upper=upper,
        p=float((1 + (ratios >= fit.ratio).sum()) / (1 + len(ratios))),
        before=fit.before,
        after=fit.after,
        ratio=fit.ratio,
        spread=panel.spread,
        weights=weights,
        series=pd.DataFrame(
            {
                "period": panel.periods,
                "observed": observed,
                "synthetic": observed - fit.gap,
                "gap": fit.gap,
                "is_after": panel.is_after,
            }
        ),
        placebos=_ranked(panel, [fit, *placebos]),
        gaps=pd.DataFrame(
            {
                "unit": np.repeat(np.array(panel.units[1:], dtype=object), len(panel.periods)),
                "period": panel.periods * len(placebos),
                "gap": np.concatenate([one.gap for one in placebos]),
            }
        ),
        left_out=left_out,
        in_time=in_time,
        problems=(
            *_doubtful_fit(panel, fit),
            *_doubtful_test(len(ratios), lower, upper, confidence),
            *_fragile(fit, left_out, in_time),
        ),
    )


def convex_weights(donors: Floats, target: Floats) -> Floats:
    """Weights, none below 0 and with sum 1, that minimise the squared distance of ``donors @ w`` to ``target``.

    ``donors``: rows x donors; ``target``: rows. The point of the donors' convex hull closest to the target: with
    D = donors - target it is w = u / sum(u) where u >= 0 minimises |D u|^2 + (sum(u) - 1)^2, since for any sum of
    u the second term is fixed and the first is that sum squared times the squared distance (Lawson CL, Hanson RJ,
    Solving Least Squares Problems, 1974, chapter 23). An active-set solution: exact and the same every time.
    """
    apart = donors - target[:, None]
    scale = float(np.abs(apart).max()) or 1.0
    system = np.vstack([apart / scale, np.ones(apart.shape[1])])
    solution, _ = optimize.nnls(system, np.append(np.zeros(len(apart)), 1.0))
    return solution / solution.sum()


def _panel(frame: pd.DataFrame, treated: object, since: object, covariates: Sequence[str]) -> _Panel:
    for column in ("outcome", *covariates):
        missing = int(frame[column].isna().sum())
        if missing:
            raise ValueError(f"{column}: missing in {missing} of {len(frame)} rows")
    if frame.duplicated(["unit", "period"]).any():
        raise ValueError(f"{int(frame.duplicated(['unit', 'period']).sum())} rows repeat a unit and a period")
    wide = frame.pivot_table(index="period", columns="unit", values="outcome", sort=True)
    if treated not in wide.columns:
        raise ValueError("the treated unit is not in the frame")
    lacking = int(wide.isna().any().sum())
    if lacking:
        raise ValueError(f"{lacking} of {wide.shape[1]} units lack a period")
    units = [treated, *(unit for unit in wide.columns if unit != treated)]
    is_after = np.asarray(wide.index >= since, dtype=np.bool_)
    if len(units) < 3 or (~is_after).sum() < 2 or not is_after.any():  # noqa: PLR2004
        raise ValueError("at least two donors, two periods before the date and one after are needed")
    means = frame[frame["period"] < since].groupby("unit")[list(covariates)].mean().loc[units]
    return _Panel(
        units,
        list(wide.index),
        wide[units].to_numpy(dtype=np.float64),
        means.to_numpy(dtype=np.float64).T,
        is_after,
    )


def _fitted(panel: _Panel, place: int, *, without: int | None = None) -> _Fit:
    """The unit at ``place`` against all others but ``without``, in their order."""
    donors = [one for one in range(len(panel.units)) if one not in (place, without)]
    before = panel.value[~panel.is_after]
    rows = [before / (panel.spread or 1.0)]
    if len(panel.covariates):
        spread = panel.covariates.std(axis=1, ddof=1, keepdims=True)
        rows.append(panel.covariates / np.where(spread > 0, spread, 1.0))
    fitted = np.vstack(rows)
    weights = convex_weights(fitted[:, donors], fitted[:, place])
    gap = panel.value[:, place] - panel.value[:, donors] @ weights
    return _Fit(
        weights,
        gap,
        float(gap[panel.is_after].mean()),
        _root_mean_square(gap[~panel.is_after]),
        _root_mean_square(gap[panel.is_after]),
    )


def _root_mean_square(gap: Floats) -> float:
    return float(np.sqrt(np.mean(gap**2)))


def _interval(
    fit: _Fit, placebos: Sequence[_Fit], is_after: NDArray[np.bool_], confidence: float
) -> tuple[float, float]:
    """From the smallest to the largest constant effect c that the placebo test does not reject.

    With c taken off the treated unit its gaps g after the date become g - c, and those of a placebo, in which it
    weighs w, g + w c; the weights stay. So a placebo's ratio is at least the treated unit's where a quadratic in
    c is 0 or more, and c is kept where that holds for at least k = floor(alpha (J + 1)) of the J placebos.
    """
    alpha = 1 - intervals.checked_confidence(confidence)
    rank = int(np.floor(alpha * (len(placebos) + 1) + EXACT))
    treated = np.array([np.mean(fit.gap[is_after] ** 2), -2 * fit.effect, 1.0])
    quadratics = np.array(
        [
            np.array([one.after**2, 2 * one.weights[0] * one.effect, one.weights[0] ** 2]) * fit.before**2
            - treated * one.before**2
            for one in placebos
        ]
    )
    crossings = np.unique([root.real for row in quadratics for root in np.roots(row[::-1]) if not root.imag])
    if not len(crossings):
        crossings = np.array([0.0])
    ends = np.concatenate([[-np.inf], crossings, [np.inf]])
    inside = np.concatenate([[crossings[0] - 1], (crossings[1:] + crossings[:-1]) / 2, [crossings[-1] + 1]])
    kept = ((quadratics @ np.vstack([np.ones_like(inside), inside, inside**2])) >= 0).sum(axis=0) >= rank
    if not kept.any():
        return np.nan, np.nan
    places = np.flatnonzero(kept)
    return float(ends[places[0]]), float(ends[places[-1] + 1])


def _ranked(panel: _Panel, fits: Sequence[_Fit]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "unit": panel.units,
            "effect": [one.effect for one in fits],
            "before": [one.before for one in fits],
            "after": [one.after for one in fits],
            "ratio": [one.ratio for one in fits],
            "is_treated": [place == 0 for place in range(len(fits))],
        }
    )
    return table.sort_values(["ratio", "unit"], ascending=[False, True], ignore_index=True)


def _left_out(panel: _Panel, fit: _Fit) -> pd.DataFrame:
    """The effect without each donor that carries weight."""
    used = [place for place, weight in enumerate(fit.weights, start=1) if weight > COUNTED]
    fits = [_fitted(panel, 0, without=place) for place in used]
    return pd.DataFrame(
        {
            "unit": [panel.units[place] for place in used],
            "effect": [one.effect for one in fits],
            "before": [one.before for one in fits],
        }
    )


def _in_time(panel: _Panel) -> pd.DataFrame:
    """The effect of a date halfway through the periods before, at which nothing happened."""
    before = np.flatnonzero(~panel.is_after)
    halfway = len(before) // 2
    columns = ["since", "effect", "before", "after", "ratio"]
    if halfway < 2:  # noqa: PLR2004 - a fit to one period is none
        return pd.DataFrame(columns=columns)
    earlier = panel._replace(
        periods=panel.periods[: len(before)],
        value=panel.value[before],
        is_after=np.arange(len(before)) >= halfway,
    )
    fit = _fitted(earlier, 0)
    row = [panel.periods[halfway], fit.effect, fit.before, fit.after, fit.ratio]
    return pd.DataFrame([row], columns=columns)


def _doubtful_fit(panel: _Panel, fit: _Fit) -> Iterator[str]:
    before = panel.value[~panel.is_after]
    if len(before) < FEW_BEFORE:
        yield f"Only {len(before)} periods before the date: fewer than {FEW_BEFORE} are fitted too easily."
    if fit.before > POOR_FIT * panel.spread:
        yield (
            f"The fit before the date is poor: its error is {fit.before / panel.spread:.0%} of the spread between "
            f"units; from {POOR_FIT:.0%} on the gap after it says little."
        )
    elif fit.before <= EXACT * panel.spread:
        yield "The donors fit the periods before exactly: the weights are one choice among many."
    others = before[:, 1:]
    outside = int(((before[:, 0] > others.max(axis=1)) | (before[:, 0] < others.min(axis=1))).sum())
    if outside:
        yield (
            f"In {outside} of {len(before)} periods before the date the treated unit lies above or below all "
            "donors: no mix of them can reach it there."
        )
    if fit.weights.max() >= NEARLY_ALL:
        yield f"One donor carries {fit.weights.max():.0%} of the weight: the comparison is with it alone."


def _doubtful_test(donors: int, lower: float, upper: float, confidence: float) -> Iterator[str]:
    if np.isinf(lower) or np.isinf(upper):
        yield (
            f"No {confidence:.0%} interval can be given: with {donors} donors the smallest p-value there can be "
            f"is {1 / (donors + 1):.2f}."
        )
    elif np.isnan(lower):
        yield "No effect that is the same in all periods agrees with the placebos: there is no interval."


def _fragile(fit: _Fit, left_out: pd.DataFrame, in_time: pd.DataFrame) -> Iterator[str]:
    if len(left_out) and bool((np.sign(left_out["effect"]) != np.sign(fit.effect)).any()):
        yield "The effect changes its sign when one donor is left out."
    if len(in_time) and abs(float(in_time["effect"].iloc[0])) > LARGE * abs(fit.effect):
        yield (
            "A date halfway through the periods before, when nothing happened, shows more than "
            f"{LARGE:.0%} of the effect."
        )
