"""[11, 22] Chart = table = CSV = published warehouse, for every cell of every table and every point of every chart.

As in `site_checks`: each check returns what is wrong, in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from published_figures import Key, PublishedFigures
from read_site import ReadSite, Shown

from dashboards import formatting, inert, wording

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
_SAID = re.compile(r"£?\d[\d,]*(?:\.\d+)?(?:%|(?: million|m)\b)?")
_UNITS = ("people", "fte", "percent", "rate", "days", "gbp", "ratio", "difference")
_SYMBOL = re.compile(r"\[(\w)\]$")
NOT_OF_THE_PERIOD = ("Year before",)  # columns whose numbers are of another period than their row
# numbers in words that are names of things, not figures
_NAMES = re.compile(
    r"95% interval|(?:95% and )?99\.8% (?:limits?|of)|95% (?:limits?|of networks)"
    r"|\b(?:19|20)\d\d(?:/\d\d)?\b|\d+ months|\b\d+,000\b(?= patients| people|$)"
)


def unequal_to_csv(site: ReadSite) -> list[str]:
    """Every cell of every table is in the CSV beside it, as the same words or the number the words round."""
    found: list[str] = []
    for shown in (*site.figures, *site.tables):
        if len(shown.csv_headings) != len(shown.headings) or len(shown.csv_rows) != len(shown.rows):
            found.append(f"{shown.where}: the CSV has another shape")
            continue
        for row, raw in zip(shown.rows, shown.csv_rows, strict=True):
            found += [
                f"{shown.where}, {row[0]}: the table says {text}, the CSV {content}"
                for text, content in zip(row, raw, strict=True)
                if not _same(text, content)
            ]
    return found


def unpublished_cells(site: ReadSite, published: PublishedFigures) -> list[str]:
    """Every number of every CSV is published for its measure, place and period; every symbol stands where it should."""
    found: list[str] = []
    for shown in (*site.figures, *site.tables):
        place = _place_of_page(site, shown, published)
        for row in shown.csv_rows:
            for heading, content in zip(shown.csv_headings, row, strict=False):
                if _NUMBER.fullmatch(content):
                    if not _is_published(float(content), shown, row, heading, place, published):
                        found.append(f"{shown.where}, {row[0]}, {heading}: {content} is not published")
                elif (symbol := _SYMBOL.fullmatch(content)) and not _has_symbol(
                    symbol.group(1), shown, row, heading, place, published
                ):
                    found.append(f"{shown.where}, {row[0]}, {heading}: {content} is not the published symbol")
    return found


def unequal_charts(site: ReadSite, published: PublishedFigures) -> list[str]:
    """Every point of every live chart is a number of its table; bounds of bands are published ones."""
    found: list[str] = []
    for shown in site.figures:
        numbers = {float(cell) for row in shown.csv_rows for cell in row if _NUMBER.fullmatch(cell)}
        bounds = set[float]().union(
            *(published.numbers[metric, "", ""] for metric in published.metrics.get(shown.metric, ()))
        )
        for trace in shown.spec["data"]:
            allowed = bounds if trace.get("fill") or trace.get("hoverinfo") == "skip" else numbers
            found += [
                f"{shown.where}: the chart draws {number:g}, which is not in the table"
                for number in _drawn(trace, shown.spec["layout"])
                if round(number, 6) not in allowed and number not in numbers
            ]
            found += [
                f"{shown.where}: an interval ends at {number:g}, which is not published"
                for number in _error_bounds(trace)
                if not any(abs(number - bound) <= 2e-6 for bound in bounds)
            ]
    return found


def invented_numbers(site: ReadSite, published: PublishedFigures) -> list[str]:
    """Every number in a title, alternative text, summary, note or label of a chart is its table's, or published."""
    found: list[str] = []
    for shown in site.figures:
        known = _sayable(shown, published, _place_of_page(site, shown, published))
        said = {**shown.words, "caption": shown.caption, "chart": " ".join(_texts(shown.spec))}
        for name, text in said.items():
            found += [
                f"{shown.where}: the {name} says {number}, which is not published"
                for number in _numbers_in(text, shown, published)
                if number not in known
            ]
    return found


def _numbers_in(text: str, shown: Shown, published: PublishedFigures) -> Iterator[str]:
    for label in (*published.metrics, *shown.headings):
        if any(letter.isdigit() for letter in label):
            text = text.replace(label, " ")
    for found in _SAID.finditer(_NAMES.sub(" ", text)):
        yield found.group().rstrip(",")


def _sayable(shown: Shown, published: PublishedFigures, places: set[str]) -> set[str]:
    """What the table says, its numbers as sentences say them, and counts of rows.

    Beside these a sentence may say the figure of another period, England's or a region's for comparison, or a target.
    """
    known: set[str] = set()
    for row in shown.rows:
        for cell in row:
            known |= {each.group().rstrip(",") for each in _SAID.finditer(_NAMES.sub(" ", cell))}
    numbers = {float(cell) for row in shown.csv_rows for cell in row if _NUMBER.fullmatch(cell)}
    for metric in published.metrics.get(shown.metric, ()):
        numbers |= published.targets.union(
            *(published.numbers.get((metric, code, ""), ()) for code in places)
        )
    for number in numbers:
        for unit in _UNITS:
            known |= {formatting.plain(number, unit), formatting.spoken(number, unit)}
    return known | published.tests | {str(count) for count in range(len(shown.rows) + 1)}


