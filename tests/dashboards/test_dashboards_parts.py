"""Small parts: wording of numbers, verdicts, colours, tiles, front-end parts."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from made_inputs import boards
from plotly.offline import get_plotlyjs_version  # pyright: ignore[reportMissingTypeStubs]

from dashboards import find_front_end, formatting, theme, verdicts
from dashboards.assets import nhsuk_style
from dashboards.charts import hex_map
from dashboards.frontend import FRONTEND_DIR, find_browser
from dashboards.geography import tiles
from dashboards.pages import discover
from dashboards.values import Place, Value, period_end
from dbt_project.registry import DBT_PROJECT_DIR, load_metrics
from dbt_project.registry.metrics import Target

YEAR = Value(62.5, 60.0, 65.0, 625, 1000, "percent", "final", "", date(2025, 4, 1), "year")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.0, "people", "1,234"),
        (63.44, "percent", "63.4%"),
        (12.345, "fte", "12.3"),
        (5123.4, "fte", "5,123"),
        (15_900_000, "gbp", "£15,900,000"),
        (7.04, "rate", "7.0"),
    ],
)
def test_numbers(value: float, unit: str, text: str) -> None:
    assert formatting.plain(value, unit) == text


def test_sentence_numbers() -> None:
    assert formatting.spoken(15_900_000, "gbp") == "£15.9 million"
    assert formatting.spoken(74.2, "days") == "74 days"
    assert formatting.cell(None) == "[x]"
    assert formatting.cell(replace(YEAR, value=None, symbol="c")) == "[c]"
    assert formatting.cell(replace(YEAR, symbol="u")) == "62.5% [u]"
    assert formatting.interval(YEAR) == "60.0% to 65.0%"


@pytest.mark.parametrize(
    ("start", "grain", "text"),
    [
        (date(2026, 10, 1), "month", "October 2026"),
        (date(2026, 1, 1), "quarter", "January to March 2026"),
        (date(2029, 4, 1), "year", "2029/30"),
        (date(2021, 4, 1), "all", "since April 2021"),
    ],
)
def test_periods(start: date, grain: str, text: str) -> None:
    assert formatting.period(start, grain) == text


def test_period_ends() -> None:
    assert period_end(date(2025, 4, 1), "year", data_to=date.max) == date(2026, 3, 31)
    assert period_end(date(2024, 1, 1), "quarter", data_to=date.max) == date(2024, 3, 31)
    assert period_end(date(2021, 4, 1), "all", data_to=date(2026, 9, 30)) == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("level", "name", "short"),
    [
        ("icb", "NHS Devon Integrated Care Board", "Devon"),
        ("icb", "NHS ENGLAND LONDON", "England London"),
        ("pcn", "ST MARY'S AND EAST OF X PCN", "St Mary's and East of X PCN"),
        ("pcn", "Meridian Health PCN", "Meridian Health PCN"),
    ],
)
def test_short_names(level: str, name: str, short: str) -> None:
    assert formatting.short_name(Place(level, "X", name)) == short


@pytest.mark.parametrize(
    ("target", "direction", "verdict"),
    [
        (60.0, "higher", verdicts.ON_COURSE),
        (64.0, "higher", verdicts.CLOSE),
        (80.0, "higher", verdicts.BEHIND),
        (70.0, "lower", verdicts.ON_COURSE),
        (50.0, "lower", verdicts.BEHIND),
        (80.0, "neutral", verdicts.NO_TARGET),
        (None, "higher", verdicts.NO_TARGET),
    ],
)
def test_verdicts(target: float | None, direction: str, verdict: verdicts.Verdict) -> None:
    aim = None if target is None else Target(value=target, grain="year", source="made up")
    metric = load_metrics()["portfolios_recognised"].model_copy(
        update={"target": aim, "direction": direction}
    )
    assert verdicts.judge(metric, YEAR) == verdict


def test_a_growing_total_is_not_behind() -> None:
    aim = Target(value=99, grain="all", source="made up")
    metric = load_metrics()["portfolios_recognised"].model_copy(update={"target": aim})
    assert verdicts.judge(metric, replace(YEAR, grain="all")) == verdicts.BUILDING
    assert verdicts.judge(metric, replace(YEAR, value=None, symbol="e")) == verdicts.TOO_EARLY
    assert verdicts.judge(metric, None) == verdicts.NO_DATA


def test_direction_in_words() -> None:
    before = replace(YEAR, value=60.0, period_start=date(2024, 4, 1))
    assert verdicts.course(YEAR, before) == "up from 60.0% in 2024/25"
    assert verdicts.course(YEAR, replace(before, value=62.52)) == "the same as 62.5% in 2024/25"
    assert verdicts.without_target(YEAR, before).text == "No target, rising"


def test_series_colours_stand_out_and_are_told_apart_without_colour() -> None:
    for colour in (*theme.SERIES_COLOURS, theme.REFERENCE, theme.HEX_OUTLINE):
        assert theme.contrast(colour, theme.PAPER) >= 3
    assert len(set(theme.SERIES_DASHES)) == len(set(theme.SERIES_MARKERS)) == theme.MAX_SERIES == 4
    for fill, ink in zip(theme.BANDS, theme.BAND_INK, strict=True):
        assert theme.contrast(fill, ink) >= 4.0
    steps = [theme.luminance(colour) for colour in theme.BANDS]
    assert all(lighter > darker for lighter, darker in pairwise(steps))


def test_the_tile_grid_holds_every_board_once_on_either_side_of_april_2026() -> None:
    with (DBT_PROJECT_DIR / "seeds" / "icb_change.csv").open(encoding="utf-8", newline="") as handle:
        changes = list(csv.DictReader(handle))
    former = {board["icb_code"] for board in boards()}
    after = (former - {row["from_icb_code"] for row in changes}) | {row["to_icb_code"] for row in changes}
    assert (len(former), len(after)) == (42, 36)
    assert set(tiles()) == former | after
    for codes in (former, after):
        assert len({(tiles()[code].x, tiles()[code].y) for code in codes}) == len(codes)


def test_a_board_without_a_tile_is_in_the_table_and_named_under_the_map() -> None:
    places = [
        (Place("icb", board["icb_code"], board["icb_name"]), replace(YEAR, value=float(number)))
        for number, board in enumerate(boards())
    ]
    places.append((Place("icb", "X1X1X", "NHS Newland Integrated Care Board"), YEAR))
    figure = hex_map(load_metrics()["pcn_coverage"], places, figure_id="f", title="t")
    assert figure is not None
    assert "In the table but not on the map: Newland." in figure.note
    assert "X1X1X" in {row[1].text for row in figure.table.rows}


def test_pages_are_discovered_in_navigation_order() -> None:
    orders = [module.nav.order for module in discover() if module.nav]
    assert orders == sorted(orders) and len(orders) == len(set(orders)) == 11


def test_lock_file_names_no_host_and_pins_the_chart_library() -> None:
    lock = (FRONTEND_DIR / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert f'"plotly.js-basic-dist-min": "{get_plotlyjs_version()}"' in lock


def test_web_fonts_are_stripped() -> None:
    face = "@font-face{font-family:Frutiger W01;src:url(https://a.b/c)}"
    css = face + "a{font:1px Frutiger W01,Arial;background:url(/x)}"
    assert nhsuk_style(css).strip() == "a{font:1px Arial;background:none}"
    installed = find_front_end().nhsuk_css
    if installed is None:
        pytest.skip("nhsuk-frontend is not installed")
    stripped = nhsuk_style(installed.read_text(encoding="utf-8"))
    assert "Frutiger" not in stripped and "http" not in stripped


def test_a_named_browser_must_exist() -> None:
    from pathlib import Path

    with pytest.raises(FileNotFoundError):
        find_browser(Path("no-such-browser"))
