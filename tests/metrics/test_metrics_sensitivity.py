"""Figures asked again under another assumption: people split over networks, and networks that reported every time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from built_world import Demonstration
from metric_oracle.prescribers import in_post
from metric_oracle.workforce import reporting
from metric_oracle.world import held

from dbt_project.registry import load_metrics, load_programme

METRICS = load_metrics()
HEADCOUNTS = [m.id for m in METRICS.values() if m.method == "census" and m.unit == "people"]
LEVELS = ("pcn", "sub_icb", "icb", "region", "england")
EXACT = 1e-9


def answers(world: Demonstration, variant: str) -> pd.DataFrame:
    return world.built.warehouse.execute(
        "select * from marts.fct_metric_sensitivity where variant = ?", [variant]
    ).df()


def figures(world: Demonstration, metric_id: str) -> pd.DataFrame:
    return world.built.figures("fct_metric_value", metric_id).query("period_grain == 'month'")


@pytest.mark.parametrize("metric_id", [*HEADCOUNTS, "prescribers_in_post"])
def test_people_split_over_networks_add_up_to_the_national_headcount(
    clean: Demonstration, metric_id: str
) -> None:
    """At every level, in both geographies: the levels of the figures themselves do not add up (rule R1)."""
    rows = answers(clean, "fractional_attribution").query("metric_id == @metric_id")
    sums = rows.groupby(["geography", "org_level", "period_start"]).value.sum()
    england = figures(clean, metric_id).query("org_level == 'england' and numerator > 0")
    assert len(england)
    for row in england.itertuples():
        for level in LEVELS:
            found = sums[row.geography, level, row.period_start]
            assert found == pytest.approx(row.numerator, rel=EXACT), (level, row.period_start)


def test_somebody_is_split(clean: Demonstration) -> None:
    """Or the sums above would hold of whole people too."""
    rows = answers(clean, "fractional_attribution").query("org_level == 'pcn'")
    assert (rows.value % 1 > EXACT).groupby(rows.metric_id).any()["pcn_pharmacists_headcount"]


def test_prescribers_are_split_by_share_of_fte(clean: Demonstration) -> None:
    """Recomputed from the truth: every post of a prescriber in post, over all their posts of the month."""
    posts = held(clean.world)
    counted = in_post(clean.world)[["person_id", "day"]].rename(columns={"day": "period"})
    posts = posts.merge(counted, on=["person_id", "period"])
    of_person = posts.groupby(["person_id", "period"]).fte
    total = of_person.transform("sum")
    posts["share"] = (posts.fte / total).where(total > 0, 1 / of_person.transform("size"))
    expected = posts.groupby(["pcn_code", "period"]).share.sum()
    rows = answers(clean, "fractional_attribution").query(
        "metric_id == 'prescribers_in_post' and org_level == 'pcn' and geography == 'as_was'"
    )
    found = rows.assign(period=pd.to_datetime(rows.period_start)).set_index(["org_code", "period"]).value
    expected = expected.rename_axis(["org_code", "period"])
    pd.testing.assert_series_equal(
        found.sort_index(),
        expected.sort_index(),
        check_names=False,
        rtol=EXACT,
        check_dtype=False,
        check_index_type=False,
    )


def test_a_month_s_stock_is_the_last_one_s_plus_joiners_less_leavers(clean: Demonstration) -> None:
    """Wherever a net gain is told, at every level and in both geographies."""
    stock = figures(clean, "prescribers_in_post")
    gain = figures(clean, "net_prescriber_gain")
    month = pd.to_datetime(stock.period_start)
    place = ["org_level", "org_code", "geography"]
    now = stock.assign(month=month).set_index([*place, "month"]).value
    before = stock.assign(month=month + pd.DateOffset(months=1)).set_index([*place, "month"]).value
    told = gain.assign(month=pd.to_datetime(gain.period_start)).set_index([*place, "month"]).value
    both = told.index.intersection(now.index.intersection(before.index))
    # a place with nobody to speak of in the month before has no row there
    assert (told.drop(both) == now.reindex(told.drop(both).index)).all()
    pd.testing.assert_series_equal(told[both], now[both] - before[both], check_names=False)
    assert set(told.index.get_level_values("org_level")) == set(METRICS["net_prescriber_gain"].levels)
    assert (told < 0).any()
    assert (told > 0).any()
    assert told.index.get_level_values("month").min() == month.min() + pd.DateOffset(months=1)


def window(months: pd.Series) -> pd.Timestamp:
    """First day of the window of the constant-reporter series."""
    return months.max() - pd.DateOffset(months=load_programme().constant_reporters_months - 1)


def constant_networks(world: Demonstration, reported: pd.DataFrame) -> set[str]:
    """Networks of today that are in every month of the window; `reported` has columns period and pcn_code."""
    rows = reported[reported.period >= window(reported.period)]
    rows = rows.assign(now=world.world.places.now(rows.pcn_code).to_numpy())
    months = rows.groupby("now").period.nunique()
    return set(months[months == rows.period.nunique()].index)


def test_full_time_equivalents_of_networks_that_reported_every_time(clean: Demonstration) -> None:
    """Recomputed from the published files: networks in every census of the window, as they are now."""
    rows = published(clean.built.settings.landing / "pcn_workforce")
    constant = constant_networks(clean, rows)
    now = clean.world.places.now(rows.pcn_code).to_numpy()
    assert 0 < len(constant) < len(set(now)), "every network or none: the world does not test the series"
    kept = rows[pd.Series(now, index=rows.index).isin(constant) & (rows.period >= window(rows.period))]
    pharmacists = kept[kept.role.str.lower().str.strip().isin(["pharmacist", "pharmacists"])]
    expected = pharmacists.groupby("period").fte.sum()
    found = answers(clean, "constant_reporters").query(
        "metric_id == 'pcn_pharmacists_fte' and org_level == 'england'"
    )
    assert set(found.geography) == {"as_now"}
    series = found.set_index(pd.to_datetime(found.period_start)).value.sort_index()
    pd.testing.assert_series_equal(
        series, expected.sort_index(), check_names=False, rtol=EXACT, check_index_type=False
    )


def published(folder: Path) -> pd.DataFrame:
    """Rows of every published census: period, pcn_code, role, fte."""
    found: list[pd.DataFrame] = []
    for path in folder.iterdir():
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        period = pd.to_datetime(
            table.CENSUS_YEAR.astype(int).astype(str)
            + "-"
            + table.CENSUS_MONTH.astype(int).astype(str)
            + "-01",
            format="%Y-%m-%d",
        )
        found.append(
            pd.DataFrame(
                {
                    "period": period,
                    "pcn_code": table.PCN_CODE,
                    "role": table.DETAILED_STAFF_ROLE,
                    "fte": table.FTE.astype(float),
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def test_prescribers_of_networks_that_reported_every_time(clean: Demonstration) -> None:
    """Recomputed from the truth; with joiners less leavers the stock of these networks adds up as well."""
    reported = reporting(clean.world)
    constant = constant_networks(clean, reported)
    rows = in_post(clean.world)
    now = clean.world.places.now(rows.pcn_code).isin(constant)
    kept = rows[now & (rows.day >= window(reported.period))]
    expected = kept.groupby("day").person_id.nunique()
    found = answers(clean, "constant_reporters").query("org_level == 'england'")
    found = found.assign(day=pd.to_datetime(found.period_start)).set_index("day").sort_index()
    stock = found.value[found.metric_id == "prescribers_in_post"]
    pd.testing.assert_series_equal(
        stock, expected, check_names=False, check_dtype=False, check_index_type=False
    )
    gain = found.value[found.metric_id == "net_prescriber_gain"]
    pd.testing.assert_series_equal(gain, stock.diff().dropna(), check_names=False)


@pytest.mark.parametrize("level", ["region", "icb"])
def test_networks_that_reported_every_time_add_up(clean: Demonstration, level: str) -> None:
    """Full-time equivalents and net gains of places make those of England; a network lies in one place of today."""
    rows = answers(clean, "constant_reporters")
    rows = rows[~rows.metric_id.str.endswith("headcount")]
    sums = rows.groupby(["org_level", "metric_id", "period_start"]).value.sum()
    pd.testing.assert_series_equal(sums[level], sums["england"], rtol=EXACT, atol=EXACT)