def _texts(spec: dict[str, Any]) -> Iterator[str]:
    """Words that a chart writes: names, labels, hover texts; not the categories and dates of its axes."""
    for trace in spec["data"]:
        yield str(trace.get("name", ""))
        for label in (
            trace.get("text", []) if isinstance(trace.get("text"), list) else [trace.get("text", "")]
        ):
            yield str(label).replace("<br>", " ")
        for line in trace.get("customdata", []):
            yield " ".join(str(each) for each in line)
    for note in spec["layout"].get("annotations", []):
        yield str(note.get("text", "")).replace("<br>", " ")


def _drawn(trace: dict[str, Any], layout: dict[str, Any]) -> Iterator[float]:
    """Numbers that a trace draws as data: none of a map, whose axes are hidden, and none that place a label."""
    if not layout.get("xaxis", {}).get("visible", True) and not layout.get("yaxis", {}).get("visible", True):
        return
    if trace.get("mode") == "text":
        return
    for axis in ("x", "y"):
        for value in trace.get(axis, []):
            if isinstance(value, int | float):
                yield float(value)


def _error_bounds(trace: dict[str, Any]) -> Iterator[float]:
    for axis in ("x", "y"):
        error = trace.get(f"error_{axis}", {})
        for sign, name in ((1, "array"), (-1, "arrayminus")):
            for value, width in zip(trace.get(axis, []), error.get(name, []), strict=False):
                if width:
                    yield value + sign * width


def _same(text: str, raw: str) -> bool:
    if not _NUMBER.fullmatch(raw):
        return text == inert.original(raw)
    bare = re.sub(r" \[\w\]$", "", text).removeprefix("+")
    written = {formatting.plain(float(raw), unit) for unit in _UNITS} | {formatting.p_value(float(raw))}
    return bare in written | {
        text.removeprefix("-") for text in written if not float(re.sub("[^0-9.]", "", text))
    }


def _place_of_page(site: ReadSite, shown: Shown, published: PublishedFigures) -> set[str]:
    """The place a page is about, with those it is compared with; England where it names none."""
    captions = " · ".join(each.text for each in site.pages[shown.page].all("p", class_="site-caption"))
    heading = site.pages[shown.page].one("h1").text
    named = [part for part in (*captions.split(" · "), heading) if part in published.places]
    codes = set[str]().union(*(published.places[part] for part in named))
    return codes | {published.regions[code] for code in codes if code in published.regions} | {"ENG"}


def _keys(
    shown: Shown, row: list[str], heading: str, place: set[str], published: PublishedFigures
) -> list[Key]:
    """Where a cell's number must be published: its measure, the place and the period that row and heading name.

    Where no period is named, as for the year before and for targets beside it, any of the place will do; where no
    measure is, any.
    """
    named = [published.places[text] for text in (*row, heading) if text in published.places]
    places = set[str].intersection(*named) if named else place  # a name may be of several, its code is of one
    periods = _periods([*row, heading], published) or _periods([shown.caption], published)
    labels = [*row, *_openings(heading)]
    metrics = set[str]().union(*(published.metrics[label] for label in labels if label in published.metrics))
    metrics = metrics or published.metrics.get(shown.metric, set[str]())
    metrics = metrics or set[str]().union(*published.metrics.values())
    compared = "" if heading in NOT_OF_THE_PERIOD else None
    return [
        (metric, code, period)
        for metric in metrics
        for code in places
        for period in ([compared] if compared is not None else periods or [""])
    ]


def _openings(heading: str) -> list[str]:
    """`A, B, C`, `A, B` and `A`: what a heading may be about, before its period or a qualification."""
    parts = heading.split(", ")
    return [", ".join(parts[:number]) for number in range(len(parts), 0, -1)]


def _periods(texts: list[str], published: PublishedFigures) -> list[str]:
    """Periods that texts name; `since April 2021` is not also April 2021."""
    named = [word for word in published.periods.values() if any(word in text for text in texts)]
    return [word for word in named if not any(word != other and word in other for other in named)]


def _is_published(
    number: float, shown: Shown, row: list[str], heading: str, place: set[str], published: PublishedFigures
) -> bool:
    if published.holds(number, _keys(shown, row, heading, place, published)):
        return True
    if heading == "Target" and number in published.targets:
        return True
    return any(round(number, 6) in published.others.get(text, ()) for text in row)


def _has_symbol(
    symbol: str, shown: Shown, row: list[str], heading: str, place: set[str], published: PublishedFigures
) -> bool:
    keys = _keys(shown, row, heading, place, published)
    there = set[str]().union(*(published.symbols.get(key, set()) for key in keys))
    return symbol in there or (symbol == "x" and symbol in wording.SYMBOLS)
